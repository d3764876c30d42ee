//! A bell: rings for whoever waits, now or next.

use super::{Kernel, Sleep};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Rings; a ring that nobody waited for is kept.
#[derive(Debug, Default)]
pub struct Bell {
    inside: Mutex<(bool, Option<Waker>)>,
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        let waker = {
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            inside.0 = true;
            inside.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for a ring, at most `micros`.
    pub fn wait(&self, kernel: &Arc<Kernel>, micros: i64) -> Rung<'_> {
        Rung { bell: self, sleep: kernel.sleep(micros) }
    }

    /// Whether it rang; if not, `waker` is woken when it does.
    fn has_rung(&self, waker: &Waker) -> bool {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut inside.0) {
            return true;
        }
        inside.1 = Some(waker.clone());
        false
    }
}

/// Ready with `true` once it rang, or with `false` once the time is up.
#[derive(Debug)]
pub struct Rung<'a> {
    bell: &'a Bell,
    sleep: Sleep,
}

impl Future for Rung<'_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.bell.has_rung(context.waker()) {
            return Poll::Ready(true);
        }
        Pin::new(&mut self.sleep).poll(context).map(|()| false)
    }
}
