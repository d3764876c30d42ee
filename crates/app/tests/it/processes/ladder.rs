//! When WeChat Pay may be asked about a payment: the ladder, written down a second time.
//!
//! A follower's job is claimed by one process at a time, and each claim is one step: a query, or, when
//! the payment is being closed, a query, a close and a query. After a step the job is due again
//!
//! - at the first rung after the payment's age: 5, 10, 20, 30, 60 s; a minute later until the eleventh
//!   minute; then two minutes later; and once a minute before its deadline, whichever comes first;
//! - at once when closing begins, and then 5 s later, or 30 s when the payment is older than a minute;
//! - at once when a client waits for it, which nobody does in these tests.
//!
//! So between two queries of one number lies a close, the beginning of a closing, or a rung. Two
//! queries without any of these are one rung asked twice.

/// Ages in seconds, and from the last one on the pause.
const RUNGS_S: [i64; 5] = [5, 10, 20, 30, 60];
const PAUSE_S: i64 = 60;
const CLOSING_PAUSE_S: i64 = 5;
/// The ledger's times are cut to whole seconds.
const CUT_S: i64 = 1;

/// One payment, in seconds of business time.
#[derive(Clone, Debug)]
pub struct Followed {
    pub created_at: i64,
    pub deadline: i64,
    /// When a payment of its order began to be closed.
    pub closings: Vec<i64>,
}

/// A call about it, by kind and time.
pub type Call<'a> = (&'a str, i64);

impl Followed {
    /// The queries that nothing called for, as pairs of times. `calls` are in their order.
    pub fn asked_twice(&self, calls: &[Call<'_>]) -> Vec<(i64, i64)> {
        let mut wrong = Vec::new();
        let mut before: Option<i64> = None;
        for (kind, at) in calls {
            match (*kind, before) {
                ("query", Some(first)) => {
                    if !self.may_ask_again(first, *at) {
                        wrong.push((first, *at));
                    }
                    before = Some(*at);
                }
                ("query", None) => before = Some(*at),
                ("close", _) => before = None,
                _ => {}
            }
        }
        wrong
    }

    fn may_ask_again(&self, first: i64, second: i64) -> bool {
        let (from, to) = (first, second + CUT_S);
        let between = |at: i64| from < at + CUT_S && at <= to;
        let began = self.closings.iter().any(|at| between(*at));
        let is_closing = self.closings.iter().any(|at| *at <= from);
        let rung = RUNGS_S.iter().any(|rung| between(self.created_at + rung));
        let paused = from - self.created_at >= RUNGS_S[4] && to - from >= PAUSE_S;
        let last_look = between(self.deadline - PAUSE_S);
        began || rung || paused || last_look || (is_closing && to - from >= CLOSING_PAUSE_S)
    }
}

#[test]
fn a_rung_may_be_asked_once() {
    let payment = Followed { created_at: 1_000, deadline: 2_800, closings: vec![] };
    let queries = |times: &[i64]| times.iter().map(|at| ("query", *at)).collect::<Vec<_>>();
    let wrong = |times: &[i64]| payment.asked_twice(&queries(times));
    assert!(wrong(&[1_005, 1_010, 1_021, 1_031, 1_060, 1_120]).is_empty());
    assert_eq!(wrong(&[1_006, 1_007]), [(1_006, 1_007)]);
    assert_eq!(wrong(&[1_012, 1_012, 1_022]), [(1_012, 1_012)]);
    assert_eq!(wrong(&[1_070, 1_100]), [(1_070, 1_100)]);
    let step = [("query", 1_012), ("close", 1_012), ("query", 1_012)];
    assert!(payment.asked_twice(&step).is_empty(), "one step of a closing");
    let cancelled = Followed { closings: vec![1_013], ..payment.clone() };
    assert!(cancelled.asked_twice(&queries(&[1_012, 1_013])).is_empty());
    assert_eq!(cancelled.asked_twice(&queries(&[1_015, 1_016])), [(1_015, 1_016)]);
}
