//! Buyers who want the same thing at the same moment are written together.
//!
//! An order takes its goods last, in the row of their SKU, and keeps that row until its commit is
//! flushed: who wants the same waits for a flush. So few commits are under way for each SKU; those that
//! come meanwhile wait (`turns.rs`) and are one transaction when one of them ends. Where something is in the
//! way of one of them all of it is undone, and fewer are tried, down to one. Nobody waits for others to come,
//! and who comes alone is written as ever.
//!
//! Knows no rule: what each of them is answered, the database says. `docs/adr/0019`.

use crate::patience::Failure;
use crate::pool::{ConnectSettings, Isolation};
use crate::prepared::{Written, prepared};
use crate::turns::{Turns, Unheard};
use crate::{PostgresStore, errors};
use diesel::QueryableByName;
use diesel::sql_types::{Jsonb, Text};
use domain::catalogue::SkuId;
use domain::changeset::Changeset;
use domain::job::JobChange;
use domain::order::Event;
use domain::ports::{CommitAnswer, StoreError};
use domain::stock::StockMoveKind;
use std::sync::Arc;
use std::time::Duration;

/// Whoever waits at a shelf, for every SKU at which a commit is under way.
pub(crate) type Shelves = Turns<SkuId, String, CommitAnswer>;

/// Nobody waits yet.
pub(crate) fn empty(settings: &ConnectSettings) -> Arc<Shelves> {
    let at_a_time = match settings.isolation {
        // One writes its rows while the other is flushed, and then waits for the row that they share.
        Isolation::ReadCommitted => 2,
        // The second would fail for the first's sake, always.
        Isolation::Serializable => 1,
    };
    Arc::new(Turns::new(at_a_time, Duration::from_millis(settings.wait_timeout_ms)))
}

/// The SKU of an order that holds one SKU and touches nothing else that others want.
pub(crate) fn wanted(changeset: &Changeset) -> Option<SkuId> {
    let places = matches!(changeset.events.first(), Some(Event::Placed(_)));
    let alone = changeset.fence.is_none()
        && changeset.inbox.is_none()
        && changeset.coupons.is_empty()
        && changeset.transfers.is_empty()
        && changeset.effects.is_empty()
        && changeset.cases.is_empty()
        && changeset.ended_cases.is_empty()
        && changeset.jobs.iter().all(|job| matches!(job, JobChange::Ensure { .. }));
    let sku = &changeset.stock.first().filter(|_| places && alone)?.sku_id;
    let holds = |kind: StockMoveKind| kind == StockMoveKind::Hold;
    let same = changeset.stock.iter().all(|moved| holds(moved.kind) && moved.sku_id == *sku);
    same.then(|| sku.clone())
}

impl PostgresStore {
    /// Writes `sheet`, which wants `sku`, together with whoever wants the same by then.
    pub(crate) async fn commit_at_shelf(&self, sku: SkuId, sheet: String) -> CommitAnswer {
        let write = |sheets: Vec<String>| async move { self.commit_several(&sheets).await };
        let most = self.settings.merge_max;
        match Turns::take(&self.shelves, sku, sheet, most, write).await {
            Ok(answer) => answer,
            Err(Unheard::Untaken) => {
                CommitAnswer::RolledBack("too many want the same at this moment".to_owned())
            }
            Err(Unheard::Stopped) => {
                CommitAnswer::OutcomeUnknown("whoever wrote it was stopped".to_owned())
            }
        }
    }

    /// All of them at once or, where something is in the way, fewer at once, and more again where nothing
    /// is; in the order given, as many answers as sheets. Who is refused together is refused alone.
    async fn commit_several(&self, sheets: &[String]) -> Vec<CommitAnswer> {
        let mut answers = Vec::with_capacity(sheets.len());
        let (mut many, mut rest) = (sheets.len(), sheets);
        while !rest.is_empty() {
            let (some, later) = rest.split_at(many.clamp(1, rest.len()));
            let answer = match some {
                [alone] => Ok(self.commit_alone(alone).await),
                several => self.commit_together(several).await,
            };
            many = match answer {
                Err(fewer) => fewer,
                Ok(answer) => {
                    answers.extend(some.iter().map(|_| answer.clone()));
                    rest = later;
                    match answer {
                        CommitAnswer::Committed => some.len().saturating_mul(2),
                        // Whatever stops one, such as a lock, would stop each of the others for as long.
                        CommitAnswer::RolledBack(_) | CommitAnswer::OutcomeUnknown(_) => break,
                        CommitAnswer::Conflict
                        | CommitAnswer::GuardRefused(_)
                        | CommitAnswer::AlreadyCommitted => 1,
                    }
                }
            };
        }
        let stopped = CommitAnswer::RolledBack("one before it was stopped".to_owned());
        answers.resize(sheets.len(), stopped);
        answers
    }

    /// In one transaction: what each of them is answered or, when nothing was written because something is in
    /// the way, how many are to be tried next. Whoever has the row of the shared SKU asks for nothing more:
    /// they are never written one after the other in a transaction.
    async fn commit_together(&self, sheets: &[String]) -> Result<CommitAnswer, usize> {
        let together = format!("[{}]", sheets.join(","));
        let statement = prepared(TOGETHER).bind::<Jsonb, _>(Written(&together));
        let done: Result<Vec<Done>, Failure> = self.rows(statement).await;
        Ok(match done {
            // Committed is who has a row of their own that says so.
            Ok(rows)
                if rows.iter().filter(|row| row.answer == COMMITTED).count() == sheets.len() =>
            {
                CommitAnswer::Committed
            }
            Ok(_) => CommitAnswer::OutcomeUnknown("somebody has no answer".to_owned()),
            Err(Failure::NotAsked(error)) => CommitAnswer::RolledBack(error.to_string()),
            Err(late @ Failure::Late) => {
                CommitAnswer::OutcomeUnknown(StoreError::from(late).to_string())
            }
            // Refused is what one of them may not; half of them may have nobody like that.
            Err(Failure::Said(error)) if errors::refused(&error).is_some() => {
                return Err(sheets.len() / 2);
            }
            Err(Failure::Said(error)) => match errors::commit(&error) {
                unknown @ CommitAnswer::OutcomeUnknown(_) => unknown,
                // A lock, which may be in the way of one alone.
                CommitAnswer::Committed
                | CommitAnswer::Conflict
                | CommitAnswer::GuardRefused(_)
                | CommitAnswer::AlreadyCommitted
                | CommitAnswer::RolledBack(_) => return Err(1),
            },
        })
    }
}

const COMMITTED: &str = "committed";
/// A row for each of them, in their order.
const TOGETHER: &str = "SELECT n, answer FROM paydesk_commit_each($1) ORDER BY n";

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = Text)]
    answer: String,
}
