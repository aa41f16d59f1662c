//! What differs from one cluster to the next by its nature is put in a form that does not: identities,
//! versions, times, addresses, and the names that a cluster makes up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What was kept, by the words under which it was.
pub(crate) type Words = BTreeMap<&'static str, String>;

/// Times. They come first, as a version that was kept may be a year's number.
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").expect("a form"));

/// Each other form, and what stands for it.
static FORMS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let forms = [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
        (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", "<address>"),
        (r"\bcontainerd://[0-9a-z<>-]+", "<container>"),
        (r"\bsha256:[0-9a-f]+", "<hash>"),
        // How the server makes names up: without vowels, and without digits that look like some.
        (r"-[bcdf-hj-np-tv-xz2456789]{6,10}-[bcdf-hj-np-tv-xz2456789]{5}\b", "-<hash>-<made>"),
        (r"-[bcdf-hj-np-tv-xz2456789]{6,10}\b", "-<hash>"),
        (r"-[bcdf-hj-np-tv-xz2456789]{5}\b", "-<made>"),
        (r"current: \d+", "current: <version>"),
        (r"resource version: (\d+|<\w+>) \(\d+\)", "resource version: <version> (<version>)"),
        (
            r"ResourceVersion in the precondition \((\d{2,}|<\w+>)\)",
            "ResourceVersion in the precondition (<version>)",
        ),
        // What exactly was changed, as the real server's own types have it.
        (r"(?s)previously negative\)\n.*", "previously negative)"),
        (r"ResourceVersion in record \(\d+\)", "ResourceVersion in record (<version>)"),
    ];
    forms.map(|(form, stands)| (Regex::new(form).expect("a form"), stands)).to_vec()
});

/// Fields whose values are the cluster's own, and what stands for them.
const FIELDS: &[(&str, &str)] = &[
    ("uid", "<uid>"),
    ("resourceVersion", "<version>"),
    ("continue", "<token>"),
    ("pod-template-hash", "<hash>"),
    ("controller-revision-hash", "<hash>"),
    ("clusterIP", "<address>"),
];

/// The form of an answer.
pub(crate) fn form(answer: &Value, words: &Words) -> Value {
    match answer {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let own = FIELDS.iter().find(|(own, _)| own == name);
                let form = match (own, value) {
                    (Some((_, stands)), Value::String(text)) if !text.is_empty() => (*stands).into(),
                    _ => form(value, words),
                };
                (of_text(name, words), form)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => {
            let mut forms: Vec<Value> = items.iter().map(|item| form(item, words)).collect();
            if forms.iter().all(is_taint) {
                forms.sort_by_cached_key(Value::to_string);
            }
            forms.into()
        }
        Value::String(text) => of_text(text, words).into(),
        other => other.clone(),
    }
}

/// Whether it is a taint of the node controller's, whose parts write in the order in which they come by.
fn is_taint(value: &Value) -> bool {
    let is_its = value["key"].as_str().is_some_and(|key| key.starts_with("node.kubernetes.io/"));
    is_its && value["effect"].is_string() && value["operator"].is_null()
}

fn of_text(text: &str, words: &Words) -> String {
    let text = TIME.replace_all(text, "<time>").into_owned();
    let kept = words.iter().filter(|(_, value)| value.len() > 3);
    let text = kept.fold(text, |text, (word, value)| text.replace(value, &format!("<{word}>")));
    FORMS.iter().fold(text, |text, (form, stands)| form.replace_all(&text, *stands).into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_a_clusters_own_has_one_form() {
        let words = Words::from([("ns", "conformance-x7k2p".to_owned())]);
        let answer = json!({
            "metadata": {"name": "web-6d4b8c9f5d-x7k2p", "namespace": "conformance-x7k2p", "uid": "u", "resourceVersion": "12"},
            "since": "2026-01-02T03:04:05Z", "at": ["10.91.1.7:80"], "resourceVersion": "",
        });
        let formed = json!({
            "metadata": {"name": "web-<hash>-<made>", "namespace": "<ns>", "uid": "<uid>", "resourceVersion": "<version>"},
            "since": "<time>", "at": ["<address>:80"], "resourceVersion": "",
        });
        assert_eq!(form(&answer, &words), formed);
    }

    #[test]
    fn a_version_that_is_a_years_number_leaves_times_alone() {
        let words = Words::from([("version", "2026".to_owned())]);
        let answer = json!(["2026-01-02T03:04:05Z", "from 2026 on"]);
        assert_eq!(form(&answer, &words), json!(["<time>", "from <version> on"]));
    }

    #[test]
    fn the_node_controllers_taints_have_one_order_and_other_things_their_own() {
        let taint = |key: &str, effect: &str| json!({"key": key, "effect": effect});
        let form = |value: &Value| form(value, &Words::new());
        let [first, second] =
            ["NoSchedule", "NoExecute"].map(|effect| taint("node.kubernetes.io/unreachable", effect));
        assert_eq!(form(&json!([first, second])), form(&json!([second, first])));
        let others = json!([taint("pool", "NoSchedule"), taint("pool", "NoExecute")]);
        assert_eq!(form(&others), others);
        let mut tolerations = json!([first, second]);
        for toleration in tolerations.as_array_mut().unwrap() {
            toleration["operator"] = "Exists".into();
        }
        assert_eq!(form(&tolerations), tolerations);
    }
}
