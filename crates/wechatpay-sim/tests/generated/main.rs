//! Conformance, generated: random sequences of everything that the sandbox offers, given to its pure core as values
//! and to a real sandbox over HTTP, with the same keys, the same chance and the same time. Equal answers, byte for byte;
//! after each step an equal ledger and the same notifications. The first difference is shrunk to a short sequence.
//!
//! Other sequences by `PAYDESK_CONFORMANCE_SEED`, more of them by `PAYDESK_CONFORMANCE_CASES`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a panic is a failing test, and tests have a clock and tasks"
)]

mod abnormal;
mod bills;
mod control;
mod core_control;
mod core_side;
mod equal;
mod merchant;
mod ops;
mod platform;
mod play;
mod process;
mod receiver;
mod wire;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::runtime::Handle;
use wechatpay_sim::keys::folder::{Identity, StoredKeys};
use wechatpay_sim::{Rehearsal, Settings};

use crate::ops::Op;
use crate::play::Pair;

/// How sequences are drawn, how many, and how long they are at most.
const SEED: u64 = 20_261_121;
const CASES: u64 = 80;
const OPS_MAX: usize = 70;
/// The real time of both sides.
const REAL: OffsetDateTime = datetime!(2026-11-21 02:00 UTC);

/// How often each kind of thing was seen: sequences that are always refused would say nothing.
type Tally = BTreeMap<String, u64>;

/// What has to come up among so many sequences, and how often.
const REACHED: [(&str, u64); 53] = [
    ("POST 200", 60),
    ("POST 204", 10),
    ("POST 400", 30),
    ("POST 401", 5),
    ("POST 403", 1),
    ("GET 200", 60),
    ("GET 404", 10),
    ("GET 401", 5),
    ("a wrong method", 2),
    ("signed", 100),
    ("signed wrongly", 3),
    ("a bill", 10),
    ("stable_token 0", 20),
    ("upload_shipping_info 0", 5),
    ("upload_shipping_info 40014", 1),
    ("get_order 0", 5),
    ("get_order 10060001", 1),
    ("upload_shipping_info 41001", 1),
    ("is_trade_managed 0", 1),
    ("shipping 200", 1),
    ("shipping 409", 1),
    ("sent to a card", 1),
    ("fetched", 5),
    ("NO_STATEMENT_EXIST", 5),
    ("lost", 10),
    ("held", 3),
    ("a held call ended", 2),
    ("delivered", 40),
    ("answered 204", 10),
    ("answered 500", 2),
    ("answered 302", 1),
    ("hung up on", 1),
    ("sent once more", 1),
    ("tampered with", 2),
    ("pay 200", 30),
    ("pay 409", 3),
    ("refund 200", 3),
    ("trades 200", 1),
    ("trades 400", 1),
    ("faults 200", 20),
    ("faults 400", 1),
    ("settings 200", 10),
    ("settings 400", 1),
    ("clock 200", 40),
    ("clock 400", 1),
    ("mode 200", 3),
    ("mode 400", 1),
    ("notify 404", 1),
    ("verify-pay-params 204", 1),
    ("verify-pay-params 400", 1),
    ("keys/rotate 200", 1),
    ("reset 204", 2),
    ("credentials 200", 1),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_the_process_answers_as_the_core_does() {
    let tally = match compare(Settings::default(), CASES).await {
        Ok(tally) => tally,
        Err(why) => panic!("{why}"),
    };
    if setting("PAYDESK_CONFORMANCE_SEED").is_some() {
        // Other sequences may meet other things.
        return;
    }
    let few: Vec<_> = REACHED
        .into_iter()
        .map(|(kind, least)| (kind, least, tally.get(kind).copied().unwrap_or_default()))
        .filter(|(_, least, met)| met < least)
        .collect();
    assert!(few.is_empty(), "too few of {few:?} in {tally:#?}");
}

/// The process wants another time between two refunds, which the core does not know of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_answers_otherwise_is_found_by_a_short_sequence() {
    let other = serde_json::json!({"refund_spacing_s": 59});
    let other = Settings::default().changed(other).unwrap();
    let said = compare(other, CASES).await.expect_err("a difference");
    let steps = said.lines().skip(2).take_while(|line| *line != "]").count();
    assert!((1..=3).contains(&steps), "not short: {said}");
    assert!(said.starts_with("seed "), "and can be played again: {said}");
}

/// Plays sequences on a core with the settings of the start and on processes that start with `settings`.
async fn compare(settings: Settings, cases: u64) -> Result<Tally, String> {
    let runtime = Handle::current();
    let played = tokio::task::spawn_blocking(move || run(&runtime, &settings, cases));
    played.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}

fn run(runtime: &Handle, settings: &Settings, cases: u64) -> Result<Tally, String> {
    let cases = setting("PAYDESK_CONFORMANCE_CASES").unwrap_or(cases);
    let seed = setting("PAYDESK_CONFORMANCE_SEED").unwrap_or(SEED);
    let config = Config {
        cases: u32::try_from(cases).unwrap_or(u32::MAX),
        failure_persistence: None,
        max_shrink_iters: 400,
        // What differs by not coming is waited for each time.
        max_shrink_time: 60_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let keys = keys();
    let tally = Mutex::new(Tally::new());
    let ended = TestRunner::new_with_rng(config, random).run(
        &vec(ops::any(), 1..OPS_MAX),
        |sequence: Vec<Op>| {
            let folder = own_folder(&keys);
            let played = runtime.block_on(play(&folder, settings.clone(), &sequence, &tally));
            std::fs::remove_dir_all(folder).unwrap();
            played.map_err(TestCaseError::fail)
        },
    );
    match ended {
        Ok(()) => Ok(tally.into_inner().unwrap()),
        Err(TestError::Fail(why, sequence)) => {
            let steps: Vec<String> = sequence.iter().map(|op| format!("  {op:?},")).collect();
            Err(format!("seed {seed}: they differ after\n[\n{}\n]\n{why}", steps.join("\n")))
        }
        Err(TestError::Abort(why)) => Err(format!("seed {seed}: {why}")),
    }
}

async fn play(
    folder: &std::path::Path,
    settings: Settings,
    sequence: &[Op],
    tally: &Mutex<Tally>,
) -> Result<(), String> {
    let rehearsal = Rehearsal { seed: [7; 32], real: REAL };
    let mut pair = Pair::start(folder, settings, rehearsal).await;
    let mut played = pair.begin().await;
    for op in sequence {
        if played.is_err() {
            break;
        }
        played = pair.play(op).await.map_err(|why| format!("{op:?}: {why}"));
    }
    let seen = pair.stop().await;
    let mut tally = tally.lock().unwrap();
    for kind in seen {
        *tally.entry(kind).or_default() += 1;
    }
    played
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|why| panic!("{name} is {text:?}: {why}")))
}

/// Keys that are made once, because making them takes seconds.
fn keys() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("wechatpay-sim-keys");
    StoredKeys::open(&folder, &Identity::default(), REAL).unwrap();
    folder.join("sandbox_keys.json")
}

/// A folder of one process's own: keys may be rotated in it.
fn own_folder(keys: &std::path::Path) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("wechatpay-sim-generated-{}-{number}", std::process::id());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(keys, folder.join("sandbox_keys.json")).unwrap();
    folder
}
