//! `seaworthy ack`: a person takes an alert on, and is not paged about it again.

use std::collections::BTreeSet;
use std::fmt::Write;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::Unit;
use model::labels;
use model::{DurationText, Lineage};
use net::http::Endpoint;
use serde::Serialize;

use super::Outcome;
use crate::arguments::{Scope, lasting};
use crate::exit::{Exit, Failure};
use crate::peer::{self, Episode, Episodes, Peer};
use crate::{clock, output, runtime};
use model::subject::Subject;

/// What is taken on, by whom
#[derive(Args)]
pub(crate) struct Arguments {
    /// The object or lineage whose alerts are taken on: deploy/web, Deployment/shop/web, node/n1
    #[arg(value_name = "KIND/NAME")]
    subject: Subject,
    /// Only the alert of this check
    #[arg(long, value_name = "CODE")]
    check: Option<String>,
    /// Who takes it on
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, value_parser = NonEmptyStringValueParser::new())]
    by: Option<String>,
    /// What the others should know
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Be reminded if it is still not over after this long; without it, not before it is over
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting)]
    lasting: Option<DurationText>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    peer: Peer,
}

#[derive(Serialize)]
struct Request<'a> {
    by: &'a str,
    note: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<jiff::Timestamp>,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let Some(by) = arguments.by.as_deref() else {
            return Err(Failure::usage(anyhow!(
                "who takes it on? USER is not set: name yourself with --by NAME"
            )));
        };
        let environment = runtime::environment()?;
        let alerter = arguments.peer.alerter(&environment).await?;
        let subject = arguments.subject.clone().within(arguments.scope.namespace.as_deref());
        let path = format!("/api/v1/episodes?filter={}", encoded(&subject.lineage_matcher()));
        let answer = peer::get_with_head::<Episodes>(&alerter, &path).await?;
        let now = clock::by(answer.headers())?.now();
        let until = arguments.lasting.map(|lasting| now.checked_add(lasting.signed())).transpose();
        let until = until.and_then(|until| until.map(|until| until.round(Unit::Second)).transpose());
        let request = Request { by, note: &arguments.note, until: until.map_err(Failure::usage)? };
        let mut meant = answer.into_body().episodes;
        meant.retain(|episode| is_meant(episode, &subject, arguments.check.as_deref()));
        if meant.is_empty() {
            bail_nothing(&subject, &alerter)?;
        }
        in_one_namespace(&subject, &meant)?;
        for episode in &meant {
            let path = format!("/api/v1/episodes/{}/ack", episode.key);
            peer::post(&alerter, &path, &request).await.with_context(|| name(episode))?;
            output::print(&format!("{} acknowledged by {by}", name(episode)))?;
        }
        Ok(Exit::Fine)
    })
}

fn bail_nothing(subject: &Subject, alerter: &Endpoint) -> anyhow::Result<()> {
    bail!("{alerter} has no open alert about {subject}: `seaworthy issues` lists what there is")
}

/// A name that several namespaces have does not say whose alerts are meant.
fn in_one_namespace(subject: &Subject, meant: &[Episode]) -> Result<(), Failure> {
    let namespace = |episode: &Episode| episode.labels.get(labels::NAMESPACE).cloned().unwrap_or_default();
    let namespaces: BTreeSet<String> = meant.iter().map(namespace).collect();
    if namespaces.len() > 1 {
        let listed = namespaces.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let reason =
            format!("{subject} has open alerts in several namespaces ({listed}): name one with --namespace");
        return Err(Failure::usage(anyhow!(reason)));
    }
    Ok(())
}

fn is_meant(episode: &Episode, subject: &Subject, check: Option<&str>) -> bool {
    let lineage = episode.labels.get(labels::LINEAGE).and_then(|text| text.parse::<Lineage>().ok());
    let is_check =
        check.is_none_or(|check| episode.labels.get(labels::CHECK).is_some_and(|own| own == check));
    episode.ended.is_none() && is_check && lineage.is_some_and(|lineage| subject.is_lineage(&lineage))
}

fn name(episode: &Episode) -> String {
    let label = |name| episode.labels.get(name).map(String::as_str).unwrap_or_default();
    format!("{} {}", label(labels::ALERT_NAME), label(labels::LINEAGE))
}

/// For a query: everything but letters and digits as its bytes.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about_web(namespace: &str) -> Episode {
        let labels = [(labels::NAMESPACE, namespace), (labels::LINEAGE, "Deployment/x/web")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Episode { key: "k".to_owned(), labels: labels.into_iter().collect(), ended: None }
    }

    #[test]
    fn a_name_that_two_namespaces_have_is_not_guessed_at() {
        let subject: Subject = "deploy/web".parse().expect("it is one");
        assert!(in_one_namespace(&subject, &[about_web("shop"), about_web("shop")]).is_ok());
        let error = in_one_namespace(&subject, &[about_web("shop"), about_web("bank")]).expect_err("two");
        assert_eq!(
            error.to_string(),
            "Deployment/web has open alerts in several namespaces (bank, shop): name one with --namespace"
        );
    }

    #[test]
    fn a_query_holds_no_signs_of_its_own() {
        assert_eq!(encoded("a=~\"é\""), "a%3D%7E%22%C3%A9%22");
    }
}
