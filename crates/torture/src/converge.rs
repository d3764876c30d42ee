//! After the trouble: everybody gets their answers, time passes, and everything has to come to rest.

use crate::books;
use crate::clock::{Stopwatch, pause_ms};
use crate::crowd::office::Office;
use crate::plan::Plan;
use crate::sql::Connection;
use crate::stage::Stage;
use anyhow::Result;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const LOOK_EVERY_MS: u64 = 500;
/// Past the deadline, past WeChat Pay's last word about an unknown number, past the ladder's rungs.
const JUMPS_S: [u64; 6] = [70, 1_801, 700, 700, 1_801, 3_601];
/// Twice in a row, because a look is not one moment.
const QUIET_LOOKS: u32 = 2;
const SHOWN_MAX: usize = 20;

/// Waits for rest; what never comes to rest is a difference. Says how long it took.
pub(crate) async fn come_to_rest(stage: &Stage, plan: &Plan, office: &Office) -> Result<Duration> {
    let connection = Connection::open(&stage.url).await?;
    let begun = Stopwatch::start();
    let mut jumps = JUMPS_S.iter().chain(std::iter::repeat(&3_601));
    let mut since_jump = Stopwatch::start();
    let (mut quiet, mut tried, mut told) = (0_u32, BTreeMap::new(), BTreeSet::new());
    loop {
        let ledger = stage.sandbox.ledger().await?;
        let unrest = books::unrest(&connection, &ledger).await?;
        // Nothing moves that waits for a person.
        let moves = office.clear_the_desk(&connection, &mut tried).await?
            || tell_what_only_a_bill_tells(stage, &ledger, &mut told).await?;
        if moves {
            quiet = 0;
        } else if unrest.is_empty() {
            quiet = quiet.saturating_add(1);
            if quiet >= QUIET_LOOKS {
                return Ok(begun.elapsed());
            }
        } else {
            quiet = 0;
        }
        if begun.elapsed() > plan.rest_within {
            for what in unrest.iter().take(SHOWN_MAX) {
                stage.watch.findings.add("everything comes to rest", what);
            }
            return Ok(begun.elapsed());
        }
        if quiet == 0 && since_jump.elapsed() > plan.before_a_jump {
            let seconds = jumps.next().copied().unwrap_or(3_601);
            let first = unrest.first().map_or("", String::as_str);
            eprintln!("   {} things are still moving ({first} …); {seconds} s pass", unrest.len());
            stage.sandbox.advance(seconds).await?;
            since_jump = Stopwatch::start();
        }
        pause_ms(LOOK_EVERY_MS).await;
    }
}

/// Money that came after WeChat Pay had said `CLOSED`, and all of whose notifications were lost in a whole day, only a
/// bill tells: until something is done with bills, it is said once more. Whether there was any.
async fn tell_what_only_a_bill_tells(
    stage: &Stage,
    ledger: &Value,
    told: &mut BTreeSet<String>,
) -> Result<bool> {
    let mut tells = false;
    for number in given_up_of_closed(ledger) {
        if told.insert(number.to_owned()) {
            eprintln!(
                "   {number} was paid after its close, and no notification arrived in a day: told again"
            );
            stage.watch.tally.count("told as a bill would");
            stage.sandbox.tell_again(number).await?;
            tells = true;
        }
    }
    Ok(tells)
}

/// Payments of closed numbers whose notification was given up.
fn given_up_of_closed(ledger: &Value) -> Vec<&str> {
    let late: BTreeSet<&str> = books::list(&ledger["trades"])
        .filter(|trade| trade["unfaithful"] == true && trade["ordered_by"] == "api")
        .filter_map(|trade| trade["out_trade_no"].as_str())
        .collect();
    books::list(&ledger["notifications"])
        .filter(|notice| {
            notice["event_type"] == "TRANSACTION.SUCCESS" && notice["state"] == "given_up"
        })
        .filter_map(|notice| notice["out_trade_no"].as_str())
        .filter(|number| late.contains(number))
        .collect()
}
