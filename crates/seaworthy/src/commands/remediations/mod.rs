//! `seaworthy remediations`: what the healer took up, and a person's word on it.

mod list;

use clap::{Args, Subcommand};
use kube::ResourceExt;
use model::DurationText;
use model::remediation::ApprovalVerdict;

use super::Outcome;
use crate::arguments::{Cluster, Scope, lasting};
use crate::exit::{Exit, Failure};
use crate::output::{self, Output};
use crate::{clock, connect, runtime};

/// How long an approval counts if nobody says otherwise: long enough for the healer to find a moment that its rules
/// admit, short enough that nobody is surprised by it the next day.
const APPROVAL_LASTS: &str = "1h";

/// What to list, or to decide
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    decision: Option<Decision>,
    #[command(flatten)]
    list: List,
}

/// What to list
#[derive(Args)]
struct List {
    /// Also those that are over
    #[arg(long)]
    all: bool,
    /// Go on and print what changes
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    cluster: Cluster,
}

/// A person's word on a plan.
#[derive(Subcommand)]
enum Decision {
    /// Let the healer do what it planned
    Approve(Decided),
    /// Do not let the healer do what it planned
    Reject(Decided),
}

/// What is decided
#[derive(Args)]
struct Decided {
    /// The remediation, as `seaworthy remediations` or `kubectl get -o name` names it
    #[arg(value_parser = name)]
    name: String,
    /// How long the word counts
    #[arg(long = "for", value_name = "DURATION", default_value = APPROVAL_LASTS, value_parser = lasting)]
    lasting: DurationText,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    match &arguments.decision {
        None => list::run(&arguments.list),
        Some(Decision::Approve(decided)) => decide(decided, ApprovalVerdict::Approved),
        Some(Decision::Reject(decided)) => decide(decided, ApprovalVerdict::Rejected),
    }
}

/// Without the kind that `-o name` puts before it.
fn name(text: &str) -> Result<String, String> {
    let (kind, name) = text.split_once('/').unwrap_or(("remediation", text));
    let kind = kind.split('.').next().unwrap_or_default();
    if name.is_empty() || !["rem", "remediation", "remediations"].contains(&kind) {
        return Err("a remediation's name is needed: `seaworthy remediations` lists them".to_owned());
    }
    Ok(name.to_owned())
}

fn decide(decided: &Decided, verdict: ApprovalVerdict) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&decided.cluster).await?;
        let now = clock::of_cluster(&records.connection().client).await?.now();
        let expires = now.checked_add(decided.lasting.signed()).map_err(Failure::usage)?;
        let remediation = records.decide(&decided.name, verdict, Some(expires)).await?;
        let word = match verdict {
            ApprovalVerdict::Approved => "approved",
            ApprovalVerdict::Rejected => "rejected",
        };
        let (name, lineage) = (remediation.name_any(), &remediation.spec.lineage);
        output::print(&format!("{name} {word}: {lineage}, plan {}", remediation.spec.plan_hash))?;
        Ok(Exit::Fine)
    })
}
