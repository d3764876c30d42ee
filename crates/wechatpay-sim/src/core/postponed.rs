//! Calls whose effect comes later than the call: the faults `late` and `reorder` (`core/faults.rs`).
//!
//! A call is checked when it arrives, as WeChat Pay's gateway does; one that is refused there is answered at once and
//! never comes here. What it does to an order, it does when its time has come, to the order as it stands then.
//!
//! MAY NOT wait: every visit that knows the time first carries out what was due by then ([`WeChatPay::catch_up`]), as
//! of the business time at which it was due. MAY NOT hold anything for ever: each call has a time on the sandbox clock.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::answer::code_of;
use crate::core::calls::CallNumber;
use crate::core::exchange::{ApiRequest, Collected, Exchange, HeldCall};
use crate::core::faults::{Lateness, Reordering, RuleId};
use crate::core::gate::LetIn;
use crate::core::handle::Manner;
use crate::core::ports::{Moment, Ports};
use crate::core::route::Route;
use crate::core::seal::SignatureFault;
use crate::core::wire_time::beijing;

/// Answers that nobody has collected are forgotten beyond this many, the oldest first: their callers have gone.
const UNCOLLECTED_MAX: usize = 1_024;

/// What a postponed call waits for besides its time.
#[derive(Debug, Clone)]
pub(crate) enum Postponement {
    /// Its caller has given up on it.
    Late(Lateness),
    /// Its caller waits until enough others have overtaken it.
    Overtaken {
        /// Which rule holds it.
        rule: RuleId,
        /// How many are still to come, and how long it waits for them.
        order: Reordering,
    },
}

impl Postponement {
    fn longest_ms(&self) -> u64 {
        match self {
            Self::Late(late) => late.ms,
            Self::Overtaken { order, .. } => order.within_ms,
        }
    }
}

/// A call that was let in and is still to come.
#[derive(Debug, Clone)]
pub(crate) struct PostponedCall {
    pub(crate) request: ApiRequest,
    pub(crate) call: LetIn,
    pub(crate) out_trade_no: Option<String>,
    pub(crate) log: CallNumber,
    pub(crate) postponement: Postponement,
}

/// All postponed calls, and the answers of those that were held.
#[derive(Debug, Clone, Default)]
pub(crate) struct PostponedCalls {
    waiting: BTreeMap<(OffsetDateTime, u64), PostponedCall>,
    /// To be carried out at the next visit: the rules that held them are gone.
    released: BTreeMap<u64, PostponedCall>,
    answers: BTreeMap<u64, Exchange>,
    last: u64,
    answered: u64,
}

impl PostponedCalls {
    /// Empty, but with numbers that go on.
    pub(crate) fn emptied(&self) -> Self {
        Self { last: self.last, answered: self.answered, ..Self::default() }
    }

    /// Puts a call off.
    pub(crate) fn add(&mut self, call: PostponedCall, now: OffsetDateTime) -> HeldCall {
        self.last = self.last.saturating_add(1);
        let ms = call.postponement.longest_ms();
        let wait = Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
        let due = now.checked_add(wait).unwrap_or(now);
        self.waiting.insert((due, self.last), call);
        HeldCall(self.last)
    }

    /// When the next one is due; a released one has been since ever.
    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        if !self.released.is_empty() {
            return Some(OffsetDateTime::UNIX_EPOCH);
        }
        self.waiting.keys().next().map(|(due, _)| *due)
    }

    /// Lets go of all calls that are held in an order: nothing is held by a rule that is gone.
    pub(crate) fn release_held(&mut self) {
        let held =
            |call: &mut PostponedCall| matches!(call.postponement, Postponement::Overtaken { .. });
        let released = self.take(held);
        self.released.extend(released);
    }

    /// The waiting calls that are wanted, in the order in which they would be due.
    fn take(
        &mut self,
        mut wanted: impl FnMut(&mut PostponedCall) -> bool,
    ) -> Vec<(u64, PostponedCall)> {
        let mut keys = Vec::new();
        for (key, call) in &mut self.waiting {
            if wanted(call) {
                keys.push(*key);
            }
        }
        keys.iter().filter_map(|key| Some((key.1, self.waiting.remove(key)?))).collect()
    }

    /// The next call that is due by `now`, and the business time of its effect.
    fn take_due(&mut self, now: OffsetDateTime) -> Option<(OffsetDateTime, u64, PostponedCall)> {
        if let Some((number, call)) = self.released.pop_first() {
            return Some((now, number, call));
        }
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((due, number), call) = entry.remove_entry();
        Some((due, number, call))
    }

    /// The calls that these rules held back and that enough others have overtaken now.
    fn take_overtaken(&mut self, rules: &[RuleId]) -> Vec<(u64, PostponedCall)> {
        self.take(|call| {
            let Postponement::Overtaken { rule, order } = &mut call.postponement else {
                return false;
            };
            if !rules.contains(rule) {
                return false;
            }
            order.by = order.by.saturating_sub(1);
            order.by == 0
        })
    }

    /// The late calls that waited for a close of this number.
    fn take_closed(&mut self, out_trade_no: Option<&str>) -> Vec<(u64, PostponedCall)> {
        self.take(|call| {
            let waits = matches!(&call.postponement, Postponement::Late(late) if late.until_close);
            waits && call.out_trade_no.as_deref() == out_trade_no
        })
    }

    fn keep_answer(&mut self, number: u64, exchange: Exchange) {
        self.answered = self.answered.saturating_add(1);
        self.answers.insert(number, exchange);
        while self.answers.len() > UNCOLLECTED_MAX {
            self.answers.pop_first();
        }
    }

    fn is_waiting(&self, number: u64) -> bool {
        self.released.contains_key(&number)
            || self.waiting.keys().any(|(_, waiting)| *waiting == number)
    }
}

