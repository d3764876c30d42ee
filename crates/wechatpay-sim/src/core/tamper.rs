//! Notifications that an honest WeChat Pay would never send: `POST /_sandbox/notify/{out_trade_no} {"tamper": …}`.
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
//! | `amount` | valid | `amount.total` one fen more |
//! | `currency` | valid | `USD` |
//! | `mchid` · `appid` | valid | somebody else's |
//! | `out_trade_no` | valid | a number nobody ordered |
//! | `transaction_id` | valid | another payment of the same order |
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
    EventType,
    Replay,
}

impl Tamper {
    /// The resource with a lie in it, before it is encrypted and signed.
    pub fn falsify(self, resource: &Value) -> Value {
        let mut lie = resource.clone();
        let (pointer, value) = match self {
            Self::Amount => ("/amount/total", more(resource.pointer("/amount/total"))),
            Self::Currency => ("/amount/currency", json!("USD")),
            Self::Mchid => ("/mchid", json!("1900000999")),
            Self::Appid => ("/appid", json!("wx0000000000000000")),
            Self::OutTradeNo => ("/out_trade_no", json!("NOBODY-ORDERED-THIS")),
            Self::TransactionId => ("/transaction_id", json!("4200009999209901010000000001")),
            Self::Signature
            | Self::Probe
            | Self::Body
            | Self::Stale
            | Self::Future
            | Self::Serial
            | Self::Unsigned
            | Self::Key
            | Self::EventType
            | Self::Replay => return lie,
        };
        if let Some(member) = lie.pointer_mut(pointer) {
            *member = value;
        }
        lie
    }
}

fn more(total: Option<&Value>) -> Value {
    json!(total.and_then(Value::as_i64).unwrap_or(0).saturating_add(1))
}
