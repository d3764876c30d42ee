//! Levels at moments: what is given, to whom, and when it comes back.

use super::*;

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_226_400).plus_millis(millis)
}

pub(super) fn taken(budget: &QueryBudget, urgency: Urgency, now: Timestamp) -> u32 {
    (0..1_000).take_while(|_| budget.take(urgency, now).is_ok()).count().try_into().unwrap()
}

#[test]
fn a_bucket_holds_a_second_and_fills_in_a_second() {
    let budget = QueryBudget::new(100);
    let all = |now| EVERY.map(|urgency| taken(&budget, urgency, now)).iter().sum::<u32>();
    assert_eq!(all(at(0)), 100);
    assert_eq!(all(at(100)), 10);
    assert_eq!(all(at(60_000)), 100);
}

#[test]
fn the_patient_leave_a_share_to_the_urgent() {
    let budget = QueryBudget::new(100);
    let order = [Urgency::Patient, Urgency::Young, Urgency::NearDeadline, Urgency::ClientWaiting];
    let got = order.map(|urgency| taken(&budget, urgency, at(0)));
    assert_eq!(got.iter().sum::<u32>(), 100);
    assert!(got.iter().all(|share| *share >= 10), "{got:?}");
}

#[test]
fn one_a_second_still_serves_the_patient() {
    let budget = QueryBudget::new(1);
    let _burst = taken(&budget, Urgency::Patient, at(0));
    let served: u32 =
        (1..=60).map(|second| taken(&budget, Urgency::Patient, at(second * 1_000))).sum();
    assert!((30..=60).contains(&served), "{served}");
}

#[test]
fn too_many_halves_the_rate_which_comes_back() {
    let budget = QueryBudget::new(100);
    budget.halve(at(0));
    assert_eq!(taken(&budget, Urgency::ClientWaiting, at(0)), 0);
    let all = |now| EVERY.map(|urgency| taken(&budget, urgency, now)).iter().sum::<u32>();
    let halved = all(at(1_000));
    assert!((45..=55).contains(&halved), "{halved}");
    let _drained = all(at(120_000));
    assert_eq!(all(at(121_000)), 100);
}

#[test]
fn who_is_told_to_wait_is_told_long_enough() {
    let budget = QueryBudget::new(10);
    let _drained = EVERY.map(|urgency| taken(&budget, urgency, at(0)));
    let wait = budget.take(Urgency::Young, at(0)).unwrap_err();
    let later = at(i64::try_from(wait).unwrap() + 1);
    assert_eq!(budget.take(Urgency::Young, later), Ok(()));
}

#[test]
fn a_clock_that_goes_back_gives_nothing_away() {
    let budget = QueryBudget::new(10);
    let _drained = taken(&budget, Urgency::ClientWaiting, at(5_000));
    assert!(budget.take(Urgency::ClientWaiting, at(0)).is_err());
    assert!(budget.take(Urgency::ClientWaiting, at(2_000)).is_ok(), "it goes on from there");
}

/// Questions that come less than a millisecond apart must not stop the bucket.
#[test]
fn frequent_takes_do_not_stop_the_refill() {
    let budget = QueryBudget::new(100);
    let start = at(0);
    let mut got = 0;
    for tick in 0..20_000i64 {
        // every 0.9 ms, for 18 seconds
        let now = Timestamp::from_micros(start.micros() + tick * 900);
        if budget.take(Urgency::ClientWaiting, now).is_ok() {
            got += 1;
        }
    }
    assert!(got > 1_500, "18 s at 100/s gave {got} questions");
}

/// Every kind of question is alone now and then: it gets everything.
#[test]
fn who_is_alone_gets_the_whole_rate() {
    for urgency in EVERY {
        let budget = QueryBudget::new(100);
        let got: u32 = (0..60).map(|second| taken(&budget, urgency, at(second * 1_000))).sum();
        assert!(got >= 1_500, "{urgency:?}: {got} in a minute");
        let steady: u32 =
            (0..6_000).map(|tick| taken(&budget, urgency, at(60_000 + tick * 10))).sum();
        assert!(steady >= 5_500, "{urgency:?}: {steady} in a minute, asked all the time");
    }
}

#[test]
fn takes_at_odd_moments_lose_nothing() {
    let budget = QueryBudget::new(100);
    let mut got = 0;
    for tick in 0..10_000i64 {
        let now = Timestamp::from_micros(at(0).micros() + tick * 1_900);
        if budget.take(Urgency::ClientWaiting, now).is_ok() {
            got += 1;
        }
    }
    assert!(got > 1_700, "19 s at 100/s gave {got} questions");
}

/// The clock was an hour ahead and was put right.
#[test]
fn a_clock_that_goes_back_does_not_stop_the_questions() {
    let budget = QueryBudget::new(10);
    let _drained = taken(&budget, Urgency::ClientWaiting, at(3_600_000));
    let _taken = budget.take(Urgency::ClientWaiting, at(0));
    assert!(budget.take(Urgency::ClientWaiting, at(60_000)).is_ok(), "a minute later, nothing");
}

/// 10/s, a few 429s, then 300 takes a second.
#[test]
fn a_small_budget_comes_back_after_429() {
    let budget = QueryBudget::new(10);
    for _ in 0..8 {
        budget.halve(at(0));
    }
    let mut got = 0;
    for tick in 0..36_000i64 {
        // two minutes, every 3.3 ms
        let now = Timestamp::from_micros(at(0).micros() + tick * 3_300);
        if budget.take(Urgency::ClientWaiting, now).is_ok() {
            got += 1;
        }
    }
    assert!(got > 300, "two minutes at 10/s gave {got}");
}

/// 100 polling buyers at 2 s each = 50/s .. 200/s client load starves everything else
#[test]
fn waiting_clients_do_not_starve_the_closing() {
    let budget = QueryBudget::new(100);
    let mut closing = 0;
    for ms in 0..60_000i64 {
        if ms % 5 == 0 {
            let _taken = budget.take(Urgency::ClientWaiting, at(ms));
        } // 200/s
        if ms % 100 == 0 && budget.take(Urgency::NearDeadline, at(ms)).is_ok() {
            closing += 1;
        }
    }
    assert!(closing > 10, "in a minute {closing} of 600 closing questions were asked");
}
