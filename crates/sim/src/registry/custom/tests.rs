//! Our own custom resources, held to their definitions.

use environment::Environment;
use serde_json::{Value, json};

use super::*;
use crate::kinds;
use crate::registry::Registry;
use crate::storage::Address;

fn registry() -> Registry {
    let registry = Registry::new(&Environment::test(7));
    for crd in cluster::crds::all() {
        let value = serde_json::to_value(&crd).unwrap();
        registry.create(kinds::CUSTOM_RESOURCE_DEFINITION, "", value).unwrap();
    }
    registry
}

fn create(registry: &Registry, plural: &str, name: &str, spec: &Value) -> Result<Value, Status> {
    let kind = registry.custom(model::GROUP, plural).unwrap().kind;
    let made = registry.create(kind, "", json!({"metadata": {"name": name}, "spec": spec}))?;
    Ok(made.value())
}

fn policy(step: &Value) -> Value {
    json!({"match": {"codes": ["PodCrashLoopBackOff"]}, "steps": [step]})
}

#[tokio::test(start_paused = true)]
async fn defaults_come_and_unknown_fields_go() {
    let registry = registry();
    let mut spec = policy(&json!({"action": "EvictPod", "colour": "red"}));
    spec["extra"] = 1.into();
    let made = create(&registry, "healingpolicies", "p", &spec).unwrap();
    assert_eq!(made["spec"]["mode"], "Observe");
    assert_eq!(made["spec"]["steps"], json!([{"action": "EvictPod", "attempts": 1, "timeout": "5m"}]));
    assert!(made["spec"]["extra"].is_null());
    assert_eq!(made["metadata"]["generation"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_invalid_is_named() {
    let registry = registry();
    for (spec, field, why) in [
        (json!({"steps": []}), "spec.match", "Required value"),
        (policy(&json!({"action": "Explode"})), "spec.steps[0].action", "Unsupported value: \"Explode\""),
        (
            policy(&json!({"action": "EvictPod", "attempts": -1})),
            "spec.steps[0].attempts",
            "greater than or equal to 0",
        ),
        (
            policy(&json!({"action": "EvictPod", "attempts": "1"})),
            "spec.steps[0].attempts",
            "must be of type integer",
        ),
        (policy(&json!({"action": "EvictPod", "timeout": "soon"})), "spec.steps[0].timeout", "should match"),
        (policy(&json!(7)), "spec.steps[0]", "must be of type object"),
    ] {
        let refused = create(&registry, "healingpolicies", "p", &spec).unwrap_err();
        assert_eq!((refused.code, refused.reason), (422, "Invalid"));
        let told = refused.message.clone();
        assert!(told.contains(field) && told.contains(why), "{told}");
        assert_eq!(refused.details["causes"][0]["field"], field);
    }
}

#[tokio::test(start_paused = true)]
async fn rules_hold() {
    let registry = registry();
    let refused = create(&registry, "brakes", "other", &json!({"paused": true})).unwrap_err();
    assert!(refused.message.contains("named 'cluster'"), "{refused}");
    create(&registry, "brakes", "cluster", &json!({"paused": true})).unwrap();
    let spec = json!({
        "cluster": "c", "lineage": "Deployment/shop/web", "check": "PodCrashLoopBackOff", "policy": "p",
        "mode": "Observe", "severity": "warning", "planHash": "h", "steps": [], "healthyForS": 30,
        "subject": {"kind": "Deployment", "namespace": "shop", "name": "web"}, "since": "2026-01-01T00:00:00Z",
    });
    create(&registry, "remediations", "r-1", &spec).unwrap();
    let kind = registry.custom(model::GROUP, "remediations").unwrap().kind;
    let address = Address::new(kind, "", "r-1");
    let change = |field: &str, value: Value| {
        registry.modify(&address, Part::Main, |object| {
            object["spec"][field] = value;
            Ok(())
        })
    };
    let refused = change("lineage", "Deployment/shop/api".into()).unwrap_err();
    assert!(refused.message.contains("spec is immutable"), "{refused}");
    change("approval", json!({"by": "ann", "planHash": "h", "verdict": "Approved"})).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_definition_whose_rule_cannot_be_judged_is_refused() {
    let registry = registry();
    let refused = registry
        .create(
            kinds::CUSTOM_RESOURCE_DEFINITION,
            "",
            json!({
                "metadata": {"name": "things.example.com"},
                "spec": {"group": "example.com", "scope": "Cluster", "names": {"plural": "things", "kind": "Thing"},
                    "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object",
                        "x-kubernetes-validations": [{"rule": "self.items.all(i, i > 0)"}]}}}]},
            }),
        )
        .unwrap_err();
    assert!(refused.message.contains("cannot judge the rule"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_status_is_held_to_its_schema_alone() {
    let registry = registry();
    create(&registry, "healingpolicies", "p", &policy(&json!({"action": "EvictPod"}))).unwrap();
    let kind = registry.custom(model::GROUP, "healingpolicies").unwrap().kind;
    let address = Address::new(kind, "", "p");
    let write = |status: Value| {
        registry.modify(&address, Part::Status, |object| {
            object["status"] = status;
            Ok(())
        })
    };
    let written = write(json!({"observedGeneration": 1, "odd": 2})).unwrap().value();
    assert_eq!(written["status"], json!({"observedGeneration": 1, "conditions": []}));
    assert_eq!(write(json!({"observedGeneration": "1"})).unwrap_err().code, 422);
}
