//! Another system of the same merchant: it orders and is paid under our merchant number, and WeChat Pay
//! tells us. Its money is not ours to touch.

use crate::chance::Chance;
use crate::clock::pause_ms;
use crate::crowd::Outside;
use crate::stage::configuration::NOTIFY_PATH;
use std::net::SocketAddr;

/// Sells something now and then, until somebody says stop.
pub(super) async fn sell(outside: Outside, notify: SocketAddr, mut chance: Chance) {
    let notify_url = format!("http://{notify}{NOTIFY_PATH}");
    loop {
        pause_ms(chance.between(2_000, 12_000)).await;
        let number = format!("ELSEWHERE{:012}", chance.between(0, 1_000_000_000_000));
        // A sandbox that is frozen for too long sells nothing.
        if outside.sandbox.paid_elsewhere(&number, &notify_url).await.is_ok() {
            outside.watch.tally.count("money: taken by another system");
        }
    }
}
