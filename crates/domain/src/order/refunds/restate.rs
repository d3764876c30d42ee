//! Refunds of ours that are at WeChat Pay otherwise than we have them, or although we had given them up: asked for in
//! commits that are lost and again since, when goods were worth something else; under way for longer than they were
//! waited for.
//!
//! The first that WeChat Pay says of our own number is what it is. What is not sent gives way to it, and a person is
//! told (`changeset/cases.rs`). Only money can be in its way, never goods: where others have those, it is for an
//! amount. Why the number is not made of the amount: docs/adr/0021-restated-refunds.md.

use super::lines::worth;
use crate::fact::RefundStatement;
use crate::order::{Event, Order};
use crate::payment::Payment;
use crate::refund::{Refund, RefundKind, RefundState, RefundedLine};
use crate::{Fen, OutRefundNo, Timestamp};

impl Order {
    /// What has to happen so that a refund can be what WeChat Pay says it is; nothing when it is that already.
    /// `None` where others have its money.
    pub(super) fn room_for(
        &self,
        refund: &Refund,
        payment: &Payment,
        said: &RefundStatement,
        now: Timestamp,
    ) -> Option<Vec<Event>> {
        if refund.reserves() && refund.amount == said.amount {
            return Some(Vec::new());
        }
        let mut without = self.clone().apply(&gives_way(&refund.out_refund_no, now));
        let mut events = Vec::new();
        let is_another = |other: &&Refund| other.out_refund_no != refund.out_refund_no;
        for other in self.unsent_of(payment).filter(is_another) {
            let is_heir = self.stands_in_for(&other.out_refund_no, refund)
                // It is what the others of its chain did not bring.
                || (other.kind == RefundKind::Requested && self.last_word(payment).is_some());
            let has = |part: &RefundedLine| other.lines.iter().any(|of| of.line_no == part.line_no);
            let is_lacking = |part: &RefundedLine| !without.is_left(refund.payment_no, part);
            // What was asked for goods of it meanwhile is wanted beside it as long as there are enough of them.
            if is_heir || refund.lines.iter().any(|part| has(part) && is_lacking(part)) {
                let event = gives_way(&other.out_refund_no, now);
                without = without.apply(&event);
                events.push(event);
            }
        }
        // For ever beside what was paid back by bank: as much of it counts as there is room for.
        let most = self.beside_the_bank(refund, payment);
        let amount = most.map_or(said.amount, |most| said.amount.min(most));
        let more = without.make_room(payment, amount, now)?;
        without = more.iter().fold(without, Order::apply);
        events.extend(more);
        let lines = without.lines_as_stated(refund, amount);
        if (said.amount, amount, &lines) != (refund.amount, refund.amount, &refund.lines) {
            let out_refund_no = refund.out_refund_no.clone();
            let stated = said.amount;
            events.push(Event::RefundRestated { out_refund_no, stated, amount, lines });
        }
        Some(events)
    }

    /// How much of a payment there can ever be for a refund of which somebody has paid back by bank, in fen; `None`
    /// where nobody has, or nothing is left.
    fn beside_the_bank(&self, refund: &Refund, payment: &Payment) -> Option<Fen> {
        let others = || {
            self.refunds.iter().filter(|other| {
                other.payment_no == payment.no
                    && other.out_refund_no != refund.out_refund_no
                    && other.is_paid_back()
            })
        };
        let by_bank = |other: &Refund| matches!(other.state, RefundState::SettledOffline { .. });
        let back = Fen::sum(others().map(|other| other.amount))?;
        let left = payment.receipt()?.amount.minus(back)?;
        (others().any(by_bank) && left >= Fen::new(1)).then_some(left)
    }

    /// The goods of a refund of `amount` that this order is without, as far as no other has them. Their worth is what
    /// the amount says, to the fen by which it depends on the order of asking; what is more are fees. Of less money
    /// than they are worth they are not the goods.
    fn lines_as_stated(&self, refund: &Refund, amount: Fen) -> Vec<RefundedLine> {
        let mut lines = self.lines_left_of(refund);
        let is_whole = lines == refund.lines;
        // What was asked for beside the goods, such as fees, is where the first difference is.
        let is_of_goods = is_whole && refund.amount == worth(&refund.lines);
        for index in 0..lines.len() {
            let difference = amount.minus(worth(&lines)).unwrap_or(Fen::ZERO);
            let step = difference.min(Fen::new(1)).max(Fen::new(-1));
            if step == Fen::ZERO || (step > Fen::ZERO && !is_of_goods) {
                break;
            }
            let Some(part) = lines.get_mut(index) else { break };
            let moved = part.amount.plus(step).unwrap_or(part.amount);
            let moved = RefundedLine { amount: moved, ..*part };
            if moved.amount >= Fen::new(1) && self.is_left(refund.payment_no, &moved) {
                *part = moved;
            }
        }
        if worth(&lines) > amount { Vec::new() } else { lines }
    }
}

/// What is not sent goes no more.
pub(super) fn gives_way(number: &OutRefundNo, now: Timestamp) -> Event {
    Event::RefundMoved { out_refund_no: number.clone(), to: RefundState::Withdrawn, at: now }
}
