//! Slack: incoming webhooks, and `chat.postMessage` with a token.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::outside::post_json;
use super::{Built, Channel, Failure, Kind, Outside, each, judge, truncate, unrendered};
use crate::configuration::http::{Credentials, Http, HttpConfig, either};
use crate::configuration::{Context, PromDuration, Secret, Source, file};
use crate::notification::Notification;
use crate::templates::{Error, Text};

pub(super) const KIND: Kind = Kind {
    name: "slack",
    key: "slack_configs",
    build: |receiver, context| each(&receiver.slack_configs, |config| check(config, context)),
};

/// Slack takes about one message per second and channel.
const PACE: SignedDuration = SignedDuration::from_secs(1);

/// What Slack shows of each part, in characters: titles are cut by Alertmanager at 1,024, a
/// section of text holds 3,000.
const TITLE_MAX: usize = 1024;
const TEXT_MAX: usize = 3000;

/// Buttons that one attachment holds.
const ACTIONS_MAX: usize = 25;

/// Where messages go that are sent with a token.
const APP_URL: &str = "https://slack.com/api/chat.postMessage";

#[derive(Debug)]
struct Slack {
    http: Http,
    url: Source,
    channel: Text,
    username: Text,
    icon_emoji: Text,
    icon_url: Text,
    message_text: Text,
    title: Text,
    title_link: Text,
    pretext: Text,
    text: Text,
    fallback: Text,
    callback_id: Text,
    image_url: Text,
    thumb_url: Text,
    footer: Text,
    color: Text,
    fields: Vec<(Text, Text, bool)>,
    actions: Vec<ActionTexts>,
    markdown_in: Vec<String>,
    link_names: bool,
}

#[derive(Debug)]
struct ActionTexts {
    kind: Text,
    text: Text,
    url: Text,
    style: Text,
    name: Text,
    value: Text,
    confirm: Option<[Text; 4]>,
}

fn check(config: &file::Slack, context: &Context<'_>) -> Result<Built, String> {
    let timeout = config.timeout.filter(|timeout| timeout.0 > 0).map(PromDuration::std);
    Ok(Built {
        send_resolved: config.send_resolved.unwrap_or(false),
        timeout: timeout.unwrap_or(context.timeout),
        pace: PACE,
        channel: Arc::new(Slack::new(config, context)?),
    })
}

impl Slack {
    fn new(config: &file::Slack, context: &Context<'_>) -> Result<Self, String> {
        if config.update_message {
            return Err("update_message is not supported yet: remove it".to_owned());
        }
        if config.actions.len() > ACTIONS_MAX {
            return Err(format!(
                "{} actions are more than the {ACTIONS_MAX} that Slack takes",
                config.actions.len()
            ));
        }
        let http = config.http_config.as_ref().or(context.global.http_config.as_ref());
        let mut http = http.map(HttpConfig::check).transpose()?.unwrap_or_default();
        http.ca_file = http.ca_file.map(|path| context.path(&path));
        let url = address(config, context, &mut http)?;
        let library = context.library;
        let text = |key: &str, source: &str| library.text(key, source).map_err(|error| error.to_string());
        let or_default = |key: &str, given: &Option<String>| {
            let default = format!("{{{{ template \"slack.default.{}\" . }}}}", key.replace('_', ""));
            text(key, given.as_deref().unwrap_or(&default))
        };
        let field = |field: &file::SlackField| {
            let short = field.short.unwrap_or(config.short_fields);
            Ok::<_, String>((text("fields.title", &field.title)?, text("fields.value", &field.value)?, short))
        };
        let markdown_in = if config.mrkdwn_in.is_empty() {
            ["fallback", "pretext", "text"].map(str::to_owned).to_vec()
        } else {
            config.mrkdwn_in.clone()
        };
        Ok(Self {
            http,
            url,
            channel: text("channel", &config.channel)?,
            username: or_default("username", &config.username)?,
            icon_emoji: or_default("icon_emoji", &config.icon_emoji)?,
            icon_url: or_default("icon_url", &config.icon_url)?,
            message_text: text("message_text", &config.message_text)?,
            title: or_default("title", &config.title)?,
            title_link: or_default("title_link", &config.title_link)?,
            pretext: or_default("pretext", &config.pretext)?,
            text: or_default("text", &config.text)?,
            fallback: or_default("fallback", &config.fallback)?,
            callback_id: or_default("callback_id", &config.callback_id)?,
            image_url: text("image_url", &config.image_url)?,
            thumb_url: text("thumb_url", &config.thumb_url)?,
            footer: or_default("footer", &config.footer)?,
            color: or_default("color", &config.color)?,
            fields: config.fields.iter().map(field).collect::<Result<_, _>>()?,
            actions: config.actions.iter().map(|config| action(config, context)).collect::<Result<_, _>>()?,
            markdown_in,
            link_names: config.link_names,
        })
    }
}

