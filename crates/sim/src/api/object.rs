//! One object: read, created, replaced, deleted; and a collection deleted at once.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Asked;
use super::selection::Selection;
use super::version::{self, Version};
use super::{Moment, Server, openapi, validation};
use crate::kinds::{self, Kind};
use crate::registry::{Deleted, Deletion, Part, Propagation, Registry, Status};
use crate::storage::Address;

/// Kinds that an update of what is not there creates.
const CREATED_BY_UPDATE: &[Kind] = &[
    kinds::LEASE,
    kinds::EVENT,
    kinds::EVENT_EVENTS,
    kinds::SERVICE,
    kinds::CLUSTER_ROLE,
    kinds::CLUSTER_ROLE_BINDING,
    kinds::ROLE,
    kinds::ROLE_BINDING,
];

/// Built-in kinds whose updates must name the version that they replace; so must those of all
/// custom resources.
const CONDITIONAL: &[Kind] = &[kinds::LEASE, kinds::POD_DISRUPTION_BUDGET, kinds::CUSTOM_RESOURCE_DEFINITION];

/// Kinds whose deletion answers with the object rather than with a `Status`.
const SHOWN_WHEN_DELETED: &[Kind] = &[
    kinds::POD,
    kinds::NAMESPACE,
    kinds::SERVICE_ACCOUNT,
    kinds::PERSISTENT_VOLUME,
    kinds::PERSISTENT_VOLUME_CLAIM,
    kinds::SERVICE,
];

impl Server {
    /// Answers a get.
    pub(super) fn get(&self, asked: &Asked<'_>, moment: Moment) -> Result<Answer, Status> {
        let (storage, address) = (self.registry().storage(), asked.address());
        let version = match Version::of(asked)? {
            Version::Exact(_) => Version::Newest,
            version => version,
        };
        let known = moment.known(storage.revision(), version);
        if let Version::NotOlderThan(revision) = version
            && revision > known
        {
            return Err(version::too_large(revision, known));
        }
        let found = storage.get_at(&address, known).unwrap_or_else(|_| storage.get(&address));
        let object = found.ok_or_else(|| Status::not_found(asked.kind, &address.name))?;
        Ok(match self.tables(asked.kind, asked.call.form()) {
            Some(tables) => Answer::value(200, &tables.one(&object.value())),
            None => Answer::object(200, &object),
        })
    }

