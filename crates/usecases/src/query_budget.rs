//! How many questions WeChat Pay is asked: a token bucket (product ruling 21).
//!
//! Each kind of question has a small bucket of its own, so that none is starved; what those cannot
//! hold flows into one that all share, where the more urgent may take more: a client that waits the
//! last token, an old payment only while it is more than half full. WeChat Pay's own "too many" (429)
//! halves the rate, which comes back in a minute. One budget per process.

#[cfg(test)]
mod shares;
#[cfg(test)]
mod tests;

use domain::Timestamp;
use domain::job::MINUTE_S;
use domain::payment::{Payment, PaymentState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A question costs this much: a millionth of a millionth of it is the unit of every level, so that
/// what comes in within a microsecond is a whole number.
const TOKEN: u64 = 1_000_000_000_000;
/// Rates are in millionths of a token per second.
const MILLIONTHS: u64 = 1_000_000;
/// A rate that was halved is whole again after so long.
const RECOVERY_MICROS: u64 = 60_000_000;
/// Two "too many" within this time are one.
const HALVED_ONCE_IN_MICROS: i64 = 1_000_000;
/// More time than this fills every bucket.
const LONG_MICROS: u64 = 100_000_000;
/// A payment that ends within so many seconds is near its deadline.
const NEAR_S: i64 = 120;

/// How badly somebody wants to know. Ordered: the first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// A client waits for the answer.
    ClientWaiting,
    /// The payment is being closed, or its deadline is near.
    NearDeadline,
    /// The payment is younger than a minute.
    Young,
    /// Everything else.
    Patient,
}

impl Urgency {
    /// Of following `payment` at `now`.
    #[must_use]
    pub fn of(payment: &Payment, wanted: bool, now: Timestamp) -> Urgency {
        let closing = matches!(payment.state, PaymentState::Closing { .. });
        if wanted {
            Urgency::ClientWaiting
        } else if closing || payment.terms.time_expire.seconds_since(now) < NEAR_S {
            Urgency::NearDeadline
        } else if now.seconds_since(payment.created_at) < MINUTE_S {
            Urgency::Young
        } else {
            Urgency::Patient
        }
    }

    /// What is its own of everything that comes in, in percent; the rest is shared.
    fn own(self) -> u64 {
        match self {
            Urgency::ClientWaiting => 20,
            Urgency::NearDeadline => 20,
            Urgency::Young | Urgency::Patient => 10,
        }
    }

    /// How much of the shared bucket it leaves to those who are more urgent, in percent.
    fn leaves(self) -> u64 {
        match self {
            Urgency::ClientWaiting => 0,
            Urgency::NearDeadline => 15,
            Urgency::Young => 35,
            Urgency::Patient => 60,
        }
    }

    fn index(self) -> usize {
        match self {
            Urgency::ClientWaiting => 0,
            Urgency::NearDeadline => 1,
            Urgency::Young => 2,
            Urgency::Patient => 3,
        }
    }
}

const EVERY: [Urgency; 4] =
    [Urgency::ClientWaiting, Urgency::NearDeadline, Urgency::Young, Urgency::Patient];

/// The budget. Holds one second's worth of questions, and one question of each kind at least.
#[derive(Debug)]
pub struct QueryBudget {
    per_second: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    own: [u64; 4],
    shared: u64,
    /// When these were true, real time. `None` before the first question.
    at: Option<Timestamp>,
    /// The rate when it was last halved, and when.
    halved: Option<(u64, Timestamp)>,
}

impl QueryBudget {
    /// At most `per_second` questions a second, at least 1.
    #[must_use]
    pub fn new(per_second: u32) -> QueryBudget {
        let per_second = u64::from(per_second.max(1));
        let own = EVERY.map(|urgency| capacity(per_second, urgency.own()));
        let shared = capacity(per_second, shared_percent());
        QueryBudget { per_second, state: Mutex::new(State { own, shared, at: None, halved: None }) }
    }

    /// Takes a token for a question at `now` (real time).
    ///
    /// # Errors
    /// After how many milliseconds there may be one, at least 1.
    pub fn take(&self, urgency: Urgency, now: Timestamp) -> Result<(), u64> {
        let mut state = self.advanced(now);
        let own = &mut state.own[urgency.index()];
        if *own >= TOKEN {
            *own = own.saturating_sub(TOKEN);
            return Ok(());
        }
        let missing_own = TOKEN.saturating_sub(*own);
        let room = capacity(self.per_second, shared_percent()).saturating_sub(TOKEN);
        let kept = (room / 100).saturating_mul(urgency.leaves());
        let needed = kept.saturating_add(TOKEN);
        if state.shared >= needed {
            state.shared = state.shared.saturating_sub(TOKEN);
            return Ok(());
        }
        let micros = missing_own / self.rate(&state, now).max(1) * 100 / urgency.own();
        Err((micros / 1_000).max(1))
    }

    /// Takes a token for a question that is asked in any case, if there is one.
    pub fn spend(&self, now: Timestamp) {
        let mut state = self.advanced(now);
        state.shared = state.shared.saturating_sub(TOKEN);
    }

    /// WeChat Pay said that it was too many.
    pub fn halve(&self, now: Timestamp) {
        let mut state = self.advanced(now);
        let known = state.halved.is_some_and(|(_, at)| {
            (0..HALVED_ONCE_IN_MICROS).contains(&now.micros().saturating_sub(at.micros()))
        });
        if known {
            return;
        }
        let rate = (self.rate(&state, now) / 2).max(MILLIONTHS / 10);
        state.halved = Some((rate, now));
        state.own = [0; 4];
        state.shared = 0;
    }

    /// Millionths of a token per second, at `now`.
    fn rate(&self, state: &State, now: Timestamp) -> u64 {
        let full = self.per_second.saturating_mul(MILLIONTHS);
        let Some((halved, at)) = state.halved else { return full };
        let micros = since(at, now).min(RECOVERY_MICROS);
        let back = full.saturating_sub(halved);
        let recovered = (back / 1_000).saturating_mul(micros) / (RECOVERY_MICROS / 1_000);
        halved.saturating_add(recovered).min(full)
    }

    /// The levels at `now`. A clock that went back gives nothing for that, and goes on from there.
    fn advanced(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let micros = state.at.map_or(0, |at| since(at, now)).min(LONG_MICROS);
        state.at = Some(now);
        state.halved = state.halved.map(|(rate, at)| (rate, at.min(now)));
        let incoming = self.rate(&state, now).saturating_mul(micros);
        let mut rest = incoming;
        for urgency in EVERY {
            let part = (incoming / 100).saturating_mul(urgency.own());
            let level = &mut state.own[urgency.index()];
            let room = capacity(self.per_second, urgency.own()).saturating_sub(*level);
            let kept = part.min(room);
            *level = level.saturating_add(kept);
            rest = rest.saturating_sub(kept);
        }
        let most = capacity(self.per_second, shared_percent());
        state.shared = state.shared.saturating_add(rest).min(most);
        state
    }
}

/// Microseconds from `at` to `now`; none when the clock went back.
fn since(at: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.micros().saturating_sub(at.micros())).unwrap_or(0)
}

/// A second's worth of this share, and at least one question.
fn capacity(per_second: u64, percent: u64) -> u64 {
    (per_second.saturating_mul(TOKEN) / 100).saturating_mul(percent).max(TOKEN)
}

fn shared_percent() -> u64 {
    100_u64.saturating_sub(EVERY.iter().map(|urgency| urgency.own()).sum())
}
