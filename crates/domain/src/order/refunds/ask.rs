//! Beginning a refund: the amount is reserved in the commit that makes it owed.

use crate::fact::Receipt;
use crate::order::{CancelCause, Circumstances, Decision, Event, Order, OrderStatus, Purpose};
use crate::order::{RefundAsk, RefundOf, Rejection};
use crate::payment::{Payment, PaymentNo};
use crate::refund::{Asker, REFUNDABLE_S, Refund, RefundKind, RefundState};
use crate::{Fen, OutRefundNo, Timestamp};

/// Who asks for what nobody asked for.
pub(super) const BY_ITSELF: &str = "paydesk";
/// What the payer reads of money that goes back by itself.
pub(super) const SURPLUS_REASON: &str = "订单无法接受该笔付款，自动退款";
/// What the payer reads of the money of an order that is cancelled.
pub(super) const CANCEL_REASON: &str = "订单取消";

impl Order {
    pub(in crate::order) fn ask_refund(
        &self,
        ask: &RefundAsk,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let payment = self.settled_payment().ok_or(Rejection::NotRefundable)?;
        let receipt = payment.receipt().ok_or(Rejection::NotRefundable)?;
        let by_operator = matches!(ask.by, Asker::Operator | Asker::Paydesk);
        if self.purpose == Purpose::Recharge && !by_operator {
            return Err(Rejection::NotRefundable);
        }
        let derived = || OutRefundNo::of_request(payment.out_trade_no(), given.name);
        let out_refund_no = ask.out_refund_no.clone().unwrap_or_else(derived);
        if let Some(known) = self.refund(&out_refund_no) {
            // One that was imported under the number of this very request is it: its record was lost.
            let same = is_of(known, &ask.what) && known.payment_no == payment.no;
            return if same {
                Ok(Decision::AlreadyApplied)
            } else {
                Err(Rejection::RefundNumberTaken(out_refund_no))
            };
        }
        if ask.out_refund_no.as_ref().is_some_and(OutRefundNo::is_of_our_shape) {
            return Err(Rejection::RefundNumberTaken(out_refund_no));
        }
        if is_overdue(payment, receipt, given.now) {
            return Err(Rejection::NotRefundable);
        }
        let rest = self.rest_of(payment);
        let lines = match &ask.what {
            RefundOf::Rest | RefundOf::Amount(_) => Vec::new(),
            RefundOf::Lines(wanted) => self.parts_of(payment.no, wanted)?,
        };
        let amount = match &ask.what {
            RefundOf::Rest => rest,
            RefundOf::Amount(amount) => *amount,
            RefundOf::Lines(_) => self.price_of(payment, &lines),
        };
        if amount < Fen::new(1) || amount > rest {
            return Err(Rejection::RefundExceedsPaid);
        }
        if self.has_all_refunds(payment.no) {
            return Err(Rejection::TooManyRefunds);
        }
        let waits = match ask.by {
            Asker::Buyer => self.status != OrderStatus::Ready,
            // In parts it is the same money.
            Asker::Operator => self.needs_another(payment.no, amount, given),
            Asker::Service | Asker::Paydesk => false,
        };
        let refund = Refund {
            out_refund_no,
            payment_no: payment.no,
            amount,
            lines,
            reason: ask.reason.clone(),
            kind: RefundKind::Requested,
            asked_by: ask.by,
            actor: given.actor.to_owned(),
            replaces: None,
            state: if waits { RefundState::AwaitingApproval } else { RefundState::Requested },
            sent_at: None,
            asked: None,
            owed: None,
            applied: None,
            created_at: given.now,
        };
        let events = vec![Event::RefundRequested(refund)];
        Ok(Decision::Record(self.with_what_follows(events, given.now)))
    }

    /// Whether one operator alone may not give so much more of a payment back.
    pub(super) fn needs_another(
        &self,
        no: PaymentNo,
        more: Fen,
        given: &Circumstances<'_>,
    ) -> bool {
        let sum = self.asked_by_operators(no).plus(more);
        sum.is_none_or(|sum| sum > given.approval_above)
    }

    /// What operators have asked back of a payment and others have not refused, in fen.
    fn asked_by_operators(&self, no: PaymentNo) -> Fen {
        let theirs = self.refunds.iter().filter(|refund| {
            refund.payment_no == no && refund.asked_by == Asker::Operator && refund.reserves()
        });
        Fen::sum(theirs.map(|refund| refund.amount)).unwrap_or(Fen::LIMIT)
    }

    /// A buyer may cancel alone while nothing is shipped: an operator's cancellation that waits for
    /// another person waits no longer.
    pub(in crate::order) fn cancel_with_the_buyer(&self, now: Timestamp) -> Decision {
        let waiting = |refund: &&Refund| {
            refund.asked_by == Asker::Operator
                && matches!(refund.state, RefundState::AwaitingApproval)
        };
        let waiting = self.refunds.iter().filter(waiting);
        let approved = waiting.map(|refund| Event::RefundMoved {
            out_refund_no: refund.out_refund_no.clone(),
            to: RefundState::Requested,
            at: now,
        });
        let approved: Vec<Event> = approved.collect();
        if approved.is_empty() {
            return Decision::AlreadyApplied;
        }
        Decision::Record(self.with_what_follows(approved, now))
    }

