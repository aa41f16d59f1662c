//! What is common to many commands, with the names that kubectl gave them.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::logging::Logging;

/// Keeps Kubernetes clusters healthy: finds what is wrong, repairs it within limits, tells people when it should.
///
/// Exit codes: 0 fine, 1 warnings found, 2 critical found, 3 could not look or could not do it, 64 wrong command
/// line, 78 wrong configuration.
#[derive(Parser)]
#[command(name = "seaworthy", version, infer_long_args = false)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) logging: Logging,
}

/// Which cluster
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct Cluster {
    /// The kubeconfig to use; without it KUBECONFIG, ~/.kube/config, or the pod's own account
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context to use; without it the current one
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
}

/// Which namespaces; all when none is named
#[derive(Args, Clone, Default)]
pub(crate) struct Scope {
    /// Only this namespace (and what belongs to none)
    #[arg(short, long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// All namespaces, which is what happens anyway
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
}

impl Scope {
    /// Whether something of this namespace (empty: of none) is to be shown.
    pub(crate) fn includes(&self, namespace: &str) -> bool {
        namespace.is_empty() || self.namespace.as_deref().is_none_or(|wanted| wanted == namespace)
    }
}
