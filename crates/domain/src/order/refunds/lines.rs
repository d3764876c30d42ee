//! Refunds by lines: what was paid for goods, and goods that come back when the payer has the money.
//!
//! A line's parts are cut so that all of them together are exactly what was paid for it, in whatever
//! order they are asked for and whichever of them come to nothing; one that is tried again is cut anew.
//! Of a refund that was made elsewhere, or whose record was lost, the goods are not known: none come
//! back by themselves, and a person is told (`changeset/cases.rs`).
//! Where fees go back is in `fees.rs`.

use crate::order::{Event, LineQuantity, Order, OrderLine, Rejection, StockOutcome};
use crate::payment::PaymentNo;
use crate::refund::{Refund, RefundState, RefundedLine};
use crate::stock::HoldStatus;
use crate::{Fen, OutRefundNo};

/// What of a line is refunded, or on its way.
#[derive(Clone, Copy, Default)]
struct Gone {
    quantity: u32,
    amount: Fen,
}

impl Order {
    /// What was paid for each of these goods, of what is left of their lines.
    pub(super) fn parts_of(
        &self,
        payment: PaymentNo,
        wanted: &[LineQuantity],
    ) -> Result<Vec<RefundedLine>, Rejection> {
        let mut parts: Vec<RefundedLine> = Vec::new();
        for LineQuantity { line_no, quantity } in wanted {
            let known = parts.iter().any(|part| part.line_no == *line_no);
            let line = self.lines.iter().find(|line| line.line_no == *line_no);
            let line = line.filter(|_| !known && *quantity > 0);
            let line = line.ok_or(Rejection::LineUnknown(*line_no))?;
            let gone = self.gone(payment, *line_no);
            let all = gone.quantity.checked_add(*quantity).filter(|all| *all <= line.quantity);
            let all = all.ok_or(Rejection::RefundExceedsPaid)?;
            let payable = line.amount.minus(line.discount).unwrap_or(Fen::ZERO);
            let amount = share(payable, all, line.quantity).minus(gone.amount);
            let amount = amount.unwrap_or(Fen::ZERO).max(Fen::ZERO);
            parts.push(RefundedLine { line_no: *line_no, quantity: *quantity, amount });
        }
        Ok(parts)
    }

    /// A refund that came to nothing, as it would be asked for now: others may have gone before it since,
    /// or the order was shipped.
    pub(super) fn cut_anew(&self, refund: Refund) -> Result<Refund, Rejection> {
        let payment = self.payment_of(&refund);
        let Some(payment) = payment.filter(|_| !refund.lines.is_empty()) else { return Ok(refund) };
        let of =
            |part: &RefundedLine| LineQuantity { line_no: part.line_no, quantity: part.quantity };
        let wanted: Vec<LineQuantity> = refund.lines.iter().map(of).collect();
        let lines = self.parts_of(payment.no, &wanted)?;
        let amount = self.price_of(payment, &lines);
        Ok(Refund { lines, amount, ..refund })
    }

    /// Whether the goods of a refund that came to nothing are still there to be refunded.
    pub(super) fn has_lines_left(&self, refund: &Refund) -> bool {
        refund.lines.iter().all(|part| self.is_left(refund.payment_no, part))
    }

    /// The goods of a refund that no other one has.
    pub(super) fn lines_left_of(&self, refund: &Refund) -> Vec<RefundedLine> {
        let parts = refund.lines.iter();
        parts.filter_map(|part| self.what_is_left_of(refund.payment_no, part)).collect()
    }

    /// As many of these goods as no other refund has, and what of their money.
    fn what_is_left_of(&self, payment: PaymentNo, part: &RefundedLine) -> Option<RefundedLine> {
        let line = self.lines.iter().find(|line| line.line_no == part.line_no)?;
        let gone = self.gone(payment, part.line_no);
        let quantity = line.quantity.checked_sub(gone.quantity)?.min(part.quantity);
        let payable = line.amount.minus(line.discount)?.minus(gone.amount)?;
        let amount = share(part.amount, quantity, part.quantity).min(payable);
        let is_some = quantity > 0 && amount >= Fen::ZERO;
        is_some.then_some(RefundedLine { quantity, amount, ..*part })
    }

    /// Whether no other refund has these goods, or what was paid for them.
    pub(super) fn is_left(&self, payment: PaymentNo, part: &RefundedLine) -> bool {
        let gone = self.gone(payment, part.line_no);
        let line = self.lines.iter().find(|line| line.line_no == part.line_no);
        line.is_some_and(|line| {
            let quantity = gone.quantity.checked_add(part.quantity);
            let payable = line.amount.minus(line.discount).unwrap_or(Fen::ZERO);
            quantity.is_some_and(|quantity| quantity <= line.quantity)
                && gone.amount.plus(part.amount).is_some_and(|amount| amount <= payable)
        })
    }

    /// How many pieces of the order are sold and not back.
    pub(in crate::order) fn pieces_out(&self) -> u32 {
        let sold = self.holds.iter().filter(|hold| hold.status == HoldStatus::Committed);
        let out = sold.map(|hold| hold.quantity.saturating_sub(hold.returned_quantity));
        out.fold(0, u32::saturating_add)
    }

