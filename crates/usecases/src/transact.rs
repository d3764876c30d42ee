//! Load, decide, commit; and everything that is done again after a lost race. Only here.

#[cfg(test)]
mod tests;

use crate::{Paydesk, Target};
use domain::changeset::{Changeset, InboxStatus, Intent, Refusal};
use domain::job::JobChange;
use domain::ledger::BuyerAccount;
use domain::order::{
    Circumstances, Command, CouponOutcome, Decision, Event, Order, Rejection, StockOutcome,
};
use domain::ports::{CommitAnswer, Committed, EventSink, StoreError};
use domain::{CommandId, Timestamp};

/// How often one command is tried before the caller is told to come back.
const TRIES_MAX: u32 = 12;
/// So often a fact looks for a moment in which what it takes from a buyer is there or owed.
const COVERED_MAX: u32 = 6;
/// How much longer each pause is than the one before, in milliseconds.
const PAUSE_MS: u64 = 10;

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum TransactError {
    /// There is no such order.
    #[error("no such order")]
    NotFound,
    /// It is not at the version that the caller meant.
    #[error("the order changed meanwhile")]
    VersionMoved,
    /// The order refuses.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A guard refused.
    #[error("refused by {0:?}")]
    Refused(Refusal),
    /// What was decided cannot be: the trace of a bug. Nothing of it is recorded (product ruling 16).
    #[error("an impossible state of {0}")]
    Impossible(String),
    /// Too many lost races, or the store cannot say: come back with the same command.
    #[error("busy: {0}")]
    Busy(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one round of load, decide and commit came to.
enum Round {
    Done(Box<Transacted>),
    Again(&'static str),
    /// The same, but without what refused.
    Without(Shared),
}

/// What of a settlement, a cancellation or a fact is on rows that others share. Money does not wait for it.
#[derive(Clone)]
struct Shared {
    stock: StockOutcome,
    coupon: CouponOutcome,
    books: Books,
}

/// What of a command's transfers is asked for.
#[derive(Clone)]
enum Books {
    /// All of them.
    Whole,
    /// What a buyer does not have any more is owed instead; tried so often.
    Covered(u32),
    /// None, and a person is told.
    Without(Refusal),
}

impl Shared {
    /// All of it.
    const WHOLE: Shared = Shared {
        stock: StockOutcome::Committed,
        coupon: CouponOutcome::Moved,
        books: Books::Whole,
    };

    /// What is left when `refusal` has refused; `None` when it is about something else. Only what WeChat
    /// Pay says, `is_fact`, is true whatever the ledger holds; a wallet that is asked for more is not paid.
    fn without(&self, refusal: &Refusal, is_fact: bool) -> Option<Shared> {
        match (refusal, self.stock, self.coupon) {
            (Refusal::Stock(_), StockOutcome::Committed, _) => {
                Some(Shared { stock: StockOutcome::Refused, ..self.clone() })
            }
            (Refusal::Coupon(_), _, CouponOutcome::Moved) => {
                Some(Shared { coupon: CouponOutcome::Refused, ..self.clone() })
            }
            (Refusal::Balance(_) | Refusal::TransferTaken(_), ..) if is_fact => {
                Some(Shared { books: self.books.without(refusal), ..self.clone() })
            }
            _ => None,
        }
    }
}

/// A command that had its effect.
#[derive(Clone, Debug)]
pub(crate) struct Transacted {
    /// The order as it is now.
    pub(crate) order: Order,
    /// By whom it had it.
    pub(crate) effect: Effect,
}

/// By whom a command had its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// By this call: these happened.
    Now(Vec<Event>),
    /// Everything asked was recorded already, under other names.
    None,
    /// By an earlier or a concurrent call under the same name.
    Before,
}

impl Paydesk {
    /// Brings `command` about on the order of `target`, exactly once under the name in `intent`.
    ///
    /// # Errors
    /// See [`TransactError`]; after `Busy` and `Store` nothing is known to have happened, and the
    /// same command may be given again.
    pub(crate) async fn transact(
        &self,
        target: &Target,
        command: &Command,
        intent: &Intent,
    ) -> Result<Transacted, TransactError> {
        let mut shared = Shared::WHOLE;
        let mut last = "";
        for tried in 0..TRIES_MAX {
            match self.round(target, command, intent, &shared).await? {
                Round::Done(transacted) => return Ok(*transacted),
                Round::Again(why) => {
                    last = why;
                    self.pause_before(tried).await;
                }
                Round::Without(rest) => shared = rest,
            }
        }
        Err(TransactError::Busy(last.to_owned()))
    }

    /// The first retry is at once: a lost race is over. Then longer and longer, with jitter.
    async fn pause_before(&self, tried: u32) {
        if tried == 0 {
            return;
        }
        let longest = PAUSE_MS.saturating_mul(u64::from(tried));
        let millis = longest.saturating_div(2).saturating_add(self.ids.jitter(longest / 2));
        self.clock.sleep_millis(millis).await;
    }

    async fn round(
        &self,
        target: &Target,
        command: &Command,
        intent: &Intent,
        shared: &Shared,
    ) -> Result<Round, TransactError> {
        let loaded = self.orders.load(&target.key).await?.ok_or(TransactError::NotFound)?;
        let (found, epoch) = (loaded.value, loaded.epoch);
        target.admits(&found)?;
        let now = self.clock.now();
        let decision = {
            let given = Circumstances {
                now,
                stock: shared.stock,
                coupon: shared.coupon,
                compose: &|terms: &_| self.gateway.compose_prepay(terms),
                epoch: &epoch,
                actor: &intent.audit.actor,
                name: intent.command_id.as_str(),
                pace: self.settings.pace,
                approval_above: self.settings.refund_approval_above,
                pay_within_s: self.settings.direct_deadline_s,
            };
            found.decide_with(command, &given)?
        };
        let events = match decision {
            Decision::AlreadyApplied => Vec::new(),
            Decision::Record(events) => events,
        };
        let after = if events.is_empty() { found.clone() } else { found.clone().after(&events) };
        let intent = pointed(intent, command, &events, &after);
        let changeset = if events.is_empty() {
            match record_alone(intent, now) {
                // In another life of the database it may be new after all.
                Some(alone) => alone.decided_in(&epoch),
                None => return Ok(Round::done(after, Effect::None)),
            }
        } else {
            Changeset::of(Some(&found), events.clone(), Vec::new(), intent, now)
                .ok_or_else(|| impossible(found.number.as_str()))?
                .paced(self.settings.pace)
                .decided_in(&epoch)
        };
        let is_first = |event: &Event| {
            matches!(
                event,
                Event::Settled { .. }
                    | Event::HoldsCommitted { .. }
                    | Event::GoodsReturned { .. }
                    | Event::Cancelled { .. }
            )
        };
        let comes_first = events.iter().any(is_first);
        let changeset = self.posted(changeset, &found, &shared.books).await?;
        match self.commit(changeset).await? {
            Landed::Now if events.is_empty() => Ok(Round::done(after, Effect::None)),
            Landed::Now => Ok(Round::done(after, Effect::Now(events))),
            Landed::Before => {
                let order = self.orders.load(&target.key).await?;
                let order = order.ok_or(TransactError::NotFound)?.value;
                Ok(Round::done(order, Effect::Before))
            }
            Landed::Not(why) => Ok(Round::Again(why)),
            // Somebody paid what was owed meanwhile: less is to be set off.
            Landed::Refused(Refusal::Balance(BuyerAccount::Receivable(_)))
                if !command.is_a_fact() =>
            {
                Ok(Round::Again("what the buyer owes changed meanwhile"))
            }
            // What became of money, and what has left, is never vetoed by a shared row: again without it,
            // with a case.
            Landed::Refused(refusal) => {
                let is_fact = command.is_a_fact();
                let rest = shared.without(&refusal, is_fact).filter(|_| comes_first || is_fact);
                rest.map(Round::Without).ok_or(TransactError::Refused(refusal))
            }
        }
    }

    /// The changeset with as many of its transfers as are still asked for; what comes to a buyer again pays
    /// what the buyer owes first.
    async fn posted(
        &self,
        changeset: Changeset,
        order: &Order,
        books: &Books,
    ) -> Result<Changeset, TransactError> {
        if let Books::Without(refusal) = books {
            tracing::error!(order.number = %order.number, refusal = ?refusal,
                "ledger.refused: what WeChat Pay says is recorded without it; see its case");
            return Ok(changeset.without_transfers(refusal));
        }
        let is_covered = matches!(books, Books::Covered(_));
        let Some(buyer) = order.buyer.filter(|_| is_covered || changeset.gives_again()) else {
            return Ok(changeset);
        };
        let held = self.ledger.balances(buyer).await?.unwrap_or_default();
        let changeset = changeset.set_off(buyer, &held);
        Ok(if is_covered { changeset.covered(buyer, &held) } else { changeset })
    }

    /// Commits, and finds out what happened when the store could not say.
    pub(crate) async fn commit(&self, changeset: Changeset) -> Result<Landed, TransactError> {
        let news = News::of(&changeset);
        let command_id = changeset.command_id.clone();
        let landed = match self.orders.commit(changeset).await {
            CommitAnswer::Committed => Landed::Now,
            CommitAnswer::AlreadyCommitted => Landed::Before,
            CommitAnswer::Conflict => Landed::Not("the order changed meanwhile"),
            CommitAnswer::GuardRefused(refusal) => Landed::Refused(refusal),
            CommitAnswer::RolledBack(why) => {
                tracing::debug!(command_id = %command_id, why, "commit rolled back");
                Landed::Not("rolled back")
            }
            CommitAnswer::OutcomeUnknown(why) => self.find_out(&command_id, &why).await?,
        };
        // Also when the answer was lost and the commit is found: told twice is told.
        if let (Landed::Now | Landed::Before, Some(news)) = (&landed, news) {
            news.tell(&*self.events);
        }
        Ok(landed)
    }

    /// Asked before anything is decided again. "Not" is not final: a commit that is still on its
    /// way meets the next one by its name.
    async fn find_out(&self, command_id: &CommandId, why: &str) -> Result<Landed, TransactError> {
        tracing::warn!(command_id = %command_id, why, "commit outcome unknown, asking");
        let committed = self.orders.committed(command_id).await?;
        // By us or by a twin: what is there now says which, so it is read again.
        Ok(if committed { Landed::Before } else { Landed::Not("was not committed") })
    }
}

/// Whether a commit landed.
pub(crate) enum Landed {
    /// By this call.
    Now,
    /// By an earlier one under the same name.
    Before,
    /// Not at all; try again.
    Not(&'static str),
    /// A guard refused.
    Refused(Refusal),
}

impl Books {
    /// What has gone is owed; a balance that keeps moving meanwhile is looked at again.
    fn without(&self, refusal: &Refusal) -> Books {
        match (self, refusal) {
            (Books::Whole, Refusal::Balance(_)) => Books::Covered(1),
            (Books::Covered(tried), Refusal::Balance(_)) if *tried < COVERED_MAX => {
                Books::Covered(tried.saturating_add(1))
            }
            _ => Books::Without(refusal.clone()),
        }
    }
}

impl Round {
    fn done(order: Order, effect: Effect) -> Round {
        Round::Done(Box::new(Transacted { order, effect }))
    }
}

/// Says aloud that what was decided about `what` is refused, because it cannot be. Where mistakes are
/// looked for, it is a panic.
pub(crate) fn impossible(what: &str) -> TransactError {
    debug_assert!(false, "an impossible state of {what}");
    tracing::error!(subject = what, "changeset.impossible: decided and not recorded");
    TransactError::Impossible(what.to_owned())
}

/// A key leads to the order that it changed; when it asked for a payment, to the one open then, and
/// says whether that was there already.
fn pointed(intent: &Intent, command: &Command, events: &[Event], after: &Order) -> Intent {
    let mut intent = intent.clone();
    if let Some(replay) = &mut intent.replay {
        replay.order = Some(after.id);
        if let Command::StartPayment(_) = command {
            replay.payment = after.open_payment().map(|payment| payment.no);
            let started = events.iter().any(|e| matches!(e, Event::PaymentStarted(_)));
            replay.reused = replay.reused || !started;
        }
    }
    intent
}

/// Nothing new happened, but a notification or a key still wants its record.
fn record_alone(mut intent: Intent, now: Timestamp) -> Option<Changeset> {
    if intent.inbox.is_none() && intent.replay.is_none() {
        return None;
    }
    if let Some(inbox) = &mut intent.inbox {
        inbox.status = InboxStatus::Duplicate;
    }
    Some(Changeset::without_order(intent, now))
}

/// What is said of a commit once it is durable.
struct News {
    committed: Committed,
    actor: String,
    events: Vec<&'static str>,
}

impl News {
    fn of(changeset: &Changeset) -> Option<News> {
        let write = changeset.order.as_ref()?;
        let next_due = changeset
            .jobs
            .iter()
            .filter_map(|job| match job {
                JobChange::Ensure { due_at, .. } => Some(*due_at),
                JobChange::Remove { .. } => None,
            })
            .min();
        Some(News {
            committed: Committed { order: write.order.id, version: write.order.version, next_due },
            actor: changeset.audit.actor.clone(),
            events: changeset.events.iter().map(Event::name).collect(),
        })
    }

    fn tell(&self, sink: &dyn EventSink) {
        let Committed { order, version, .. } = &self.committed;
        tracing::info!(order.id = %order, order.version = version, actor = self.actor,
            events = ?self.events, "committed");
        if self.events.contains(&"payment_surplus") {
            tracing::error!(order.id = %order, order.version = version,
                "payment.surplus: money came that its order cannot take; see its case");
        }
        sink.committed(&self.committed);
    }
}
