//! What has been refunded of one payment, and how much a further refund gives back.
//!
//! MAY NOT walk through the refunds: the sums are kept, so that a call costs the same after fifty of them.

use time::OffsetDateTime;

use crate::core::refund::RefundMoney;

/// What has been refunded of one payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundTally {
    /// The `out_refund_no`s of its refunds in the order in which they were accepted, those that were closed included.
    pub numbers: Vec<String>,
    /// All that was accepted and not closed, in fen.
    pub requested_fen: i64,
    /// What the buyer gets of that, in fen.
    pub payer_requested_fen: i64,
    /// All that has arrived, in fen.
    pub refunded_fen: i64,
    /// When the first was accepted: the order says `REFUND` from then on.
    pub first_at: Option<OffsetDateTime>,
    /// When the newest was accepted.
    pub latest_at: Option<OffsetDateTime>,
}

/// A payment as far as its refunds care, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refundable {
    /// The order.
    pub total_fen: i64,
    /// What the buyer paid of it.
    pub payer_total_fen: i64,
}

impl RefundTally {
    /// What can still be asked for, in fen.
    pub fn left_fen(&self, of: Refundable) -> i64 {
        of.total_fen.saturating_sub(self.requested_fen)
    }

    /// The amounts of a further refund. The buyer gets a share in proportion to what he paid, cut to the fen, and with the
    /// last of it all that is left of his.
    pub fn share(&self, of: Refundable, refund_fen: i64) -> RefundMoney {
        let asked = self.requested_fen.saturating_add(refund_fen);
        let share = i128::from(asked)
            .saturating_mul(i128::from(of.payer_total_fen))
            .checked_div(i128::from(of.total_fen))
            .and_then(|share| i64::try_from(share).ok())
            .unwrap_or(0);
        let payer_refund_fen =
            share.saturating_sub(self.payer_requested_fen).clamp(0, refund_fen.max(0));
        RefundMoney {
            total_fen: of.total_fen,
            payer_total_fen: of.payer_total_fen,
            refund_fen,
            payer_refund_fen,
        }
    }

    /// One was accepted.
    pub fn accepted(&mut self, number: &str, money: RefundMoney, at: OffsetDateTime) {
        self.numbers.push(number.to_owned());
        self.requested_fen = self.requested_fen.saturating_add(money.refund_fen);
        self.payer_requested_fen = self.payer_requested_fen.saturating_add(money.payer_refund_fen);
        self.first_at = self.first_at.or(Some(at));
        self.latest_at = Some(at);
    }

    /// One has arrived.
    pub fn succeeded(&mut self, money: RefundMoney) {
        self.refunded_fen = self.refunded_fen.saturating_add(money.refund_fen);
    }

    /// One was closed: its amount can be asked for again.
    pub fn closed(&mut self, money: RefundMoney) {
        self.requested_fen = self.requested_fen.saturating_sub(money.refund_fen);
        self.payer_requested_fen = self.payer_requested_fen.saturating_sub(money.payer_refund_fen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const AT: OffsetDateTime = datetime!(2026-11-21 10:00:00 +8);

    #[test]
    fn shares_are_in_proportion_and_add_up_to_what_was_paid() {
        for (total_fen, payer_total_fen, parts) in [
            (100, 70, vec![50, 50]),
            (100, 99, vec![1, 33, 33, 33]),
            (3, 1, vec![1, 1, 1]),
            (100, 100, vec![1, 99]),
            (i64::MAX, i64::MAX - 1, vec![i64::MAX - 10, 10]),
        ] {
            let of = Refundable { total_fen, payer_total_fen };
            let mut tally = RefundTally::default();
            let mut back = 0_i64;
            for part in parts {
                let money = tally.share(of, part);
                assert!((0..=part).contains(&money.payer_refund_fen), "{money:?}");
                back += money.payer_refund_fen;
                tally.accepted("R", money, AT);
            }
            assert_eq!((back, tally.left_fen(of)), (payer_total_fen, 0));
        }
    }

    #[test]
    fn a_closed_one_gives_its_amount_free_and_stays_counted() {
        let of = Refundable { total_fen: 100, payer_total_fen: 70 };
        let mut tally = RefundTally::default();
        let money = tally.share(of, 100);
        tally.accepted("R1", money, AT);
        tally.closed(money);
        assert_eq!((tally.left_fen(of), tally.payer_requested_fen), (100, 0));
        assert_eq!((tally.numbers.len(), tally.first_at), (1, Some(AT)));
    }
}
