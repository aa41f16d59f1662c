//! Pods from templates: what every controller of pods does alike, and what admission adds.

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::storage::Address;
use crate::view::taint::tolerate;

/// How long pods stay on a node that is not ready or cannot be reached: what the admission plugin
/// DefaultTolerationSeconds gives to pods that do not say, in seconds.
pub const TOLERATED_S: i64 = 300;

/// A reference to a controlling owner.
pub fn owner_reference(owner: Kind, value: &Value) -> Value {
    json!({
        "apiVersion": owner.api_version(), "kind": owner.kind,
        "name": value["metadata"]["name"], "uid": value["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A pod as `owner`'s template has it, without a name.
pub fn pod(owner: Kind, value: &Value) -> Value {
    let template = &value["spec"]["template"];
    let mut pod = json!({
        "metadata": {"ownerReferences": [owner_reference(owner, value)]},
        "spec": template["spec"],
    });
    for field in ["labels", "annotations"] {
        if template["metadata"][field].is_object() {
            pod["metadata"][field] = template["metadata"][field].clone();
        }
    }
    settle(&mut pod);
    pod
}

/// Gives a pod what the API server's defaults and admission give it, as far as anything here reads
/// it.
pub fn settle(pod: &mut Value) {
    let spec = &mut pod["spec"];
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("dnsPolicy", json!("ClusterFirst")),
        ("schedulerName", json!("default-scheduler")),
        ("terminationGracePeriodSeconds", json!(30)),
    ] {
        if spec[field].is_null() {
            spec[field] = value;
        }
    }
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        tolerate(spec, key, "NoExecute", Some(TOLERATED_S));
    }
}

/// Where the pods of a workload are created.
pub fn pods_of(address: &Address) -> Address {
    Address::new(crate::kinds::POD, &address.namespace, "")
}

/// A short text that differs when templates do: FNV-1a over their JSON, in the letters that names
/// are made of. The real one hashes its own memory layout; nothing depends on which.
pub fn hash(template: &Value, collisions: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let text = format!("{template}{collisions}");
    let mut hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut name = String::new();
    while hash > 0 {
        name.push(char::from(LETTERS[hash as usize % LETTERS.len()]));
        hash /= LETTERS.len() as u32;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn a_pod_bears_its_template_its_owner_and_the_default_tolerations() {
        let set = json!({
            "metadata": {"name": "web", "uid": "u"},
            "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}},
        });
        let pod = pod(kinds::REPLICA_SET, &set);
        assert_eq!(pod["metadata"]["labels"]["app"], "web");
        assert_eq!(pod["metadata"]["ownerReferences"][0]["apiVersion"], "apps/v1");
        assert_eq!(pod["spec"]["tolerations"][1]["tolerationSeconds"], 300);
    }

    #[test]
    fn hashes_tell_templates_apart() {
        let (one, other) = (json!({"image": "a"}), json!({"image": "b"}));
        assert_eq!(hash(&one, 0), hash(&one, 0));
        assert_ne!(hash(&one, 0), hash(&other, 0));
        assert_ne!(hash(&one, 0), hash(&one, 1));
    }
}
