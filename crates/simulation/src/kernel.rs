//! The machine under a world: one thread, virtual time, and tasks that are polled in seeded order.
//!
//! Everything that happens is a task that is woken: at an instant, and among those of one instant
//! in the order of a drawn tie. A task lives somewhere: outside, or on a node; when a node dies, its
//! tasks are dropped wherever they wait. Knows nothing of orders or payments, and no real clock.

mod bell;
mod letter;
mod queue;
mod sleep;
mod tasks;

pub use bell::{Bell, Rung, Woken};
pub use letter::{Letter, letter};
pub use sleep::Sleep;
pub use tasks::{Home, Label, TaskId};

use crate::tape::{Choices, Kind, Stream, Tape, below};
use queue::{Entry, Queue};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tasks::{Body, Tasks, Wakeup};

/// How many places in the queue of one instant a woken task may draw.
const TIES: u32 = 4;

/// The machine.
#[derive(Debug)]
pub struct Kernel {
    /// Microseconds since the world began: asked for so often that it has no lock. Only `next` and `run` move it.
    now: AtomicI64,
    /// What the running task is about, asked for as often. Only `next`, `poll` and `relabel` change it.
    label: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tape: Tape,
    queue: Queue,
    tasks: Tasks,
    current: Option<TaskId>,
    /// Which nodes are held, and until when.
    held: Vec<(Home, i64)>,
    /// Whose turn came while they were held.
    waiting: BTreeSet<TaskId>,
    /// Everything that happened, as a number.
    hash: u64,
    events: u64,
}

/// Why the machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It is this late.
    Time,
    /// Nobody waits for anything.
    Idle,
    /// Somebody asked for it.
    Asked,
}

impl Kernel {
    /// A machine at time 0 that draws from `tape`.
    #[must_use]
    pub fn new(tape: Tape) -> Arc<Kernel> {
        let state = State {
            tape,
            queue: Queue::default(),
            tasks: Tasks::default(),
            current: None,
            held: Vec::new(),
            waiting: BTreeSet::new(),
            hash: 0,
            events: 0,
        };
        Arc::new(Kernel {
            now: AtomicI64::new(0),
            label: AtomicU64::new(Label::default().packed()),
            state: Mutex::new(state),
        })
    }

