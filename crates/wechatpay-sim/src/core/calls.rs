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
    /// HTTP status as answered; `null` if the connection was closed without an answer, or is held open.
    pub status: Option<u16>,
    /// Error code as answered.
    pub code: Option<String>,
    /// The action of the fault rule that met it.
    pub fault: Option<&'static str>,
    /// Whether WeChat Pay carried it out: false for a refusal or a fault before the effect.
    pub effective: bool,
    /// Business time of the effect, if that was later than the call.
    pub effect_at: Option<String>,
}

/// How often one kind of call was made for one number.
#[derive(Debug, Clone, Default, Serialize)]
pub struct CallCount {
    /// All calls that arrived, whatever became of them or of their answers.
    pub count: u64,
    /// Those that WeChat Pay carried out.
    pub effective: u64,
    /// By HTTP status, or `lost`. A call that is still held open has no status yet.
    pub by_status: BTreeMap<String, u64>,
}

/// Which call; good also when the log has forgotten it.
#[derive(Debug, Clone)]
pub(crate) struct CallNumber {
    number: usize,
    kind: &'static str,
    out_trade_no: Option<String>,
}

/// All calls.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    newest: VecDeque<Call>,
    forgotten: usize,
    counts: BTreeMap<(&'static str, Option<String>), CallCount>,
}

impl CallLog {
    /// Counts a call that arrived, and forgets the oldest beyond `max`.
    pub(crate) fn arrived(&mut self, call: Call, max: usize) -> CallNumber {
        let (kind, out_trade_no) = (call.kind, call.out_trade_no.clone());
        let number = self.forgotten.saturating_add(self.newest.len());
        self.newest.push_back(call);
        while self.newest.len() > max {
            self.newest.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
        }
        let number = CallNumber { number, kind, out_trade_no };
        let count = self.count(&number);
        count.count = count.count.saturating_add(1);
        number
    }

    /// The caller has its answer; `None`: a closed connection.
    pub(crate) fn answered(
        &mut self,
        number: &CallNumber,
        status: Option<u16>,
        code: Option<String>,
    ) {
        let ending = status.map_or_else(|| "lost".to_owned(), |status| status.to_string());
        let ended = self.count(number).by_status.entry(ending).or_default();
        *ended = ended.saturating_add(1);
        if let Some(call) = self.call(number) {
            (call.status, call.code) = (status, code);
        }
    }

    /// WeChat Pay has carried it out; `late_at` if not at once.
    pub(crate) fn took_effect(&mut self, number: &CallNumber, late_at: Option<String>) {
        let count = self.count(number);
        count.effective = count.effective.saturating_add(1);
        if let Some(call) = self.call(number) {
            (call.effective, call.effect_at) = (true, late_at);
        }
    }

    fn count(&mut self, of: &CallNumber) -> &mut CallCount {
        self.counts.entry((of.kind, of.out_trade_no.clone())).or_default()
    }

    fn call(&mut self, number: &CallNumber) -> Option<&mut Call> {
        self.newest.get_mut(number.number.checked_sub(self.forgotten)?)
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
