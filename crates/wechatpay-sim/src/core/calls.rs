//! The log of API calls, for tests that assert "no double prepay for one number".
//!
//! MAY NOT grow without end: the log keeps the newest calls; the counts are one per kind, number and ending. MAY NOT cost
//! more the longer it has been kept: a call is found by its place, and written out only when somebody reads it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::core::wire_time::beijing;

/// What a call was for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallOf {
    /// `prepay`, `query`, `close`, `refund`, `query_refund`, `abnormal_refund`, `trade_bill`, `fund_flow_bill`, `download_bill`,
    /// `certificates`, `login`, `stable_token`, `is_trade_managed`, `is_management_confirmed`, `upload_shipping_info`,
    /// `get_order`, or `unknown`.
    pub kind: &'static str,
    /// The merchant's number of the order, if it is known.
    pub out_trade_no: Option<String>,
    /// The merchant's number of the refund, if the call names one.
    pub out_refund_no: Option<String>,
}

/// One call and how it ended.
#[derive(Debug, Clone)]
pub struct Call {
    /// What for.
    pub of: Arc<CallOf>,
    /// Business time.
    pub at: OffsetDateTime,
    /// HTTP status as answered; `None` if the connection was closed without an answer, or is held open.
    pub status: Option<u16>,
    /// Error code as answered.
    pub code: Option<String>,
    /// The action of the fault rule that met it.
    pub fault: Option<&'static str>,
    /// Whether WeChat Pay carried it out: false for a refusal or a fault before the effect.
    pub effective: bool,
    /// Business time of the effect, if that was later than the call.
    pub effect_at: Option<OffsetDateTime>,
}

/// How often one kind of call was made for one number.
#[derive(Debug, Clone, Default)]
pub struct CallCount {
    /// All calls that arrived, whatever became of them or of their answers.
    pub count: u64,
    /// Those that WeChat Pay carried out.
    pub effective: u64,
    /// By HTTP status, `None` being a closed connection. A call that is still held open has no status yet.
    pub by_status: BTreeMap<Option<u16>, u64>,
}

/// Which call; good also when the log has forgotten it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallNumber {
    /// Counted over all calls.
    number: usize,
    /// Which of the counts.
    place: usize,
}

/// All calls.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    newest: VecDeque<Call>,
    forgotten: usize,
    counts: Vec<CallCount>,
    places: BTreeMap<Arc<CallOf>, usize>,
}

impl CallLog {
    /// Counts a call that arrived, and forgets the oldest beyond `max`.
    pub(crate) fn arrived(
        &mut self,
        of: CallOf,
        at: OffsetDateTime,
        fault: Option<&'static str>,
        max: usize,
    ) -> CallNumber {
        let (of, place) = self.place(of);
        let number = self.forgotten.saturating_add(self.newest.len());
        self.newest.push_back(Call {
            of,
            at,
            status: None,
            code: None,
            fault,
            effective: false,
            effect_at: None,
        });
        while self.newest.len() > max {
            self.newest.pop_front();
            self.forgotten = self.forgotten.saturating_add(1);
        }
        let call = CallNumber { number, place };
        self.count(call, |count| count.count = count.count.saturating_add(1));
        call
    }

    /// The caller has its answer; `None`: a closed connection.
    pub(crate) fn answered(
        &mut self,
        number: CallNumber,
        status: Option<u16>,
        code: Option<String>,
    ) {
        self.count(number, |count| {
            let ended = count.by_status.entry(status).or_default();
            *ended = ended.saturating_add(1);
        });
        if let Some(call) = self.call(number) {
            (call.status, call.code) = (status, code);
        }
    }

    /// WeChat Pay has carried it out; `late_at` if not at once.
    pub(crate) fn took_effect(&mut self, number: CallNumber, late_at: Option<OffsetDateTime>) {
        self.count(number, |count| count.effective = count.effective.saturating_add(1));
        if let Some(call) = self.call(number) {
            (call.effective, call.effect_at) = (true, late_at);
        }
    }

    fn place(&mut self, of: CallOf) -> (Arc<CallOf>, usize) {
        if let Some((of, place)) = self.places.get_key_value(&of) {
            return (Arc::clone(of), *place);
        }
        let (of, place) = (Arc::new(of), self.counts.len());
        self.counts.push(CallCount::default());
        self.places.insert(Arc::clone(&of), place);
        (of, place)
    }

    fn count(&mut self, of: CallNumber, change: impl FnOnce(&mut CallCount)) {
        if let Some(count) = self.counts.get_mut(of.place) {
            change(count);
        }
    }

    fn call(&mut self, number: CallNumber) -> Option<&mut Call> {
        self.newest.get_mut(number.number.checked_sub(self.forgotten)?)
    }

    /// The counts, by kind and number.
    pub fn counts(&self) -> impl Iterator<Item = (&CallOf, &CallCount)> {
        self.places.iter().filter_map(|(of, place)| Some((of.as_ref(), self.counts.get(*place)?)))
    }

    /// The newest calls, oldest first.
    pub fn newest(&self) -> impl Iterator<Item = &Call> {
        self.newest.iter()
    }

    /// The counts as the ledger shows them.
    pub(crate) fn counts_view(&self) -> Vec<Value> {
        let ending = |(status, count): (&Option<u16>, &u64)| {
            let ending = status.map_or_else(|| "lost".to_owned(), |status| status.to_string());
            (ending, json!(count))
        };
        let view = |(of, count): (&CallOf, &CallCount)| {
            json!({
                "kind": of.kind,
                "out_trade_no": of.out_trade_no,
                "out_refund_no": of.out_refund_no,
                "count": count.count,
                "effective": count.effective,
                "by_status": Value::Object(count.by_status.iter().map(ending).collect()),
            })
        };
        self.counts().map(view).collect()
    }

    /// The newest calls as the ledger shows them.
    pub(crate) fn newest_view(&self) -> Vec<Value> {
        let view = |call: &Call| {
            json!({
                "kind": call.of.kind,
                "out_trade_no": call.of.out_trade_no,
                "out_refund_no": call.of.out_refund_no,
                "at": beijing(call.at),
                "status": call.status,
                "code": call.code,
                "fault": call.fault,
                "effective": call.effective,
                "effect_at": call.effect_at.map(beijing),
            })
        };
        self.newest().map(view).collect()
    }
}