    /// Microseconds since the world began.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn is_now(&self, later: i64) {
        if later > self.now() {
            self.now.store(later, Ordering::Relaxed);
        }
    }

    /// How many times a task was polled.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.state().events
    }

    /// A number that two runs share only if they were the same, as far as anybody noted it.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.state().hash
    }

    /// Notes that something happened.
    pub fn fold(&self, what: u64) {
        let mut state = self.state();
        state.hash = crate::tape::mix(state.hash ^ what);
    }

    /// The choices that were not 0, if they are remembered.
    #[must_use]
    pub fn drawn(&self) -> Choices {
        self.state().tape.drawn()
    }

    /// A choice below `bound`, all alike.
    pub fn draw(&self, kind: Kind, whose: u32, bound: u32) -> u32 {
        self.choose(kind, whose, bound, |chance| below(chance, bound))
    }

    /// A choice that `pick` makes of chance. It must not ask the kernel for anything.
    pub fn choose(&self, kind: Kind, whose: u32, bound: u32, pick: impl FnOnce(u64) -> u32) -> u32 {
        self.state().tape.choose(Stream { kind, whose }, bound, pick)
    }

    /// Starts a task; it is polled for the first time at once, in its turn.
    pub fn spawn(
        self: &Arc<Kernel>,
        home: Home,
        label: Label,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> TaskId {
        let id = self.state().tasks.add(home, label, Box::pin(work), |id| Wakeup::waker(self, id));
        self.wake(id);
        id
    }

    /// What the task is about that runs now.
    #[must_use]
    pub fn label(&self) -> Label {
        Label::unpacked(self.label.load(Ordering::Relaxed))
    }

    /// From now on the running task is about something else.
    pub fn relabel(&self, label: Label) {
        let mut state = self.state();
        if let Some(id) = state.current {
            state.tasks.relabel(id, label);
            self.is_about(label);
        }
    }

    fn is_about(&self, label: Label) {
        self.label.store(label.packed(), Ordering::Relaxed);
    }

    /// The task that runs now.
    #[must_use]
    pub fn current(&self) -> Option<TaskId> {
        self.state().current
    }

    /// Where the task lives that runs now.
    #[must_use]
    pub fn home(&self) -> Home {
        let state = self.state();
        state.current.and_then(|id| state.tasks.home(id)).unwrap_or(Home::Outside)
    }

    /// How many tasks live.
    #[must_use]
    pub fn living(&self) -> usize {
        self.state().tasks.living()
    }

    /// Drops every task of `home`, wherever it waits. The one that runs now is dropped as soon as
    /// it waits.
    pub fn kill(&self, home: Home) {
        let dropped = self.state().tasks.remove_of(home);
        drop(dropped);
    }

    /// Polls nothing of `home` before `until`.
    pub fn hold(&self, home: Home, until: i64) {
        let mut state = self.state();
        state.held.retain(|(held, _)| *held != home);
        state.held.push((home, until));
    }

    /// Lets `home` go on if it is held, at this instant.
    pub fn let_go(&self, home: Home) {
        let mut state = self.state();
        let State { queue, tasks, held, waiting, .. } = &mut *state;
        let Some(at) = held.iter().position(|(held, _)| *held == home) else { return };
        let (_, until) = held.swap_remove(at);
        let (ready, others) =
            std::mem::take(waiting).into_iter().partition(|task| tasks.home(*task) == Some(home));
        *waiting = others;
        queue.bring_forward(&ready, until, self.now());
    }

    /// Lets everybody go on that was held, at this instant.
    pub fn release(&self) {
        let mut state = self.state();
        state.held.clear();
        let at = self.now();
        for task in std::mem::take(&mut state.waiting) {
            state.queue.add(at, 0, task);
        }
    }

    /// Drops everything.
    pub fn clear(&self) {
        let dropped = self.state().tasks.remove_all();
        drop(dropped);
    }

    /// Waits until `micros` from now.
    #[must_use]
    pub fn sleep(self: &Arc<Kernel>, micros: i64) -> Sleep {
        Sleep::new(Arc::clone(self), micros)
    }

    /// Runs until `until`, until nobody waits for anything, or until `stop` says so after an event.
    pub fn run(&self, until: i64, mut stop: impl FnMut() -> bool) -> Stopped {
        let mut turn = self.next(&mut self.state(), until);
        while let Some((id, Body { mut future, waker })) = turn {
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            let stops = stop();
            let mut state = self.state();
            let dropped = state.end(id, Body { future, waker }, polled);
            self.is_about(Label::default());
            if stops || dropped.is_some() {
                drop(state);
                // Outside the lock: what is dropped may wake others.
                drop(dropped);
                if stops {
                    return Stopped::Asked;
                }
                state = self.state();
            }
            turn = self.next(&mut state, until);
        }
        if self.state().queue.is_empty() {
            return Stopped::Idle;
        }
        self.is_now(until);
        Stopped::Time
    }

    /// The next task to be polled by `until`: it runs from now on.
    fn next(&self, state: &mut State, until: i64) -> Option<(TaskId, Body)> {
        loop {
            let entry = state.queue.pop_by(until)?;
            let Some(home) = state.tasks.home(entry.task) else { continue };
            self.is_now(entry.at);
            let now = self.now();
            let held = state.held.iter().find(|(held, _)| *held == home).map(|(_, at)| *at);
            match held.filter(|until| *until > now) {
                Some(later) => {
                    state.waiting.insert(entry.task);
                    state.queue.push(Entry { at: later, ..entry });
                }
                None => {
                    if let Some((body, label)) = state.begin(entry.task, now) {
                        self.is_about(label);
                        return Some((entry.task, body));
                    }
                }
            }
        }
    }

    /// The task goes on at this instant, in its turn.
    fn wake(&self, id: TaskId) {
        let mut state = self.state();
        let stream = Stream { kind: Kind::Queue, whose: 0 };
        let tie = state.tape.choose(stream, TIES, |chance| below(chance, TIES));
        if state.tasks.is_woken_anew(id) {
            state.queue.add(self.now(), tie, id);
        }
    }

    /// The running task goes on in `micros`; answers when that is.
    fn wake_current_in(&self, micros: i64) -> i64 {
        let at = self.now().saturating_add(micros);
        self.wake_current_at(at);
        at
    }

    /// The running task goes on at `at`.
    fn wake_current_at(&self, at: i64) {
        let mut state = self.state();
        if let Some(id) = state.current {
            state.queue.add(at, 0, id);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The task was polled; what comes back is to be dropped.
    fn end(&mut self, id: TaskId, body: Body, polled: Poll<()>) -> Option<Body> {
        self.current = None;
        match polled {
            Poll::Pending => self.tasks.put_back(id, body),
            Poll::Ready(()) => {
                self.tasks.remove(id);
                Some(body)
            }
        }
    }

    /// The task runs from now on.
    fn begin(&mut self, id: TaskId, now: i64) -> Option<(Body, Label)> {
        let begun = self.tasks.take(id)?;
        self.waiting.remove(&id);
        self.current = Some(id);
        self.events = self.events.saturating_add(1);
        let now = u64::try_from(now).unwrap_or(0);
        self.hash = crate::tape::mix(self.hash ^ (now << 16) ^ u64::from(id.number()));
        Some(begun)
    }
}

#[cfg(test)]
mod tests;
