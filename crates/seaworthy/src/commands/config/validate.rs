//! `seaworthy config validate FILE…`

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use clap::Args;
use model::policy::HealingPolicy;

use crate::commands::Outcome;
use crate::configuration::Configuration;
use crate::exit::Exit;
use crate::{configuration, output, runtime};

/// Which files
#[derive(Args)]
pub(crate) struct Arguments {
    /// Configuration files of any kind
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// All files are looked at, so that a person mends everything in one go.
pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(validate(&arguments.files))
}

async fn validate(files: &[PathBuf]) -> Outcome {
    let mut wrong = Vec::new();
    let mut accepted = Vec::new();
    let (mut seen, mut waiting) = (BTreeSet::new(), files.iter().cloned().collect::<VecDeque<_>>());
    while let Some(file) = waiting.pop_front() {
        if !seen.insert(file.clone()) {
            continue;
        }
        match configuration::load(&file).await {
            Ok(configuration) => {
                waiting.extend(named(&file, &configuration));
                accepted.push((file.display().to_string(), configuration));
            }
            Err(failure) => wrong.push(failure.to_string()),
        }
    }
    // After all files are read, so that their order does not matter: who aims a policy at the healer itself is told by
    // whichever file says where the healer lives.
    wrong.extend(configuration::judge(accepted.iter().flat_map(policies), &own_namespace(&accepted)));
    for (file, configuration) in &accepted {
        if !wrong.iter().any(|error| error.starts_with(&format!("{file}: "))) {
            output::print(&format!("{file}: fine, {}", configuration.what()))?;
        }
    }
    for error in &wrong {
        eprintln!("error: {error}");
    }
    Ok(if wrong.is_empty() { Exit::Fine } else { Exit::Configuration })
}

/// Files that a configuration names and that are looked at with it. What an alerter's names is read when it is loaded.
fn named(file: &Path, configuration: &Configuration) -> impl Iterator<Item = PathBuf> {
    let policies = match configuration {
        Configuration::Healer(healer) => healer.policies.as_slice(),
        _ => &[],
    };
    policies.iter().map(|path| configuration::beside(file, path))
}

fn policies((file, configuration): &(String, Configuration)) -> impl Iterator<Item = (&str, &HealingPolicy)> {
    let policies = match configuration {
        Configuration::Policies(policies) => policies.as_slice(),
        _ => &[],
    };
    policies.iter().map(|policy| (file.as_str(), policy))
}

/// Where the healer lives, if one of the files says so.
fn own_namespace(accepted: &[(String, Configuration)]) -> String {
    let said = accepted.iter().find_map(|(_, configuration)| match configuration {
        Configuration::Healer(healer) => Some(healer.leader.namespace.clone()),
        _ => None,
    });
    said.unwrap_or_default()
}
