//! What a player sees of a store.

use domain::coupon::CouponHoldStatus;
use domain::order::{CancelCause, Order, PaymentMethod, Purpose, SettledBy};
use domain::refund::RefundKind;

/// One answer, load or row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// How a commit ended, without the words of what was rolled back.
    Commit(String),
    /// What else a port answered.
    Answer(&'static str, String),
    /// An order as it was loaded, every field of it.
    Order(Option<Box<Order>>),
    /// Nothing was asked: there is nothing to ask it of, or the domain refused.
    Nothing,
    /// A row.
    Row(String),
}

impl Seen {
    /// What kind of thing was seen.
    pub fn kind(&self) -> &'static str {
        match self {
            Seen::Commit(answer) => {
                const KINDS: [&str; 18] = [
                    "AlreadyCommitted",
                    "Committed",
                    "Conflict",
                    "RolledBack",
                    "Fenced",
                    "EffectTaken",
                    "RefundNumberTaken",
                    "NumberTaken",
                    "TransactionTaken",
                    "TooManyOpenOrders",
                    "ListTaken",
                    "PriceMoved",
                    "Stock",
                    "Balance",
                    "TransferTaken",
                    "CouponMoved",
                    "Coupon",
                    "OutcomeUnknown",
                ];
                KINDS.into_iter().find(|kind| answer.contains(kind)).unwrap_or("another answer")
            }
            Seen::Answer(of, _) => of,
            Seen::Order(_) => "load",
            Seen::Nothing => "nothing",
            Seen::Row(_) => "row",
        }
    }

    /// What of the shop an order that was loaded has been through.
    pub fn shows(&self) -> Vec<&'static str> {
        let Seen::Order(Some(order)) = self else { return Vec::new() };
        let settled = order.settlement.as_ref().map(|settlement| &settlement.by);
        let coupon = order.coupon.as_ref().map(|hold| hold.status);
        let is_placed_for_the_door = order.buyer.is_some() && order.pay_deadline.is_none();
        let by_lines = |refund: &&domain::refund::Refund| !refund.lines.is_empty();
        let refunds = &order.refunds;
        let all = [
            ("collected", matches!(settled, Some(SettledBy::Cash { .. }))),
            ("refused at the door", order.cancel_cause == Some(CancelCause::Refused)),
            ("converted", is_placed_for_the_door && order.payment_method == PaymentMethod::Wechat),
            ("from the wallet", matches!(settled, Some(SettledBy::Wallet { .. }))),
            ("recharged", order.purpose == Purpose::Recharge && settled.is_some()),
            ("coupon held", coupon == Some(CouponHoldStatus::Held)),
            ("coupon used", coupon == Some(CouponHoldStatus::Used)),
            ("coupon released", coupon == Some(CouponHoldStatus::Released)),
            ("coupon returned", coupon == Some(CouponHoldStatus::Returned)),
            ("asked by lines", refunds.iter().any(|refund| by_lines(&refund))),
            (
                "refunded by lines",
                refunds.iter().filter(by_lines).any(domain::refund::Refund::is_paid_back),
            ),
            ("goods back", order.holds.iter().any(|hold| hold.returned_quantity > 0)),
            (
                "paid back elsewhere",
                refunds.iter().any(|refund| refund.kind == RefundKind::External),
            ),
        ];
        all.into_iter().filter(|(_, is_so)| *is_so).map(|(what, _)| what).collect()
    }
}
