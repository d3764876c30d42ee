//! Buyers who want the same thing at the same moment are written together.
//!
//! An order takes its goods last, in the row of their SKU, and keeps that row until its commit is
//! flushed: who wants the same waits for a flush. So at most one commit is under way for each SKU; those
//! that come meanwhile wait here, and are one transaction when it ends, in which each is carried out for
//! itself. Nobody waits for others to come, and who comes alone is written as ever.
//!
//! Knows no rule: what each of them is answered, the database says. `docs/adr/0019`.

use crate::patience::Failure;
use crate::{PostgresStore, errors};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text};
use domain::catalogue::SkuId;
use domain::changeset::Changeset;
use domain::job::JobChange;
use domain::order::Event;
use domain::ports::{CommitAnswer, StoreError};
use domain::stock::StockMoveKind;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot::{self, Receiver, Sender};

/// Who comes when so many wait already is written alone.
const WAITING_MAX: usize = 512;

/// Whoever waits at a shelf, for every SKU at which a commit is under way.
#[derive(Default)]
pub(crate) struct Shelves {
    waiting: Mutex<BTreeMap<SkuId, VecDeque<Waiting>>>,
}

/// Somebody whose turn has not come.
struct Waiting {
    sheet: Arc<Value>,
    told: Sender<Told>,
}

/// What somebody who waited hears.
enum Told {
    /// It was written with others', or not.
    Answer(CommitAnswer),
    /// It is their turn to write, with whoever waits by then.
    Turn(Turn),
}

/// The right to write at a shelf. There is one for each; dropped, it goes to whoever has waited longest,
/// or ends.
struct Turn {
    shelves: Arc<Shelves>,
    sku: SkuId,
}

/// Who came, and finds a commit under way or none.
enum Came {
    First(Turn),
    Behind(Receiver<Told>),
    /// Too many wait.
    Past,
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
    pub(crate) async fn commit_at_shelf(&self, sku: SkuId, sheet: Value) -> CommitAnswer {
        let sheet = Arc::new(sheet);
        let turn = match Shelves::come(&self.shelves, sku, &sheet) {
            Came::First(turn) => turn,
            Came::Past => return self.commit_alone(&sheet).await,
            Came::Behind(told) => match told.await {
                Ok(Told::Turn(turn)) => turn,
                Ok(Told::Answer(answer)) => return answer,
                Err(_dropped) => {
                    let why = "whoever wrote it was stopped".to_owned();
                    return CommitAnswer::OutcomeUnknown(why);
                }
            },
        };
        let others = turn.take(self.settings.merge_max.saturating_sub(1));
        if others.is_empty() {
            return self.commit_alone(&sheet).await;
        }
        let mut sheets = vec![sheet];
        sheets.extend(others.iter().map(|other| Arc::clone(&other.sheet)));
        let mut answers = self.commit_together(&sheets).await.into_iter();
        let ours = answers.next();
        for (other, answer) in others.into_iter().zip(answers) {
            // Who waits no more asks by the name of its command.
            let _gone = other.told.send(Told::Answer(answer));
        }
        ours.unwrap_or_else(|| CommitAnswer::OutcomeUnknown("nothing was answered".to_owned()))
    }

    /// Each in the order given; as many answers as sheets.
    async fn commit_together(&self, sheets: &[Arc<Value>]) -> Vec<CommitAnswer> {
        let all = |answer: CommitAnswer| vec![answer; sheets.len()];
        let together: Value = sheets.iter().map(|sheet| Value::clone(sheet)).collect();
        let statement = crate::prepared::prepared(TOGETHER).bind::<Jsonb, _>(together);
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
                        answers.push(self.commit_alone(sheet).await);
                    }
                    answers
                }
            },
        }
    }
}

