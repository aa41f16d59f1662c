//! `seaworthy explain KIND/NAME`: why was this (not) healed?

mod existence;

use clap::Args;
use cluster::bookkeeping::Error;
use environment::Environment;
use model::account::{Healing, Known};
use model::subject::Subject;
use monitor::PassOptions;

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::exit::Exit;
use crate::findings::{self, Findings, Watcher};
use crate::peer::Peer;
use crate::records::Records;
use crate::{clock, connect, logging, output, runtime};

/// What to explain
#[derive(Args)]
pub(crate) struct Arguments {
    /// The object or lineage: pod/web-1, deploy/web, Deployment/shop/web, node/n1
    #[arg(value_name = "KIND/NAME")]
    subject: Subject,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    watcher: Watcher,
    #[command(flatten)]
    peer: Peer,
    #[command(flatten)]
    cluster: Cluster,
}

/// What is recorded of healing; nothing where the cluster does not have the resources.
async fn healing(records: &Records) -> anyhow::Result<Option<Healing>> {
    let remediations = match records.list().await {
        Err(error) if matches!(error.downcast_ref(), Some(Error::NotInstalled(_))) => return Ok(None),
        remediations => remediations?,
    };
    let policies = records.list().await?;
    let brake = records.brake().await?.map(|brake| brake.spec);
    Ok(Some(Healing { remediations, policies, brake }))
}

/// Where nobody was named who watches, what `seaworthy check` would find.
async fn look(records: &Records, subject: &Subject, environment: &Environment) -> anyhow::Result<Findings> {
    logging::adopt("error")?;
    let options = PassOptions { namespace: subject.namespace().map(str::to_owned), ..PassOptions::default() };
    let report = monitor::check(records.connection().client.clone(), environment, options, |_| {}).await?;
    Ok(report.into())
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&arguments.cluster).await?;
        let environment = clock::of_cluster(&records.connection().client).await?;
        let subject = arguments.subject.clone().within(arguments.scope.namespace.as_deref());
        let healing = healing(&records).await?;
        let asked = arguments.watcher.monitor.is_some() || arguments.peer.alerter.is_some();
        let findings = if asked {
            findings::ask(&arguments.watcher, &arguments.peer, &environment).await
        } else {
            look(&records, &subject, &environment).await
        };
        // Whoever named a service wants to know that it does not answer; our own look is a courtesy.
        let (issues, unseen) = match findings {
            Ok(Findings { issues, unseen, .. }) => {
                (Ok(issues.into_iter().map(|finding| finding.issue).collect::<Vec<_>>()), unseen)
            }
            Err(error) if asked => return Err(error.into()),
            Err(error) => (Err(error.to_string()), Vec::new()),
        };
        let known = Known {
            subject: &subject,
            issues: issues.as_deref().map_err(String::as_str),
            unseen: &unseen,
            healing: healing.as_ref(),
            now: environment.now(),
        };
        if known.is_nothing() {
            existence::expect(&records.connection().client, known.subject).await?;
        }
        output::print(known.tell().trim_end())?;
        Ok(Exit::Fine)
    })
}
