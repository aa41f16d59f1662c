//! Logs of containers.

mod cut;
mod follow;

use serde_json::Value;

use crate::api::Server;
use crate::api::answer::Answer;
use crate::api::call::Asked;
use crate::api::object::text;
use crate::registry::Status;
use crate::storage::Address;
use cut::Cut;

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
        let is_over = status.is_some_and(|status| !status["state"]["terminated"].is_null());
        let logs = self.logs();
        let log =
            logs.as_ref().and_then(|logs| logs.read(&address, &container, previous)).unwrap_or_default();
        let cut = Cut::of(query, self.registry().now())?;
        match logs {
            Some(logs) if query.is_set("follow") && !previous && !is_over => {
                Ok(Answer::Writing(follow::follow(logs, address, container, log, cut)))
            }
            _ => Ok(Answer::Text(200, cut.whole(&log))),
        }
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
