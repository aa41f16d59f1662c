//! What the API server does to objects, whoever asks: identity, generations, statuses apart from
//! specs, optimistic concurrency, finalizers and graceful deletion.
//!
//! Requests over the API and the controllers of the simulated cluster both come through here.

pub(crate) mod custom;
mod defaults;
mod deletion;
mod meta;
mod names;
mod status;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};

use environment::Environment;
use jiff::Timestamp;
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use serde_json::Value;

use crate::kinds::Kind;
use crate::storage::{Address, Object, Storage};

use custom::{Custom, Definitions};

pub use deletion::{Deleted, Deletion, Propagation};
pub(crate) use meta::time;
pub use status::Status;
pub use webhooks::{Operation, Webhooks};

/// Which half of an object a write is for. What it says of the other half is ignored, as by the
/// real server, where the kind has a status of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
}

/// The objects of one cluster. Cheap to clone.
#[derive(Clone)]
pub struct Registry {
    storage: Storage,
    environment: Environment,
    names: Arc<Mutex<ChaCha12Rng>>,
    definitions: Definitions,
    webhooks: Webhooks,
}

impl Registry {
    /// An empty cluster on the environment's clock. UIDs and generated names follow from its seed.
    pub fn new(environment: &Environment) -> Self {
        let names = Arc::new(Mutex::new(environment.rng("names")));
        Self {
            storage: Storage::default(),
            environment: environment.clone(),
            names,
            definitions: Definitions::default(),
            webhooks: Webhooks::default(),
        }
    }

    /// A registry that holds the object at this address and what it needs (namespace, definition)
    /// alone. What is written to it comes to nothing: for dry runs.
    #[must_use]
    pub fn rehearsal(&self, address: &Address) -> Self {
        let namespace = Address::new(crate::kinds::NAMESPACE, "", &address.namespace);
        let definition = format!("{}.{}", address.kind.plural, address.kind.group);
        let definition = Address::new(crate::kinds::CUSTOM_RESOURCE_DEFINITION, "", &definition);
        let storage = self.storage.excerpt(&[address, &namespace, &definition]);
        Self { storage, ..self.clone() }
    }

    /// The webhooks that writes are admitted by.
    pub fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// The same objects, for whoever writes past all webhooks.
    #[must_use]
    pub fn past_webhooks(&self) -> Self {
        Self { webhooks: Webhooks::default(), ..self.clone() }
    }

