//! How the server is: `/version`, `/readyz`, `/livez`, `/healthz`.

use serde_json::json;

use super::Server;
use super::answer::Answer;
use super::query::Query;
use crate::registry::Status;

/// What a verbose answer lists, besides the store.
const PARTS: &[&str] = &["ping", "log", "informer-sync", "poststarthook/rbac/bootstrap-roles"];

impl Server {
    /// Answers a request for what is no resource.
    pub(super) fn health(&self, path: &str, query: &Query) -> Result<Answer, Status> {
        let (check, part) = match path.trim_matches('/').split_once('/') {
            Some((check, part)) => (check.to_owned(), part.to_owned()),
            None => (path.trim_matches('/').to_owned(), String::new()),
        };
        match (check.as_str(), part.as_str()) {
            ("version", "") => Ok(Answer::value(
                200,
                &json!({
                    "major": "1", "minor": "34", "gitVersion": "v1.34.0", "gitTreeState": "clean",
                    "goVersion": "none", "compiler": "rustc", "platform": "sim/amd64",
                }),
            )),
            ("readyz" | "livez" | "healthz", "") => Ok(self.report(&check, query.has("verbose"))),
            ("readyz" | "livez" | "healthz", "etcd") if !self.is_store_well() => {
                Err(Status::plain(500, "internal server error: etcd failed: reason withheld"))
            }
            ("readyz" | "livez" | "healthz", part) if part == "etcd" || PARTS.contains(&part) => {
                Ok(Answer::Text(200, "ok".to_owned()))
            }
            _ => Err(Status::page_not_found()),
        }
    }

    fn report(&self, check: &str, verbose: bool) -> Answer {
        let is_well = self.is_store_well();
        if is_well && !verbose {
            return Answer::Text(200, "ok".to_owned());
        }
        let line = |part: &str| match part {
            "etcd" if !is_well => "[-]etcd failed: reason withheld\n".to_owned(),
            part => format!("[+]{part} ok\n"),
        };
        let text: String = PARTS.iter().copied().chain(["etcd"]).map(line).collect();
        let (code, outcome) = if is_well { (200, "passed") } else { (500, "failed") };
        Answer::Text(code, format!("{text}{check} check {outcome}\n"))
    }
}
