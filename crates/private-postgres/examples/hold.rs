//! Starts a private server in a directory and holds it until standard input ends.
//!
//! `cargo run -p private-postgres --example hold -- /tmp/shop`

use std::error::Error;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use private_postgres::{Durability, Options, PrivatePostgres};

fn main() -> ExitCode {
    match hold() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn hold() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).ok_or("name a directory")?;
    let progress = |line: &str| eprintln!("{line}");
    let options = Options::from_environment(directory, "paydesk", Durability::Durable, &progress);
    let running = PrivatePostgres::start(&options)?;
    eprintln!("PostgreSQL {} from {}", running.version(), running.programs().display());
    eprintln!("{}", running.url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    running.stop()?;
    Ok(())
}
