//! Notifications that an honest WeChat Pay would never send: `POST /_sandbox/notify/{out_trade_no} {"tamper": …}`, and of
//! a refund `POST /_sandbox/refund/{out_refund_no}/notify`.
//!
//! | `tamper` | signature | what is wrong |
//! |---|---|---|
//! | `signature` | wrong | one character of the signature |
//! | `probe` | wrong | `WECHATPAY/SIGNTEST/…` |
//! | `body` | of another body | one byte of the ciphertext, after signing |
//! | `stale` | valid | signed ten minutes ago |
//! | `future` | valid | signed ten minutes from now |
//! | `serial` | valid | names a key that nobody has |
//! | `unsigned` | none | no `Wechatpay-*` headers |
//! | `key` | valid | encrypted with another APIv3 key |
//! | `amount` | valid | `amount.total` one fen more, of a refund `amount.refund` |
//! | `currency` | valid | `USD`; payments only |
//! | `mchid` · `appid` | valid | somebody else's; a refund has no `appid` |
//! | `out_trade_no` | valid | a number nobody ordered |
//! | `transaction_id` | valid | another payment of the same order |
//! | `out_refund_no` | valid | a refund nobody asked for; refunds only |
//! | `refund_status` | valid | `CLOSED` for `SUCCESS`, `SUCCESS` for any other; refunds only |
//! | `event_type` | valid | an event that does not exist |
//! | `replay` | valid | nothing but its age: the very headers and bytes of the last honest attempt |
//!
//! MAY NOT touch the ledger's truth: a tampered notification says something false about an order that stays as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is done to one notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the table of the module describes them")]
pub enum Tamper {
    Signature,
    Probe,
    Body,
    Stale,
    Future,
    Serial,
    Unsigned,
    Key,
    Amount,
    Currency,
    Mchid,
    Appid,
    OutTradeNo,
    TransactionId,
    OutRefundNo,
    RefundStatus,
    EventType,
    Replay,
}

impl Tamper {
    /// The resource with a lie in it, before it is encrypted and signed; `None` if it says nothing that could be lied
    /// about so.
    pub fn falsify(self, resource: &str) -> Option<String> {
        let mut lie: Value = serde_json::from_str(resource).ok()?;
        let (pointer, value) = match self {
            Self::Amount => {
                let of_refund = lie.pointer("/amount/refund").map(|_| "/amount/refund");
                let pointer = of_refund.unwrap_or("/amount/total");
                (pointer, more(lie.pointer(pointer)))
            }
            Self::Currency => ("/amount/currency", json!("USD")),
            Self::Mchid => ("/mchid", json!("1900000999")),
            Self::Appid => ("/appid", json!("wx0000000000000000")),
            Self::OutTradeNo => ("/out_trade_no", json!("NOBODY-ORDERED-THIS")),
            Self::TransactionId => ("/transaction_id", json!("4200009999209901010000000001")),
            Self::OutRefundNo => ("/out_refund_no", json!("NOBODY-ASKED-FOR-THIS")),
            Self::RefundStatus => ("/refund_status", another(lie.get("refund_status"))),
            Self::Signature
            | Self::Probe
            | Self::Body
            | Self::Stale
            | Self::Future
            | Self::Serial
            | Self::Unsigned
            | Self::Key
            | Self::EventType
            | Self::Replay => return Some(resource.to_owned()),
        };
        *lie.pointer_mut(pointer)? = value;
        Some(lie.to_string())
    }
}

fn another(status: Option<&Value>) -> Value {
    json!(if status.is_some_and(|status| status == "SUCCESS") { "CLOSED" } else { "SUCCESS" })
}

fn more(total: Option<&Value>) -> Value {
    json!(total.and_then(Value::as_i64).unwrap_or(0).saturating_add(1))
}
