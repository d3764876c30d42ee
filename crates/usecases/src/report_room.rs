//! How many reports of shipments are under way: so few that a platform which does not answer, or a thousand
//! shipments at once, leave the workers to whatever is about money.
//!
//! One room per process.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many at once.
const PLACES: u32 = 2;
/// Who finds no place comes again after so long, in milliseconds.
const FULL_MS: u64 = 2_000;
/// After a report that came to nothing nobody reports for so long, in milliseconds: the next would come to nothing too.
const REST_MS: u64 = 1_000;

/// The room.
#[derive(Debug, Default)]
pub struct ReportRoom {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    taken: u32,
    rests_until_millis: u64,
}

/// A place in the room, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    room: &'a ReportRoom,
}

impl ReportRoom {
    /// A place, or how long to stay away, in milliseconds.
    pub(crate) fn enter(&self, now_millis: u64) -> Result<Place<'_>, u64> {
        let mut inside = self.lock();
        if inside.taken >= PLACES {
            return Err(FULL_MS);
        }
        let rest_ms = inside.rests_until_millis.saturating_sub(now_millis);
        // More than a whole rest is a clock that was set back.
        if (1..=REST_MS).contains(&rest_ms) {
            return Err(rest_ms);
        }
        inside.taken = inside.taken.saturating_add(1);
        Ok(Place { room: self })
    }

    /// A report came to nothing.
    pub(crate) fn rest(&self, now_millis: u64) {
        self.lock().rests_until_millis = now_millis.saturating_add(REST_MS);
    }

    /// What a panic left is a number, and still right: its place was dropped.
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut inside = self.room.lock();
        inside.taken = inside.taken.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_let_in_and_a_third_when_one_of_them_leaves() {
        let room = ReportRoom::default();
        let first = room.enter(0).unwrap();
        let _second = room.enter(0).unwrap();
        assert_eq!(room.enter(0).err(), Some(FULL_MS));
        drop(first);
        assert!(room.enter(0).is_ok());
    }

    #[test]
    fn after_one_that_came_to_nothing_nobody_is_let_in_for_a_second() {
        let room = ReportRoom::default();
        room.rest(5_000);
        assert_eq!(room.enter(5_000).err(), Some(1_000));
        assert_eq!(room.enter(5_999).err(), Some(1));
        assert!(room.enter(6_000).is_ok());
    }

    #[test]
    fn a_clock_that_went_back_keeps_nobody_out() {
        let room = ReportRoom::default();
        room.rest(5_000_000);
        assert!(room.enter(5_000).is_ok());
    }
}
