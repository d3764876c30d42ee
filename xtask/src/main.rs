//! The project's own commands: `cargo xtask <command>`.
//!
//! One module per command. Nothing here is part of the product, and nothing of the product but
//! `private-postgres` is needed to build it, so that it compiles quickly.

mod api_fuzz;
mod bench;
mod cargo;
mod ci;
mod course;
mod coverage;
mod fuzz;
mod mutants;
mod node;
mod page;
mod planted;
mod python;
mod repository;
mod sandbox;
mod script;
mod sdks;
mod sim;
mod sweep;
mod test;
mod tidy;
mod torture;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks and tests of Paydesk", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All tests, with a PostgreSQL of their own; before them tidy and the formatter's check
    Test {
        /// Given to `cargo test`, for example `-- -p domain`
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// The architecture rules, read from the sources
    Tidy,
    /// Calls the running service at random and checks every answer against its OpenAPI document
    ApiFuzz(api_fuzz::Choices),
    /// Throws changed bytes at whatever reads what WeChat Pay or a merchant sends
    Fuzz(fuzz::Choices),
    /// Three WeChat Pay SDKs of others, as they are published, against `paydesk sandbox`
    Sdks(sdks::Choices),
    /// The sandbox's page in a real Chromium without a window: what a person does on it, and screenshots
    Page(page::Choices),
    /// Benchmarks with their limits beside them, as ratios
    Bench(bench::Choices),
    /// Three services, PostgreSQL and the sandbox under kills, cuts and delays; checked by plain SQL
    Torture(torture::Choices),
    /// A thousand buyers of a hundred things from two services that are killed in the middle
    Sale(torture::SaleChoices),
    /// Changes the inner crates one expression at a time and asks whether their tests notice
    Mutants(mutants::Choices),
    /// Plants known mistakes in a copy of the tree and demands that each is found by its name
    Planted(planted::Choices),
    /// Deterministic simulation: `--seeds 0..5000`, `--seed N`, `--tape FILE`, `--shrink`
    Sim {
        /// Given to the simulation as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Every place of every script, struck once (or twice: `--depth 2`) by everything that can
    Sweep {
        /// Given to the sweep as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Writes docs/wechat-pay-coverage.md: each rule of WeChat Pay v3, and where client, sandbox and tests keep it
    Coverage,
    /// The whole gate: tidy, formatting, lints, tests, the SDKs of others, the sandbox's page
    Ci,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<ExitCode> {
    let repository = repository::Repository::find()?;
    match command {
        Command::Test { arguments } => test::run(&repository, arguments),
        Command::Tidy => tidy::run(&repository),
        Command::ApiFuzz(choices) => api_fuzz::run(&repository, choices),
        Command::Fuzz(choices) => fuzz::run(&repository, choices),
        Command::Sdks(choices) => sdks::run(&repository, choices),
        Command::Page(choices) => page::run(&repository, choices),
        Command::Bench(choices) => bench::run(&repository, choices),
        Command::Torture(choices) => torture::run(&repository, choices),
        Command::Sale(choices) => torture::run_sale(&repository, choices),
        Command::Mutants(choices) => mutants::run(&repository, choices),
        Command::Planted(choices) => planted::run(&repository, choices),
        Command::Sim { arguments } => sim::run(&repository, arguments),
        Command::Sweep { arguments } => sweep::run(&repository, arguments),
        Command::Coverage => coverage::run(&repository),
        Command::Ci => ci::run(&repository),
    }
}
