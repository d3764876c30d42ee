//! What a story is, and how it tells what it does.

use crate::demo::stage::Stage;
use crate::playground::stopwatch::Stopwatch;
use anyhow::Result;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;

/// A story being played.
pub(super) type Playing<'a> = Pin<Box<dyn Future<Output = Result<Seen>> + 'a>>;

/// An incident. It ends right, or with an error that says what was not as it must be.
pub(super) struct Story {
    /// As in the list of stories; never given to another.
    pub(super) number: u8,
    /// What happens, in one line.
    pub(super) title: &'static str,
    /// The same in Chinese.
    pub(super) title_zh: &'static str,
    /// Plays it.
    pub(super) play: for<'a> fn(&'a mut Stage, &'a Telling) -> Playing<'a>,
}

/// What was seen in the end, one line each.
#[derive(Debug)]
pub(super) struct Seen {
    /// By WeChat Pay, from the sandbox's ledger.
    pub(super) by_wechat_pay: String,
    /// By Paydesk, from its API and log.
    pub(super) by_paydesk: String,
    /// How it ended, in few words.
    pub(super) outcome: String,
}

/// Tells, while a story is played, what is done.
pub(super) struct Telling {
    begun: Stopwatch,
}

impl Telling {
    pub(super) fn begin() -> Telling {
        Telling { begun: Stopwatch::start() }
    }

    /// One thing that was done.
    pub(super) fn step(&self, what: impl Display) {
        println!("    {:>6} ms  {what}", self.begun.elapsed().as_millis());
    }

    /// How long it has been going on.
    pub(super) fn elapsed(&self) -> std::time::Duration {
        self.begun.elapsed()
    }
}
