//! How the server is: `/version`, `/readyz`, `/livez`, `/healthz`.

use serde_json::json;

use super::answer::Answer;
use super::query::Query;
use crate::registry::Status;

/// What a verbose answer lists.
const PARTS: &[&str] = &["ping", "log", "etcd", "informer-sync", "poststarthook/rbac/bootstrap-roles"];

/// Answers a request for what is no resource.
pub(super) fn answer(path: &str, query: &Query) -> Result<Answer, Status> {
    let (check, part) = match path.trim_matches('/').split_once('/') {
        Some((check, part)) => (check.to_owned(), part.to_owned()),
        None => (path.trim_matches('/').to_owned(), String::new()),
    };
    match (check.as_str(), part.as_str()) {
        ("version", "") => Ok(Answer::value(
            200,
            &json!({
                "major": "1", "minor": "37", "gitVersion": "v1.37.2", "gitTreeState": "clean",
                "goVersion": "none", "compiler": "rustc", "platform": "sim/amd64",
            }),
        )),
        ("readyz" | "livez" | "healthz", "") => Ok(report(&check, query.has("verbose"))),
        ("readyz" | "livez" | "healthz", part) if PARTS.contains(&part) => {
            Ok(Answer::Text(200, "ok".to_owned()))
        }
        _ => Err(Status::page_not_found()),
    }
}

/// A good report; bad ones are faults of the way.
fn report(check: &str, verbose: bool) -> Answer {
    if !verbose {
        return Answer::Text(200, "ok".to_owned());
    }
    let lines: Vec<String> = PARTS.iter().map(|part| format!("[+]{part} ok")).collect();
    Answer::Text(200, format!("{}\n{check} check passed\n", lines.join("\n")))
}
