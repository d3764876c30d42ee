//! Conformance, generated: random sequences of what the ports of storage are asked about orders, money, goods,
//! jobs, cases and what the shop sets, played on several stores. Equal answers, equal loads, equal rows; the first
//! difference is shrunk to a short sequence. Who may come in, by sessions and keys, is in `conformance/` alone.
//!
//! One after the other: several at once are `conformance/concurrency.rs` and `conformance/crowd.rs`.

mod ops;
mod player;
mod seen;

pub use ops::Op;
pub use seen::Seen;

use crate::conformance::Stores;
use domain::ports::PortFuture;
use player::Player;
use proptest::collection::vec;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;

/// How sequences are drawn; another way by `PAYDESK_CONFORMANCE_SEED`.
const SEED: u64 = 20_261_121;
/// How long a sequence is, at most.
const OPS_MAX: usize = 100;

/// A store that can be emptied, and whose rows can be seen.
pub struct Subject {
    /// Such as `memory`.
    pub name: &'static str,
    pub stores: Stores,
    /// Removes everything.
    pub reset: Arc<dyn Fn() -> PortFuture<'static, ()> + Send + Sync>,
    /// Every row that can be seen through some port, as one line each, in any order.
    pub rows: Arc<dyn Fn() -> PortFuture<'static, Vec<String>> + Send + Sync>,
}

/// How often each kind of answer was given: sequences that are always refused would say nothing.
pub type Tally = BTreeMap<&'static str, u64>;

/// Plays random sequences (`cases` of them, or as many as `PAYDESK_CONFORMANCE_CASES` says) on all subjects
/// and compares what is seen with what is seen of the first. Blocks: to be called outside of the runtime's
/// own threads.
pub fn compare(runtime: &Handle, subjects: &[Subject], cases: u32) -> Tally {
    let cases = setting("PAYDESK_CONFORMANCE_CASES").unwrap_or(u64::from(cases));
    let seed = setting("PAYDESK_CONFORMANCE_SEED").unwrap_or(SEED);
    eprintln!("generated conformance: {cases} sequences, PAYDESK_CONFORMANCE_SEED={seed}");
    let config = Config {
        cases: u32::try_from(cases).unwrap_or(u32::MAX),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let tally = Mutex::new(Tally::new());
    let ended = TestRunner::new_with_rng(config, random)
        .run(&vec(ops::any(), 1..OPS_MAX), |sequence| {
            runtime.block_on(play(subjects, &sequence, &tally))
        });
    match ended {
        Ok(()) => tally.into_inner().unwrap(),
        Err(TestError::Fail(why, sequence)) => {
            let steps: Vec<String> = sequence.iter().map(|op| format!("  {op:?},")).collect();
            panic!("seed {seed}: stores differ after\n[\n{}\n]\n{why}", steps.join("\n"))
        }
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|why| panic!("{name} is {text:?}: {why}")))
}

async fn play(
    subjects: &[Subject],
    sequence: &[Op],
    tally: &Mutex<Tally>,
) -> Result<(), TestCaseError> {
    let mut first: Option<(&'static str, Vec<Seen>)> = None;
    for subject in subjects {
        (subject.reset)().await;
        let mut player = Player::new(&subject.stores).await;
        for op in sequence {
            player.play(op).await;
        }
        let seen = player.finish((subject.rows)().await).await;
        match &first {
            None => {
                let mut tally = tally.lock().unwrap();
                for one in &seen {
                    *tally.entry(one.kind()).or_default() += 1;
                    for what in one.shows() {
                        *tally.entry(what).or_default() += 1;
                    }
                }
                drop(tally);
                first = Some((subject.name, seen));
            }
            Some((name, expected)) => differ(name, expected, subject.name, &seen)?,
        }
    }
    Ok(())
}

/// The first thing that is seen differently.
fn differ(name: &str, expected: &[Seen], other: &str, seen: &[Seen]) -> Result<(), TestCaseError> {
    let first = expected.iter().zip(seen).position(|(a, b)| a != b);
    let at = match first {
        Some(at) => at,
        None if expected.len() == seen.len() => return Ok(()),
        None => expected.len().min(seen.len()),
    };
    let why = format!("{name}: {:#?}\n{other}: {:#?}", expected.get(at), seen.get(at));
    Err(TestCaseError::fail(why))
}
