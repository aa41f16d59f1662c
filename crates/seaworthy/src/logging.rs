//! Where log lines go, and which.

use std::io::{IsTerminal, stderr};
use std::sync::OnceLock;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// What commands say without being asked: their output is their answer. Services have levels in their configuration.
const UNASKED: &str = "warn";
/// What services say whose configuration has no levels.
pub(crate) const SERVICE: &str = "info";
/// Dependencies that log each failed request of their own accord; what it means is said by us, where it is handled.
const QUIET: &str = "kube_client::client::builder=off,rustls_platform_verifier=off";
/// Our own modules.
const OURS: [&str; 7] = ["seaworthy", "monitor", "healer", "alerter", "cluster", "net", "environment"];

/// How log lines look and which are written
#[derive(Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct Logging {
    /// Levels, overall and per module: `info,monitor::engine=debug`
    #[arg(long, global = true, hide_env_values = true, env = "SEAWORTHY_LOG", value_name = "LEVELS", value_parser = levels)]
    log: Option<String>,
    /// Form of log lines, on standard error
    #[arg(
        long,
        global = true,
        env = "SEAWORTHY_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORM",
        value_enum,
        default_value_t
    )]
    log_format: Format,
    /// Say more: -v debug, -vv trace
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// Form of log lines.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Changes the levels of a process that already logs.
type Levels = reload::Handle<EnvFilter, Registry>;

static LEVELS: OnceLock<Levels> = OnceLock::new();

/// Starts logging to standard error, so that standard output holds nothing but the answer.
pub(crate) fn start(logging: &Logging) {
    let (filter, levels) =
        reload::Layer::new(EnvFilter::new(logging.directives().unwrap_or(format!("{QUIET},{UNASKED}"))));
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let registry = tracing_subscriber::registry().with(filter);
    match logging.log_format {
        Format::Json => registry.with(lines.json().flatten_event(true)).init(),
        Format::Text => registry.with(lines.with_ansi(stderr().is_terminal() && !no_color())).init(),
    }
    if logging.directives().is_none() {
        // Only once: `start` is called first thing in the process.
        let _ = LEVELS.set(levels);
    }
}

/// Takes the levels of a service's configuration, unless the command line or the environment said which.
pub(crate) fn adopt(levels: &str) -> Result<(), ParseError> {
    // What the configuration says of the same modules counts, since it comes later.
    let filter = EnvFilter::try_new(format!("{QUIET},{levels}"))?;
    if let Some(handle) = LEVELS.get() {
        // Fails only when logging has ended, which it does with the process.
        let _ = handle.reload(filter);
    }
    Ok(())
}

/// Whether the user asked for no colours, see <https://no-color.org>: set to anything but nothing.
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

impl Logging {
    /// What the command line or the environment asks for, if they do.
    fn directives(&self) -> Option<String> {
        match (&self.log, self.verbose) {
            (Some(levels), _) => Some(levels.clone()),
            (None, 0) => None,
            // What dependencies say in detail drowns what we say.
            (None, 1) => {
                Some(OURS.iter().fold("info".to_owned(), |all, module| format!("{all},{module}=debug")))
            }
            (None, _) => Some("trace".to_owned()),
        }
    }
}

fn levels(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| {
        format!(
            "{error}; write a level (error, warn, info, debug, trace) or module=level, separated by commas"
        )
    })
}
