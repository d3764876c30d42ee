//! Buyers who want the same thing at the same moment are written together.
//!
//! An order takes its goods last, in the row of their SKU, and keeps that row until its commit is
//! flushed: who wants the same waits for a flush. So few commits are under way for each SKU; those that
//! come meanwhile wait (`turns.rs`) and are one transaction when one of them ends, in which each is carried
//! out for itself. Nobody waits for others to come, and who comes alone is written as ever.
//!
//! Knows no rule: what each of them is answered, the database says. `docs/adr/0019`.

use crate::patience::Failure;
use crate::pool::{ConnectSettings, Isolation};
use crate::prepared::{Written, prepared};
use crate::turns::{Turns, Unheard};
use crate::{PostgresStore, errors};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
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
        let write = |sheets: Vec<String>| async move {
            match sheets.as_slice() {
                [alone] => vec![self.commit_alone(alone).await],
                several => self.commit_together(several).await,
            }
        };
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

    /// Each in the order given; as many answers as sheets.
    async fn commit_together(&self, sheets: &[String]) -> Vec<CommitAnswer> {
        let all = |answer: CommitAnswer| vec![answer; sheets.len()];
        let together = format!("[{}]", sheets.join(","));
        let statement = prepared(TOGETHER).bind::<Jsonb, _>(Written(&together));
        let done: Result<Vec<Done>, Failure> = self.rows(statement).await;
        match done {
            // Committed is who has a row of their own.
            Ok(rows) if rows.len() == sheets.len() => rows.into_iter().map(Done::answer).collect(),
            Ok(_) => all(CommitAnswer::OutcomeUnknown("somebody has no answer".to_owned())),
            Err(Failure::NotAsked(error)) => all(CommitAnswer::RolledBack(error.to_string())),
            Err(late @ Failure::Late) => {
                all(CommitAnswer::OutcomeUnknown(StoreError::from(late).to_string()))
            }
            Err(Failure::Said(error)) => match errors::commit(&error) {
                unknown @ CommitAnswer::OutcomeUnknown(_) => all(unknown),
                // Nothing of it was written. One of them may be in everybody's way: one by one.
                CommitAnswer::Committed
                | CommitAnswer::Conflict
                | CommitAnswer::GuardRefused(_)
                | CommitAnswer::AlreadyCommitted
                | CommitAnswer::RolledBack(_) => {
                    let mut answers = Vec::with_capacity(sheets.len());
                    for sheet in sheets {
                        let answer = self.commit_alone(sheet).await;
                        let is_stopped = matches!(
                            answer,
                            CommitAnswer::RolledBack(_) | CommitAnswer::OutcomeUnknown(_)
                        );
                        answers.push(answer);
                        // Whatever stops one, such as a lock, would stop each of the others for as long.
                        if is_stopped {
                            break;
                        }
                    }
                    let rest = CommitAnswer::RolledBack("one before it was stopped".to_owned());
                    answers.resize(sheets.len(), rest);
                    answers
                }
            },
        }
    }
}

/// In the order of the sheets.
const TOGETHER: &str = "\
    SELECT n, answer, sqlstate_, constraint_, message_ FROM paydesk_commit_each($1) ORDER BY n";

#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "the order of the rows")]
    n: i64,
    #[diesel(sql_type = Text)]
    answer: String,
    #[diesel(sql_type = Nullable<Text>)]
    sqlstate_: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    constraint_: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    message_: Option<String>,
}

impl Done {
    fn answer(self) -> CommitAnswer {
        match (self.answer.as_str(), self.sqlstate_) {
            ("committed", None) => CommitAnswer::Committed,
            ("already_committed", None) => CommitAnswer::AlreadyCommitted,
            (_, state) => {
                let constraint = self.constraint_.filter(|name| !name.is_empty());
                let message = self.message_.unwrap_or_default();
                errors::told(state.as_deref().unwrap_or_default(), constraint.as_deref(), &message)
            }
        }
    }
}
