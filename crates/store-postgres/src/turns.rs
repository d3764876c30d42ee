//! Whoever comes while others are at it waits, and is taken along by whoever is next.
//!
//! Nobody waits for others to come: who finds a turn free has it at once. There is no timer. What is done
//! in a turn is not known here.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::time::timeout;

/// Who comes when so many wait already goes alone.
const WAITING_MAX: usize = 512;

/// Turns at things named by `K`: so many at a time at each. Who comes brings a `T` and hears an `A`.
pub(crate) struct Turns<K: Ord + Clone, T, A> {
    at_a_time: usize,
    /// The longest that somebody waits for a turn.
    patience: Duration,
    lines: Mutex<BTreeMap<K, Line<K, T, A>>>,
}

/// At one thing. There is one while somebody has a turn.
struct Line<K: Ord + Clone, T, A> {
    taken: usize,
    /// How many have ever waited.
    count: u64,
    waiting: VecDeque<Waiting<K, T, A>>,
}

/// Somebody whose turn has not come.
struct Waiting<K: Ord + Clone, T, A> {
    number: u64,
    brought: T,
    told: Sender<Told<K, T, A>>,
}

/// What somebody who waited hears.
enum Told<K: Ord + Clone, T, A> {
    /// It was done with others', and this came of it.
    Answer(A),
    /// It is their turn, with whoever waits by then. They get back what they brought.
    Turn(Turn<K, T, A>, T),
}

/// Dropped, it goes to whoever has waited longest, or ends.
struct Turn<K: Ord + Clone, T, A> {
    turns: Arc<Turns<K, T, A>>,
    key: K,
}

/// Who came, and finds a turn free or none.
enum Came<K: Ord + Clone, T, A> {
    First(Turn<K, T, A>, T),
    Behind(u64, Receiver<Told<K, T, A>>),
    /// Too many wait.
    Past(T),
}

/// Why somebody hears nothing of what they brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// No turn came in time: nothing was done about it.
    Untaken,
    /// Whoever had taken it along was stopped: it may be done, or not.
    Stopped,
}

impl<K: Ord + Clone, T, A> Turns<K, T, A> {
    /// So many turns at a time at each thing, at least one; nobody waits longer than `patience` for one.
    pub(crate) fn new(at_a_time: usize, patience: Duration) -> Turns<K, T, A> {
        Turns { at_a_time: at_a_time.max(1), patience, lines: Mutex::default() }
    }

    /// What comes of `brought` at `key`: done by `work` with at most `most` of those who wait by then,
    /// ours first, as many answers as were brought; or by somebody else's.
    pub(crate) async fn take<F, W>(
        turns: &Arc<Turns<K, T, A>>,
        key: K,
        brought: T,
        most: usize,
        work: F,
    ) -> Result<A, Unheard>
    where
        F: FnOnce(Vec<T>) -> W,
        W: Future<Output = Vec<A>>,
    {
        let (turn, brought) = match Turns::come(turns, key.clone(), brought) {
            Came::First(turn, brought) => (turn, brought),
            Came::Past(brought) => {
                return work(vec![brought]).await.pop().ok_or(Unheard::Stopped);
            }
            Came::Behind(number, told) => match turns.wait(&key, number, told).await? {
                Told::Turn(turn, brought) => (turn, brought),
                Told::Answer(answer) => return Ok(answer),
            },
        };
        // Whoever came at the same moment, and has only not been run yet, is taken along.
        tokio::task::yield_now().await;
        let (mut all, mut others) = (vec![brought], Vec::new());
        for waiting in turn.others(most.saturating_sub(1)) {
            all.push(waiting.brought);
            others.push(waiting.told);
        }
        let answers = work(all).await;
        drop(turn);
        let mut answers = answers.into_iter();
        let ours = answers.next();
        for (told, answer) in others.into_iter().zip(answers) {
            // Who waits no more finds out otherwise.
            let _gone = told.send(Told::Answer(answer));
        }
        ours.ok_or(Unheard::Stopped)
    }

