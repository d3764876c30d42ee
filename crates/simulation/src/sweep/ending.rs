//! How a run ended, in words that two runs share only if they ended alike, and whether its people
//! were told so.

use crate::node::Seen;
use domain::order::{Order, OrderStatus, SettledBy};
use domain::payment::{Payment, PaymentState, TradeType};

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Every order: where it stands and what became of its money, such as `ready, paid by jsapi`.
    pub words: String,
    /// How many payments there were, whatever became of them.
    pub payments: usize,
}

impl Ending {
    /// The end that these orders came to.
    #[must_use]
    pub fn of<'a>(orders: impl Iterator<Item = &'a Order>) -> Ending {
        let mut ending = Ending::default();
        let mut words: Vec<String> = Vec::new();
        for order in orders {
            words.push(told(order));
            ending.payments = ending.payments.saturating_add(order.payments.len());
        }
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
            SettledBy::Free => "free".to_owned(),
            SettledBy::Wechat { payment_no } => {
                let payment = order.payments.iter().find(|payment| payment.no == payment_no);
                format!("paid by {}", payment.map_or("nobody", trade_type))
            }
        });
    }
    let surplus =
        order.payments.iter().filter(|p| matches!(p.state, PaymentState::Surplus { .. }));
    words.extend(surplus.map(|payment| format!("{} surplus", trade_type(payment))));
    words.join(", ")
}

fn trade_type(payment: &Payment) -> &'static str {
    match payment.terms.trade_type {
        TradeType::Jsapi => "jsapi",
        TradeType::Native => "native",
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
