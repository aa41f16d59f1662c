//! `seaworthy explain KIND/NAME`: why was this (not) healed?

mod account;
mod existence;

use account::Known;
use clap::Args;
use model::Issue;
use model::policy::HealingPolicy;
use model::remediation::Remediation;

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::exit::Exit;
use crate::findings::{self, Watcher};
use crate::peer::Peer;
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
    watcher: Watcher,
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
        let asked = arguments.watcher.monitor.is_some() || arguments.peer.alerter.is_some();
        let issues = if asked {
            let findings = findings::ask(&arguments.watcher, &arguments.peer, &environment).await?;
            Some(findings.issues.into_iter().map(|finding| finding.issue).collect::<Vec<Issue>>())
        } else {
            None
        };
        let known = Known {
            subject: &arguments.subject.clone().within(arguments.scope.namespace.as_deref()),
            issues: issues.as_deref(),
            remediations: &remediations,
            policies: &policies,
            brake: brake.as_ref().map(|brake| &brake.spec),
            now: environment.now(),
        };
        if known.is_nothing() {
            existence::expect(records.client(), known.subject).await?;
        }
        output::print(known.tell().trim_end())?;
        Ok(Exit::Fine)
    })
}
