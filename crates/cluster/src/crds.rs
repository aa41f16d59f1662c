//! Our custom resources, as they are installed.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};
use kube::CustomResourceExt;
use model::brake::Brake;
use model::policy::HealingPolicy;
use model::remediation::Remediation;

use crate::transport::{self, Failure};

/// What of ours is not installed, or why that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Some are missing.
    #[error(
        "the cluster does not have {}; install them: seaworthy crds | kubectl apply -f -",
        .0.join(", ")
    )]
    Missing(Vec<String>),
    /// The server could not be asked.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// The server's answer made no sense.
    #[error("the API server's list of resources could not be understood: {0}")]
    Garbled(String),
}

/// The definitions of all our custom resources, in the order of their names.
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut all = vec![brake(), HealingPolicy::crd(), remediation()];
    for schema in all.iter_mut().flat_map(schemas) {
        use_known_formats(schema);
    }
    all
}

/// Kubernetes knows no unsigned formats; their lower bound of zero is in the schema beside them.
fn use_known_formats(schema: &mut JSONSchemaProps) {
    match schema.format.as_deref() {
        Some("uint8" | "uint16" | "uint32") => schema.format = Some("int32".to_owned()),
        Some("uint64" | "uint") => schema.format = Some("int64".to_owned()),
        _ => {}
    }
    schema.properties.iter_mut().flatten().for_each(|(_, property)| use_known_formats(property));
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        use_known_formats(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        use_known_formats(values);
    }
}

/// All definitions as one YAML stream, the same to the byte each time.
pub fn yaml() -> String {
    let mut text = String::from(
        "# Made from the types in crates/model: change those, then run UPDATE_MANIFESTS=1 cargo test -p cluster.\n",
    );
    for crd in all() {
        // Through a value, whose maps are sorted.
        let value = serde_json::to_value(&crd).unwrap_or_default();
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&value).unwrap_or_default());
    }
    text
}

/// Only one brake counts, so there can be only one.
fn brake() -> CustomResourceDefinition {
    let mut crd = Brake::crd();
    for schema in schemas(&mut crd) {
        schema.x_kubernetes_validations.get_or_insert_default().push(rule(
            "self.metadata.name == 'cluster'",
            "the Brake that counts is named 'cluster'; there is no other",
        ));
    }
    crd
}

/// What was decided stays as it was decided; only a person's word on it may be added.
fn remediation() -> CustomResourceDefinition {
    let mut crd = Remediation::crd();
    for schema in schemas(&mut crd) {
        let Some(spec) = schema.properties.as_mut().and_then(|all| all.get_mut("spec")) else { continue };
        let fields: Vec<String> = spec
            .properties
            .iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .filter(|name| name != "approval")
            .collect();
        let unchanged: Vec<String> = fields.iter().map(|field| unchanged(spec, field)).collect();
        spec.x_kubernetes_validations
            .get_or_insert_default()
            .push(rule(&unchanged.join(" && "), "spec is immutable, except for spec.approval"));
    }
    crd
}

/// The expression that says that a field of the spec did not change.
fn unchanged(spec: &JSONSchemaProps, field: &str) -> String {
    let is_required = spec.required.iter().flatten().any(|required| required == field);
    // CEL's own words get two underscores around them.
    let name = if CEL_WORDS.contains(&field) { format!("__{field}__") } else { field.to_owned() };
    if is_required {
        format!("self.{name} == oldSelf.{name}")
    } else {
        format!(
            "has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})"
        )
    }
}

/// Reserved words of CEL that could be a field's name.
const CEL_WORDS: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

fn rule(rule: &str, message: &str) -> ValidationRule {
    ValidationRule { rule: rule.to_owned(), message: Some(message.to_owned()), ..ValidationRule::default() }
}

/// The schemas of all versions of a definition.
fn schemas(crd: &mut CustomResourceDefinition) -> impl Iterator<Item = &mut JSONSchemaProps> {
    crd.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut())
}

/// Whether all our resources are served, in the version that we speak. It asks the server what
/// it serves, which everybody may, rather than for the definitions, which few may read.
pub async fn check_installed(client: &kube::Client, deadline: Duration) -> Result<(), Error> {
    let served = served(client, deadline).await?;
    let missing: Vec<String> = all()
        .into_iter()
        .filter(|crd| !served.contains(&crd.spec.names.plural))
        .filter_map(|crd| crd.metadata.name)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(Error::Missing(missing)) }
}

#[derive(serde::Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<ResourceName>,
}

#[derive(serde::Deserialize)]
struct ResourceName {
    name: String,
}

/// The names of what the server serves of our group.
async fn served(client: &kube::Client, deadline: Duration) -> Result<Vec<String>, Error> {
    let path = format!("/apis/{}/{}", model::GROUP, model::VERSION);
    match transport::call(client, transport::get(&path), deadline).await {
        Ok(body) => {
            let list: ResourceList =
                serde_json::from_slice(&body).map_err(|error| Error::Garbled(error.to_string()))?;
            Ok(list.resources.into_iter().map(|resource| resource.name).collect())
        }
        Err(Failure::Refused(refusal)) if refusal.code == 404 => Ok(Vec::new()),
        Err(failure) => Err(failure.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_in_the_tree_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifests/crds.yaml");
        if std::env::var_os("UPDATE_MANIFESTS").is_some() {
            std::fs::write(path, yaml()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == yaml(),
            "manifests/crds.yaml is out of date: UPDATE_MANIFESTS=1 cargo test -p cluster"
        );
    }

    #[test]
    fn no_format_is_one_that_kubernetes_warns_about() {
        assert!(!yaml().contains("format: uint"), "an unsigned format");
    }

    #[test]
    fn every_resource_has_short_words_columns_and_a_status_that_only_we_write() {
        for crd in all() {
            let name = crd.metadata.name.clone().unwrap();
            assert!(name.ends_with(".seaworthy.dev"), "{name}");
            assert_eq!(crd.spec.scope, "Cluster", "{name}");
            assert!(crd.spec.names.categories.iter().flatten().any(|c| c == "seaworthy"), "{name}");
            for version in &crd.spec.versions {
                assert!(version.additional_printer_columns.iter().flatten().count() >= 3, "{name}");
            }
        }
    }

    #[test]
    fn everything_in_a_remediations_spec_is_immutable_but_the_approval() {
        let mut crd = remediation();
        let schema = schemas(&mut crd).next().unwrap();
        let spec = &schema.properties.as_ref().unwrap()["spec"];
        let rule = &spec.x_kubernetes_validations.as_ref().unwrap()[0].rule;
        assert!(!rule.contains("self.approval ") && !rule.contains("self.approval)"), "{rule}");
        for field in spec.properties.as_ref().unwrap().keys().filter(|field| *field != "approval") {
            assert!(
                rule.contains(&format!("self.{field} ")) || rule.contains(&format!("self.{field})")),
                "{field}"
            );
        }
    }
}
