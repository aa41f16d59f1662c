//! Webhooks: Alertmanager's payload, version 4.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use model::labels::LabelSet;
use serde::Serialize;

use super::outside::post_json;
use super::{Built, Channel, Failure, Kind, Outside, each, judge, unrendered};
use crate::configuration::http::{Http, either};
use crate::configuration::{Context, Secret, Source, file};
use crate::notification::{MessageAlert, Notification, Status};
use crate::templates::{Library, Text};

pub(super) const KIND: Kind = Kind {
    name: "webhook",
    key: "webhook_configs",
    build: |receiver, context| each(&receiver.webhook_configs, |config| check(config, context)),
};

#[derive(Debug)]
struct Webhook {
    http: Http,
    url: Url,
    max_alerts: usize,
}

#[derive(Debug)]
enum Url {
    /// Rendered for each message; mostly there is nothing to render.
    Template(Text),
    /// Read for each message.
    File(Source, Library),
}

fn check(config: &file::Webhook, context: &Context<'_>) -> Result<Built, String> {
    if config.payload.is_some() {
        return Err("payload is not supported: receivers get version 4 of Alertmanager's payload".to_owned());
    }
    let http = config.http_config.as_ref().or(context.global.http_config.as_ref());
    let mut http = http.map(crate::configuration::http::HttpConfig::check).transpose()?.unwrap_or_default();
    http.ca_file = http.ca_file.map(|path| context.path(&path));
    let url = match either("url", config.url.as_ref(), config.url_file.as_ref())? {
        None => return Err("neither url nor url_file is given".to_owned()),
        Some(Source::Inline(url)) => Url::Template(template(context.library, url.expose())?),
        Some(file) => Url::File(context.source(file), context.library.clone()),
    };
    let timeout = config.timeout.filter(|timeout| timeout.0 > 0).map(crate::configuration::PromDuration::std);
    Ok(Built {
        send_resolved: config.send_resolved.unwrap_or(true),
        timeout: timeout.unwrap_or(context.timeout),
        pace: SignedDuration::ZERO,
        channel: Arc::new(Webhook { http, url, max_alerts: config.max_alerts }),
    })
}

/// A URL, which may hold templates. What is wrong with it is said without it.
fn template(library: &Library, url: &str) -> Result<Text, String> {
    if !url.contains("{{") {
        let parsed = url::Url::parse(url).map_err(|error| format!("url: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("url: scheme {:?} is not http or https", parsed.scheme()));
        }
    }
    library.text("url", url).map_err(|error| error.to_string())
}

/// The payload, version 4.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    receiver: String,
    status: Status,
    alerts: &'a [MessageAlert],
    group_labels: &'a LabelSet,
    common_labels: &'a LabelSet,
    common_annotations: &'a LabelSet,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: &'a str,
    truncated_alerts: usize,
}

fn payload(message: &Notification, max_alerts: usize) -> Vec<u8> {
    let count = message.alerts.len();
    let kept = if max_alerts == 0 { count } else { count.min(max_alerts) };
    let payload = Payload {
        receiver: crate::templates::quoted(&message.receiver),
        status: message.status,
        alerts: &message.alerts[..kept],
        group_labels: &message.group_labels,
        common_labels: &message.common_labels,
        common_annotations: &message.common_annotations,
        external_url: &message.external_url,
        version: "4",
        group_key: &message.group_key,
        truncated_alerts: count - kept,
    };
    serde_json::to_vec(&payload).expect("texts, times and numbers only")
}

#[async_trait]
impl Channel for Webhook {
    async fn deliver(
        &self,
        message: &Notification,
        outside: &dyn Outside,
        deadline: Duration,
    ) -> Result<(), Failure> {
        let url = match &self.url {
            Url::Template(text) => text.render(message).map_err(|error| unrendered(&error))?,
            Url::File(source, library) => {
                let secret = outside.secret(source).await?;
                let text = template(library, secret.expose())
                    .map_err(|reason| Failure::Refused { reason, retry_after: None })?;
                text.render(message).map_err(|error| unrendered(&error))?
            }
        };
        let body = payload(message, self.max_alerts);
        let answer = post_json(outside, &self.http, &Secret::new(url), body, deadline).await?;
        judge(&answer, outside.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::testing::notification;

    #[test]
    fn the_payload_is_version_4() {
        let payload: serde_json::Value = serde_json::from_slice(&payload(&notification(), 0)).unwrap();
        let keys: Vec<&String> = payload.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "alerts",
                "commonAnnotations",
                "commonLabels",
                "externalURL",
                "groupKey",
                "groupLabels",
                "receiver",
                "status",
                "truncatedAlerts",
                "version"
            ]
        );
        assert_eq!((payload["version"].as_str(), payload["status"].as_str()), (Some("4"), Some("firing")));
        let firing = &payload["alerts"][0];
        assert_eq!(firing["endsAt"], "0001-01-01T00:00:00Z");
        assert_eq!(firing["startsAt"], "2026-01-01T00:00:00Z");
        assert_eq!(firing["fingerprint"].as_str().map(str::len), Some(16));
        assert!(firing.get("generatorURL").is_some());
        assert_eq!(payload["alerts"][2]["status"], "resolved");
    }

    #[test]
    fn alerts_beyond_the_limit_are_counted() {
        let payload: serde_json::Value = serde_json::from_slice(&payload(&notification(), 1)).unwrap();
        assert_eq!(payload["alerts"].as_array().unwrap().len(), 1);
        assert_eq!(payload["truncatedAlerts"], 2);
    }
}
