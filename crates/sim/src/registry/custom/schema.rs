//! Structural schemas, as far as they are used: OpenAPI v3 within a CustomResourceDefinition.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::rules::Rule;

/// What a value must look like.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Schema {
    /// `object`, `array`, `string`, `integer`, `number`, `boolean`; empty for anything.
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) format: String,
    pub(super) nullable: bool,
    pub(super) default: Option<Value>,
    #[serde(rename = "enum")]
    pub(super) allowed: Vec<Value>,
    pub(super) properties: BTreeMap<String, Schema>,
    pub(super) required: Vec<String>,
    pub(super) additional_properties: Option<Additional>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) max_properties: Option<u64>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    #[serde(deserialize_with = "pattern")]
    pub(super) pattern: Option<regex::Regex>,
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub(super) keeps_unknown: bool,
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub(super) is_int_or_string: bool,
    #[serde(rename = "x-kubernetes-validations")]
    pub(super) rules: Vec<Rule>,
}

/// Fields that are not named: all of one schema, or any (none).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Additional {
    /// Any, or none.
    Any(bool),
    /// Of this schema.
    Of(Box<Schema>),
}

impl Schema {
    /// The schema of a field; `None` where nobody defined it.
    pub(super) fn field(&self, name: &str) -> Option<&Schema> {
        self.properties.get(name).or(match &self.additional_properties {
            Some(Additional::Of(schema)) => Some(&**schema),
            _ => None,
        })
    }

    /// Whether fields stay that nobody defined.
    pub(super) fn is_open(&self) -> bool {
        self.keeps_unknown || matches!(self.additional_properties, Some(Additional::Any(true)))
    }
}

fn pattern<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<regex::Regex>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    regex::Regex::new(&text).map(Some).map_err(serde::de::Error::custom)
}
