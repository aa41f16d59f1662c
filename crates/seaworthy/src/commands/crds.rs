//! `seaworthy crds`: the custom resources, to be installed.

use super::Outcome;
use crate::exit::Exit;
use crate::output;

pub(super) fn run() -> Outcome {
    output::print(cluster::crds::yaml().trim_end())?;
    Ok(Exit::Fine)
}