    /// What somebody hears in time; whoever is taken along waits to the end.
    async fn wait(
        &self,
        key: &K,
        number: u64,
        mut told: Receiver<Told<K, T, A>>,
    ) -> Result<Told<K, T, A>, Unheard> {
        match timeout(self.patience, &mut told).await {
            Ok(heard) => heard.map_err(|_dropped| Unheard::Stopped),
            Err(_late) if self.leave(key, number) => Err(Unheard::Untaken),
            Err(_late) => told.await.map_err(|_dropped| Unheard::Stopped),
        }
    }

    /// Whether somebody still waited, and does no more.
    fn leave(&self, key: &K, number: u64) -> bool {
        let mut lines = self.lines();
        let Some(line) = lines.get_mut(key) else { return false };
        let place = line.waiting.iter().position(|waiting| waiting.number == number);
        place.is_some_and(|place| line.waiting.remove(place).is_some())
    }

    fn come(turns: &Arc<Turns<K, T, A>>, key: K, brought: T) -> Came<K, T, A> {
        let mut lines = turns.lines();
        let line = lines.entry(key.clone());
        let line = line.or_insert_with(|| Line { taken: 0, count: 0, waiting: VecDeque::new() });
        if line.taken < turns.at_a_time {
            line.taken = line.taken.saturating_add(1);
            return Came::First(Turn { turns: Arc::clone(turns), key }, brought);
        }
        if line.waiting.len() >= WAITING_MAX {
            return Came::Past(brought);
        }
        let (told, hears) = oneshot::channel();
        line.count = line.count.saturating_add(1);
        line.waiting.push_back(Waiting { number: line.count, brought, told });
        Came::Behind(line.count, hears)
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<K, Line<K, T, A>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord + Clone, T, A> Turn<K, T, A> {
    /// At most so many of those who wait, who waited longest first.
    fn others(&self, most: usize) -> Vec<Waiting<K, T, A>> {
        let mut lines = self.turns.lines();
        let Some(line) = lines.get_mut(&self.key) else { return Vec::new() };
        let count = most.min(line.waiting.len());
        line.waiting.drain(..count).collect()
    }

    /// Whoever has waited longest; nobody gives the turn back.
    fn next(&self) -> Option<Waiting<K, T, A>> {
        let mut lines = self.turns.lines();
        let line = lines.get_mut(&self.key)?;
        let next = line.waiting.pop_front();
        if next.is_none() {
            line.taken = line.taken.saturating_sub(1);
            if line.taken == 0 {
                lines.remove(&self.key);
            }
        }
        next
    }
}

impl<K: Ord + Clone, T, A> Drop for Turn<K, T, A> {
    fn drop(&mut self) {
        if let Some(next) = self.next() {
            let turn = Turn { turns: Arc::clone(&self.turns), key: self.key.clone() };
            // Who waits no more gives it back unheard: dropped, it goes on to the next.
            drop(next.told.send(Told::Turn(turn, next.brought)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ours = Turns<&'static str, u32, u32>;

    fn turns(at_a_time: usize) -> Arc<Ours> {
        Arc::new(Turns::new(at_a_time, Duration::from_millis(200)))
    }

    fn first(turns: &Arc<Ours>) -> Turn<&'static str, u32, u32> {
        match Turns::come(turns, "tea", 0) {
            Came::First(turn, 0) => turn,
            Came::First(..) | Came::Behind(..) | Came::Past(_) => panic!("not first"),
        }
    }

    fn behind(turns: &Arc<Ours>, brought: u32) -> Receiver<Told<&'static str, u32, u32>> {
        match Turns::come(turns, "tea", brought) {
            Came::Behind(_, hears) => hears,
            Came::First(..) | Came::Past(_) => panic!("nobody is there"),
        }
    }

    #[test]
    fn who_comes_first_has_a_turn_and_who_comes_meanwhile_is_taken_along() {
        let turns = turns(1);
        let turn = first(&turns);
        let (mut one, _other) = (behind(&turns, 1), behind(&turns, 2));
        assert!(
            matches!(Turns::come(&turns, "salt", 0), Came::First(..)),
            "each thing has its own"
        );
        let taken = |most| turn.others(most).iter().map(|other| other.brought).collect::<Vec<_>>();
        assert_eq!(taken(1), [1], "no more than is said");
        assert_eq!(taken(5), [2]);
        drop(turn);
        assert!(one.try_recv().is_err(), "who was taken along has no turn");
        assert!(turns.lines().is_empty(), "nobody is left");
    }

    #[test]
    fn as_many_turns_are_taken_at_a_time_as_there_are() {
        let turns = turns(2);
        let (one, two) = (first(&turns), first(&turns));
        let mut third = behind(&turns, 3);
        drop(two);
        let Ok(Told::Turn(three, 3)) = third.try_recv() else { panic!("not their turn") };
        let mut fourth = behind(&turns, 4);
        drop((one, three));
        let heard = fourth.try_recv();
        assert!(matches!(heard, Ok(Told::Turn(_, 4))), "not their turn");
        drop(heard);
        assert!(turns.lines().is_empty());
    }

    #[test]
    fn a_turn_goes_on_to_whoever_still_waits() {
        let turns = turns(1);
        let turn = first(&turns);
        let (gone, mut patient) = (behind(&turns, 1), behind(&turns, 2));
        drop(gone);
        drop(turn);
        let Ok(Told::Turn(turn, 2)) = patient.try_recv() else { panic!("not their turn") };
        drop(behind(&turns, 3));
        drop(turn);
        assert!(turns.lines().is_empty(), "the last one had left");
    }

    #[test]
    fn a_turn_that_is_never_heard_of_is_not_lost() {
        let turns = turns(1);
        let turn = first(&turns);
        let told = behind(&turns, 1);
        drop(turn);
        // It was sent, and its receiver is dropped with it unread.
        drop(told);
        let _turn = first(&turns);
    }

    #[test]
    fn a_queue_has_an_end() {
        let turns = turns(1);
        let _turn = first(&turns);
        let all: Vec<_> = (0..WAITING_MAX).map(|_| behind(&turns, 1)).collect();
        assert_eq!(all.len(), WAITING_MAX);
        assert!(matches!(Turns::come(&turns, "tea", 9), Came::Past(9)));
    }

    #[tokio::test]
    async fn everybody_hears_what_came_of_their_own() {
        let turns = turns(1);
        let times_ten = async |all: Vec<u32>| {
            tokio::task::yield_now().await;
            all.iter().map(|n| n * 10).collect()
        };
        let all = (0..100).map(|n| Turns::take(&turns, "tea", n, 7, times_ten));
        let answers = futures_util::future::join_all(all).await;
        let wanted: Vec<u32> = (0..100).map(|n| n * 10).collect();
        assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), wanted);
        assert!(turns.lines().is_empty());
    }

    #[tokio::test]
    async fn who_is_taken_along_by_somebody_who_stops_is_told_so() {
        let turns = turns(1);
        let turn = first(&turns);
        let waiting = Turns::take(&turns, "tea", 1, 7, async |_| Vec::new());
        let stopping = async {
            tokio::task::yield_now().await;
            drop((turn.others(5), turn));
        };
        let (told, ()) = tokio::join!(waiting, stopping);
        assert_eq!(told, Err(Unheard::Stopped));
        assert!(turns.lines().is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_they_will() {
        let turns = turns(1);
        let turn = first(&turns);
        let told = Turns::take(&turns, "tea", 1, 7, async |_| Vec::new()).await;
        assert_eq!(told, Err(Unheard::Untaken));
        assert!(turn.others(5).is_empty(), "who left is not taken along");
    }

    #[tokio::test]
    async fn who_is_taken_along_hears_what_came_of_it_however_long_that_takes() {
        let turns = turns(1);
        let turn = first(&turns);
        let waiting = Turns::take(&turns, "tea", 1, 7, async |_| Vec::new());
        let working = async {
            tokio::task::yield_now().await;
            let taken = turn.others(5);
            let _late = timeout(Duration::from_millis(400), std::future::pending::<()>()).await;
            for waiting in taken {
                let heard = waiting.told.send(Told::Answer(waiting.brought * 10));
                assert!(heard.is_ok(), "nobody listens");
            }
        };
        let (told, ()) = tokio::join!(waiting, working);
        assert_eq!(told, Ok(10));
    }
}
