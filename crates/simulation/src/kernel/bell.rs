//! A bell: rings for whoever waits, now or next; or nudges who waits now.

use super::{Kernel, Sleep};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Rings; a ring that nobody waited for is kept, a nudge is not.
#[derive(Debug, Default)]
pub struct Bell {
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    rang: bool,
    nudged: bool,
    waiting: Option<Waker>,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It rang.
    Rang,
    /// Who waits should think again about how long.
    Nudged,
    /// The time is up.
    Slept,
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        let waiting = {
            let mut inside = self.inside();
            inside.rang = true;
            inside.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Has who waits think again.
    pub fn nudge(&self) {
        let waiting = {
            let mut inside = self.inside();
            inside.nudged = inside.waiting.is_some();
            inside.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Waits for a ring or a nudge, at most `micros`.
    pub fn wait(&self, kernel: &Arc<Kernel>, micros: i64) -> Rung<'_> {
        Rung { bell: self, sleep: kernel.sleep(micros) }
    }

    /// What it did meanwhile; where it did nothing, `waker` is woken when it does.
    fn take(&self, waker: &Waker) -> Option<Woken> {
        let mut inside = self.inside();
        let nudged = std::mem::take(&mut inside.nudged);
        if std::mem::take(&mut inside.rang) {
            return Some(Woken::Rang);
        }
        if nudged {
            return Some(Woken::Nudged);
        }
        match &mut inside.waiting {
            Some(known) if known.will_wake(waker) => {}
            waiting => *waiting = Some(waker.clone()),
        }
        None
    }

    /// The time is up: nobody waits.
    fn forget(&self) {
        self.inside().waiting = None;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ready once it rang, once it nudged, or once the time is up.
#[derive(Debug)]
pub struct Rung<'a> {
    bell: &'a Bell,
    sleep: Sleep,
}

impl Future for Rung<'_> {
    type Output = Woken;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Woken> {
        if let Some(woken) = self.bell.take(context.waker()) {
            return Poll::Ready(woken);
        }
        let slept = Pin::new(&mut self.sleep).poll(context);
        if slept.is_ready() {
            self.bell.forget();
        }
        slept.map(|()| Woken::Slept)
    }
}
