//! What the payer's client says became of the payment. A hint: it changes what the buyer is shown
//! and makes us ask WeChat Pay, and nothing else.

use crate::Timestamp;
use crate::order::{Decision, Event, Order, PayerReport, PayerResult};

/// The same hint is not written again within so many seconds.
const AGAIN_AFTER_S: i64 = 30;
/// No hint is written within so many seconds of the one before.
const ANY_AFTER_S: i64 = 2;

impl Order {
    pub(super) fn note_report(&self, result: PayerResult, now: Timestamp) -> Decision {
        let known = self.payer_report.is_some_and(|known| {
            let pause_s = if known.result == result { AGAIN_AFTER_S } else { ANY_AFTER_S };
            (0..pause_s).contains(&now.seconds_since(known.at))
        });
        if known || !self.is_payable() {
            return Decision::AlreadyApplied;
        }
        Decision::Record(vec![Event::PayerReported(PayerReport { result, at: now })])
    }
}
