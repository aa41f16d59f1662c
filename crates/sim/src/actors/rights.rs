//! What others may do in the cluster: everything, as most of them are installed.

use serde_json::{Value, json};

use super::NAMESPACE;
use crate::kinds::{self, Kind};

/// Who grants it.
const NAME: &str = "sim:others";
/// The person with kubectl.
pub(super) const PERSON: &str = "ada";

/// The objects that grant it, with their kinds.
pub fn rights() -> [(Kind, Value); 2] {
    let all = json!(["*"]);
    let role = json!({
        "metadata": {"name": NAME},
        "rules": [{"apiGroups": all, "resources": all, "verbs": all}],
    });
    let binding = json!({
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME},
        "subjects": [
            {"kind": "Group", "name": format!("system:serviceaccounts:{NAMESPACE}")},
            {"kind": "User", "name": PERSON},
        ],
    });
    [(kinds::CLUSTER_ROLE, role), (kinds::CLUSTER_ROLE_BINDING, binding)]
}
