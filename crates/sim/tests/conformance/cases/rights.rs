//! Who may do what.

use serde_json::{Value, json};

use super::{CONFIG_MAPS, PODS, at, config_map, pod};
use crate::step::{Case, delete, get, json_patch, merge, post};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings";
const READER: &str = "system:serviceaccount:{ns}:reader";

pub(super) fn cases() -> Vec<Case> {
    vec![Case {
        name: "what nobody granted is forbidden, and by whom is said",
        steps: vec![
            post(CONFIG_MAPS, config_map("a", &json!({}))),
            post(CONFIG_MAPS, config_map("b", &json!({}))),
            post(PODS, pod("a")),
            get(CONFIG_MAPS)
                .by(READER)
                .refused(403, "Forbidden")
                .saying("cannot list resource \"configmaps\" in API group \"\" in the namespace"),
            post(ROLES, role()),
            post(BINDINGS, binding()),
            // What was granted is known a moment later.
            get(&at(CONFIG_MAPS, "a")).by(READER).in_the_end(),
            get(&at(CONFIG_MAPS, "b")).by(READER).refused(403, "Forbidden"),
            get(CONFIG_MAPS).by(READER).refused(403, "Forbidden"),
            get(&at(PODS, "a")).by(READER),
            get(PODS).by(READER).with("/items/0/metadata/name", "a"),
            get(&format!("{PODS}?watch=true&resourceVersion=0&timeoutSeconds=1"))
                .by(READER)
                .refused(403, "Forbidden"),
            merge(&at(PODS, "a/status"), json!({}))
                .by(READER)
                .refused(403, "Forbidden")
                .saying("pods/status"),
            post(PODS, pod("b")).by(READER).refused(403, "Forbidden"),
            delete(&at(PODS, "a"), json!(null)).by(READER).refused(403, "Forbidden"),
            delete(PODS, json!(null)).by(READER).refused(403, "Forbidden").saying("deletecollection"),
            json_patch(&at(PODS, "a"), json!([])).by(READER).refused(403, "Forbidden").saying("cannot patch"),
            get("/api/v1/nodes").by(READER).refused(403, "Forbidden").saying("at the cluster scope"),
            get("/api/v1/nodes/node-1").by(READER).refused(403, "Forbidden"),
            get("/api/v1/namespaces/{ns}/nothings").by(READER).refused(403, "Forbidden"),
            get("/metrics").by(READER).refused(403, "Forbidden").saying("cannot get path"),
            get("/version").by(READER).comparing_nothing_else(),
            get("/livez").by(READER),
        ],
    }]
}

fn role() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
        "rules": [
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
        ],
    })
}

fn binding() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "{ns}"}],
    })
}
