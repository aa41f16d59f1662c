//! Pods from templates: what every controller of pods does alike.

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::storage::Address;

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
    pod
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
    fn a_pod_bears_its_template_and_its_owner() {
        let set = json!({
            "metadata": {"name": "web", "uid": "u"},
            "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}},
        });
        let pod = pod(kinds::REPLICA_SET, &set);
        assert_eq!(pod["metadata"]["labels"]["app"], "web");
        assert_eq!(pod["metadata"]["ownerReferences"][0]["apiVersion"], "apps/v1");
    }

    #[test]
    fn hashes_tell_templates_apart() {
        let (one, other) = (json!({"image": "a"}), json!({"image": "b"}));
        assert_eq!(hash(&one, 0), hash(&one, 0));
        assert_ne!(hash(&one, 0), hash(&other, 0));
        assert_ne!(hash(&one, 0), hash(&one, 1));
    }
}
