//! What the server says of itself.

use serde_json::json;

use crate::step::{Case, get, post};

pub(super) fn cases() -> Vec<Case> {
    vec![Case {
        name: "what is served and what is not",
        steps: vec![
            get("/version").with("/major", "1").comparing_nothing_else(),
            get("/api").with("/versions/0", "v1").comparing("/versions"),
            get("/apis/apps").with("/preferredVersion/groupVersion", "apps/v1"),
            get("/apis/apps/v1")
                .with("/kind", "APIResourceList")
                .with("/groupVersion", "apps/v1")
                .comparing_nothing_else(),
            get("/readyz").with("", "ok"),
            get("/livez").with("", "ok"),
            get("/livez?verbose").saying("livez check passed").comparing_nothing_else(),
            get("/readyz?verbose").saying("[+]etcd ok").comparing_nothing_else(),
            get("/readyz?verbose").saying("readyz check passed").comparing_nothing_else(),
            get("/readyz/nothing").gives(404),
            get("/api/v1/nothings").refused(404, "NotFound").saying("could not find the requested resource"),
            get("/apis/nothing.example.com/v1/things").gives(404),
            get("/api/v1/namespaces/{ns}/pods/a/nothing").refused(404, "NotFound"),
            post("/api/v1/namespaces/{ns}/pods/a", json!({})).refused(405, "MethodNotAllowed"),
        ],
    }]
}
