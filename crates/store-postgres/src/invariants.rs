//! Everything that must always be true, asked of the tables themselves.
//!
//! One statement for each rule, by subject: `orders.rs`, `payments.rs`, `refunds.rs`, `stock.rs`, `ledger.rs`, `once.rs`,
//! `trail.rs`, `work.rs`. A rule selects what contradicts it, by the numbers that people know; nothing
//! selected, nothing wrong. Where else each is checked: `docs/invariants.md`. Reads only; may not repair.

mod coupons;
mod ledger;
mod once;
mod orders;
mod payments;
mod refunds;
mod stock;
#[cfg(test)]
mod tests;
mod trail;
mod work;

use crate::PostgresStore;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text};
use domain::Pace;
use domain::order::HORIZON_S;
use domain::ports::{InvariantReport, Invariants, Part, PortFuture, StoreError};

/// The longest that one rule may take, in milliseconds: it may have to read all of a large database.
pub(crate) const PATIENCE_MS: u64 = 600_000;

/// The setting in which rules find the horizon, in real milliseconds.
const HORIZON_MS: &str = "paydesk.horizon_ms";

/// One thing that must always be true.
pub(crate) struct Rule {
    id: &'static str,
    says: &'static str,
    /// Answers how many rows contradict it, and names up to ten of them.
    sql: &'static str,
}

/// A rule from the statement that selects, in one column, what contradicts it.
macro_rules! rule {
    ($id:literal, $says:literal, $($contradicts:expr),+) => {
        $crate::invariants::Rule {
            id: $id,
            says: $says,
            sql: concat!(
                "WITH wrong (name) AS MATERIALIZED (",
                $($contradicts,)+
                ") SELECT (SELECT count(*) FROM wrong) AS violations, \
                 ARRAY(SELECT name FROM wrong ORDER BY name LIMIT 10) AS sample"
            ),
        }
    };
}
pub(crate) use rule;

/// Every rule, by part and subject.
fn rules() -> impl Iterator<Item = &'static Rule> {
    Part::ALL.into_iter().flat_map(rules_of)
}

/// The rules of one part, by subject.
fn rules_of(part: Part) -> impl Iterator<Item = &'static Rule> {
    let subjects: &[&[Rule]] = match part {
        Part::Payments => &[orders::RULES, payments::RULES, refunds::RULES],
        Part::Goods => &[stock::RULES, coupons::RULES],
        Part::Settlements => &[ledger::CHAIN, ledger::RULES, once::RULES, trail::RULES],
        Part::Work => &[work::RULES],
    };
    subjects.iter().copied().flatten()
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    violations: i64,
    #[diesel(sql_type = Array<Text>)]
    sample: Vec<String>,
}

impl Invariants for PostgresStore {
    fn check(&self, pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        Box::pin(self.check_rules(rules().collect(), pace))
    }

    fn check_part(
        &self,
        part: Part,
        pace: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        Box::pin(self.check_rules(rules_of(part).collect(), pace))
    }
}

impl PostgresStore {
    /// The rules of the ledger by itself.
    pub(crate) async fn check_ledger(&self) -> Result<Vec<InvariantReport>, StoreError> {
        self.check_rules(ledger::CHAIN.iter().collect(), Pace::DESIGNED).await
    }

    async fn check_rules(
        &self,
        rules: Vec<&'static Rule>,
        pace: Pace,
    ) -> Result<Vec<InvariantReport>, StoreError> {
        let statements: Vec<&'static str> = rules.iter().map(|rule| rule.sql).collect();
        let set = format!("SET {HORIZON_MS} = {}", pace.millis(HORIZON_S));
        let found: Vec<Vec<Found>> = self.snapshot(&set, statements, PATIENCE_MS).await?;
        let reports = rules.into_iter().zip(found).map(|(rule, mut found)| {
            let Found { violations, sample } = found.pop().ok_or_else(|| {
                StoreError::Unavailable(format!("{}: a count without a row", rule.id))
            })?;
            let violations = u64::try_from(violations).unwrap_or_default();
            Ok(InvariantReport { id: rule.id, says: rule.says, violations, sample })
        });
        reports.collect()
    }
}
