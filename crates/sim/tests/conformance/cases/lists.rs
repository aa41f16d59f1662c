//! Lists: selected, in pages, of one version.

use serde_json::json;

use super::{CONFIG_MAPS, PODS, config_map, pod};
use crate::step::{Case, Step, get, post};

pub(super) fn cases() -> Vec<Case> {
    let labelled = |name: &str, labels: serde_json::Value| {
        let mut map = config_map(name, &json!({}));
        map["metadata"]["labels"] = labels;
        post(CONFIG_MAPS, map)
    };
    // A real cluster keeps its certificate authority in each namespace.
    let own = "metadata.name!%3Dkube-root-ca.crt";
    let list = |query: &str| get(&format!("{CONFIG_MAPS}?fieldSelector={own}&{query}"));
    let select =
        |selector: &str, names: &[&'static str]| found(list(&format!("labelSelector={selector}")), names);
    vec![
        Case {
            name: "labels select by every operator",
            steps: vec![
                labelled("a", json!({"app": "web", "tier": "front"})),
                labelled("b", json!({"app": "web"})),
                labelled("c", json!({"app": "api"})),
                select("", &["a", "b", "c"]),
                select("app%3Dweb", &["a", "b"]),
                select("app%3D%3Dapi", &["c"]),
                select("app!%3Dweb", &["c"]),
                select("app+in+(api,db)", &["c"]),
                select("app+notin+(api)", &["a", "b"]),
                select("tier", &["a"]),
                select("!tier", &["b", "c"]),
                select("app%3Dweb,!tier", &["b"]),
                list("labelSelector=app+in+(api").refused(400, "BadRequest").comparing("/reason"),
            ],
        },
        Case {
            name: "fields select where the kind has them",
            steps: vec![
                post(PODS, pod("a")),
                post(PODS, pod("b")),
                found(get(&format!("{PODS}?fieldSelector=metadata.name%3Da")), &["a"]),
                found(get(&format!("{PODS}?fieldSelector=status.phase%3DPending")), &["a", "b"]),
                found(get(&format!("{PODS}?fieldSelector=spec.nodeName%3Dnowhere")), &[]),
                get(&format!("{PODS}?fieldSelector=spec.priority%3D5"))
                    .refused(400, "BadRequest")
                    .saying("field label not supported: spec.priority"),
            ],
        },
        Case {
            name: "pages are of one version",
            steps: vec![
                labelled("a", json!({"page": "1"})),
                labelled("b", json!({"page": "1"})),
                labelled("c", json!({"page": "1"})),
                found(get(&format!("{CONFIG_MAPS}?limit=2&labelSelector=page")), &["a", "b"])
                    .keep("next", "/metadata/continue")
                    .keep("version", "/metadata/resourceVersion"),
                labelled("bb", json!({"page": "1"})),
                found(get(&format!("{CONFIG_MAPS}?limit=2&labelSelector=page&continue={{next}}")), &["c"])
                    .with("/metadata/resourceVersion", "{version}"),
                found(
                    get(&format!(
                        "{CONFIG_MAPS}?labelSelector=page&resourceVersionMatch=Exact&resourceVersion={{version}}"
                    )),
                    &["a", "b", "c"],
                ),
                get(&format!("{CONFIG_MAPS}?continue=nonsense"))
                    .refused(400, "BadRequest")
                    .comparing("/reason"),
            ],
        },
        Case {
            name: "a version that has not come is said to be too large",
            steps: vec![
                get(&format!(
                    "{CONFIG_MAPS}?resourceVersion=1000000000000&resourceVersionMatch=NotOlderThan"
                ))
                .refused(504, "Timeout")
                .with("/details/causes/0/reason", "ResourceVersionTooLarge"),
                get(&format!("{CONFIG_MAPS}?resourceVersionMatch=Exact")).refused(422, "Invalid"),
                get(&format!("{CONFIG_MAPS}?sendInitialEvents=true")).refused(422, "Invalid"),
            ],
        },
    ]
}

/// The list holds these, in this order.
fn found(step: Step, names: &[&'static str]) -> Step {
    const NAMES: [&str; 4] = [
        "/items/0/metadata/name",
        "/items/1/metadata/name",
        "/items/2/metadata/name",
        "/items/3/metadata/name",
    ];
    let step = names.iter().zip(NAMES).fold(step, |step, (name, pointer)| step.with(pointer, *name));
    step.without(NAMES[names.len()])
}
