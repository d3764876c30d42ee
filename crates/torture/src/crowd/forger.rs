//! Sends what an honest WeChat Pay would not: notifications that nobody should believe.
//!
//! The sandbox notes what they were answered; the check at the end says what is wrong with that.

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::Outside;
use serde_json::json;

/// None of these is believable. A replay is true and old: it may be acknowledged while it is young.
pub(crate) const FORGERIES: [&str; 8] =
    ["signature", "probe", "body", "stale", "future", "serial", "unsigned", "key"];
const REPLAY: &str = "replay";

/// Forges until somebody says stop.
pub(super) async fn forge(outside: Outside, mut chance: Chance) {
    loop {
        pause_ms(chance.between(300, 1_500)).await;
        let Some(number) = outside.a_paid_one(&mut chance) else { continue };
        let tamper = FORGERIES.get(chance.below(FORGERIES.len() + 1)).copied().unwrap_or(REPLAY);
        let path = format!("/_sandbox/notify/{number}");
        let sent = outside.sandbox.call("POST", &path, &json!({"tamper": tamper})).await;
        if sent.is_ok_and(|attempt| attempt.is_success()) {
            let kind = if tamper == REPLAY { "replayed" } else { "forged" };
            outside.watch.tally.count(format!("forger: {kind}"));
        }
    }
}