    /// Where it keeps them.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The time, as the API server writes it: whole seconds.
    pub fn now(&self) -> Timestamp {
        let now = self.environment.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The object at an address.
    pub fn get(&self, address: &Address) -> Result<Arc<Object>, Status> {
        self.storage.get(address).ok_or_else(|| Status::not_found(address.kind, &address.name))
    }

    /// Creates an object in a namespace (empty for kinds without). A `generateName` is completed.
    /// What `value` says in `status` is dropped where the kind has a status of its own, except by
    /// [`Self::put`].
    pub fn create(&self, kind: Kind, namespace: &str, mut value: Value) -> Result<Arc<Object>, Status> {
        if kind.subresources.contains(&"status")
            && let Some(fields) = value.as_object_mut()
        {
            fields.remove("status");
        }
        self.put(kind, namespace, value)
    }

    /// [`Self::create`], status and all: for the initial state of a cluster.
    pub fn put(&self, kind: Kind, namespace: &str, mut value: Value) -> Result<Arc<Object>, Status> {
        let name = self.settle_name(kind, &mut value)?;
        let address = Address::new(kind, namespace, &name);
        names::check(kind, &name)?;
        self.check_namespace(kind, namespace)?;
        self.prepare_new(kind, &mut value)?;
        // What is wrong is said first, also of what is there already.
        if self.storage.get(&address).is_some() {
            return Err(Status::already_exists(kind, &name));
        }
        self.webhooks.admit(kind.plural, Operation::Create)?;
        let uid = self.uid();
        let now = self.now();
        self.storage.put(&address, |_, revision| {
            meta::settle_new(&mut value, &address, &uid, now);
            Ok(meta::stored(value, revision))
        })
    }

    /// Replaces (one part of) an object by `value`, which names the version it replaces, or none to
    /// replace whatever is there.
    pub fn replace(&self, address: &Address, part: Part, value: &Value) -> Result<Arc<Object>, Status> {
        self.modify(address, part, |current| {
            meta::check_preconditions(address, current, value)?;
            *current = value.clone();
            Ok(())
        })
    }

    /// Changes (one part of) an object in one go with reading it: nothing comes in between. What
    /// does not change anything makes no new version.
    pub fn modify(
        &self,
        address: &Address,
        part: Part,
        change: impl FnOnce(&mut Value) -> Result<(), Status>,
    ) -> Result<Arc<Object>, Status> {
        let current = self.get(address)?;
        let before = current.value();
        let mut after = before.clone();
        change(&mut after)?;
        meta::keep_identity(&mut after, &before, address)?;
        meta::keep_other_part(&mut after, &before, address.kind, part);
        if let Some(custom) = self.custom_of(address.kind) {
            custom.prepare_change(&before, &mut after, part)?;
        }
        if after == before {
            return Ok(current);
        }
        if part == Part::Main {
            self.webhooks.admit(address.kind.plural, Operation::Update)?;
            meta::raise_generation(address.kind, &mut after, &before);
        }
        if deletion::is_finished(&after) {
            return self.storage.remove(address, |_, revision| Ok(meta::stored(after, revision)));
        }
        self.storage.put(address, |_, revision| Ok(meta::stored(after, revision)))
    }

    /// Sets a text in an object that has it already, as [`Object::renewed`] does; false otherwise.
    pub(crate) fn renew(&self, address: &Address, field: &str, text: &str) -> bool {
        let renew = |object: Option<&Arc<Object>>, revision| {
            object.and_then(|object| object.renewed(field, text, revision)).ok_or(())
        };
        self.storage.put(address, renew).is_ok()
    }

    /// Asks for an object's end.
    pub fn delete(&self, address: &Address, deletion: &Deletion) -> Result<Deleted, Status> {
        deletion::delete(self, address, deletion)
    }

    /// The custom resource of a group and plural, if its definition is there.
    pub(crate) fn custom(&self, group: &str, plural: &str) -> Option<Arc<Custom>> {
        self.definitions.find(&self.storage, group, plural)
    }

    /// All custom resources that are defined.
    pub(crate) fn customs(&self) -> Vec<Arc<Custom>> {
        self.definitions.all(&self.storage)
    }

    /// [`Self::custom`], of a kind; `None` for those that come with Kubernetes.
    pub(crate) fn custom_of(&self, kind: Kind) -> Option<Arc<Custom>> {
        if kind.is_built_in() { None } else { self.custom(kind.group, kind.plural) }
    }

    /// Gives a new object what is not said of it, and refuses what cannot be.
    fn prepare_new(&self, kind: Kind, value: &mut Value) -> Result<(), Status> {
        if kind == crate::kinds::CUSTOM_RESOURCE_DEFINITION {
            return custom::establish(value, self.now());
        }
        if let Some(custom) = self.custom_of(kind) {
            return custom.prepare_new(value);
        }
        defaults::fill(kind, value);
        Ok(())
    }

    /// Fills in what an object of a built-in kind that a client has written does not say. Not of
    /// namespaces, whose finalizers would never end.
    pub(crate) fn fill_defaults(kind: Kind, value: &mut Value) {
        if kind != crate::kinds::NAMESPACE {
            defaults::fill(kind, value);
        }
    }

    fn check_namespace(&self, kind: Kind, namespace: &str) -> Result<(), Status> {
        if !kind.is_namespaced {
            return Ok(());
        }
        let namespace = Address::new(crate::kinds::NAMESPACE, "", namespace);
        let Some(found) = self.storage.get(&namespace) else {
            return Err(Status::not_found(namespace.kind, &namespace.name));
        };
        if found.is_terminating { Err(Status::namespace_terminating(&namespace.name)) } else { Ok(()) }
    }

    /// The name in `value`, made from `generateName` where it has none.
    fn settle_name(&self, kind: Kind, value: &mut Value) -> Result<String, Status> {
        if !value.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized"));
        }
        let text = |field: &str| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (name, base) = (text("name"), text("generateName"));
        match (name.is_empty(), base.is_empty()) {
            (false, _) => Ok(name),
            (true, true) => Err(Status::invalid_name(kind)),
            (true, false) => {
                let name = format!("{}{}", meta::cut_base(&base), self.suffix());
                value["metadata"]["name"] = name.as_str().into();
                Ok(name)
            }
        }
    }

    /// Five characters, of those that make no words.
    fn suffix(&self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        (0..5).map(|_| char::from(LETTERS[names.next_u32() as usize % LETTERS.len()])).collect()
    }

    fn uid(&self) -> String {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let (high, low) = (names.next_u64(), names.next_u64());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 48) & 0x3fff,
            low & 0xffff_ffff_ffff,
        )
    }
}

#[cfg(test)]
mod tests;