    /// Creates an object.
    pub(super) fn create(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let value = asked.object()?;
        self.check_fields(asked, &value)?;
        if value["metadata"]["resourceVersion"].as_str().is_some_and(|version| !version.is_empty()) {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Status::new(500, "", message));
        }
        validation::new(asked.kind, &value)?;
        let registry = self.registry_for(asked)?;
        let made = registry.create(asked.kind, asked.namespace(), value)?;
        if asked.call.query.is_dry_run()? {
            // It is of no version.
            let mut made = made.value();
            made["metadata"].as_object_mut().and_then(|meta| meta.remove("resourceVersion"));
            return Ok(Answer::value(201, &made));
        }
        Ok(Answer::object(201, &made))
    }

    /// Replaces an object, or its status.
    pub(super) fn replace(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let (address, mut value) = (asked.address(), asked.object()?);
        self.check_fields(asked, &value)?;
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        if name != address.name {
            return Err(Status::bad_request(&format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                address.name
            )));
        }
        let registry = self.registry_for(asked)?;
        let found = registry.storage().get(&address);
        let (uid, version) = (text(&value["metadata"]["uid"]), text(&value["metadata"]["resourceVersion"]));
        let own_uid = found.as_ref().map_or("", |object| &object.uid);
        if found.is_none() && !CREATED_BY_UPDATE.contains(&asked.kind) {
            return Err(Status::not_found(asked.kind, &address.name));
        }
        if !uid.is_empty() && uid != own_uid {
            return Err(Status::uid_precondition(&address, uid, own_uid));
        }
        if found.is_none() {
            if let Some(meta) = value["metadata"].as_object_mut() {
                meta.remove("resourceVersion");
            }
            return Ok(Answer::object(201, &*registry.create(asked.kind, asked.namespace(), value)?));
        }
        let is_conditional = !asked.kind.is_built_in() || CONDITIONAL.contains(&asked.kind);
        if version.is_empty() && is_conditional {
            return Err(Status::unversioned(asked.kind, &address.name));
        }
        match (found, asked.subresource()) {
            (Some(before), "") => {
                Registry::fill_defaults(asked.kind, &mut value);
                validation::change(asked.kind, &before.value(), &value)?;
            }
            (Some(before), "resize") => validation::resize(asked.kind, &before.value(), &value)?,
            _ => {}
        }
        let replaced = registry.replace(&address, asked.part(), &value)?;
        Ok(Answer::object(200, &replaced))
    }

    /// Deletes an object.
    pub(super) fn delete(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let deletion = asked.deletion()?;
        let address = asked.address();
        let registry = self.registry_for(asked)?;
        if asked.kind == kinds::CUSTOM_RESOURCE_DEFINITION {
            remove_instances(&registry, &address);
        }
        let deleted = registry.delete(&address, &deletion)?;
        Ok(match deleted {
            Deleted::Gone(object) if !SHOWN_WHEN_DELETED.contains(&asked.kind) => {
                Answer::success(200, about(&address, &object.uid))
            }
            Deleted::Gone(object) | Deleted::Going(object) => Answer::object(200, &object),
        })
    }

    /// Deletes all that is selected of a collection.
    pub(super) fn delete_collection(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let (deletion, selection) = (asked.deletion()?, Selection::of(asked)?);
        let storage = self.registry().storage();
        let (objects, revision) = storage.list(asked.kind, selection.namespace());
        let mut items = Vec::new();
        for (address, object) in objects {
            if !selection.selects(&address, &object) {
                continue;
            }
            let registry = self.registry_of(asked, &address)?;
            match registry.delete(&address, &deletion) {
                Ok(Deleted::Gone(_)) => items.push(object.value()),
                Ok(Deleted::Going(object)) => items.push(object.value()),
                // Somebody was faster.
                Err(status) if status.code == 404 => {}
                Err(status) => return Err(status),
            }
        }
        Ok(Answer::value(
            200,
            &json!({
                "kind": format!("{}List", asked.kind.kind), "apiVersion": asked.kind.api_version(),
                "metadata": {"resourceVersion": revision.to_string()}, "items": items,
            }),
        ))
    }

    /// Refuses fields that nobody defined, where the client asks for that.
    pub(super) fn check_fields(&self, asked: &Asked<'_>, value: &Value) -> Result<(), Status> {
        if asked.call.query.get("fieldValidation") != "Strict" {
            return Ok(());
        }
        let unknown = match self.registry().custom_of(asked.kind) {
            Some(custom) => custom.unknown_fields(value),
            None => openapi::unknown_fields(asked.kind, value),
        };
        let unknown: Vec<String> = unknown.iter().map(|field| format!("unknown field \"{field}\"")).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let kind = asked.kind;
        Err(Status::bad_request(&format!(
            "{0} in version \"{1}\" cannot be handled as a {0}: strict decoding error: {2}",
            kind.kind,
            kind.version,
            unknown.join(", ")
        )))
    }

    /// The registry that a request writes to; for a dry run, one that is forgotten after it.
    pub(super) fn registry_for(&self, asked: &Asked<'_>) -> Result<Registry, Status> {
        self.registry_of(asked, &asked.address())
    }

    fn registry_of(&self, asked: &Asked<'_>, address: &Address) -> Result<Registry, Status> {
        if asked.call.query.is_dry_run()? || asked.is_dry_deletion() {
            return Ok(self.registry().rehearsal(address));
        }
        Ok(self.registry().clone())
    }
}

