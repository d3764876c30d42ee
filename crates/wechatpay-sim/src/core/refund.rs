//! One refund of WeChat Pay and the states it can be in (`v3.md` §7.5).
//!
//! ```text
//! PROCESSING ──▶ SUCCESS
//!    ├──▶ ABNORMAL ──somebody acts──▶ SUCCESS
//!    │        └──applied for──▶ PROCESSING ──▶ SUCCESS, or ABNORMAL again
//!    └──▶ CLOSED                      (also: no balance for 7 days)
//! ```
//!
//! The rules of asking for one are in `create.rs`, its end and the notification of it in `ending.rs`, its place among the
//! others in `all.rs`. MAY NOT leave `SUCCESS` or `CLOSED`, and MAY NOT forget when it came into a state: a stale query
//! answers as of an earlier one.

pub(super) mod abnormal;
mod abnormal_form;
mod all;
mod create;
mod elsewhere;
mod ending;
pub(crate) mod form;
mod query;
mod tally;
mod wire;

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

pub(crate) use abnormal::SentTo;
pub(crate) use all::Refunds;
pub use elsewhere::RefundElsewhereForm;
pub use ending::{RefundEnding, RefundOutcome, SettleForm};
pub use form::{PaymentNumber, RefundForm};
pub use tally::{RefundTally, Refundable};

use crate::core::wire_time::beijing;

/// A payment can be refunded for this long.
pub const REFUNDABLE_FOR: Duration = Duration::days(365);
/// An order has at most so many refunds.
pub const REFUNDS_MAX: usize = 50;
/// A refund that cannot be paid for is closed this long after it was accepted.
pub const UNFUNDED_LIFE: Duration = Duration::days(7);

/// A refund.
#[derive(Debug, Clone)]
pub struct Refund {
    /// What the request asked for.
    pub form: RefundForm,
    /// The request's parameters; a repeat must equal them.
    pub parameters: Map<String, Value>,
    /// The merchant.
    pub mchid: String,
    /// WeChat Pay's number of it.
    pub refund_id: String,
    /// The merchant's number of the order.
    pub out_trade_no: String,
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// What is given back, and of what.
    pub money: RefundMoney,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// The states after `PROCESSING`, each with its instant.
    pub changes: Vec<(OffsetDateTime, RefundStatus)>,
    /// How it will end, if nobody intervenes; `None` once it has.
    pub plan: Option<RefundPlan>,
    /// Who made it.
    pub made_by: RefundedBy,
    /// The card to which it was sent after it was `ABNORMAL`.
    pub(crate) sent_to: Option<SentTo>,
    /// Its place among all refunds, the first being 1.
    pub(crate) sequence: u64,
}

/// Who made a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundedBy {
    /// The service under test, by the API.
    Api,
    /// Somebody at the merchant's console, or another system of the same merchant.
    Elsewhere,
}

/// The amounts of a refund, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundMoney {
    /// The order.
    pub total_fen: i64,
    /// What the buyer paid of it: less than `total_fen` with a coupon.
    pub payer_total_fen: i64,
    /// The refund.
    pub refund_fen: i64,
    /// What the buyer gets of it: less than `refund_fen` with a coupon.
    pub payer_refund_fen: i64,
}

/// How a refund will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPlan {
    /// When.
    pub at: OffsetDateTime,
    /// As what.
    pub outcome: RefundOutcome,
    /// Whether the merchant's balance is waited for: what it would be without that, at once when there is some.
    pub unfunded: Option<RefundOutcome>,
}

/// `status`, in notifications `refund_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module describes them")]
pub enum RefundStatus {
    Processing,
    Success,
    Abnormal,
    Closed,
}

impl RefundStatus {
    /// As on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Abnormal => "ABNORMAL",
            Self::Closed => "CLOSED",
        }
    }
}

impl RefundedBy {
    /// As the ledger says it.
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Refund {
    /// Where it stands.
    pub fn status(&self) -> RefundStatus {
        self.changes.last().map_or(RefundStatus::Processing, |(_, status)| *status)
    }

    /// Where it stood at an earlier instant, and since when.
    pub(crate) fn as_of(&self, instant: OffsetDateTime) -> (OffsetDateTime, RefundStatus) {
        let mut earlier = self.changes.iter().rev().filter(|(at, _)| *at <= instant);
        earlier.next().copied().unwrap_or((self.created_at, RefundStatus::Processing))
    }

    /// Whether it has been `ABNORMAL`: the money has left the merchant, and does not come back to him.
    fn was_abnormal(&self) -> bool {
        self.changes.iter().any(|(_, status)| *status == RefundStatus::Abnormal)
    }

    /// The refund as the ledger and the control routes show it.
    pub(crate) fn view(&self) -> Value {
        let money = self.money;
        let (since, status) = self.changes.last().copied().unzip();
        let state = |(at, status): &(OffsetDateTime, RefundStatus)| json!({"at": beijing(*at), "status": status.name()});
        json!({
            "out_refund_no": self.form.out_refund_no,
            "refund_id": self.refund_id,
            "out_trade_no": self.out_trade_no,
            "transaction_id": self.transaction_id,
            "status": status.unwrap_or(RefundStatus::Processing).name(),
            "refund_fen": money.refund_fen,
            "total_fen": money.total_fen,
            "payer_refund_fen": money.payer_refund_fen,
            "made_by": self.made_by.name(),
            "sent_to": self.sent_to.as_ref().map(SentTo::view),
            "reason": self.form.reason,
            "notify_url": self.form.notify_url,
            "created_at": beijing(self.created_at),
            "changed_at": since.map(beijing),
            "changes": self.changes.iter().map(state).collect::<Vec<_>>(),
            "planned": self.plan.map(|plan| json!({
                "at": beijing(plan.at),
                "status": plan.outcome.status().name(),
                "waits_for_balance": plan.unfunded.is_some(),
            })),
        })
    }
}