impl WeChatPay {
    /// Carries out what is due by now and waits for nobody: postponed calls and the ends of refunds, each as of the time
    /// at which it was due, the earlier first.
    pub fn catch_up(&mut self, ports: &mut Ports<'_>) {
        let now = ports.at.business;
        loop {
            let refund = self.refunds.due_by(now);
            let call = self.postponed.next_due().filter(|due| *due <= now);
            match refund {
                Some((at, number)) if call.is_none_or(|due| at <= due) => {
                    self.end_refund(&number, at, ports);
                }
                // Ends: each pass takes a call away or brings a refund nearer to its end, and carrying out postpones none.
                Some(_) | None => match self.postponed.take_due(now) {
                    Some((at, number, call)) => self.carry_out_postponed((number, call), at, ports),
                    None => return,
                },
            }
        }
    }

    /// What has become of a held call. Its answer is given once.
    pub fn collect(&mut self, held: HeldCall, ports: &mut Ports<'_>) -> Collected {
        self.catch_up(ports);
        match self.postponed.answers.remove(&held.0) {
            Some(exchange) => Collected::Ended(exchange),
            None if self.postponed.is_waiting(held.0) => Collected::Waiting,
            None => Collected::Forgotten,
        }
    }

    /// How many held calls have been answered; when it moves, it is time to collect.
    pub fn held_calls_answered(&self) -> u64 {
        self.postponed.answered
    }

    /// A call was carried out that overtakes what these rules hold back.
    pub(crate) fn overtaken(&mut self, rules: &[RuleId], ports: &mut Ports<'_>) {
        if rules.is_empty() {
            return;
        }
        let now = ports.at.business;
        for call in self.postponed.take_overtaken(rules) {
            self.carry_out_postponed(call, now, ports);
        }
    }

    /// A close succeeded: late calls that waited for it come now.
    pub(crate) fn closed(&mut self, out_trade_no: Option<&str>, ports: &mut Ports<'_>) {
        let now = ports.at.business;
        for call in self.postponed.take_closed(out_trade_no) {
            self.carry_out_postponed(call, now, ports);
        }
    }

    fn carry_out_postponed(
        &mut self,
        (number, call): (u64, PostponedCall),
        at: OffsetDateTime,
        ports: &mut Ports<'_>,
    ) {
        let now = ports.at;
        ports.at = Moment { real: now.real, business: at };
        let closes = matches!(call.call.route, Route::Close(_));
        let revived = self.revive(&call);
        let outcome = self.perform(&call.request, call.call, Manner::default(), ports);
        let effective = outcome.as_ref().is_ok_and(|success| !success.is_refusal());
        if effective {
            self.calls.took_effect(call.log, Some(at));
        }
        if let Some(burned) = revived {
            match self.trades.get_mut(&burned) {
                Some(trade) => trade.unfaithful = true,
                None => self.burned.extend([burned]),
            }
        }
        if let Postponement::Overtaken { rule, .. } = call.postponement {
            self.faults.let_go(rule);
            let answer = self.seal(outcome, &call.request, SignatureFault::None, ports);
            self.calls.answered(call.log, Some(answer.status), code_of(&answer));
            let exchange = Exchange::now(answer).signed(ports.keyring);
            self.postponed.keep_answer(number, exchange);
        }
        if closes && effective {
            self.closed(call.out_trade_no.as_deref(), ports);
        }
        ports.at = now;
    }

    /// Makes a burned number good again for an unfaithful late prepay; answers the number if it was burned.
    fn revive(&mut self, call: &PostponedCall) -> Option<String> {
        let unfaithful = matches!(&call.postponement, Postponement::Late(late) if late.unfaithful);
        let prepays = matches!(call.call.route, Route::Prepay(_));
        let number = call.out_trade_no.as_ref().filter(|_| unfaithful && prepays)?;
        self.burned.take(number)
    }

    /// The postponed calls as the ledger shows them.
    pub(crate) fn postponed_view(&self) -> Vec<Value> {
        let view = |due: Option<OffsetDateTime>, call: &PostponedCall| {
            json!({
                "kind": call.call.route.kind(),
                "out_trade_no": call.out_trade_no,
                "fault": match call.postponement {
                    Postponement::Late(_) => "late",
                    Postponement::Overtaken { .. } => "reorder",
                },
                "due_at": due.map(beijing),
            })
        };
        let released = self.postponed.released.values().map(|call| view(None, call));
        let waiting = self.postponed.waiting.iter().map(|((due, _), call)| view(Some(*due), call));
        released.chain(waiting).collect()
    }
}
