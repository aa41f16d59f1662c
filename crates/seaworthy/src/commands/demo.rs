//! `seaworthy demo`: the whole product on a simulated cluster, told as a story.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use demo::show::Options;
use demo::{door, once, show};

use super::Outcome;
use crate::exit::{Exit, Failure};
use crate::output;

/// What to show, and how
#[derive(Args)]
pub(crate) struct Arguments {
    /// Play the whole story at once, and print what was found, decided, done and sent
    #[arg(long)]
    once: bool,
    /// Form of what --once prints
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM", default_value_t, requires = "once")]
    form: Form,
    /// What the story follows from: with --once, the same seed prints the same bytes
    #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How many times faster than real time, 0 to 100; 0 stands still
    #[arg(long, value_name = "TIMES", default_value_t = 20.0, value_parser = speed, allow_negative_numbers = true, conflicts_with = "once")]
    speed: f64,
    /// Plain lines instead of a screen; also what is written where there is no terminal
    #[arg(long, conflicts_with = "once")]
    plain: bool,
    /// Where the kubeconfig is written by which kubectl comes in; a temporary folder without it
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    write_kubeconfig: Option<PathBuf>,
    /// The API server's port on loopback; 0 takes one that is free, as the monitor and the alerter do
    #[arg(long, value_name = "PORT", default_value_t = 0, conflicts_with = "once")]
    port: u16,
}

/// Forms of a whole story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.0..=100.0).contains(speed));
    speed.ok_or_else(|| format!("{text:?} is no speed: a number from 0 to 100 is needed"))
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if arguments.once {
        let report = once::play(arguments.seed)?;
        match arguments.form {
            Form::Text => output::print(report.text().trim_end())?,
            Form::Json => output::json(&report)?,
        }
        return Ok(Exit::Fine);
    }
    let options = Options {
        seed: arguments.seed,
        speed: arguments.speed,
        is_plain: arguments.plain,
        door: door::Options { port: arguments.port, kubeconfig: arguments.write_kubeconfig.clone() },
    };
    match show::show(&options) {
        Err(show::Error::Output(error)) => Err(error.into()),
        shown => shown.map(|()| Exit::Fine).map_err(Failure::from),
    }
}

#[cfg(test)]
mod tests {
    use super::speed;

    #[test]
    fn a_speed_is_a_number_that_the_world_can_go_at() {
        assert_eq!((speed("20"), speed("0.5"), speed("0")), (Ok(20.0), Ok(0.5), Ok(0.0)));
        for text in ["", "-1", "101", "fast", "nan"] {
            assert!(speed(text).unwrap_err().contains("0 to 100"), "{text}");
        }
    }
}
