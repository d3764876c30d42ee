//! What a step is about: at random, or aimed at refunds that it can be about and at amounts that lie at an edge.

use super::{Kind, Step};
use crate::OutRefundNo;
use crate::order::{LineQuantity, Order};
use crate::payment::{Payment, PaymentState};
use crate::refund::{Refund, RefundStatus};
use proptest::prelude::*;

/// How much.
#[derive(Clone, Copy, Debug)]
pub(super) enum Much {
    /// All that is left, without saying how much that is.
    All,
    /// All that is left.
    Rest,
    /// A fen less.
    RestButOne,
    /// A fen more.
    RestAndOne,
    /// A fen.
    One,
    /// A third of what was paid.
    Third,
    /// What was paid for a line.
    Line(usize),
    /// As much as the refund that was made last.
    AsLast,
    /// As much as the refund that it is about, or all that was paid.
    AsItWas,
}

impl Much {
    pub(super) fn any() -> impl Strategy<Value = Much> {
        prop_oneof![
            2 => Just(Much::All),
            3 => Just(Much::Rest),
            1 => Just(Much::RestButOne),
            1 => Just(Much::RestAndOne),
            1 => Just(Much::One),
            3 => Just(Much::Third),
            2 => (0_usize..3).prop_map(Much::Line),
            1 => Just(Much::AsLast),
            1 => Just(Much::AsItWas),
        ]
    }
}

/// Numbers that somebody else gives.
const ELSEWHERE: [&str; 3] = ["console-1", "console-2", "backend-1"];

impl Step {
    /// The refund that it is about; one that is not the order's, too.
    pub(super) fn about(&self, order: &Order) -> OutRefundNo {
        let other = ELSEWHERE[usize::from(self.variant) % ELSEWHERE.len()];
        let other = OutRefundNo::stated(other).unwrap();
        if let (Kind::Elsewhere(_), Some(_)) = (self.kind, self.aimed) {
            return self.lost(order).unwrap_or(other);
        }
        let newest = || order.refunds.iter().rev();
        let fitting: Vec<&Refund> = newest().filter(|refund| fits(self.kind, refund)).collect();
        let aimed = self.aimed.filter(|_| !fitting.is_empty());
        let known = match aimed {
            Some(_) => fitting.get(self.refund % fitting.len()).copied(),
            None => newest().nth(self.refund),
        };
        known.map_or(other, |refund| refund.out_refund_no.clone())
    }

    /// Sometimes a number of ours whose record may have been lost: the next replacement's, or that of an
    /// automatic refund.
    fn lost(&self, order: &Order) -> Option<OutRefundNo> {
        let payment = order.payments.iter().find(|payment| payment.no == self.payment)?;
        match self.variant % 5 {
            0 => {
                let first = order.refunds.iter().find(|refund| refund.payment_no == payment.no)?;
                Some(first.out_refund_no.replacement(payment.out_trade_no(), self.refund + 1))
            }
            1 => Some(OutRefundNo::of_surplus(payment.out_trade_no())),
            2 => {
                let name = format!("ask:{}", self.name);
                Some(OutRefundNo::of_request(payment.out_trade_no(), &name))
            }
            _ => None,
        }
    }

    /// The payment that a refund returns; else the first whose money the order could not take.
    pub(super) fn paid_by<'a>(&self, order: &'a Order, of: &OutRefundNo) -> Option<&'a Payment> {
        let no = order.refund(of).map(|refund| refund.payment_no);
        let is_surplus = |payment: &Payment| matches!(payment.state, PaymentState::Surplus { .. });
        order.payments.iter().find(|payment| no.map_or(is_surplus(payment), |no| payment.no == no))
    }

    /// How much of a payment it is about, in fen.
    pub(super) fn fen(&self, order: &Order, of: Option<&Payment>) -> i64 {
        let paid = of.and_then(Payment::receipt).map_or(0, |receipt| receipt.amount.get());
        let rest = of.map_or(0, |payment| paid - order.reserved(payment.no).get());
        match self.aimed.unwrap_or(Much::Rest) {
            Much::All | Much::Rest => rest,
            Much::RestButOne => rest - 1,
            Much::RestAndOne => rest + 1,
            Much::One => 1,
            Much::Third => paid / 3,
            Much::Line(nth) => {
                let line = order.lines.get(nth % order.lines.len().max(1));
                line.map_or(rest, |line| line.amount.get() - line.discount.get())
            }
            Much::AsLast => order.refunds.last().map_or(rest, |last| last.amount.get()),
            Much::AsItWas => {
                let it = order.refund(&self.about(order));
                it.map_or(paid, |refund| refund.amount.get())
            }
        }
    }

    /// Some of the goods that are left, or one too many.
    pub(super) fn goods_left(&self, order: &Order) -> Vec<LineQuantity> {
        let left = |line: &crate::order::OrderLine| {
            let kept = order.refunds.iter().filter(|refund| refund.reserves());
            let parts = kept.flat_map(|refund| &refund.lines);
            let gone = parts.filter(|part| part.line_no == line.line_no).map(|part| part.quantity);
            line.quantity - gone.sum::<u32>().min(line.quantity)
        };
        let goods = order.lines.iter().enumerate().map(|(nth, line)| {
            let quantity = match (usize::from(self.variant) >> nth) % 4 {
                0 => 0,
                1 => left(line).min(1),
                _ => left(line),
            };
            let more = u32::from(self.refund == 3 && self.name.is_multiple_of(8));
            LineQuantity { line_no: line.line_no, quantity: quantity + more }
        });
        goods.filter(|goods| goods.quantity > 0).collect()
    }
}

/// Whether such a thing can be about this refund.
fn fits(kind: Kind, refund: &Refund) -> bool {
    use RefundStatus::*;
    let status = refund.state.status();
    if let Kind::Approve | Kind::Decline | Kind::Withdraw = kind {
        status == AwaitingApproval
    } else if let Kind::Retry | Kind::RetryNaming = kind {
        matches!(status, Rejected | Closed)
    } else if let Kind::SettleOffline = kind {
        matches!(status, Abnormal | Rejected)
    } else if let Kind::Apply = kind {
        status == Abnormal
    } else if let Kind::ApplicationRefused = kind {
        refund.applied.is_some()
    } else if let Kind::Send | Kind::Rejects | Kind::Brings(_) | Kind::TakesNumber = kind {
        matches!(status, Requested | Sending | Unknown)
    } else if let Kind::CallRefused | Kind::CallUnknown | Kind::RefundNotExist | Kind::Taken = kind
    {
        matches!(status, Sending | Unknown)
    } else if let Kind::Said(_) = kind {
        matches!(status, Sending | Unknown | Processing | Abnormal)
    } else if let Kind::Otherwise(_) = kind {
        refund.refund_id().is_none() && status != SettledOffline
    } else if let Kind::Late(_) = kind {
        matches!(status, Rejected | Withdrawn | Declined | SettledOffline)
    } else {
        true
    }
}
