//! What the process says when it ends.

use std::fmt;
use std::io;
use std::process::ExitCode;

use model::Severity;

/// The exit codes. They are an interface: scripts and CI gates read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well, or what was asked is done.
    Fine = 0,
    /// The worst that was found is a warning.
    Warnings = 1,
    /// Something critical was found.
    Critical = 2,
    /// Could not look, or could not do what was asked.
    Failed = 3,
    /// The command line is wrong (`EX_USAGE` of sysexits).
    Usage = 64,
    /// The configuration is wrong (`EX_CONFIG`).
    Configuration = 78,
}

impl Exit {
    /// By the worst that was found, if anything was.
    pub(crate) fn of(worst: Option<Severity>) -> Self {
        match worst {
            None | Some(Severity::Info) => Self::Fine,
            Some(Severity::Warning) => Self::Warnings,
            Some(Severity::Critical) => Self::Critical,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints what clap has to say. Its own code for a wrong command line is 2, which here means that something critical
/// was found; help and version are no errors.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    // Nothing can be done when neither stream takes the message.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Fine }
}

/// Why a command ended without doing what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// The command line asks for what cannot be.
    pub(crate) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }

    /// A configuration file is wrong, or cannot be read.
    pub(crate) fn configuration(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Configuration, error: error.into() }
    }

    /// The same, with who had it: where several services share a process.
    pub(crate) fn of(self, service: &str) -> Self {
        Self { error: self.error.context(format!("the {service}")), ..self }
    }

    /// Whether the reader of our output went away, as `head` does: no failure of ours.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: Exit::Failed, error: error.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some errors tell their cause themselves: nothing is said twice.
        let mut said = String::new();
        for cause in self.error.chain().map(ToString::to_string) {
            if said.is_empty() {
                said = cause;
            } else if !said.contains(&cause) {
                said = format!("{said}: {cause}");
            }
        }
        f.write_str(&said)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::{Exit, Failure};

    #[test]
    fn a_failure_says_everything_once() {
        let error = anyhow!("no such file").context("x.yaml cannot be read: no such file");
        let failure = Failure::configuration(error).of("alerter");
        assert_eq!(failure.to_string(), "the alerter: x.yaml cannot be read: no such file");
        assert_eq!(failure.exit, Exit::Configuration);
    }
}
