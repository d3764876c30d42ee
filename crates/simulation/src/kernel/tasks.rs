//! The tasks: futures, where they live, and how they are woken.

use super::Kernel;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

/// Where a task lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// In the world: clients, wires, WeChat Pay. Never dies.
    Outside,
    /// On a node of the service, in one of its lives.
    Node {
        /// Which node, from 0.
        node: u32,
        /// Which life, from 1.
        life: u32,
    },
}

/// What a task is about: whose choices it draws, and a number that the world gives a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Whose choices it draws: an actor, or 0.
    pub whose: u32,
    /// What for.
    pub errand: u32,
}

impl Label {
    /// As one number.
    pub(super) fn packed(self) -> u64 {
        (u64::from(self.whose) << 32) | u64::from(self.errand)
    }

    /// From its number.
    pub(super) fn unpacked(packed: u64) -> Label {
        let [a, b, c, d, e, f, g, h] = packed.to_be_bytes();
        Label { whose: u32::from_be_bytes([a, b, c, d]), errand: u32::from_be_bytes([e, f, g, h]) }
    }
}

/// Names a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskId {
    index: u32,
    generation: u32,
}

impl TaskId {
    /// Its place in the table: two tasks at one time never share it.
    pub(super) fn number(self) -> u32 {
        self.index
    }
}

/// What is polled, and by what it is woken.
pub(super) struct Body {
    pub(super) future: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(super) waker: Waker,
}

struct Task {
    home: Home,
    label: Label,
    /// `None` while it is polled.
    body: Option<Body>,
    /// It is in the queue already, for this instant.
    woken: bool,
}

/// The table.
#[derive(Default)]
pub(super) struct Tasks {
    slots: Vec<(u32, Option<Task>)>,
    free: Vec<u32>,
}

impl std::fmt::Debug for Tasks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tasks({})", self.living())
    }
}

/// Wakes one task.
pub(super) struct Wakeup {
    kernel: Weak<Kernel>,
    task: TaskId,
}

impl Wakeup {
    pub(super) fn waker(kernel: &Arc<Kernel>, task: TaskId) -> Waker {
        Waker::from(Arc::new(Wakeup { kernel: Arc::downgrade(kernel), task }))
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Wakeup>) {
        if let Some(kernel) = self.kernel.upgrade() {
            kernel.wake(self.task);
        }
    }
}

impl Tasks {
    pub(super) fn add(
        &mut self,
        home: Home,
        label: Label,
        future: Pin<Box<dyn Future<Output = ()> + Send>>,
        waker: impl FnOnce(TaskId) -> Waker,
    ) -> TaskId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        let id = TaskId { index, generation: self.generation(index) };
        let body = Some(Body { future, waker: waker(id) });
        if let Some((_, slot)) = self.slots.get_mut(place(index)) {
            *slot = Some(Task { home, label, body, woken: false });
        }
        id
    }

    pub(super) fn home(&self, id: TaskId) -> Option<Home> {
        self.task(id).map(|task| task.home)
    }

    pub(super) fn relabel(&mut self, id: TaskId, label: Label) {
        if let Some(task) = self.task_mut(id) {
            task.label = label;
        }
    }

    pub(super) fn living(&self) -> usize {
        self.slots.len().saturating_sub(self.free.len())
    }

    /// Whether it was not woken already since it was last polled; from now on it is.
    pub(super) fn is_woken_anew(&mut self, id: TaskId) -> bool {
        self.task_mut(id).is_some_and(|task| !std::mem::replace(&mut task.woken, true))
    }

    /// What is to be polled, and what it is about.
    pub(super) fn take(&mut self, id: TaskId) -> Option<(Body, Label)> {
        let task = self.task_mut(id)?;
        task.woken = false;
        task.body.take().map(|body| (body, task.label))
    }

    /// Gives back what was polled; it comes back out when the task is gone.
    pub(super) fn put_back(&mut self, id: TaskId, body: Body) -> Option<Body> {
        match self.task_mut(id) {
            Some(task) => {
                task.body = Some(body);
                None
            }
            None => Some(body),
        }
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Option<Body> {
        self.task(id)?;
        let (generation, slot) = self.slots.get_mut(place(id.index))?;
        *generation = generation.wrapping_add(1);
        self.free.push(id.index);
        slot.take().and_then(|task| task.body)
    }

    pub(super) fn remove_of(&mut self, home: Home) -> Vec<Body> {
        self.remove_where(|task| task.home == home)
    }

    pub(super) fn remove_all(&mut self) -> Vec<Body> {
        self.remove_where(|_| true)
    }

    fn remove_where(&mut self, wanted: impl Fn(&Task) -> bool) -> Vec<Body> {
        let mut ids = Vec::new();
        for (index, (generation, task)) in (0..).zip(&self.slots) {
            if task.as_ref().is_some_and(&wanted) {
                ids.push(TaskId { index, generation: *generation });
            }
        }
        ids.into_iter().filter_map(|id| self.remove(id)).collect()
    }

    fn generation(&self, index: u32) -> u32 {
        self.slots.get(place(index)).map_or(0, |(generation, _)| *generation)
    }

    fn task(&self, id: TaskId) -> Option<&Task> {
        let (generation, task) = self.slots.get(place(id.index))?;
        task.as_ref().filter(|_| *generation == id.generation)
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        let (generation, task) = self.slots.get_mut(place(id.index))?;
        task.as_mut().filter(|_| *generation == id.generation)
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
