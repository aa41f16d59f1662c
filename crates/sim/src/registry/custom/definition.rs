//! CustomResourceDefinitions: which kind each one adds, and when it is served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Custom, Schema};
use crate::kinds::{self, Definition, Kind, intern, intern_all};
use crate::registry::{Status, meta};
use crate::storage::{Address, Object, Storage};

/// What was read of the definitions that a store holds, so that it is read once.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Definitions {
    known: Arc<Mutex<BTreeMap<String, Known>>>,
}

/// A definition as it was read at a revision.
#[derive(Clone, Debug)]
struct Known {
    revision: u64,
    custom: Arc<Custom>,
}

impl Definitions {
    /// The custom resource of a group and plural, if it is defined.
    pub(in crate::registry) fn find(
        &self,
        storage: &Storage,
        group: &str,
        plural: &str,
    ) -> Option<Arc<Custom>> {
        let name = format!("{plural}.{group}");
        let object = storage.get(&Address::new(kinds::CUSTOM_RESOURCE_DEFINITION, "", &name))?;
        self.read(&name, &object)
    }

    /// All custom resources that are defined.
    pub(in crate::registry) fn all(&self, storage: &Storage) -> Vec<Arc<Custom>> {
        let (objects, _) = storage.list(kinds::CUSTOM_RESOURCE_DEFINITION, None);
        objects.iter().filter_map(|(address, object)| self.read(&address.name, object)).collect()
    }

    fn read(&self, name: &str, object: &Object) -> Option<Arc<Custom>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name).filter(|known| known.revision == object.revision) {
            return Some(Arc::clone(&known.custom));
        }
        // One that cannot be read was refused when it came.
        let custom = Arc::new(parse(&object.value()).ok()?);
        known.insert(name.to_owned(), Known { revision: object.revision, custom: Arc::clone(&custom) });
        Some(custom)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    group: String,
    names: Names,
    scope: String,
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Names {
    kind: String,
    plural: String,
    singular: String,
    #[serde(rename = "shortNames")]
    short: Vec<String>,
    categories: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Version {
    name: String,
    served: bool,
    schema: Option<Validation>,
    subresources: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    open_api_v3_schema: Schema,
}

/// What a definition says. The first version that is served is the one that counts: ours have one.
fn parse(definition: &Value) -> Result<Custom, String> {
    let spec = Spec::deserialize(&definition["spec"]).map_err(|error| error.to_string())?;
    let version =
        spec.versions.into_iter().find(|version| version.served).ok_or("no version of it is served")?;
    let subresources: Vec<String> = version.subresources.into_keys().collect();
    let kind = Kind::custom(Definition {
        group: intern(&spec.group),
        version: intern(&version.name),
        kind: intern(&spec.names.kind),
        plural: intern(&spec.names.plural),
        singular: intern(&spec.names.singular),
        short: intern_all(&spec.names.short),
        categories: intern_all(&spec.names.categories),
        is_namespaced: spec.scope == "Namespaced",
        subresources: intern_all(&subresources),
    });
    Ok(Custom { kind, schema: version.schema.unwrap_or_default().open_api_v3_schema })
}

/// Checks a new definition and serves it at once, as the real server does a moment later.
/// What follows from what is said.
fn fill(definition: &mut Value) {
    let spec = &mut definition["spec"];
    if spec["names"]["listKind"].is_null()
        && let Some(kind) = spec["names"]["kind"].as_str()
    {
        spec["names"]["listKind"] = format!("{kind}List").into();
    }
    if spec["conversion"].is_null() {
        spec["conversion"] = json!({"strategy": "None"});
    }
}

pub(in crate::registry) fn establish(definition: &mut Value, now: Timestamp) -> Result<(), Status> {
    fill(definition);
    let (name, now) = (super::name(definition).to_owned(), meta::time(now));
    let refuse =
        |field: &str, why: &str| Err(Status::invalid(kinds::CUSTOM_RESOURCE_DEFINITION, &name, field, why));
    let custom = match parse(definition) {
        Ok(custom) => custom,
        Err(why) => return refuse("spec", &format!("Invalid value: \"object\": {why}")),
    };
    let expected = format!("{}.{}", custom.kind.plural, custom.kind.group);
    if name != expected {
        let why = format!("Invalid value: \"{name}\": must be spec.names.plural+\".\"+spec.group");
        return refuse("metadata.name", &why);
    }
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now,
        })
    };
    definition["status"] = json!({
        "acceptedNames": definition["spec"]["names"],
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "storedVersions": [custom.kind.version],
    });
    Ok(())
}
