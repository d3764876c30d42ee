//! Which notifications go out when, and what each attempt looks like.
//!
//! MAY NOT wait or send: [`WeChatPay::due`] gives the deliveries of now, [`WeChatPay::next_due`] says when to ask again,
//! [`WeChatPay::record`] takes what came of each. One slow receiver holds back nobody but itself.

mod attempt;
mod round;

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::core::WeChatPay;
use crate::core::ledger::ControlRefusal;
use crate::core::notice::{AttemptEnd, AttemptId, AttemptKind, Delivery, Notice};
use crate::core::outbox::attempt::Making;
use crate::core::outbox::round::Held;
use crate::core::ports::Ports;
use crate::core::seal::SignatureFault;
use crate::core::tamper::Tamper;

/// All notifications.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    pub(crate) notices: BTreeMap<u64, Notice>,
    due: BTreeSet<(OffsetDateTime, u64)>,
    /// Notifications that others are to overtake, until they are sent.
    held: BTreeMap<u64, Held>,
    /// The newest notification of each order, and of each refund.
    newest_of_trade: BTreeMap<String, u64>,
    newest_of_refund: BTreeMap<String, u64>,
    last: u64,
    /// How many notifications were signed in the mixed period: the two keys take turns.
    pub(crate) turns: u64,
}

impl Outbox {
    /// Adds a notification, due at once.
    pub(crate) fn add(&mut self, notice: Notice) {
        self.last = self.last.saturating_add(1);
        self.due.extend(notice.due().map(|due| (due, self.last)));
        let (of_what, number) = match &notice.of.out_refund_no {
            Some(number) => (&mut self.newest_of_refund, number),
            None => (&mut self.newest_of_trade, &notice.of.out_trade_no),
        };
        of_what.insert(number.clone(), self.last);
        self.notices.insert(self.last, notice);
    }

    /// Empty, but with numbers that go on.
    pub(crate) fn emptied(&self) -> Self {
        Self { last: self.last, turns: self.turns, ..Self::default() }
    }

    /// Changes one notification and keeps the due list true.
    fn change<T>(&mut self, number: u64, change: impl FnOnce(&mut Notice) -> T) -> Option<T> {
        let notice = self.notices.get_mut(&number)?;
        let before = notice.due();
        let result = change(notice);
        let after = notice.due();
        if before != after {
            before.map(|due| self.due.remove(&(due, number)));
            self.due.extend(after.map(|due| (due, number)));
        }
        Some(result)
    }
}

impl WeChatPay {
    /// When, in business time, a notification is next to be sent, a postponed call to be carried out, or a refund to end:
    /// call [`Self::due`] then. Exact: nothing happens by itself before. Every other visit may change it. An unpaid order
    /// that closes by age is not among it: nobody is told, and whoever asks sees it closed.
    pub fn next_due(&self) -> Option<OffsetDateTime> {
        let notice = self.outbox.due.first().map(|(due, _)| *due);
        let others = [self.postponed.next_due(), self.refunds.next_due()];
        notice.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// All attempts to make now. Each must be sent, and its end given to [`Self::record`].
    pub fn due(&mut self, ports: &mut Ports<'_>) -> Vec<Delivery> {
        self.catch_up(ports);
        let at = ports.at;
        let mut deliveries = Vec::new();
        // Ends: every pass moves one notification forward on its ladder or takes it off the due list.
        while let Some((due, number)) = self.outbox.due.first().copied() {
            if due > at.business {
                break;
            }
            deliveries.extend(self.start_round(number, ports));
        }
        deliveries
    }

    /// What came of an attempt.
    pub fn record(&mut self, id: AttemptId, end: AttemptEnd) {
        let ladder = &self.settings.resend_ladder_s;
        self.outbox.change(id.notice, |notice| {
            let Some(attempt) = notice.attempts.get_mut(id.attempt) else { return };
            let end = if attempt.fault == Some("answer_lost") { end.unseen() } else { end };
            let success = end.is_success();
            attempt.end = Some(end);
            if attempt.kind == AttemptKind::Scheduled {
                notice.attempt_ended(success, ladder);
            }
        });
        self.outbox.overtook(id);
    }

    /// Sends an order's notification of its payment once more, outside the ladder, as it is or tampered with.
    pub fn notify_now(
        &mut self,
        out_trade_no: &str,
        tamper: Option<Tamper>,
        ports: &mut Ports<'_>,
    ) -> Result<Delivery, ControlRefusal> {
        let newest = self.outbox.newest_of_trade.get(out_trade_no).copied();
        let none = || ControlRefusal::not_found("no notification for this out_trade_no");
        self.notify_again(newest.ok_or_else(none)?, tamper, ports)
    }

    /// Sends a refund's newest notification once more, outside the ladder, as it is or tampered with.
    pub fn notify_refund_now(
        &mut self,
        out_refund_no: &str,
        tamper: Option<Tamper>,
        ports: &mut Ports<'_>,
    ) -> Result<Delivery, ControlRefusal> {
        self.catch_up(ports);
        let newest = self.outbox.newest_of_refund.get(out_refund_no).copied();
        let none = || ControlRefusal::not_found("no notification for this out_refund_no");
        self.notify_again(newest.ok_or_else(none)?, tamper, ports)
    }

    fn notify_again(
        &mut self,
        number: u64,
        tamper: Option<Tamper>,
        ports: &mut Ports<'_>,
    ) -> Result<Delivery, ControlRefusal> {
        let unsignable = || ControlRefusal::broken("the notification could not be signed");
        let notice = self.outbox.notices.get(&number).ok_or_else(unsignable)?;
        if tamper == Some(Tamper::Replay) && notice.last_honest.is_none() {
            let why = "there was no honest attempt that could be replayed";
            return Err(ControlRefusal::conflict("nothing_to_replay", why));
        }
        if tamper.is_some_and(|lie| lie.falsify(&notice.resource).is_none()) {
            let why = "such a notification has nothing that could be tampered with so";
            return Err(ControlRefusal::bad_request(why));
        }
        let signature = match tamper {
            Some(Tamper::Signature) => SignatureFault::Corrupt,
            Some(Tamper::Probe) => SignatureFault::Probe,
            _ => SignatureFault::None,
        };
        let making = Making { kind: AttemptKind::Manual, signature, fault: None, tamper };
        self.make_attempt(number, making, ports).ok_or_else(unsignable)
    }
}
