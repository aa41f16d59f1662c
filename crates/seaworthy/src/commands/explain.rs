//! `seaworthy explain KIND/NAME`: why was this (not) healed?

mod account;

use account::Known;
use clap::Args;
use environment::Environment;
use model::Issue;
use model::policy::HealingPolicy;
use model::remediation::Remediation;

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::exit::Exit;
use crate::peer::{self, Peer};
use crate::subject::Subject;
use crate::{connect, output, runtime};

/// What to explain
#[derive(Args)]
pub(crate) struct Arguments {
    /// The object or lineage: pod/web-1, deploy/web, Deployment/shop/web, node/n1
    #[arg(value_name = "KIND/NAME")]
    subject: Subject,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    peer: Peer,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let environment = runtime::environment()?;
        let records = connect::records(&arguments.cluster).await?;
        let remediations: Vec<Remediation> = records.list().await?;
        let policies: Vec<HealingPolicy> = records.list().await?;
        let brake = records.brake().await?;
        let issues = match &arguments.peer.alerter {
            Some(_) => Some(issues(&arguments.peer, &environment).await?),
            None => None,
        };
        let known = Known {
            subject: &arguments.subject.clone().within(arguments.scope.namespace.as_deref()),
            issues: issues.as_deref(),
            remediations: &remediations,
            policies: &policies,
            brake: brake.as_ref().map(|brake| &brake.spec),
            now: environment.now(),
        };
        output::print(known.tell().trim_end())?;
        Ok(Exit::Fine)
    })
}

async fn issues(peer: &Peer, environment: &Environment) -> anyhow::Result<Vec<Issue>> {
    let alerter = peer.alerter(environment).await?;
    Ok(peer::issues(&alerter).await?.into_iter().map(|reported| reported.report.issue).collect())
}