impl Asked<'_> {
    /// Which half of the object is written.
    pub(super) fn part(&self) -> Part {
        if self.subresource() == "status" { Part::Status } else { Part::Main }
    }

    /// Whether the object itself is written, by its own path.
    pub(super) fn is_main(&self) -> bool {
        self.subresource().is_empty()
    }

    /// The object in the body, if it is one of what is asked for.
    pub(super) fn object(&self) -> Result<Value, Status> {
        let mut value = self.call.json()?;
        if !value.is_object() {
            return Err(Status::bad_request("the object provided is unrecognized (must be of type Object)"));
        }
        let (kind, version) = (text(&value["kind"]).to_owned(), text(&value["apiVersion"]).to_owned());
        let own = self.kind;
        if !own.is_built_in() && kind.is_empty() {
            return Err(Status::bad_request("Object 'Kind' is missing in the request body"));
        }
        if !version.is_empty() && version != own.api_version() {
            return Err(Status::bad_request(&format!(
                "the API version in the data ({version}) does not match the expected API version ({})",
                own.api_version()
            )));
        }
        if !kind.is_empty() && kind != own.kind {
            return Err(Status::bad_request(&format!(
                "{kind} in version \"{}\" cannot be handled as a {}: no kind \"{kind}\" is registered here",
                own.version, own.kind
            )));
        }
        if !value["metadata"].is_object() {
            value["metadata"] = json!({});
        }
        let namespace = text(&value["metadata"]["namespace"]);
        if !namespace.is_empty() && own.is_namespaced && namespace != self.namespace() {
            return Err(Status::bad_request(&format!(
                "the namespace of the provided object does not match the namespace sent on the request \
                 ({namespace} and {})",
                self.namespace()
            )));
        }
        Ok(value)
    }

    /// Whether the body of a deletion says that nothing is to be deleted.
    fn is_dry_deletion(&self) -> bool {
        self.call.method == http::Method::DELETE
            && self.call.json().is_ok_and(|options| options["dryRun"] == json!(["All"]))
    }

    /// How to delete, by the body or else by the query.
    pub(super) fn deletion(&self) -> Result<Deletion, Status> {
        let body = self.call.json()?;
        let query = &self.call.query;
        if body.is_null() {
            let grace = query.number("gracePeriodSeconds")?;
            return Ok(Deletion {
                grace_seconds: grace.and_then(|seconds| i64::try_from(seconds).ok()),
                propagation: propagation(query.get("propagationPolicy"))?,
                ..Deletion::default()
            });
        }
        read_deletion(&body)
    }
}

/// The objects of a custom resource go with its definition.
fn remove_instances(registry: &Registry, definition: &Address) {
    let Some((plural, group)) = definition.name.split_once('.') else { return };
    let Some(custom) = registry.custom(group, plural) else { return };
    for (address, _) in registry.storage().list(custom.kind, None).0 {
        // One that a finalizer holds stays until that is gone.
        let _ = registry.delete(&address, &Deletion::default());
    }
}

/// `DeleteOptions`.
pub(super) fn read_deletion(options: &Value) -> Result<Deletion, Status> {
    let precondition = |name: &str| options["preconditions"][name].as_str().map(str::to_owned);
    Ok(Deletion {
        uid: precondition("uid"),
        resource_version: precondition("resourceVersion"),
        grace_seconds: options["gracePeriodSeconds"].as_i64(),
        propagation: propagation(text(&options["propagationPolicy"]))?,
    })
}

fn propagation(policy: &str) -> Result<Propagation, Status> {
    match policy {
        "" | "Background" => Ok(Propagation::Background),
        "Foreground" => Ok(Propagation::Foreground),
        "Orphan" => Ok(Propagation::Orphan),
        other => Err(Status::invalid_delete_options(
            "propagationPolicy",
            &format!(
                "Unsupported value: \"{other}\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
            ),
        )),
    }
}

/// The details of a `Status` about an object.
fn about(address: &Address, uid: &str) -> Value {
    let mut details = json!({"name": address.name, "kind": address.kind.plural, "uid": uid});
    if !address.kind.group.is_empty() {
        details["group"] = address.kind.group.into();
    }
    details
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
