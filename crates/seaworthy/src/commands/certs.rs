//! `seaworthy certs`: an authority of our own and identities, where there is no cert-manager.

use std::path::PathBuf;

use clap::Args;
use model::DurationText;
use net::certs::{self, Options};

use super::Outcome;
use crate::arguments::lasting;
use crate::exit::Exit;
use crate::{output, runtime};

/// What to make, and where
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder: the authority in it, each identity in a folder of its own with ca.crt, tls.crt and tls.key
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Names and addresses at which others than our own services reach them; ours check the identity alone
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    /// Whom to make identities for; without it, monitor, healer, alerter and operator
    #[arg(long = "identity", value_name = "NAME")]
    identities: Vec<String>,
    /// How long identities last; run again within that time, it renews what has less than a third left
    #[arg(long, value_name = "DURATION", default_value_t = DurationText(certs::IDENTITY_VALIDITY), value_parser = lasting)]
    validity: DurationText,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let mut options = Options::new(&arguments.out);
        options.hosts.extend(arguments.hosts.iter().cloned());
        options.validity = arguments.validity.0;
        if !arguments.identities.is_empty() {
            options.identities.clone_from(&arguments.identities);
        }
        for item in certs::write_tree(&options, runtime::environment()?.now())?.items {
            output::print(&item.to_string())?;
        }
        Ok(Exit::Fine)
    })
}
