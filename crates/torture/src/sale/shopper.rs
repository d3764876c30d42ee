//! How somebody shops in a sale: at once or within seconds, as their temper is, and again when it was sold
//! out, because others cancel, pay too late, or never.

use crate::clock::pause_ms;
use crate::crowd::buyer::Buyer;
use crate::crowd::temper::Temper;

/// Who does not stand before the door comes within so long.
const COME_WITHIN_MS: u64 = 3_000;
/// Who comes again when it was sold out, how often, and after how long.
const AGAIN_PERMILLE: u64 = 450;
const TRIES_MAX: u32 = 6;
const AGAIN_WITHIN_MS: u64 = 3_500;

/// Those that buy, change their minds, pay late, or go away; no one who has to do with the back office.
const TEMPERS: [(u64, Temper); 13] = [
    (6, Temper::Prompt),
    (3, Temper::Slow),
    (4, Temper::Forgetful),
    (4, Temper::Fickle),
    (3, Temper::Torn),
    (2, Temper::Switching),
    (2, Temper::TwoDevices),
    (4, Temper::DoubleClicking),
    (4, Temper::Impatient),
    (1, Temper::Clumsy),
    (5, Temper::Late),
    (2, Temper::Replacing),
    (3, Temper::Returning),
];

/// From the moment at which the door opens to their last try.
pub(super) async fn shop(mut buyer: Buyer, stands_before_the_door: bool) {
    let temper = buyer.chance.weighted(&TEMPERS).unwrap_or(Temper::Prompt);
    let tally = buyer.phone.outside().watch.tally.clone();
    tally.count(format!("buyers by temper: {}", temper.name()));
    if !stands_before_the_door {
        pause_ms(buyer.chance.between(0, COME_WITHIN_MS)).await;
    }
    for _ in 0..TRIES_MAX {
        if temper.buy(&mut buyer).await {
            tally.count("sale: buyers who got what they wanted");
            return;
        }
        if !buyer.chance.permille(AGAIN_PERMILLE) {
            break;
        }
        pause_ms(buyer.chance.between(200, AGAIN_WITHIN_MS)).await;
    }
    tally.count("sale: buyers who gave up");
}
