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

use crate::tape::{Kind, Stream, Tape, below};
use queue::{Entry, Queue};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
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
    state: Mutex<State>,
    tape: Mutex<Tape>,
}

#[derive(Debug)]
struct State {
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
            state: Mutex::new(state),
            tape: Mutex::new(tape),
        })
    }

    /// Microseconds since the world began.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn is_now(&self, later: i64) {
        self.now.fetch_max(later, Ordering::Relaxed);
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

    /// The tape.
    pub fn tape(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A choice below `bound`, all alike.
    pub fn draw(&self, kind: Kind, whose: u32, bound: u32) -> u32 {
        self.tape().choose(Stream { kind, whose }, bound, |chance| below(chance, bound))
    }

    /// A choice that `pick` makes of chance.
    pub fn choose(&self, kind: Kind, whose: u32, bound: u32, pick: impl FnOnce(u64) -> u32) -> u32 {
        self.tape().choose(Stream { kind, whose }, bound, pick)
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
        let state = self.state();
        state.current.and_then(|id| state.tasks.label(id)).unwrap_or_default()
    }

    /// From now on the running task is about something else.
    pub fn relabel(&self, label: Label) {
        let mut state = self.state();
        if let Some(id) = state.current {
            state.tasks.relabel(id, label);
        }
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
        loop {
            let Some((id, body)) = self.next(until) else {
                if self.state().queue.is_empty() {
                    return Stopped::Idle;
                }
                self.is_now(until);
                return Stopped::Time;
            };
            self.poll(id, body);
            if stop() {
                return Stopped::Asked;
            }
        }
    }

    /// The next task to be polled by `until`: it runs from now on.
    fn next(&self, until: i64) -> Option<(TaskId, Body)> {
        let mut state = self.state();
        loop {
            let entry = state.queue.pop_by(until)?;
            if !state.tasks.is_alive(entry.task) {
                continue;
            }
            self.is_now(entry.at);
            let home = state.tasks.home(entry.task);
            let now = self.now();
            let held = state.held.iter().find(|(held, _)| Some(*held) == home).map(|(_, at)| *at);
            match held.filter(|until| *until > now) {
                Some(later) => {
                    state.waiting.insert(entry.task);
                    state.queue.push(Entry { at: later, ..entry });
                }
                None => {
                    if let Some(body) = state.begin(entry.task, now) {
                        return Some((entry.task, body));
                    }
                }
            }
        }
    }

    fn poll(&self, id: TaskId, body: Body) {
        let Body { mut future, waker } = body;
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut state = self.state();
        state.current = None;
        let dropped = match polled {
            Poll::Pending => state.tasks.put_back(id, Body { future, waker }),
            Poll::Ready(()) => {
                state.tasks.remove(id);
                Some(Body { future, waker })
            }
        };
        drop(state);
        // Outside the lock: what is dropped may wake others.
        drop(dropped);
    }

    /// The task goes on at this instant, in its turn.
    fn wake(&self, id: TaskId) {
        let tie = self.draw(Kind::Queue, 0, TIES);
        let mut state = self.state();
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
    /// The task runs from now on.
    fn begin(&mut self, id: TaskId, now: i64) -> Option<Body> {
        let body = self.tasks.take(id)?;
        self.waiting.remove(&id);
        self.current = Some(id);
        self.events = self.events.saturating_add(1);
        let now = u64::try_from(now).unwrap_or(0);
        self.hash = crate::tape::mix(self.hash ^ (now << 16) ^ u64::from(id.number()));
        Some(body)
    }
}

#[cfg(test)]
mod tests;
