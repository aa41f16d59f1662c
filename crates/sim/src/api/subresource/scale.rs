//! Scales: how many replicas a workload is to have.

use serde_json::{Value, json};

use super::super::Server;
use super::super::answer::Answer;
use super::super::call::Asked;
use super::super::object::text;
use super::super::patch::merge;
use crate::registry::{Part, Status};
use crate::storage::Object;

impl Server {
    pub(super) fn get_scale(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let object = self.registry().get(&asked.address())?;
        Ok(Answer::value(200, &scale(&object)))
    }

    pub(super) fn change_scale(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let (address, body) = (asked.address(), asked.call.json()?);
        let registry = self.registry_for(asked)?;
        let mut wanted = scale(&*registry.get(&address)?);
        merge(&mut wanted, &body);
        let replicas = match &wanted["spec"]["replicas"] {
            Value::Null => 0,
            value => value.as_i64().ok_or_else(|| Status::bad_request("spec.replicas must be a number"))?,
        };
        if replicas < 0 {
            let why = format!("Invalid value: {replicas}: must be greater than or equal to 0");
            return Err(Status::invalid_scale(&address.name, "spec.replicas", &why));
        }
        let version = text(&wanted["metadata"]["resourceVersion"]).to_owned();
        let changed = registry.modify(&address, Part::Main, |object| {
            if text(&object["metadata"]["resourceVersion"]) != version {
                return Err(Status::conflict(&address));
            }
            object["spec"]["replicas"] = replicas.into();
            Ok(())
        })?;
        Ok(Answer::value(200, &scale(&changed)))
    }
}

fn scale(object: &Object) -> Value {
    let object = object.value();
    let meta = &object["metadata"];
    let labels = object["spec"]["selector"]["matchLabels"].as_object().into_iter().flatten();
    let selector: Vec<String> = labels.map(|(name, value)| format!("{name}={}", text(value))).collect();
    let replicas = object["spec"]["replicas"].as_i64().unwrap_or(1);
    // None is not said.
    let spec = if replicas == 0 { json!({}) } else { json!({"replicas": replicas}) };
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"], "creationTimestamp": meta["creationTimestamp"],
        },
        "spec": spec,
        "status": {
            "replicas": object["status"]["replicas"].as_i64().unwrap_or(0), "selector": selector.join(","),
        },
    })
}
