//! What a buyer is shown of an order: a status, a sentence, and when to ask again
//! (requirements S0.22–S0.24).
//!
//! Shows; decides nothing. That a client says "paid" changes a sentence here, never the order.

use crate::order::{CancelCause, Order, OrderStatus, PayerReport, PayerResult, PaymentStatus};
use crate::payment::{Payment, PaymentState};
use crate::{Fen, Timestamp};

/// How often a client asks while something is expected, in milliseconds.
pub const POLL_AFTER_MS: u32 = 1_000;
/// After how many seconds a client stops asking and says so.
pub const GIVE_UP_AFTER_S: u32 = 30;
/// What a client says when it stops asking.
pub const GIVE_UP_MESSAGE_ZH: &str = "订单生成较慢，请稍后从订单列表查看";

/// The same of an order that is being cancelled.
const CANCEL_GIVE_UP_MESSAGE_ZH: &str = "取消处理较慢，请稍后从订单列表查看";

/// What a buyer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// In one word.
    pub status: Shown,
    /// In one sentence.
    pub message_zh: &'static str,
    /// When to ask again; `None` when nothing is expected.
    pub poll_after_ms: Option<u32>,
}

/// The words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// The buyer may pay.
    AwaitingPayment,
    /// The buyer's client says that it was paid; WeChat Pay is being asked.
    Confirming,
    /// Being cancelled.
    Cancelling,
    /// Paid, and what comes after.
    Ready,
    /// Money is on its way back.
    Refunding,
    /// All of it is back.
    Refunded,
    /// Over without goods.
    Closed,
}

impl Presentation {
    /// What a client says when it stops asking; `None` when nothing is expected.
    #[must_use]
    pub fn give_up_message_zh(&self) -> Option<&'static str> {
        self.poll_after_ms?;
        match self.status {
            Shown::Cancelling => Some(CANCEL_GIVE_UP_MESSAGE_ZH),
            Shown::AwaitingPayment
            | Shown::Confirming
            | Shown::Ready
            | Shown::Refunding
            | Shown::Refunded
            | Shown::Closed => Some(GIVE_UP_MESSAGE_ZH),
        }
    }
}

impl Order {
    /// What a buyer is shown at `now`.
    #[must_use]
    pub fn present(&self, now: Timestamp) -> Presentation {
        let (status, message_zh) = match self.status {
            OrderStatus::PendingPayment => return self.present_unpaid(now),
            OrderStatus::Ready | OrderStatus::Shipped | OrderStatus::Delivered
                if self.awaits_cash() =>
            {
                return self.present_unpaid_at_the_door(now);
            }
            OrderStatus::Cancelling if self.settlement.is_some() => {
                (Shown::Refunding, "订单取消中，付款将原路退回")
            }
            OrderStatus::Cancelling => {
                let poll_after_ms = Some(POLL_AFTER_MS);
                let message_zh = "订单取消中，正在与微信支付核对";
                return Presentation { status: Shown::Cancelling, message_zh, poll_after_ms };
            }
            OrderStatus::Cancelled if self.is_all_paid_back() => {
                (Shown::Refunded, "订单已取消，付款已退回")
            }
            OrderStatus::Cancelled if !self.refunds.is_empty() => {
                (Shown::Refunding, "订单已取消，付款将原路退回")
            }
            OrderStatus::Cancelled => match self.cancel_cause {
                Some(CancelCause::Deadline) => (Shown::Closed, "订单超时未付款，已关闭"),
                Some(CancelCause::Refused) => (Shown::Closed, "买家拒收，订单已取消"),
                Some(CancelCause::Buyer | CancelCause::Operator) | None => {
                    (Shown::Closed, "订单已取消")
                }
            },
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Completed
                if self.payment_status() == PaymentStatus::Refunded =>
            {
                (Shown::Refunded, "付款已全部退回")
            }
            OrderStatus::Ready => (Shown::Ready, "付款成功，等待发货"),
            OrderStatus::Shipped => (Shown::Ready, "已发货"),
            OrderStatus::Delivered => (Shown::Ready, "已送达"),
            OrderStatus::Completed => (Shown::Ready, "订单已完成"),
        };
        Presentation { status, message_zh, poll_after_ms: None }
    }

    /// Cash on delivery: where it is; while an online payment of it is open, what is said of that.
    fn present_unpaid_at_the_door(&self, now: Timestamp) -> Presentation {
        if self.open_payment().is_some() {
            return self.present_unpaid(now);
        }
        if self.is_converting() {
            let message_zh = "正在与微信支付核对付款结果";
            let poll_after_ms = Some(POLL_AFTER_MS);
            return Presentation { status: Shown::Confirming, message_zh, poll_after_ms };
        }
        let message_zh = match self.status {
            OrderStatus::Shipped => "已发货，货到付款",
            OrderStatus::Delivered => "已送达，等待收款",
            OrderStatus::Ready
            | OrderStatus::PendingPayment
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled
            | OrderStatus::Completed => "货到付款，等待发货",
        };
        Presentation { status: Shown::Ready, message_zh, poll_after_ms: None }
    }

    fn present_unpaid(&self, now: Timestamp) -> Presentation {
        let poll = Some(POLL_AFTER_MS);
        let (status, message_zh, poll_after_ms) = if self.holds_surplus() {
            (Shown::Refunding, "收到的付款与订单不符，正在核实并退回", None)
        } else if let Some(PayerReport { result: PayerResult::Ok, at }) = self.payer_report {
            if now.seconds_since(at) < i64::from(GIVE_UP_AFTER_S) {
                (Shown::Confirming, "支付成功，订单生成中", poll)
            } else {
                (Shown::Confirming, GIVE_UP_MESSAGE_ZH, None)
            }
        } else {
            (Shown::AwaitingPayment, "等待付款", poll)
        };
        Presentation { status, message_zh, poll_after_ms }
    }

    /// Whether money came, and the payer has all of it back.
    fn is_all_paid_back(&self) -> bool {
        let mut paid =
            self.payments.iter().filter(|payment| payment.receipt().is_some()).peekable();
        paid.peek().is_some()
            && paid.all(|payment| {
                let received = payment.receipt().map_or(Fen::ZERO, |receipt| receipt.amount);
                self.paid_back(payment.no) >= received
            })
    }

    /// Whether money came that it could not take, and nothing else can be paid.
    fn holds_surplus(&self) -> bool {
        let surplus = |p: &Payment| matches!(p.state, PaymentState::Surplus { .. });
        self.open_payment().is_none() && self.payments.iter().any(surplus)
    }
}
