//! Every input of the corpora, and a thousand that are made of them: nothing panics, and nothing holds too much.
//!
//! How long something takes is not judged here: a test machine is as slow as it is. `cargo xtask fuzz` does.
#![cfg(test)]

use std::sync::Mutex;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use protocol::fuzz::hunt::Hunt;
use protocol::fuzz::{Fault, Limits, Memory, Reader, Target, Verdict, corpus, execute};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const MEMORY: Memory = Memory {
    reset: || COUNTED.reset_peak_usage(),
    held: || COUNTED.current_usage(),
    peak: || COUNTED.peak_usage(),
};
const EXECUTIONS: u32 = 1_000;

/// Memory is counted for the whole program, so the targets take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Tries the corpus and what is made of it. Of the corpus as many as said are taken, and of all there are at least so many
/// different answers: it has got behind the first door.
fn try_all(target: Target, seed: u64, (taken, answers): (u64, usize)) {
    let turn = TURN.lock();
    let limits = Limits { cpu: Duration::MAX, ..Limits::USUAL };
    let through = (target.reader(), target.input_max());
    let mut hunt = Hunt::new(through, seed, corpus(target).unwrap(), (limits, MEMORY));
    hunt.try_corpus(&mut |_| {});
    assert_eq!(hunt.figures().taken, taken, "{:#?}", hunt.figures().verdicts);
    for _ in 0..EXECUTIONS {
        hunt.try_another(&mut |_| {});
    }
    drop(turn);
    let found = &hunt.figures().found;
    assert!(found.is_empty(), "{found:?}");
    assert!(hunt.figures().verdicts.len() >= answers, "{:#?}", hunt.figures().verdicts);
}

#[test]
fn notifications_do_no_harm() {
    try_all(Target::Notification, 1, (3, 15));
}

#[test]
fn resources_do_no_harm() {
    try_all(Target::Resource, 2, (8, 15));
}

#[test]
fn bills_do_no_harm() {
    try_all(Target::Bill, 3, (9, 25));
}

#[test]
fn authorizations_do_no_harm() {
    try_all(Target::Authorization, 4, (10, 4));
}

/// What is found in a reader that does harm when it is given an `x`.
fn found_in(reader: Reader) -> Vec<&'static str> {
    let turn = TURN.lock();
    let mut hunt = Hunt::new((reader, 100), 5, vec![b"abc".to_vec()], (Limits::USUAL, MEMORY));
    hunt.try_corpus(&mut |_| {});
    assert!(hunt.figures().found.is_empty());
    assert!(execute(reader, b"x", Limits::USUAL, MEMORY).fault(Limits::USUAL).is_some());
    for _ in 0..EXECUTIONS {
        hunt.try_another(&mut |_| {});
    }
    drop(turn);
    hunt.figures().found.iter().map(|(fault, _)| fault.kind()).collect()
}

fn has_an_x(input: &[u8]) -> bool {
    // The changes of a text of three letters meet it once in a while.
    input.iter().any(|byte| matches!(byte, b'x' | b'0'))
}

fn fine() -> Verdict {
    Verdict::taken("fine")
}

#[test]
fn a_panic_is_found_once_with_its_input() {
    let found = found_in(|input| {
        assert!(!has_an_x(input), "there is an x");
        fine()
    });
    assert_eq!(found, ["panic"]);
}

#[test]
fn what_holds_too_much_is_found() {
    let found = found_in(|input| {
        let length = if has_an_x(input) { Limits::USUAL.bytes + 1 } else { 1 };
        std::hint::black_box(vec![1_u8; length]);
        fine()
    });
    assert_eq!(found, ["memory"]);
}

#[test]
fn what_takes_too_long_is_found() {
    let turn = TURN.lock();
    let limits = Limits { cpu: Duration::from_millis(2), ..Limits::USUAL };
    let slow: Reader = |_input| {
        for number in 0..10_000_000_u64 {
            std::hint::black_box(number);
        }
        fine()
    };
    let fault = execute(slow, b"x", limits, MEMORY).fault(limits);
    assert!(matches!(fault, Some(Fault::Hang(_))), "{fault:?}");
    let quick: Reader = |_input| fine();
    assert_eq!(execute(quick, b"x", Limits::USUAL, MEMORY).fault(Limits::USUAL), None);
    drop(turn);
}