/// Where to post: the receiver's own URL or token before the global ones.
fn address(config: &file::Slack, context: &Context<'_>, http: &mut Http) -> Result<Source, String> {
    let global = context.global;
    let url = either("api_url", config.api_url.as_ref(), config.api_url_file.as_ref())?;
    let token = either("app_token", config.app_token.as_ref(), config.app_token_file.as_ref())?;
    let (url, token) = match (url, token) {
        (Some(_), Some(_)) => return Err("at most one of api_url and app_token can be given".to_owned()),
        (None, None) => (
            either("slack_api_url", global.slack_api_url.as_ref(), global.slack_api_url_file.as_ref())?,
            either("slack_app_token", global.slack_app_token.as_ref(), global.slack_app_token_file.as_ref())?,
        ),
        own => own,
    };
    if let Some(token) = token {
        if http.credentials.is_some() {
            return Err("http_config may not authorise beside an app_token".to_owned());
        }
        let secret = context.source(token);
        http.credentials = Some(Credentials::Header { scheme: "Bearer".to_owned(), secret });
        let app_url = config.app_url.as_deref().or(global.slack_app_url.as_deref()).unwrap_or(APP_URL);
        return Ok(Source::Inline(Secret::new(app_url)));
    }
    let Some(url) = url else {
        return Err("no api_url, and no slack_api_url or slack_app_token under global".to_owned());
    };
    if let Source::Inline(url) = &url {
        let parsed = url::Url::parse(url.expose()).map_err(|error| format!("api_url: {error}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!("api_url: scheme {:?} is not http or https", parsed.scheme()));
        }
    }
    Ok(context.source(url))
}

fn action(config: &file::SlackAction, context: &Context<'_>) -> Result<ActionTexts, String> {
    if config.kind.is_empty() || config.text.is_empty() {
        return Err("an action needs a type and a text".to_owned());
    }
    if config.url.is_empty() && config.name.is_empty() {
        return Err("an action needs a url or a name".to_owned());
    }
    let text = |source: &str| context.library.text("actions", source).map_err(|error| error.to_string());
    let confirm = |confirm: &file::SlackConfirm| {
        Ok::<_, String>([
            text(&confirm.text)?,
            text(&confirm.title)?,
            text(&confirm.ok_text)?,
            text(&confirm.dismiss_text)?,
        ])
    };
    Ok(ActionTexts {
        kind: text(&config.kind)?,
        text: text(&config.text)?,
        url: text(&config.url)?,
        style: text(&config.style)?,
        name: text(&config.name)?,
        value: text(&config.value)?,
        confirm: config.confirm.as_ref().map(confirm).transpose()?,
    })
}

#[derive(Serialize)]
struct Request {
    #[serde(skip_serializing_if = "String::is_empty")]
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_emoji: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    icon_url: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    link_names: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
struct Attachment {
    #[serde(skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    title_link: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pretext: String,
    text: String,
    fallback: String,
    callback_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<file::SlackAction>,
    #[serde(skip_serializing_if = "String::is_empty")]
    image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    thumb_url: String,
    footer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    color: String,
    mrkdwn_in: Vec<String>,
}

#[derive(Serialize)]
struct Field {
    title: String,
    value: String,
    short: bool,
}

impl Slack {
    fn request(&self, message: &Notification) -> Result<Request, Error> {
        let of = |text: &Text, max: usize| text.render(message).map(|text| truncate(&text, max));
        let field = |(title, value, short): &(Text, Text, bool)| {
            Ok(Field { title: of(title, TITLE_MAX)?, value: of(value, TEXT_MAX)?, short: *short })
        };
        let attachment = Attachment {
            title: of(&self.title, TITLE_MAX)?,
            title_link: self.title_link.render(message)?,
            pretext: of(&self.pretext, TEXT_MAX)?,
            text: of(&self.text, TEXT_MAX)?,
            fallback: of(&self.fallback, TEXT_MAX)?,
            callback_id: self.callback_id.render(message)?,
            fields: self.fields.iter().map(field).collect::<Result<_, Error>>()?,
            actions: self.actions.iter().map(|action| action.render(message)).collect::<Result<_, _>>()?,
            image_url: self.image_url.render(message)?,
            thumb_url: self.thumb_url.render(message)?,
            footer: of(&self.footer, TEXT_MAX)?,
            color: self.color.render(message)?,
            mrkdwn_in: self.markdown_in.clone(),
        };
        Ok(Request {
            channel: self.channel.render(message)?,
            username: self.username.render(message)?,
            icon_emoji: self.icon_emoji.render(message)?,
            icon_url: self.icon_url.render(message)?,
            link_names: self.link_names,
            text: of(&self.message_text, TEXT_MAX)?,
            attachments: [attachment],
        })
    }
}

impl ActionTexts {
    fn render(&self, message: &Notification) -> Result<file::SlackAction, Error> {
        let confirm = |[text, title, ok, dismiss]: &[Text; 4]| {
            Ok::<_, Error>(file::SlackConfirm {
                text: text.render(message)?,
                title: title.render(message)?,
                ok_text: ok.render(message)?,
                dismiss_text: dismiss.render(message)?,
            })
        };
        Ok(file::SlackAction {
            kind: self.kind.render(message)?,
            text: self.text.render(message)?,
            url: self.url.render(message)?,
            style: self.style.render(message)?,
            name: self.name.render(message)?,
            value: self.value.render(message)?,
            confirm: self.confirm.as_ref().map(confirm).transpose()?,
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    /// What speaks Slack's form may say so in words of its own: that is no reason to tell it again.
    #[serde(default)]
    ok: bool,
    #[serde(default)]
    error: String,
}

/// A 200 of Slack's can still be a refusal: webhooks say `ok`, the Web API a JSON object.
fn read_answer(answer: &http::Response<bytes::Bytes>) -> Result<(), Failure> {
    let content_type = answer.headers().get(http::header::CONTENT_TYPE);
    let is_json = content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json {
        let text = String::from_utf8_lossy(answer.body());
        return match text.trim() {
            "ok" => Ok(()),
            other => {
                Err(Failure::Permanent { reason: format!("slack refuses it: {}", truncate(other, 200)) })
            }
        };
    }
    match serde_json::from_slice::<Answer>(answer.body()) {
        Ok(Answer { ok: true, .. }) => Ok(()),
        Ok(Answer { error, .. }) if error == "ratelimited" => {
            Err(Failure::Refused { reason: "slack refuses it: ratelimited".to_owned(), retry_after: None })
        }
        Ok(Answer { error, .. }) => {
            Err(Failure::Permanent { reason: format!("slack refuses it: {}", truncate(&error, 200)) })
        }
        Err(error) => Err(Failure::Unknown { reason: format!("slack's answer cannot be read: {error}") }),
    }
}

#[async_trait]
impl Channel for Slack {
    async fn deliver(
        &self,
        message: &Notification,
        outside: &dyn Outside,
        deadline: Duration,
    ) -> Result<(), Failure> {
        let request = self.request(message).map_err(|error| unrendered(&error))?;
        let url = outside.secret(&self.url).await?;
        let body = serde_json::to_vec(&request).expect("texts and flags only");
        let answer = post_json(outside, &self.http, &url, body, deadline).await?;
        judge(&answer, outside.now())?;
        read_answer(&answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::testing::notification;
    use crate::templates::Library;

    fn slack(yaml: &str) -> serde_json::Value {
        let config: file::Slack = serde_saphyr::from_str(yaml).unwrap();
        let (library, global) = (Library::new(&[]).unwrap(), file::Global::default());
        let context = Context {
            global: &global,
            library: &library,
            timeout: Duration::from_secs(1),
            folder: std::path::Path::new("/"),
        };
        let slack = Slack::new(&config, &context).unwrap();
        serde_json::to_value(slack.request(&notification()).unwrap()).unwrap()
    }

    #[test]
    fn the_defaults_say_what_matters() {
        let request = slack("{api_url: 'http://x', channel: '#ops'}");
        let attachment = &request["attachments"][0];
        assert_eq!(request["channel"], "#ops");
        assert_eq!(attachment["color"], "danger");
        assert_eq!(attachment["title"], "[FIRING:2] Down");
        assert!(attachment["text"].as_str().unwrap().contains("a is down"));
    }

    #[test]
    fn long_parts_are_cut() {
        let long = "x".repeat(5000);
        let request = slack(&format!("{{api_url: 'http://x', title: {long}, text: {long}}}"));
        let length = |key: &str| request["attachments"][0][key].as_str().unwrap().chars().count();
        assert_eq!((length("title"), length("text")), (TITLE_MAX, TEXT_MAX));
    }

    #[test]
    fn slacks_answers() {
        let answer = |kind: &'static str, body: &'static str| {
            let answer = http::Response::builder().header("content-type", kind);
            read_answer(&answer.body(bytes::Bytes::from_static(body.as_bytes())).unwrap())
        };
        assert_eq!(answer("text/html", "ok"), Ok(()));
        assert!(matches!(answer("text/plain", "no_service"), Err(Failure::Permanent { .. })));
        assert_eq!(answer("application/json; charset=utf-8", r#"{"ok":true}"#), Ok(()));
        let refused = answer("application/json", r#"{"ok":false,"error":"channel_not_found"}"#);
        assert!(refused.unwrap_err().to_string().contains("channel_not_found"));
        let other = answer("application/json", r#"{"success":true}"#);
        assert!(matches!(other, Err(Failure::Permanent { .. })), "it would say so to every repetition");
    }
}
