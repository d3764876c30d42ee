//! `paydesk ledger`: the trial balance. What all accounts hold, by kind and unit, and whether that adds up.
//!
//! Reads one snapshot and changes nothing.

use crate::cli::ConfigArgs;
use crate::service;
use crate::settings::Settings;
use anyhow::{Context as _, Result, bail, ensure};
use domain::Fen;
use domain::ledger::Unit;
use domain::ports::{Ledger as _, TrialBalance, TrialLine};
use std::fmt::Write as _;

pub(crate) async fn run(args: &ConfigArgs) -> Result<()> {
    let store = service::open_store(&Settings::read(&args.config)?).await?;
    let fitness = store.fitness().await.context("the database cannot be read")?;
    ensure!(fitness.migrated, "the database is not set up for this program: run `paydesk migrate`");
    let balance = store.trial_balance().await.context("the ledger cannot be read")?;
    print!("{}", table(&balance.lines));
    match differences(&balance) {
        None => {
            println!("every transfer sums to zero, every balance follows from its entries");
            Ok(())
        }
        Some(found) => bail!("the ledger does not add up: {found}"),
    }
}

/// Everything that is wrong; `None` when nothing is.
fn differences(balance: &TrialBalance) -> Option<String> {
    (!balance.differences.is_empty()).then(|| balance.differences.join("; "))
}

/// One line per kind and unit, in columns. What a source has given is negative.
fn table(lines: &[TrialLine]) -> String {
    let mut text = String::new();
    let (a, u, n, e, s, y) = ("account", "unit", "accounts", "entries", "sum", "yuan");
    // Writing to a string cannot fail.
    let _written = writeln!(text, "{a:<18} {u:<6} {n:>9} {e:>9} {s:>20} {y:>20}");
    for TrialLine { account, unit, accounts, entries, sum } in lines {
        let (unit, yuan) = (unit.name(), yuan(*unit, *sum));
        let _written = writeln!(
            text,
            "{account:<18} {unit:<6} {accounts:>9} {entries:>9} {sum:>20} {yuan:>20}"
        );
    }
    text
}

/// What people count in; points are points.
fn yuan(unit: Unit, sum: i64) -> String {
    match unit {
        Unit::Fen => Fen::new(sum).yuan().to_string(),
        Unit::Points => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_balance_is_a_table_and_a_difference_is_said() {
        let line = |account: &str, unit, accounts, entries, sum| TrialLine {
            account: account.to_owned(),
            unit,
            accounts,
            entries,
            sum,
        };
        let lines = vec![
            line("wallet", Unit::Fen, 2, 5, 70_005),
            line("points", Unit::Points, 1, 1, 40),
            line("wechat_clearing", Unit::Fen, 1, 3, -70_005),
        ];
        let shown = table(&lines);
        let shown: Vec<Vec<&str>> =
            shown.lines().map(|line| line.split_whitespace().collect()).collect();
        let expected = [
            ["account", "unit", "accounts", "entries", "sum", "yuan"],
            ["wallet", "fen", "2", "5", "70005", "700.05"],
            ["points", "points", "1", "1", "40", "-"],
            ["wechat_clearing", "fen", "1", "3", "-70005", "-700.05"],
        ];
        assert_eq!(shown, expected);
        let mut balance = TrialBalance { lines, differences: Vec::new() };
        assert_eq!(differences(&balance), None);
        balance.differences = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(differences(&balance).as_deref(), Some("a; b"));
    }
}
