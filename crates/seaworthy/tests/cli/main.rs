//! The command line as a person meets it: the built binary, its words and its exit codes.

mod alerter;
mod api_server;
mod bad_input;
mod configuration;
mod demo;
mod demo_on_terminal;
mod demo_signals;
mod made;
mod seaworthy;
mod service;
mod terminal;
mod usage;
mod visiting;
mod watching;
