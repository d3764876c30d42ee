//! Rules as they are written and stored.
//!
//! MAY NOT lose or add a word: what is read is written again, so that `GET /_sandbox/faults` answers the document to
//! store.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::faults::Numbers;

/// A script: rules with a name and a reason. The document of `PUT` and `GET /_sandbox/faults`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it shows, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The rules, in the order in which they look.
    pub rules: Vec<RuleForm>,
}

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    /// What it meets.
    #[serde(rename = "match", default, skip_serializing_if = "Matcher::is_open")]
    pub matcher: Matcher,
    /// How often it acts; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many matches pass it over first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after: u64,
    /// It acts on one match of so many: the first, and then each time so many have come. Without it, on each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// The name of the action.
    pub action: String,
    /// The action's parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What a rule meets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// Path of an API call; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The merchant's number of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_trade_no: Option<String>,
    /// The merchant's number of a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_refund_no: Option<String>,
    /// Event type of a notification; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
}

impl Matcher {
    /// Whether the numbers are those that are wanted.
    pub(super) fn is_about(&self, numbers: Numbers<'_>) -> bool {
        let is = |wanted: &Option<String>, number: Option<&str>| {
            wanted.is_none() || wanted.as_deref() == number
        };
        is(&self.out_trade_no, numbers.out_trade_no)
            && is(&self.out_refund_no, numbers.out_refund_no)
    }

    /// Meets everything that its action can act on.
    fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
