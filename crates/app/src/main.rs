//! The binary `paydesk`. Everything is in the library beside it.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    match app::run(app::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paydesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}
