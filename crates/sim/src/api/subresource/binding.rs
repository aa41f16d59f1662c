//! Bindings: a pod gets its node.

use serde_json::{Value, json};

use super::super::Server;
use super::super::answer::Answer;
use super::super::call::Asked;
use super::super::object::text;
use crate::kinds;
use crate::registry::{Part, Status, time};
use crate::storage::Address;

impl Server {
    pub(in super::super) fn bind(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let binding = asked.call.json()?;
        let own_name = text(&binding["metadata"]["name"]);
        let name = if asked.name().is_empty() { own_name } else { asked.name() };
        let address = Address::new(kinds::POD, asked.namespace(), name);
        let node = text(&binding["target"]["name"]);
        if node.is_empty() {
            return Err(Status::invalid(kinds::BINDING, name, "target.name", "Required value"));
        }
        let pod = self.registry().get(&address)?;
        let taken = text(&pod.value()["spec"]["nodeName"]).to_owned();
        if pod.is_terminating || !taken.is_empty() {
            let why = if taken.is_empty() {
                format!("pod {name} is being deleted, cannot be assigned to a host")
            } else {
                format!("pod {name} is already assigned to node \"{taken}\"")
            };
            return Err(Status::conflict_because(&address, &why));
        }
        let registry = self.registry_for(asked)?;
        registry.modify(&address, Part::Main, |pod| {
            pod["spec"]["nodeName"] = node.into();
            Ok(())
        })?;
        let now = time(registry.now());
        registry.modify(&address, Part::Status, |pod| {
            let scheduled = json!({"type": "PodScheduled", "status": "True", "lastTransitionTime": now});
            let conditions = pod["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let others = conditions.into_iter().filter(|condition| condition["type"] != "PodScheduled");
            pod["status"]["conditions"] = others.chain([scheduled]).collect();
            Ok(())
        })?;
        Ok(Answer::success(201, Value::Null))
    }
}
