//! Seaworthy's one binary: arguments, wiring, output, and nothing else.
//!
//! Each command is a file under `commands`, registered in `commands::Command`.

mod arguments;
mod clock;
mod commands;
mod configuration;
mod connect;
mod exit;
mod findings;
mod logging;
mod output;
mod peer;
mod records;
mod rights;
mod runtime;
mod whoami;

use std::io::{self, Write};
use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use exit::Exit;

/// The image is static, and musl's own allocator is several times slower under the monitor's load of many small
/// records, while glibc's gives memory back badly after a cold sync. mimalloc does neither, links statically, and
/// needs no extra toolchain.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error).into(),
    };
    logging::start(&arguments.logging);
    net::tls::install_provider();
    match commands::run(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Fine.into(),
        Err(failure) => {
            // Who would read it may be gone.
            let _ = writeln!(io::stderr(), "error: {failure}");
            failure.exit.into()
        }
    }
}
