//! Waiting for an instant.

use super::Kernel;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Ready once its time has come.
#[derive(Debug)]
pub struct Sleep {
    kernel: Arc<Kernel>,
    micros: i64,
    due: Option<i64>,
}

impl Sleep {
    pub(super) fn new(kernel: Arc<Kernel>, micros: i64) -> Sleep {
        Sleep { kernel, micros: micros.max(0), due: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Sleep>, _context: &mut Context<'_>) -> Poll<()> {
        match self.due {
            Some(due) if due <= self.kernel.now() => Poll::Ready(()),
            Some(_) => Poll::Pending,
            None => {
                self.due = Some(self.kernel.wake_current_in(self.micros));
                Poll::Pending
            }
        }
    }
}
