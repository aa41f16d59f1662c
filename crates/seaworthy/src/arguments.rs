//! What is common to many commands, with the names that kubectl gave them.

use std::path::PathBuf;

use clap::{Args, Parser};
use model::DurationText;

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
    #[arg(short, long, value_name = "NAME", value_parser = namespace)]
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

/// A namespace's name, as the API server takes it. An empty one comes from a variable of a script that was never set,
/// and must not mean all of them.
pub(crate) fn namespace(text: &str) -> Result<String, String> {
    let inner = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    let is_name = (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_name {
        Ok(text.to_owned())
    } else {
        Err("a namespace has 1 to 63 of a-z, 0-9 and -, with no - at either end".to_owned())
    }
}

/// A time that something lasts. None at all would do something and undo it at once.
pub(crate) fn lasting(text: &str) -> Result<DurationText, String> {
    let lasting: DurationText = text.parse().map_err(|error| format!("{error}"))?;
    if lasting.0.is_zero() {
        return Err("it must last for some time: 30m, 2h".to_owned());
    }
    Ok(lasting)
}

#[cfg(test)]
mod tests {
    use super::{lasting, namespace};

    #[test]
    fn namespaces_are_those_that_can_be() {
        for name in ["shop", "a", "kube-system", "0-9"] {
            assert_eq!(namespace(name).as_deref(), Ok(name));
        }
        for name in ["", "-a", "a-", "Shop", "a.b", "a b", &"x".repeat(64)] {
            assert!(namespace(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_lasts_lasts_for_some_time() {
        assert!(lasting("1s").is_ok());
        assert!(lasting("0s").unwrap_err().contains("30m"));
        assert!(lasting("soon").unwrap_err().contains("1h30m"));
    }
}
