//! One round of a notification: the attempts of one step of its ladder, after the faults have had their say.
//!
//! MAY NOT meet an attempt with a fault twice: what was held back or delayed goes out when its time has come.

use time::Duration;

use crate::core::WeChatPay;
use crate::core::faults::{Action, Numbers, Reordering, RuleId, Subject, Taken};
use crate::core::notice::{Attempt, AttemptEnd, AttemptId, AttemptKind, Delivery, Schedule};
use crate::core::outbox::Outbox;
use crate::core::outbox::attempt::Making;
use crate::core::ports::{Moment, Ports};
use crate::core::seal::SignatureFault;

/// A notification that others are to overtake.
#[derive(Debug, Clone)]
pub(super) struct Held {
    rule: RuleId,
    /// How many are to have arrived before it is sent.
    by: usize,
    /// Attempts of other notifications that went out since, and whether they have ended.
    overtaking: Vec<(AttemptId, bool)>,
}

/// What the faults do to one round.
#[derive(Debug, Clone)]
struct Met {
    fault: Option<&'static str>,
    copies: u32,
    signature: SignatureFault,
    /// Not now: at the latest after so many milliseconds, and sooner if it has been overtaken.
    wait: Option<(u64, Option<Held>)>,
}

impl Default for Met {
    fn default() -> Self {
        Self { fault: None, copies: 1, signature: SignatureFault::None, wait: None }
    }
}

impl Met {
    fn with(taken: &Taken) -> Self {
        let met = Self { fault: Some(taken.action.name()), ..Self::default() };
        match taken.action {
            Action::DelayMs(ms @ 1..) => Self { wait: Some((ms, None)), ..met },
            Action::Reorder(Reordering { by, within_ms }) => {
                let by = usize::try_from(by).unwrap_or(usize::MAX);
                let held = Held { rule: taken.rule, by, overtaking: Vec::new() };
                Self { wait: Some((within_ms, Some(held))), ..met }
            }
            Action::Duplicate(copies) => Self { copies, ..met },
            Action::CorruptSignature => Self { signature: SignatureFault::Corrupt, ..met },
            Action::Probe => Self { signature: SignatureFault::Probe, ..met },
            // The first is for the caller to see, the second for `record`; the others never meet a notification.
            Action::Drop
            | Action::AnswerLost
            | Action::DelayMs(_)
            | Action::Status(_)
            | Action::Errcode(_)
            | Action::StaleQuery(_)
            | Action::RefundEnds(_)
            | Action::Truncate
            | Action::Late(_) => met,
        }
    }
}

impl Outbox {
    /// An attempt goes out: it overtakes all that is held back of others.
    pub(super) fn overtaking(&mut self, id: AttemptId) {
        for (number, held) in &mut self.held {
            if *number != id.notice {
                held.overtaking.push((id, false));
            }
        }
    }

    /// An attempt has ended; what enough others have overtaken by now is due.
    pub(super) fn overtook(&mut self, id: AttemptId) {
        let mut enough = Vec::new();
        for (number, held) in &mut self.held {
            for (overtaking, ended) in &mut held.overtaking {
                *ended = *ended || *overtaking == id;
            }
            if held.overtaking.iter().filter(|(_, ended)| *ended).count() >= held.by {
                enough.push(*number);
            }
        }
        for number in enough {
            self.release(number);
        }
    }

    /// All that is held back is due: nothing is held by a rule that is gone.
    pub(crate) fn release_held(&mut self) {
        let held: Vec<u64> = self.held.keys().copied().collect();
        for number in held {
            self.release(number);
        }
    }

    fn release(&mut self, number: u64) {
        self.change(number, |notice| {
            if let Schedule::Waiting { planned, due, .. } = &mut notice.schedule {
                *due = *planned;
            }
        });
    }
}

impl WeChatPay {
    /// The attempts of one notification's round, after the faults have had their say.
    pub(super) fn start_round(&mut self, number: u64, ports: &mut Ports<'_>) -> Vec<Delivery> {
        let at = ports.at;
        let Some(notice) = self.outbox.notices.get(&number) else { return Vec::new() };
        let Schedule::Waiting { round, planned, due } = notice.schedule else { return Vec::new() };
        let met = if let Some(held) = self.outbox.held.remove(&number) {
            self.faults.let_go(held.rule);
            Met { fault: Some("reorder"), ..Met::default() }
        } else if due > planned {
            Met { fault: Some("delay_ms"), ..Met::default() }
        } else {
            let numbers = Numbers {
                out_trade_no: Some(&notice.of.out_trade_no),
                out_refund_no: notice.of.out_refund_no.as_deref(),
            };
            let subject = Subject::Notice { event_type: notice.event.name(), numbers };
            self.faults.take(subject).as_ref().map_or_else(Met::default, Met::with)
        };
        if let Some((ms, held)) = met.wait {
            let wait = Duration::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX));
            let later = at.business.checked_add(wait).unwrap_or(at.business);
            self.outbox.held.extend(held.map(|held| (number, held)));
            self.outbox.change(number, |notice| {
                notice.schedule = Schedule::Waiting { round, planned, due: later };
            });
            return Vec::new();
        }
        let Met { fault, copies, signature, .. } = met;
        self.outbox.change(number, |notice| {
            notice.schedule = Schedule::InFlight { round, planned, left: copies, taken: false };
        });
        if fault == Some("drop") {
            self.dropped(number, at);
            return Vec::new();
        }
        let making = Making { kind: AttemptKind::Scheduled, signature, fault, tamper: None };
        (0..copies).filter_map(|_| self.make_attempt(number, making, ports)).collect()
    }

    fn dropped(&mut self, number: u64, at: Moment) {
        let ladder = &self.settings.resend_ladder_s;
        self.outbox.change(number, |notice| {
            notice.attempts.push(Attempt {
                kind: AttemptKind::Scheduled,
                at: at.business,
                signed_at: at.real,
                serial: None,
                fault: Some("drop"),
                tamper: None,
                end: Some(AttemptEnd::Dropped),
            });
            notice.attempt_ended(false, ladder);
        });
    }
}