    /// Cancelling what was paid and not shipped: all of it goes back first.
    pub(in crate::order) fn cancel_paid(
        &self,
        cause: CancelCause,
        given: &Circumstances<'_>,
    ) -> Result<Decision, Rejection> {
        let asked_by = match cause {
            CancelCause::Buyer => Asker::Buyer,
            CancelCause::Operator => Asker::Operator,
            CancelCause::Deadline | CancelCause::Refused => return Err(Rejection::NotCancellable),
        };
        let mut events = vec![Event::CancelRequested { cause }];
        if let Some(payment) = self.settled_payment() {
            // Who waited for a part of it gets all of it.
            let waiting = self.refunds.iter().filter(|refund| refund.payment_no == payment.no);
            let waiting =
                waiting.filter(|refund| matches!(refund.state, RefundState::AwaitingApproval));
            events.extend(waiting.map(|refund| Event::RefundMoved {
                out_refund_no: refund.out_refund_no.clone(),
                to: RefundState::Withdrawn,
                at: given.now,
            }));
            let freed = events.iter().fold(self.clone(), Order::apply);
            let rest = freed.rest_of(payment);
            if rest > Fen::ZERO {
                let rest = RestOf { payment, asked_by, actor: given.actor };
                events.push(Event::RefundRequested(freed.refund_of_rest(&rest, given)?));
            }
        }
        Ok(Decision::Record(self.with_what_follows(events, given.now)))
    }

    /// The refund of all that is left of a payment, with which its order ends.
    pub(super) fn refund_of_rest(
        &self,
        of: &RestOf<'_>,
        given: &Circumstances<'_>,
    ) -> Result<Refund, Rejection> {
        let RestOf { payment, asked_by, actor } = *of;
        let rest = self.rest_of(payment);
        let receipt = payment.receipt();
        if receipt.is_none_or(|receipt| is_overdue(payment, receipt, given.now))
            || self.has_all_refunds(payment.no)
        {
            return Err(Rejection::NotCancellable);
        }
        let waits = asked_by == Asker::Operator && self.needs_another(payment.no, rest, given);
        // After a refund that came to nothing it is another intention; and of another amount
        // it is another refund, also beside one that was lost with the database.
        let free = self.free_refund_no(self.refunds.len(), |count| {
            let name = format!("cancel:{count}:{}", rest.get());
            OutRefundNo::of_request(payment.out_trade_no(), &name)
        });
        Ok(Refund {
            out_refund_no: free.ok_or(Rejection::TooManyRefunds)?,
            payment_no: payment.no,
            amount: rest,
            lines: Vec::new(),
            reason: CANCEL_REASON.to_owned(),
            kind: RefundKind::Requested,
            asked_by,
            actor: actor.to_owned(),
            replaces: None,
            state: if waits { RefundState::AwaitingApproval } else { RefundState::Requested },
            sent_at: None,
            asked: None,
            owed: None,
            applied: None,
            created_at: given.now,
        })
    }
}

/// Whether WeChat Pay would not refund it any more. What a wallet paid goes back into it at any time: it is
/// our own ledger.
fn is_overdue(payment: &Payment, receipt: &Receipt, now: Timestamp) -> bool {
    !payment.is_from_wallet() && receipt.success_at.plus_seconds(REFUNDABLE_S) <= now
}

/// Of which payment the rest goes back, and who wants that.
#[derive(Clone, Copy)]
pub(super) struct RestOf<'a> {
    pub(super) payment: &'a Payment,
    pub(super) asked_by: Asker,
    pub(super) actor: &'a str,
}

/// Whether a refund that is known is what is asked for, whatever WeChat Pay has under its number. One whose record was
/// lost has no lines.
fn is_of(known: &Refund, what: &RefundOf) -> bool {
    let asked = known.as_asked();
    match what {
        RefundOf::Rest => true,
        RefundOf::Amount(amount) => *amount == asked.amount || *amount == known.amount,
        RefundOf::Lines(wanted) => {
            let lines = asked.lines.iter().map(|part| (part.line_no, part.quantity));
            known.kind == RefundKind::External
                || lines.eq(wanted.iter().map(|line| (line.line_no, line.quantity)))
        }
    }
}

/// The one automatic refund of money that its order cannot take.
pub(in crate::order) fn surplus_refund(
    payment: &Payment,
    receipt: &Receipt,
    state: RefundState,
    now: Timestamp,
) -> Refund {
    Refund {
        out_refund_no: OutRefundNo::of_surplus(payment.out_trade_no()),
        payment_no: payment.no,
        amount: receipt.amount,
        lines: Vec::new(),
        reason: SURPLUS_REASON.to_owned(),
        kind: RefundKind::Surplus,
        asked_by: Asker::Paydesk,
        actor: BY_ITSELF.to_owned(),
        replaces: None,
        state,
        sent_at: None,
        asked: None,
        owed: None,
        applied: None,
        created_at: now,
    }
}
