//! Ground truth for tests: what was truly ordered, paid, said and answered.
//!
//! MAY NOT change anything, but for closing by age what is overdue. Field names are ours (`*_fen`, RFC 3339), because
//! this is not WeChat Pay's API.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::core::WeChatPay;
use crate::core::notice::{Attempt, AttemptEnd, AttemptId, Notice, Schedule};
use crate::core::refund::Refund;
use crate::core::trade::{ClosedBy, Payment, Trade, TradeState};
use crate::core::wire_time::beijing;

/// Why a `_sandbox` call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ControlRefusal {
    /// HTTP status.
    pub status: u16,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl ControlRefusal {
    /// 403 with its own code.
    pub fn forbidden(code: &'static str, message: &str) -> Self {
        Self { status: 403, code, message: message.to_owned() }
    }

    /// 404.
    pub fn not_found(message: &str) -> Self {
        Self { status: 404, code: "not_found", message: message.to_owned() }
    }

    /// 400.
    pub fn bad_request(message: &str) -> Self {
        Self { status: 400, code: "bad_request", message: message.to_owned() }
    }

    /// 409 with its own code.
    pub fn conflict(code: &'static str, message: &str) -> Self {
        Self { status: 409, code, message: message.to_owned() }
    }

    /// 500.
    pub fn broken(message: &str) -> Self {
        Self { status: 500, code: "broken", message: message.to_owned() }
    }
}

impl WeChatPay {
    /// Everything that happened.
    pub fn ledger(&mut self, now: OffsetDateTime) -> Value {
        for trade in self.trades.values_mut() {
            trade.close_by_age(now);
        }
        json!({
            "now": beijing(now),
            "trades": self.trades.values().map(trade_view).collect::<Vec<_>>(),
            "refunds": self.refunds.iter().map(Refund::view).collect::<Vec<_>>(),
            "notifications":
                self.outbox.notices.values().map(notice_view).collect::<Vec<_>>(),
            "shipping": self.shipping_views(),
            "burned": self.burned,
            "postponed": self.postponed_view(),
            "calls": self.calls.counts_view(),
            "log": self.calls.newest_view(),
        })
    }

    /// One attempt as the ledger shows it, with its notification's id.
    pub fn attempt(&self, id: AttemptId) -> Option<Value> {
        let notice = self.outbox.notices.get(&id.notice)?;
        let mut view = attempt_view(notice.attempts.get(id.attempt)?);
        let members = view.as_object_mut()?;
        members.insert("notification_id".to_owned(), json!(notice.id));
        Some(view)
    }
}

/// An order as `pay` and the ledger show it.
pub fn trade_view(trade: &Trade) -> Value {
    let form = &trade.form;
    let (payment, closed) = match &trade.state {
        TradeState::NotPay => (None, None),
        TradeState::Success(payment) => (Some(payment), None),
        TradeState::Closed { at, by } => (None, Some((*at, *by))),
    };
    json!({
        "out_trade_no": form.out_trade_no,
        "trade_type": trade.trade_type,
        "trade_state": trade.state_name(),
        "appid": form.appid,
        "mchid": form.mchid,
        "description": form.description,
        "attach": form.attach,
        "notify_url": form.notify_url,
        "total_fen": form.total_fen,
        "prepay": trade.handle.value,
        "prepay_openid": form.openid,
        "created_at": beijing(trade.created_at),
        "expires_at": beijing(trade.expires_at),
        "failed_payments": trade.failed_payments,
        "transaction_id": payment.map(|paid| &paid.transaction_id),
        "openid": payment.map(|paid| &paid.openid),
        "paid_fen": payment.map(|paid| paid.total_fen),
        "coupon_fen": payment.map(|paid| paid.coupon_fen),
        "payer_total_fen": payment.map(Payment::payer_total_fen),
        "success_at": payment.map(|paid| beijing(paid.success_at)),
        "payer_account": payment.map(|paid| paid.payer_account),
        "refund_requested_fen": payment.map(|paid| paid.refunds.requested_fen),
        "refunded_fen": payment.map(|paid| paid.refunds.refunded_fen),
        "ordered_by": trade.ordered_by,
        "unfaithful": trade.unfaithful || payment.is_some_and(|paid| paid.unfaithful),
        "closed_at": closed.map(|(at, _)| beijing(at)),
        "closed_by": closed.map(|(_, by)| match by {
            ClosedBy::Merchant => "merchant",
            ClosedBy::Age => "age",
        }),
    })
}

/// A notification as the ledger shows it.
pub(crate) fn notice_view(notice: &Notice) -> Value {
    let state = match notice.schedule {
        Schedule::Waiting { .. } | Schedule::InFlight { .. } => "pending",
        Schedule::Delivered => "delivered",
        Schedule::GivenUp => "given_up",
    };
    json!({
        "id": notice.id,
        "event_type": notice.event.name(),
        "out_trade_no": notice.of.out_trade_no,
        "out_refund_no": notice.of.out_refund_no,
        "notify_url": notice.url,
        "state": state,
        "created_at": beijing(notice.created_at),
        "next_at": notice.due().map(beijing),
        "resource": serde_json::from_str::<Value>(&notice.resource).unwrap_or_default(),
        "attempts": notice.attempts.iter().map(attempt_view).collect::<Vec<_>>(),
    })
}

fn attempt_view(attempt: &Attempt) -> Value {
    let (outcome, status, answer) = match &attempt.end {
        None => ("in_flight", None, None),
        Some(AttemptEnd::Dropped) => ("dropped", None, None),
        Some(AttemptEnd::Failed { why }) => ("no_answer", None, Some(why)),
        Some(AttemptEnd::AnswerLost { status, body }) => ("answer_lost", Some(*status), Some(body)),
        Some(AttemptEnd::Answered { status, body }) => ("answered", Some(*status), Some(body)),
    };
    json!({
        "kind": attempt.kind,
        "at": beijing(attempt.at),
        "signed_at": beijing(attempt.signed_at),
        "serial": attempt.serial,
        "fault": attempt.fault,
        "tamper": attempt.tamper,
        "outcome": outcome,
        "status": status,
        "answer": answer,
    })
}
