//! What a resize may change of a pod: what its containers ask for, and nothing else.

use serde_json::Value;

use super::{Errors, error};

pub(super) fn check(before: &Value, after: &Value) -> Errors {
    if without_resources(before) == without_resources(after) {
        return Errors::new();
    }
    vec![error("spec", "Forbidden: only cpu and memory resources are mutable")]
}

/// A pod's spec but for what containers ask for of CPU and memory.
fn without_resources(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    for container in spec.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
        for amounts in ["requests", "limits"] {
            let own = container.get_mut("resources").and_then(|own| own.get_mut(amounts));
            if let Some(own) = own.and_then(Value::as_object_mut) {
                own.retain(|name, _| !matches!(name.as_str(), "cpu" | "memory"));
            }
        }
    }
    spec
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_resources_are_mutable() {
        let pod = |image: &str, cpu: &str| {
            let asked = json!({"requests": {"cpu": cpu, "memory": "1Gi"}});
            json!({"spec": {"containers": [{"name": "main", "image": image, "resources": asked}]}})
        };
        assert_eq!(check(&pod("a", "100m"), &pod("a", "200m")), []);
        assert_eq!(check(&pod("a", "100m"), &pod("b", "100m")).len(), 1);
    }
}
