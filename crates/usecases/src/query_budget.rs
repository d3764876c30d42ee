//! How many questions WeChat Pay is asked: a token bucket (product ruling 21).
//!
//! A share of the bucket is kept for those who cannot wait: a client that waits may take the last
//! token, an old payment only from a bucket that is more than half full. WeChat Pay's own "too
//! many" (429) halves the rate, which then comes back step by step. One bucket per process.

use domain::Timestamp;
use domain::job::MINUTE_S;
use domain::payment::{Payment, PaymentState};
use std::sync::{Mutex, PoisonError};

/// A question costs this many thousandths.
const TOKEN: u64 = 1_000;
/// A halved rate grows by this share of the full rate each second.
const RECOVERY_SHARE: u64 = 60;
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

    /// How much of a full bucket it leaves to those who are more urgent, in percent.
    fn leaves(self) -> u64 {
        match self {
            Urgency::ClientWaiting => 0,
            Urgency::NearDeadline => 15,
            Urgency::Young => 35,
            Urgency::Patient => 60,
        }
    }
}

/// The bucket. Holds one second's worth of questions.
#[derive(Debug)]
pub struct QueryBudget {
    full_rate: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Thousandths of tokens per second.
    rate: u64,
    /// Thousandths of tokens.
    level: u64,
    /// When both were true, real time. `None` before the first question.
    at: Option<Timestamp>,
}

impl QueryBudget {
    /// At most `per_second` questions a second, at least 1.
    #[must_use]
    pub fn new(per_second: u32) -> QueryBudget {
        let full_rate = u64::from(per_second.max(1)).saturating_mul(TOKEN);
        let state = State { rate: full_rate, level: full_rate, at: None };
        QueryBudget { full_rate, state: Mutex::new(state) }
    }

    /// Takes a token for a question at `now` (real time), or says after how many milliseconds
    /// there may be one.
    ///
    /// # Errors
    /// The milliseconds to wait, at least 1.
    pub fn take(&self, urgency: Urgency, now: Timestamp) -> Result<(), u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(self.full_rate, now);
        let capacity = self.full_rate.max(TOKEN);
        let kept = capacity.saturating_sub(TOKEN).saturating_mul(urgency.leaves()) / 100;
        let needed = kept.saturating_add(TOKEN);
        if state.level >= needed {
            state.level = state.level.saturating_sub(TOKEN);
            return Ok(());
        }
        let missing = needed.saturating_sub(state.level);
        Err((missing.saturating_mul(1_000) / state.rate.max(1)).max(1))
    }

    /// WeChat Pay said that it was too many.
    pub fn halve(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(self.full_rate, now);
        state.rate = (state.rate / 2).max(TOKEN / 10);
        state.level = 0;
    }
}

impl State {
    fn advance(&mut self, full_rate: u64, now: Timestamp) {
        let millis = self.at.map_or(0, |at| now.millis_since(at));
        self.at = self.at.max(Some(now));
        let millis = u64::try_from(millis).unwrap_or(0);
        let filled = self.rate.saturating_mul(millis) / 1_000;
        self.level = self.level.saturating_add(filled).min(full_rate.max(TOKEN));
        let recovered = (full_rate / RECOVERY_SHARE).saturating_mul(millis) / 1_000;
        self.rate = self.rate.saturating_add(recovered).min(full_rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_seconds(1_795_226_400).plus_millis(millis)
    }

    fn taken(budget: &QueryBudget, urgency: Urgency, now: Timestamp) -> u32 {
        (0..1_000).take_while(|_| budget.take(urgency, now).is_ok()).count().try_into().unwrap()
    }

    #[test]
    fn a_bucket_holds_a_second_and_fills_in_a_second() {
        let budget = QueryBudget::new(100);
        assert_eq!(taken(&budget, Urgency::ClientWaiting, at(0)), 100);
        assert_eq!(taken(&budget, Urgency::ClientWaiting, at(100)), 10);
        assert_eq!(taken(&budget, Urgency::ClientWaiting, at(60_000)), 100);
    }

    #[test]
    fn the_patient_leave_a_share_to_the_urgent() {
        let budget = QueryBudget::new(100);
        let order =
            [Urgency::Patient, Urgency::Young, Urgency::NearDeadline, Urgency::ClientWaiting];
        let got = order.map(|urgency| taken(&budget, urgency, at(0)));
        assert_eq!(got.iter().sum::<u32>(), 100);
        assert!(got.iter().all(|share| *share >= 14), "{got:?}");
    }

    #[test]
    fn one_a_second_still_serves_the_patient() {
        let budget = QueryBudget::new(1);
        assert_eq!(taken(&budget, Urgency::Patient, at(0)), 1);
        assert_eq!(taken(&budget, Urgency::Patient, at(1_000)), 1);
    }

    #[test]
    fn too_many_halves_the_rate_which_comes_back() {
        let budget = QueryBudget::new(100);
        budget.halve(at(0));
        assert_eq!(taken(&budget, Urgency::ClientWaiting, at(0)), 0);
        let halved = taken(&budget, Urgency::ClientWaiting, at(1_000));
        assert!((45..=55).contains(&halved), "{halved}");
        let _drained = taken(&budget, Urgency::ClientWaiting, at(120_000));
        assert_eq!(taken(&budget, Urgency::ClientWaiting, at(121_000)), 100);
    }

    #[test]
    fn who_is_told_to_wait_is_told_long_enough() {
        let budget = QueryBudget::new(10);
        let _drained = taken(&budget, Urgency::ClientWaiting, at(0));
        let wait = budget.take(Urgency::Young, at(0)).unwrap_err();
        let later = at(i64::try_from(wait).unwrap() + 1);
        assert_eq!(budget.take(Urgency::Young, later), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_away() {
        let budget = QueryBudget::new(10);
        let _drained = taken(&budget, Urgency::ClientWaiting, at(5_000));
        assert!(budget.take(Urgency::ClientWaiting, at(0)).is_err());
    }
}
