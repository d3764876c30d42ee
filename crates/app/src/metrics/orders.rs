//! The store of orders, counted: each commit by its answer, each event once it is durable.
//!
//! May not change an answer. Counts (and tells, `order.paid`) what a commit brought about exactly
//! when this process learns that it is durable, also when that was unknown at first.

use super::paid::Paid;
use super::{Metered, Meters};
use domain::changeset::{Changeset, ReplayRecord, ReplayScope};
use domain::order::{Event, Order};
use domain::ports::{
    CommitAnswer, Loaded, OrderKey, OrderList, OrderListing, OrderStore, PortFuture, StoreError,
};
use domain::{CommandId, Epoch};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The most commits with an unknown outcome that are remembered; a store that is away for longer
/// has other troubles than a counter.
const UNKNOWN_MAX: usize = 1_024;

/// Events that ratios and alarms look at: there from the start, so that the first is a rise.
const LOOKED_AT: [&str; 10] = [
    "placed",
    "settled",
    "cancelled",
    "payment_surplus",
    "payment_adopted",
    "payment_rejected",
    "refund_requested",
    "refund_succeeded",
    "refund_abnormal",
    "refund_rejected",
];

/// Orders, counted.
pub(crate) struct MeteredOrders {
    store: Metered<dyn OrderStore>,
    /// What commits would have brought about of which nobody knows yet whether they are durable.
    unknown: Mutex<BTreeMap<CommandId, Effects>>,
}

/// What a commit brings about, for those who count.
#[derive(Clone, Debug, Default)]
struct Effects {
    events: Vec<&'static str>,
    cases: Vec<&'static str>,
    paid: Option<Paid>,
}

impl Effects {
    fn of(changeset: &Changeset) -> Effects {
        Effects {
            events: changeset.events.iter().map(Event::name).collect(),
            cases: changeset.cases.iter().map(|case| case.kind.name()).collect(),
            paid: Paid::in_changeset(changeset),
        }
    }

    fn tell(&self, meters: &Meters) {
        for event in &self.events {
            meters.count("paydesk_order_events_total", &[("event", event)]);
        }
        for kind in &self.cases {
            meters.count("paydesk_cases_raised_total", &[("kind", kind)]);
        }
        if let Some(paid) = &self.paid {
            paid.tell();
        }
    }
}

impl MeteredOrders {
    pub(crate) fn new(inner: Arc<dyn OrderStore>, meters: &Arc<Meters>) -> MeteredOrders {
        for answer in ANSWERS {
            meters.add("paydesk_commits_total", &[("answer", answer)], 0);
        }
        for event in LOOKED_AT {
            meters.add("paydesk_order_events_total", &[("event", event)], 0);
        }
        MeteredOrders { store: Metered::new(inner, meters), unknown: Mutex::default() }
    }

    fn unknown(&self) -> MutexGuard<'_, BTreeMap<CommandId, Effects>> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learnt(&self, command: CommandId, effects: Effects, answer: &CommitAnswer) {
        match answer {
            CommitAnswer::Committed => {
                self.unknown().remove(&command);
                effects.tell(&self.store.meters);
            }
            CommitAnswer::OutcomeUnknown(_) => {
                let mut unknown = self.unknown();
                unknown.insert(command, effects);
                if unknown.len() > UNKNOWN_MAX {
                    unknown.pop_first();
                }
            }
            // Ours, if we were the ones who could not say; else an earlier one's, who told.
            CommitAnswer::AlreadyCommitted => self.tell_if_ours(&command),
            CommitAnswer::Conflict
            | CommitAnswer::GuardRefused(_)
            | CommitAnswer::RolledBack(_) => {}
        }
    }

    fn tell_if_ours(&self, command: &CommandId) {
        let ours = self.unknown().remove(command);
        if let Some(effects) = ours {
            effects.tell(&self.store.meters);
        }
    }
}

impl OrderStore for MeteredOrders {
    fn load<'a>(
        &'a self,
        key: &'a OrderKey,
    ) -> PortFuture<'a, Result<Option<Loaded<Order>>, StoreError>> {
        self.store.inner.load(key)
    }

    fn commit(&self, changeset: Changeset) -> PortFuture<'_, CommitAnswer> {
        Box::pin(async move {
            let (command, effects) = (changeset.command_id.clone(), Effects::of(&changeset));
            let began = Instant::now();
            let answer = self.store.inner.commit(changeset).await;
            let meters = &self.store.meters;
            let labels = [("answer", name(&answer))];
            meters.count("paydesk_commits_total", &labels);
            meters.took("paydesk_commit_duration_seconds", &[], began.elapsed());
            self.learnt(command, effects, &answer);
            answer
        })
    }

    fn committed<'a>(
        &'a self,
        command_id: &'a CommandId,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            let found = self.store.inner.committed(command_id).await;
            if found == Ok(true) {
                self.tell_if_ours(command_id);
            }
            found
        })
    }

    fn replay<'a>(
        &'a self,
        scope: &'a ReplayScope,
    ) -> PortFuture<'a, Result<Option<ReplayRecord>, StoreError>> {
        self.store.inner.replay(scope)
    }

    fn epoch(&self) -> PortFuture<'_, Result<Epoch, StoreError>> {
        self.store.inner.epoch()
    }

    fn list<'a>(
        &'a self,
        query: &'a OrderList,
    ) -> PortFuture<'a, Result<OrderListing, StoreError>> {
        self.store.inner.list(query)
    }
}

const ANSWERS: [&str; 6] =
    ["committed", "conflict", "guard_refused", "already_committed", "rolled_back", "unknown"];

fn name(answer: &CommitAnswer) -> &'static str {
    let [committed, conflict, guard_refused, already_committed, rolled_back, unknown] = ANSWERS;
    match answer {
        CommitAnswer::Committed => committed,
        CommitAnswer::Conflict => conflict,
        CommitAnswer::GuardRefused(_) => guard_refused,
        CommitAnswer::AlreadyCommitted => already_committed,
        CommitAnswer::RolledBack(_) => rolled_back,
        CommitAnswer::OutcomeUnknown(_) => unknown,
    }
}
