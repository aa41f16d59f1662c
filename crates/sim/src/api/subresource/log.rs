//! Logs of containers.

use serde_json::Value;

use super::super::Server;
use super::super::answer::Answer;
use super::super::call::Asked;
use super::super::object::text;
use crate::registry::Status;
use crate::storage::Address;

/// What containers have written.
pub trait Logs: Send + Sync {
    /// The log of a container's run, or of the one before it; `None` where there was none.
    fn read(&self, pod: &Address, container: &str, previous: bool) -> Option<String>;
}

impl Server {
    pub(super) fn log(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let (address, query) = (asked.address(), &asked.call.query);
        let pod = self.registry().get(&address)?.value();
        let container = choose(&pod, &address.name, query.get("container"))?;
        let previous = query.is_set("previous");
        let status = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
        let status = status.clone().find(|status| status["name"] == container.as_str());
        let restarts = status.and_then(|status| status["restartCount"].as_u64()).unwrap_or(0);
        let waits = status.is_none_or(|status| !status["state"]["waiting"].is_null());
        if previous && restarts == 0 {
            return Err(Status::bad_request(&format!(
                "previous terminated container \"{container}\" in pod \"{}\" not found",
                address.name
            )));
        }
        if !previous && waits && restarts == 0 {
            let reason = match status.map(|status| text(&status["state"]["waiting"]["reason"])) {
                Some("ErrImagePull" | "ImagePullBackOff") => "trying and failing to pull image",
                Some(reason) => reason,
                None => "PodInitializing",
            };
            return Err(Status::bad_request(&format!(
                "container \"{container}\" in pod \"{}\" is waiting to start: {reason}",
                address.name
            )));
        }
        let log = self.logs().and_then(|logs| logs.read(&address, &container, previous)).unwrap_or_default();
        let log = tail(&log, query.number("tailLines")?, query.number("limitBytes")?);
        Ok(Answer::Text(200, log.to_owned()))
    }
}

/// The container asked for, or the only one there is.
fn choose(pod: &Value, name: &str, asked: &str) -> Result<String, Status> {
    let list = |field: &str| pod["spec"][field].as_array().cloned().unwrap_or_default();
    let names = |field: &str| -> Vec<String> {
        list(field).iter().map(|container| text(&container["name"]).to_owned()).collect()
    };
    let own = names("containers");
    if !asked.is_empty() {
        let is_known = own.iter().chain(&names("initContainers")).any(|own| own == asked);
        return if is_known {
            Ok(asked.to_owned())
        } else {
            Err(Status::bad_request(&format!("container {asked} is not valid for pod {name}")))
        };
    }
    match &own[..] {
        [only] => Ok(only.clone()),
        several => Err(Status::bad_request(&format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            several.join(" ")
        ))),
    }
}

/// The last lines, at most so many bytes of them.
fn tail(log: &str, lines: Option<u64>, bytes: Option<u64>) -> &str {
    let lines = lines.map_or(usize::MAX, |lines| usize::try_from(lines).unwrap_or(usize::MAX));
    let begin = match lines {
        0 => log.len(),
        lines => {
            let ends: Vec<usize> =
                log.trim_end_matches('\n').rmatch_indices('\n').map(|(at, _)| at).collect();
            ends.get(lines - 1).map_or(0, |at| at + 1)
        }
    };
    let log = &log[begin..];
    let mut end =
        bytes.map_or(log.len(), |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)).min(log.len());
    while !log.is_char_boundary(end) {
        end -= 1;
    }
    &log[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_cut_by_lines_then_bytes() {
        let log = "one\ntwo\nthree\n";
        for (lines, bytes, expected) in [
            (None, None, log),
            (Some(2), None, "two\nthree\n"),
            (Some(9), None, log),
            (Some(0), None, ""),
            (Some(2), Some(5), "two\nt"),
        ] {
            assert_eq!(tail(log, lines, bytes), expected, "{lines:?} {bytes:?}");
        }
    }
}
