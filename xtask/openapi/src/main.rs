//! Prints the OpenAPI schemas of the built-in kinds that the simulated API server serves, from the types
//! of `k8s-openapi`, which are made of Kubernetes' own.

use std::collections::BTreeMap;

use k8s_openapi::api::{apps, batch, coordination, core, discovery, events, policy, rbac};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::{Resource, schemars::JsonSchema};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

type Schemas = BTreeMap<String, Value>;

fn main() {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut kinds = BTreeMap::new();
    built_in(&mut generator, &mut kinds);
    let mut schemas: Schemas =
        generator.take_definitions(true).into_iter().map(|(name, schema)| (name, tidy(schema))).collect();
    for (name, kind) in kinds {
        if let Some(schema) = schemas.get_mut(&name) {
            schema["x-kubernetes-group-version-kind"] = json!([kind]);
        }
    }
    print!("{}", written(&schemas));
}

fn built_in(generator: &mut SchemaGenerator, kinds: &mut BTreeMap<String, Value>) {
    let mut all = All { generator, kinds };
    all.add::<core::v1::Binding>();
    all.add::<core::v1::ConfigMap>();
    all.add::<core::v1::Event>();
    all.add::<core::v1::Namespace>();
    all.add::<core::v1::Node>();
    all.add::<core::v1::PersistentVolume>();
    all.add::<core::v1::PersistentVolumeClaim>();
    all.add::<core::v1::Pod>();
    all.add::<core::v1::Secret>();
    all.add::<core::v1::Service>();
    all.add::<core::v1::ServiceAccount>();
    all.add::<apiextensions::v1::CustomResourceDefinition>();
    all.add::<apps::v1::DaemonSet>();
    all.add::<apps::v1::Deployment>();
    all.add::<apps::v1::ReplicaSet>();
    all.add::<apps::v1::StatefulSet>();
    all.add::<apps::v1::ControllerRevision>();
    all.add::<batch::v1::Job>();
    all.add::<batch::v1::CronJob>();
    all.add::<coordination::v1::Lease>();
    all.add::<discovery::v1::EndpointSlice>();
    all.add::<events::v1::Event>();
    all.add::<policy::v1::PodDisruptionBudget>();
    all.add::<rbac::v1::ClusterRole>();
    all.add::<rbac::v1::ClusterRoleBinding>();
    all.add::<rbac::v1::Role>();
    all.add::<rbac::v1::RoleBinding>();
}

struct All<'a> {
    generator: &'a mut SchemaGenerator,
    kinds: &'a mut BTreeMap<String, Value>,
}

impl All<'_> {
    fn add<K: Resource + JsonSchema>(&mut self) {
        self.generator.subschema_for::<K>();
        let kind = json!({"group": K::GROUP, "kind": K::KIND, "version": K::VERSION});
        self.kinds.insert(K::schema_name().into_owned(), kind);
    }
}

/// As the real server writes it: a reference that has a description of its own stands in `allOf`.
fn tidy(schema: Value) -> Value {
    match schema {
        Value::Object(mut fields) => {
            let has_more = fields.len() > 1;
            if has_more && let Some(reference) = fields.remove("$ref") {
                fields.insert("allOf".to_owned(), json!([{"$ref": reference}]));
            }
            Value::Object(fields.into_iter().map(|(name, value)| (name, tidy(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        other => other,
    }
}

/// One schema a line, so that a new version shows what it changes.
fn written(schemas: &Schemas) -> String {
    let lines: Vec<String> =
        schemas.iter().map(|(name, schema)| format!("{}:{schema}", json!(name))).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}
