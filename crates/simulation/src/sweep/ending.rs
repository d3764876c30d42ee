//! How a run ended, in words that two runs share only if they ended alike, and whether its people
//! were told so.

use crate::node::Seen;
use domain::order::{Order, OrderStatus, SettledBy};
use domain::payment::{Channel, Payment, PaymentState, TradeType};
use domain::refund::{Refund, RefundStatus};

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Every order: where it stands and what became of its money, such as `ready, paid by jsapi`.
    pub words: String,
    /// How many payments there were, whatever became of them.
    pub payments: usize,
}

impl Ending {
    /// The end that these orders came to, so many payments of others, so many points spent and so many fen
    /// owed.
    #[must_use]
    pub fn of<'a>(
        orders: impl Iterator<Item = &'a Order>,
        foreign: usize,
        (spent, owed): (i64, i64),
    ) -> Ending {
        let mut ending = Ending::default();
        let mut words: Vec<String> = Vec::new();
        for order in orders {
            words.push(told(order));
            ending.payments = ending.payments.saturating_add(order.payments.len());
        }
        words.extend((0..foreign).map(|_| "foreign".to_owned()));
        words.extend((spent != 0).then(|| format!("{spent} points spent")));
        words.extend((owed != 0).then(|| format!("{owed} fen owed")));
        words.sort();
        ending.words = if words.is_empty() { "nothing".to_owned() } else { words.join(" + ") };
        ending
    }
}

/// Whether what an owner is shown of an order is what is so.
#[must_use]
pub(super) fn is_told(order: &Order, shown: &Seen) -> bool {
    shown.status == order.status && shown.paid == order.settlement.is_some()
}

fn told(order: &Order) -> String {
    let mut words = vec![status(order.status).to_owned()];
    if let Some(settlement) = &order.settlement {
        words.push(match settlement.by {
            SettledBy::Cash { .. } => "cash".to_owned(),
            SettledBy::Free => "free".to_owned(),
            SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => {
                let payment = order.payment_by_no(payment_no);
                format!("paid by {}", payment.map_or("nobody", trade_type))
            }
        });
    }
    let surplus = order.payments.iter().filter(|p| matches!(p.state, PaymentState::Surplus { .. }));
    words.extend(surplus.map(|payment| format!("{} surplus", trade_type(payment))));
    let mut refunds: Vec<String> = order.refunds.iter().map(|refund| back(order, refund)).collect();
    refunds.sort();
    words.extend(refunds);
    words.join(", ")
}

/// Money that goes back: how much of its payment, and how far it got.
fn back(order: &Order, refund: &Refund) -> String {
    let payment = order.payment_of(refund);
    let receipt = payment.and_then(Payment::receipt);
    let is_all = receipt.is_some_and(|receipt| receipt.amount == refund.amount);
    let state = match refund.state.status() {
        RefundStatus::AwaitingApproval => "waits for approval",
        RefundStatus::Declined => "declined",
        RefundStatus::Withdrawn => "withdrawn",
        RefundStatus::Requested => "requested",
        RefundStatus::Sending => "sending",
        RefundStatus::Unknown => "unknown",
        RefundStatus::Processing => "processing",
        RefundStatus::Succeeded => "is back",
        RefundStatus::Abnormal => "abnormal",
        RefundStatus::Closed => "closed",
        RefundStatus::Rejected => "rejected",
        RefundStatus::SettledOffline => "settled offline",
    };
    format!("{} {state}", if is_all { "all" } else { "part" })
}

/// Whether WeChat Pay, or a person, has said the last word about a refund.
#[must_use]
pub(super) fn is_over(refund: &Refund) -> bool {
    match refund.state.status() {
        RefundStatus::Requested
        | RefundStatus::Sending
        | RefundStatus::Unknown
        | RefundStatus::Processing => false,
        RefundStatus::AwaitingApproval
        | RefundStatus::Declined
        | RefundStatus::Withdrawn
        | RefundStatus::Succeeded
        | RefundStatus::Abnormal
        | RefundStatus::Closed
        | RefundStatus::Rejected
        | RefundStatus::SettledOffline => true,
    }
}

fn trade_type(payment: &Payment) -> &'static str {
    match payment.terms.channel {
        Channel::Wechat(TradeType::Jsapi) => "jsapi",
        Channel::Wechat(TradeType::Native) => "native",
        Channel::Wechat(TradeType::H5) => "h5",
        Channel::Wechat(TradeType::App) => "app",
        Channel::Wallet => "wallet",
    }
}

fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::PendingPayment => "waiting for payment",
        OrderStatus::Cancelling => "cancelling",
        OrderStatus::Cancelled => "cancelled",
        OrderStatus::Ready => "ready",
        OrderStatus::Shipped => "shipped",
        OrderStatus::Delivered => "delivered",
        OrderStatus::Completed => "completed",
    }
}
