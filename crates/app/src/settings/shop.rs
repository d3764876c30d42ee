//! How the merchant does business: `[shop]` and `[refunds]`.

use serde::Deserialize;

/// `[shop]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shop {
    /// How long a checkout can be paid, in seconds.
    pub checkout_deadline_s: i64,
    /// How long an order that is placed directly can be paid, in seconds.
    pub direct_deadline_s: i64,
    /// How long a buyer stays logged in, in seconds.
    pub session_s: i64,
}

impl Default for Shop {
    fn default() -> Shop {
        Shop { checkout_deadline_s: 1_800, direct_deadline_s: 900, session_s: 30 * 24 * 3_600 }
    }
}

/// `[refunds]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Refunds {
    /// An operator's refund above this waits for an approver who is another person, in fen.
    pub approval_above_fen: i64,
}

impl Default for Refunds {
    fn default() -> Refunds {
        Refunds { approval_above_fen: 1_000_000 }
    }
}
