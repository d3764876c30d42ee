//! The log of API calls, for tests that assert "no double prepay for one number".
//!
//! MAY NOT grow without end: the log keeps the newest calls; the counts are one per kind, number and ending.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// One call and how it ended.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// `prepay`, `query`, `close`, `certificates`, `login`, or `unknown`.
    pub kind: &'static str,
    /// The merchant's number, if the call names one.
    pub out_trade_no: Option<String>,
    /// Business time.
    pub at: String,
    /// HTTP status as answered; `null` if the connection was closed without an answer.
    pub status: Option<u16>,
    /// Error code as answered.
    pub code: Option<String>,
    /// The action of the fault rule that met it.
    pub fault: Option<&'static str>,
    /// Whether WeChat Pay carried it out: false for a refusal or a fault before the effect.
    pub effective: bool,
}

/// How often one kind of call was made for one number.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CallCount {
    /// All calls.
    pub count: u64,
    /// Those that WeChat Pay carried out.
    pub effective: u64,
    /// By HTTP status, or `lost`.
    pub by_status: BTreeMap<String, u64>,
}

/// All calls.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    newest: VecDeque<Call>,
    counts: BTreeMap<(&'static str, Option<String>), CallCount>,
}

impl CallLog {
    /// Adds one call and forgets the oldest beyond `max`.
    pub fn record(&mut self, call: Call, max: usize) {
        let count = self.counts.entry((call.kind, call.out_trade_no.clone())).or_default();
        count.count = count.count.saturating_add(1);
        count.effective = count.effective.saturating_add(u64::from(call.effective));
        let ending = call.status.map_or_else(|| "lost".to_owned(), |status| status.to_string());
        let by_status = count.by_status.entry(ending).or_default();
        *by_status = by_status.saturating_add(1);
        self.newest.push_back(call);
        while self.newest.len() > max {
            self.newest.pop_front();
        }
    }

    /// The counts, by kind and number.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, Option<&str>, &CallCount)> {
        self.counts.iter().map(|((kind, number), count)| (*kind, number.as_deref(), count))
    }

    /// The newest calls, oldest first.
    pub fn newest(&self) -> impl Iterator<Item = &Call> {
        self.newest.iter()
    }
}