impl Shelves {
    fn come(shelves: &Arc<Shelves>, sku: SkuId, sheet: &Arc<Value>) -> Came {
        let mut waiting = shelves.waiting();
        let Some(queue) = waiting.get_mut(&sku) else {
            waiting.insert(sku.clone(), VecDeque::new());
            return Came::First(Turn { shelves: Arc::clone(shelves), sku });
        };
        if queue.len() >= WAITING_MAX {
            return Came::Past;
        }
        let (told, hears) = oneshot::channel();
        queue.push_back(Waiting { sheet: Arc::clone(sheet), told });
        Came::Behind(hears)
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<SkuId, VecDeque<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// At most so many of those who wait.
    fn take(&self, most: usize) -> Vec<Waiting> {
        let mut waiting = self.shelves.waiting();
        let Some(queue) = waiting.get_mut(&self.sku) else { return Vec::new() };
        let count = most.min(queue.len());
        queue.drain(..count).collect()
    }

    /// Whoever has waited longest; nobody ends the queue.
    fn next(&self) -> Option<Waiting> {
        let mut waiting = self.shelves.waiting();
        let next = waiting.get_mut(&self.sku).and_then(VecDeque::pop_front);
        if next.is_none() {
            waiting.remove(&self.sku);
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(next) = self.next() {
            let turn = Turn { shelves: Arc::clone(&self.shelves), sku: self.sku.clone() };
            // Who waits no more gives it back unheard: dropped, it goes on to the next.
            drop(next.told.send(Told::Turn(turn)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sku() -> SkuId {
        SkuId::parse("tea").unwrap()
    }

    fn sheet() -> Arc<Value> {
        Arc::new(Value::Null)
    }

    fn behind(shelves: &Arc<Shelves>) -> Receiver<Told> {
        match Shelves::come(shelves, sku(), &sheet()) {
            Came::Behind(hears) => hears,
            Came::First(_) | Came::Past => panic!("nobody is there"),
        }
    }

    #[test]
    fn who_comes_first_writes_and_who_comes_meanwhile_is_taken_along() {
        let shelves = Arc::new(Shelves::default());
        let Came::First(turn) = Shelves::come(&shelves, sku(), &sheet()) else {
            panic!("not first")
        };
        let (mut one, _other) = (behind(&shelves), behind(&shelves));
        assert_eq!(turn.take(1).len(), 1, "no more than is said");
        assert_eq!(turn.take(5).len(), 1);
        drop(turn);
        assert!(one.try_recv().is_err(), "whose sheet was taken is not asked to write");
        assert!(shelves.waiting().is_empty(), "nobody is left");
    }

    #[test]
    fn a_turn_goes_on_to_whoever_still_waits() {
        let shelves = Arc::new(Shelves::default());
        let Came::First(turn) = Shelves::come(&shelves, sku(), &sheet()) else {
            panic!("not first")
        };
        let (gone, mut patient) = (behind(&shelves), behind(&shelves));
        drop(gone);
        drop(turn);
        let Ok(Told::Turn(turn)) = patient.try_recv() else { panic!("not their turn") };
        assert!(matches!(Shelves::come(&shelves, sku(), &sheet()), Came::Behind(_)));
        drop(turn);
        assert!(shelves.waiting().is_empty(), "the last one had left");
    }

    #[test]
    fn a_turn_that_is_never_heard_of_is_not_lost() {
        let shelves = Arc::new(Shelves::default());
        let Came::First(turn) = Shelves::come(&shelves, sku(), &sheet()) else {
            panic!("not first")
        };
        let told = behind(&shelves);
        drop(turn);
        // It was sent, and its receiver is dropped with it unread.
        drop(told);
        assert!(matches!(Shelves::come(&shelves, sku(), &sheet()), Came::First(_)));
    }

    #[test]
    fn a_queue_has_an_end() {
        let shelves = Arc::new(Shelves::default());
        let Came::First(_turn) = Shelves::come(&shelves, sku(), &sheet()) else {
            panic!("not first")
        };
        let all: Vec<_> = (0..WAITING_MAX).map(|_| behind(&shelves)).collect();
        assert_eq!(all.len(), WAITING_MAX);
        assert!(matches!(Shelves::come(&shelves, sku(), &sheet()), Came::Past));
    }
}
