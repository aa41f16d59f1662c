//! The commands, one file each.

mod ack;
mod alerter;
mod all;
mod certs;
mod check;
mod completions;
mod config;
mod crds;
mod demo;
mod explain;
mod healer;
mod issues;
mod monitor;
mod pause;
mod rbac;
mod reference;
mod remediations;
mod resume;
mod version;

use clap::Subcommand;

use crate::arguments::Arguments;
use crate::exit::{Exit, Failure};

/// What a command ends with.
type Outcome = Result<Exit, Failure>;

/// Every command, in the order of the help: trying, looking, deciding, serving, setting up.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// See it all at work on a simulated cluster, without one of your own
    ///
    /// Sixty nodes with a shop on them, the monitor, the healer and the alerter as they ship, and faults on a timetable:
    /// on a terminal a screen tells what is found, done, refused and why, and keys break more. Where standard output is no
    /// terminal, it is told in plain lines until it is interrupted. kubectl, amtool and the commands here work on it from
    /// another terminal: it says how. It listens on loopback, writes a temporary folder for them, and touches nothing else.
    ///
    /// `--once -o json` plays the story in virtual time and prints `{"seed":…,"chapters":[…],"found":[…],
    /// "remediations":[…],"sent":[…],"tally":{…}}`; times are milliseconds since the story began, and
    /// those of the tally seconds.
    Demo(demo::Arguments),
    /// Look over a cluster once, and say what is wrong and why
    ///
    /// With `-o json` that is `{"issues":[…],"summary":{…},"unseen":[…]}`. An issue has `code`, `severity`, `lineage`,
    /// `subject` (`kind`, `namespace`, `name`, `uid`), `members`, `since`, `summary`, `evidence` and `cause` (`kind`,
    /// `namespace`, `name`, `code`, `lineage`), always: a text that says nothing is empty (the `namespace` of a node),
    /// and `cause` is null where nothing explains the issue. `summary` counts `critical`, `warning`, `info`, those that
    /// are `folded` under a cause, and those `pending` that have not lasted for long enough. `unseen` names each `check`
    /// that could not look, and the `reason`.
    ///
    /// Exit codes: 0 fine, 1 warnings found, 2 critical found; 3 where nothing was found and something could not be seen.
    Check(check::Arguments),
    /// List what a running monitor, or alerter, knows to be wrong
    ///
    /// With `--alerter`, each has a state besides what `check` says of it, which is what the alerter makes of it: `firing`
    /// is for people to be told, `held` waits for a repair that may spare the page, `acknowledged` was taken on by somebody,
    /// `silenced` is kept back by a silence, and `inhibited` by an inhibition or by the cause that explains it. `--watch`
    /// says `over` of what has ended.
    Issues(issues::Arguments),
    /// List what the healer took up, or decide on a plan that waits
    Remediations(remediations::Arguments),
    /// Say why something was, or was not, healed
    Explain(explain::Arguments),
    /// Take an alert on: nobody is paged about it again
    Ack(ack::Arguments),
    /// Stop the healer: no further action begins
    Pause(pause::Arguments),
    /// Let the healer act again
    Resume(resume::Arguments),
    /// Run the monitor: it watches the cluster and finds what is wrong
    Monitor(monitor::Arguments),
    /// Run the healer: it repairs, within policies and rules
    Healer(healer::Arguments),
    /// Run the alerter: it tells the right person once
    Alerter(alerter::Arguments),
    /// Run all three in one process, for small clusters
    All(all::Arguments),
    /// Check or print configuration files
    Config(config::Arguments),
    /// Print the custom resources, for `kubectl apply -f -`
    Crds,
    /// Print accounts with the least rights that the services need, for `kubectl apply -f -`
    Rbac(rbac::Arguments),
    /// Make an authority and identities for mutual TLS, or renew them
    Certs(certs::Arguments),
    /// Print a shell's completions
    Completions(completions::Arguments),
    /// Print the version and what it was built for
    Version(version::Arguments),
    /// Print the reference of all commands, as Markdown
    #[command(hide = true)]
    Reference,
}

pub(crate) fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Monitor(arguments) => monitor::run(&arguments),
        Command::Issues(arguments) => issues::run(&arguments),
        Command::Remediations(arguments) => remediations::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Ack(arguments) => ack::run(&arguments),
        Command::Pause(arguments) => pause::run(&arguments),
        Command::Resume(arguments) => resume::run(&arguments),
        Command::Healer(arguments) => healer::run(&arguments),
        Command::All(arguments) => all::run(&arguments),
        Command::Alerter(arguments) => alerter::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Crds => crds::run(),
        Command::Rbac(arguments) => rbac::run(&arguments),
        Command::Certs(arguments) => certs::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Version(arguments) => version::run(&arguments),
        Command::Reference => reference::run(),
    }
}
