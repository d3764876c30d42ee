//! Delivery and hurry: when they go back, and what keeps an order from being shipped meanwhile.
//!
//! The rule: fees go back only with what ends the order before it is shipped, which is whatever takes all
//! that is left of the payment. Of refunds by lines it is the one with which every piece goes back while the
//! others of them are accepted; where the last one was accepted without the fees, the rest follows it. What
//! takes all that is left makes the order `cancelling` at once, approved or not, and an order all of whose
//! pieces are asked back is not shipped: so that nobody gets goods, their money and the fees. An approval
//! and a retry ask again whether that is still so.

use super::ask::RestOf;
use super::lines::worth;
use crate::Fen;
use crate::order::{CancelCause, Circumstances, Event, Order, OrderStatus};
use crate::payment::Payment;
use crate::refund::{Asker, Refund, RefundedLine};

impl Order {
    /// What goes back for these parts: with the last goods of an order that is not shipped all that is
    /// left, delivery and hurry as well, because nothing is brought.
    pub(super) fn price_of(&self, payment: &Payment, parts: &[RefundedLine]) -> Fen {
        let goods = worth(parts);
        let ends = self.status == OrderStatus::Ready
            && self.are_all_goods(payment.no, Refund::is_accepted, parts);
        if ends { goods.max(self.rest_of(payment)) } else { goods }
    }

    /// Whether all goods of an order that is paid are back or asked back: nothing is left to be sent.
    pub(in crate::order) fn is_all_asked_back(&self) -> bool {
        let payment = self.settled_payment();
        payment.is_some_and(|payment| self.are_all_goods(payment.no, Refund::reserves, &[]))
    }

    fn is_all_accepted_back(&self) -> bool {
        let payment = self.settled_payment();
        payment.is_some_and(|payment| self.are_all_goods(payment.no, Refund::is_accepted, &[]))
    }

    /// Whether what was asked for would still be asked for: of an order that goes on or was shipped
    /// meanwhile, neither fees go back nor all that is left because it was to end.
    pub(super) fn still_stands(&self, refund: &Refund) -> bool {
        let settled = self.settled_payment();
        if settled.is_none_or(|settled| settled.no != refund.payment_no) {
            // Money that the order does not keep goes back, whatever becomes of its goods.
            return true;
        }
        if !refund.lines.is_empty() {
            return refund.amount <= worth(&refund.lines) || self.status == OrderStatus::Cancelling;
        }
        let payment = self.payment_of(refund);
        let rest = payment.map_or(Fen::ZERO, |payment| self.rest_of(payment));
        let is_all = if refund.reserves() { rest == Fen::ZERO } else { refund.amount >= rest };
        let is_of_before = self.shipments.iter().any(|sent| sent.at > refund.created_at);
        !(is_all && is_of_before)
    }

    /// Whether goods were sent for the first time that would have stayed here while a refund was going back: it had
    /// been given up by then, and nobody has asked for it since.
    pub(super) fn was_overtaken(&self, refund: &Refund) -> bool {
        let settled = self.settled_payment().is_some_and(|paid| paid.no == refund.payment_no);
        let sent = self.shipments.first().filter(|sent| settled && sent.at > refund.created_at);
        sent.is_some_and(|sent| {
            let mut then = self.clone();
            then.refunds.retain(|refund| refund.created_at < sent.at);
            then.is_all_reserved() || then.is_all_asked_back()
        })
    }

    /// When WeChat Pay has taken the last goods of an unshipped order back and the fees are left: the
    /// order ends, and they go back too.
    pub(in crate::order) fn fees_after(
        &self,
        events: &[Event],
        given: &Circumstances<'_>,
    ) -> Vec<Event> {
        let after = events.iter().fold(self.clone(), Order::apply);
        let is_over = !self.is_all_accepted_back() && after.is_all_accepted_back();
        let Some(payment) = after.settled_payment().filter(|_| {
            is_over && after.status == OrderStatus::Ready && after.refundable() != Fen::ZERO
        }) else {
            return Vec::new();
        };
        let goods = after.refunds_of(payment.no).filter(|refund| refund.is_accepted());
        let Some(last) = goods.filter(|refund| !refund.lines.is_empty()).last() else {
            return Vec::new();
        };
        let rest = RestOf { payment, asked_by: last.asked_by, actor: &last.actor };
        // What cannot be refunded any more is left to a person.
        let Ok(refund) = after.refund_of_rest(&rest, given) else { return vec![Event::FeesStuck] };
        let cause = match last.asked_by {
            Asker::Buyer => CancelCause::Buyer,
            Asker::Operator | Asker::Service | Asker::Paydesk => CancelCause::Operator,
        };
        let events = vec![Event::CancelRequested { cause }, Event::RefundRequested(refund)];
        after.with_what_follows(events, given.now)
    }
}
