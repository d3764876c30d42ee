//! Bounded polling: the only clock and the only sleep of this crate.

use std::time::{Duration, Instant};

/// How long to sleep between two looks. Short, because a server stops in about 30 ms.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Looks until there is an answer, or `None` when `limit` has passed.
pub(crate) fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = now();
    loop {
        let answer = look();
        if answer.is_some() || begun.elapsed() >= limit {
            return answer;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Waits until `done`, and says whether it came to be within `limit`.
pub(crate) fn until_true(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    until(limit, || done().then_some(())).is_some()
}

#[expect(clippy::disallowed_methods, reason = "a launcher of processes waits in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
