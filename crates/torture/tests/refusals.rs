//! What `paydesk-torture` says when it cannot begin. Its runs are `cargo xtask torture`.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::process::{Command, Output};

fn torture(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_paydesk-torture")).args(arguments).output().unwrap()
}

#[test]
fn without_a_program_nothing_is_tortured() {
    let folder = std::env::temp_dir().join(format!("torture-refusals-{}", std::process::id()));
    let folder = folder.to_str().unwrap();
    let output = torture(&["trouble", "--paydesk", "/nowhere/paydesk", "--folder", folder]);
    std::fs::remove_dir_all(folder).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no /nowhere/paydesk: build it first"), "{said}");
}

#[test]
fn minutes_and_seconds_are_two_ways_to_say_how_long() {
    let output = torture(&[
        "trouble",
        "--paydesk",
        "p",
        "--folder",
        "f",
        "--minutes",
        "1",
        "--seconds",
        "5",
    ]);
    assert_eq!(output.status.code(), Some(2));
}
