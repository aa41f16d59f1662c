//! `alertmanager.yml` as it is written. The fields have Alertmanager's names and meaning; its
//! documentation describes them.
#![expect(missing_docs, reason = "the fields are Alertmanager's, and documented there")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;

use super::http::{HttpConfig, TlsConfig};
use super::{PromDuration, Secret};

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What holds for all receivers.
    #[serde(default)]
    pub global: Option<Global>,
    /// The root of the routing tree.
    pub route: Option<Route>,
    /// What mutes what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inhibit_rules: Vec<InhibitRule>,
    /// Where messages go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<Receiver>,
    /// Files with templates; globs are resolved.
    #[serde(default)]
    pub templates: Vec<String>,
    /// The older name of `time_intervals`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mute_time_intervals: Vec<TimeInterval>,
    /// Named times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time_intervals: Vec<TimeInterval>,
    /// Not supported.
    #[serde(default, skip_serializing)]
    pub tracing: Option<Spanned<serde_json::Value>>,
    /// Not supported.
    #[serde(default, skip_serializing)]
    pub event_recorder: Option<Spanned<serde_json::Value>>,
}

/// What holds for all receivers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Global {
    /// How long an alert without an end lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve_timeout: Option<PromDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_config: Option<HttpConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_hello: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_smarthost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_password: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_secret: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_secret_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_auth_identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_require_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_tls_config: Option<TlsConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_force_implicit_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_api_url: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_api_url_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_app_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_app_token_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack_app_url: Option<String>,
    // Defaults for receivers that are refused where they are used; by themselves they do nothing.
    #[serde(skip_serializing)]
    pub jira_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub pagerduty_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub opsgenie_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub opsgenie_api_key: Option<Secret>,
    #[serde(skip_serializing)]
    pub opsgenie_api_key_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub wechat_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub wechat_api_secret: Option<Secret>,
    #[serde(skip_serializing)]
    pub wechat_api_secret_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub wechat_api_corp_id: Option<Secret>,
    #[serde(skip_serializing)]
    pub victorops_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub victorops_api_key: Option<Secret>,
    #[serde(skip_serializing)]
    pub victorops_api_key_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub telegram_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub telegram_bot_token: Option<Secret>,
    #[serde(skip_serializing)]
    pub telegram_bot_token_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub webex_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub rocketchat_api_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub rocketchat_token: Option<Secret>,
    #[serde(skip_serializing)]
    pub rocketchat_token_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub rocketchat_token_id: Option<Secret>,
    #[serde(skip_serializing)]
    pub rocketchat_token_id_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    pub mattermost_webhook_url: Option<Secret>,
    #[serde(skip_serializing)]
    pub mattermost_webhook_url_file: Option<PathBuf>,
}

/// A node of the routing tree.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Route {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_by: Option<Vec<String>>,
    #[serde(rename = "match", skip_serializing_if = "BTreeMap::is_empty")]
    pub equal: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_re: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matchers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mute_time_intervals: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active_time_intervals: Vec<String>,
    #[serde(rename = "continue")]
    pub goes_on: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_wait: Option<PromDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_interval: Option<PromDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_interval: Option<PromDuration>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What mutes what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InhibitRule {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub source_match: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub source_match_re: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_matchers: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub target_match: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub target_match_re: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub target_matchers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equal: Vec<String>,
}

/// A named set of times.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeInterval {
    pub name: String,
    #[serde(default)]
    pub time_intervals: Vec<Times>,
}

/// Times that satisfy all that is given.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<Vec<TimeRange>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekdays: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_of_month: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub months: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// Part of a day.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeRange {
    pub start_time: String,
    pub end_time: String,
}

/// Any number of receivers of a kind that is not there yet, and where they stand.
pub type Unsupported = Option<Spanned<Vec<serde_json::Value>>>;

/// Where messages go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    pub name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_configs: Vec<Webhook>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slack_configs: Vec<Slack>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub email_configs: Vec<Email>,
    #[serde(default, skip_serializing)]
    pub discord_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub incidentio_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub pagerduty_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub opsgenie_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub wechat_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub pushover_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub victorops_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub sns_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub telegram_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub webex_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub msteams_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub msteamsv2_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub jira_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub rocketchat_configs: Unsupported,
    #[serde(default, skip_serializing)]
    pub mattermost_configs: Unsupported,
}

impl Receiver {
    /// The kinds that are not there yet, and where they stand.
    pub fn unsupported(&self) -> Option<(&'static str, u64)> {
        let kinds = [
            ("discord_configs", &self.discord_configs),
            ("incidentio_configs", &self.incidentio_configs),
            ("pagerduty_configs", &self.pagerduty_configs),
            ("opsgenie_configs", &self.opsgenie_configs),
            ("wechat_configs", &self.wechat_configs),
            ("pushover_configs", &self.pushover_configs),
            ("victorops_configs", &self.victorops_configs),
            ("sns_configs", &self.sns_configs),
            ("telegram_configs", &self.telegram_configs),
            ("webex_configs", &self.webex_configs),
            ("msteams_configs", &self.msteams_configs),
            ("msteamsv2_configs", &self.msteamsv2_configs),
            ("jira_configs", &self.jira_configs),
            ("rocketchat_configs", &self.rocketchat_configs),
            ("mattermost_configs", &self.mattermost_configs),
        ];
        kinds.into_iter().find_map(|(name, configs)| {
            let configs = configs.as_ref().filter(|configs| !configs.value.is_empty())?;
            Some((name, configs.referenced.line()))
        })
    }
}

/// A webhook.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_resolved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_config: Option<HttpConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    pub max_alerts: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PromDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<serde_json::Value>,
}

/// A Slack channel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slack {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_resolved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_config: Option<HttpConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_token_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_url: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pretext: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message_text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<SlackField>,
    pub short_fields: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_emoji: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon_url: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thumb_url: String,
    pub link_names: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mrkdwn_in: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<SlackAction>,
    pub update_message: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<PromDuration>,
}

/// A field of an attachment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackField {
    pub title: String,
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short: Option<bool>,
}

/// A button of an attachment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackAction {
    #[serde(rename = "type")]
    pub kind: String,
    pub text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub style: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<SlackConfirm>,
}

/// A question before a button acts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlackConfirm {
    pub text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ok_text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dismiss_text: String,
}

/// A mail address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Email {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_resolved: Option<bool>,
    pub to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hello: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smarthost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_password: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_secret: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_secret_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_identity: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_implicit_tls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threading: Option<Threading>,
}

/// How mails are tied together. Ours always are; this says by what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Threading {
    pub enabled: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thread_by_date: String,
}
