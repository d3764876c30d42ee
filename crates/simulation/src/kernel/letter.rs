//! One value on its way from one task to another: sent at most once, waited for at most so long.

use super::Kernel;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where the value is put.
#[derive(Debug)]
pub struct Letter<T> {
    inside: Arc<Mutex<Inside<T>>>,
}

#[derive(Debug)]
struct Inside<T> {
    value: Option<T>,
    waiting: Option<Waker>,
}

/// Two ends of one letter.
#[must_use]
pub fn letter<T>() -> (Letter<T>, Letter<T>) {
    let inside = Arc::new(Mutex::new(Inside { value: None, waiting: None }));
    (Letter { inside: Arc::clone(&inside) }, Letter { inside })
}

impl<T> Letter<T> {
    /// Puts the value in; the first one stays.
    pub fn send(&self, value: T) {
        let waiting = {
            let mut inside = self.inside();
            if inside.value.is_none() {
                inside.value = Some(value);
            }
            inside.waiting.take()
        };
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    /// Waits for the value, at most `micros`.
    #[must_use]
    pub fn wait(self, kernel: &Arc<Kernel>, micros: i64) -> Waiting<T> {
        Waiting { letter: self, kernel: Arc::clone(kernel), micros, due: None }
    }

    fn inside(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Letter<T> {
    fn clone(&self) -> Letter<T> {
        Letter { inside: Arc::clone(&self.inside) }
    }
}

/// Ready with the value, or with `None` once the time is up.
#[derive(Debug)]
pub struct Waiting<T> {
    letter: Letter<T>,
    kernel: Arc<Kernel>,
    micros: i64,
    due: Option<i64>,
}

impl<T> Future for Waiting<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Waiting<T>>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let came = self.letter.inside().value.take();
        if came.is_some() {
            return Poll::Ready(came);
        }
        let now = self.kernel.now();
        let due = match self.due {
            Some(due) => due,
            None => {
                let due = now.saturating_add(self.micros.max(0));
                self.due = Some(due);
                self.kernel.wake_current_at(due);
                due
            }
        };
        if self.due.is_some() && now >= due {
            return Poll::Ready(None);
        }
        self.letter.inside().waiting = Some(context.waker().clone());
        Poll::Pending
    }
}