    fn gone(&self, payment: PaymentNo, line_no: u16) -> Gone {
        self.gone_by(payment, line_no, Refund::reserves)
    }

    /// Whether every piece of the order is in one of these refunds, or among `parts`.
    pub(super) fn are_all_goods(
        &self,
        payment: PaymentNo,
        of: fn(&Refund) -> bool,
        parts: &[RefundedLine],
    ) -> bool {
        let covered = |line: &OrderLine| {
            let now = parts.iter().filter(|part| part.line_no == line.line_no);
            let now = now.fold(0, |sum: u32, part| sum.saturating_add(part.quantity));
            let gone = self.gone_by(payment, line.line_no, of).quantity;
            gone.saturating_add(now) >= line.quantity
        };
        !self.lines.is_empty() && self.lines.iter().all(covered)
    }

    fn gone_by(&self, payment: PaymentNo, line_no: u16, of: fn(&Refund) -> bool) -> Gone {
        let refunds = || self.refunds_of(payment).filter(|refund| of(refund));
        let parts = refunds().map(|refund| parts_in(&refund.lines, line_no));
        let gone = parts.fold(Gone::default(), Gone::and);
        // Somebody has their money: they are neither sent nor asked back again by themselves.
        let lost = refunds().map(|refund| lost(refund, line_no)).fold(Gone::default(), Gone::and);
        let Some(line) = self.lines.iter().find(|line| line.line_no == line_no) else {
            return gone;
        };
        let payable = line.amount.minus(line.discount).unwrap_or(Fen::ZERO);
        let all = gone.and(lost);
        Gone {
            quantity: all.quantity.min(line.quantity).max(gone.quantity),
            amount: all.amount.min(payable).max(gone.amount),
        }
    }

    /// What comes back to the shelf when `events` happen: the goods of every refund whose money the
    /// payer has from now on, as far as the order's end has not brought them back.
    pub(in crate::order) fn goods_after(
        &self,
        events: &[Event],
        stock: StockOutcome,
    ) -> Vec<Event> {
        let mut after = events.iter().fold(self.clone(), Order::apply);
        let mut returned = Vec::new();
        for number in events.iter().filter_map(paid_back) {
            let Some(refund) = after.refund(number).filter(|refund| !refund.lines.is_empty())
            else {
                continue;
            };
            let parts = refund.lines.iter();
            let lines: Vec<(u16, u32)> = parts
                .map(|part| (part.line_no, part.quantity.min(after.still_out(part.line_no))))
                .filter(|(_, quantity)| *quantity > 0)
                .collect();
            if lines.is_empty() {
                continue;
            }
            let event = Event::GoodsReturned { out_refund_no: number.clone(), lines, stock };
            after = after.apply(&event);
            returned.push(event);
        }
        returned
    }

    /// How many of a line were sold and are not back.
    fn still_out(&self, line_no: u16) -> u32 {
        let sold = |hold: &&crate::stock::Hold| {
            hold.line_no == line_no && hold.status == HoldStatus::Committed
        };
        let hold = self.holds.iter().find(sold);
        hold.map_or(0, |hold| hold.quantity.saturating_sub(hold.returned_quantity))
    }
}

impl Gone {
    fn and(self, other: Gone) -> Gone {
        Gone {
            quantity: self.quantity.saturating_add(other.quantity),
            amount: self.amount.plus(other.amount).unwrap_or(Fen::LIMIT),
        }
    }
}

fn parts_in(parts: &[RefundedLine], line_no: u16) -> Gone {
    let of_it = parts.iter().filter(|part| part.line_no == line_no);
    of_it
        .map(|part| Gone { quantity: part.quantity, amount: part.amount })
        .fold(Gone::default(), Gone::and)
}

/// What a refund was for, of a line, and is not counted with.
fn lost(refund: &Refund, line_no: u16) -> Gone {
    let Some(asked) = &refund.asked else { return Gone::default() };
    let (asked, is) = (parts_in(&asked.lines, line_no), parts_in(&refund.lines, line_no));
    let quantity = asked.quantity.saturating_sub(is.quantity);
    if quantity == 0 {
        // The fen by which a part differs is left to the others of its line.
        return Gone::default();
    }
    Gone { quantity, amount: asked.amount.minus(is.amount).unwrap_or(Fen::ZERO).max(Fen::ZERO) }
}

/// What was paid for these goods.
pub(super) fn worth(parts: &[RefundedLine]) -> Fen {
    Fen::sum(parts.iter().map(|part| part.amount)).unwrap_or(Fen::LIMIT)
}

/// The refund whose payer has the money by this.
fn paid_back(event: &Event) -> Option<&OutRefundNo> {
    let Event::RefundMoved { out_refund_no, to, .. } = event else { return None };
    let is_back = matches!(to, RefundState::Succeeded { .. } | RefundState::SettledOffline { .. });
    is_back.then_some(out_refund_no)
}

/// `count` of `all` parts of an amount, rounded down; all of them are all of it.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "an i64 times a u32 fits an i128; `all` is above zero"
)]
fn share(amount: Fen, count: u32, all: u32) -> Fen {
    let exact = i128::from(amount.get()) * i128::from(count) / i128::from(all.max(1));
    Fen::new(i64::try_from(exact).unwrap_or(0))
}
