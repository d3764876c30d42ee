//! The loop: claim what is due, perform it side by side, sleep until the next is due. Beside it the
//! sweep and the look at the books. No loop ends by a panic: see `Work::turn`.

use crate::Alarm;
use domain::ports::{LeasedJob, StoreError};
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use usecases::Paydesk;

/// How the scheduler works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many jobs are performed at once, at least 1.
    pub parallel: usize,
    /// For how long a worker claims a job, in milliseconds. A job that takes longer is claimed
    /// anew under the same lease every third of this; a worker that dies loses it after so long.
    pub lease_ms: u64,
    /// The longest it sleeps without looking, in milliseconds: work promised by other processes
    /// rings no alarm here.
    pub idle_ms: u64,
    /// How often it looks for work that no job promised, in milliseconds.
    pub sweep_every_ms: u64,
    /// Between two looks at whether the books agree, in milliseconds; one process in each stretch looks.
    pub books_every_ms: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            parallel: 8,
            lease_ms: 60_000,
            idle_ms: 500,
            sweep_every_ms: 60_000,
            books_every_ms: 600_000,
        }
    }
}

/// A scheduler at work.
#[derive(Debug)]
pub struct RunningScheduler {
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl RunningScheduler {
    /// Stops claiming, waits for the jobs in hand.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Starts working on the current tokio runtime.
#[must_use]
pub fn start(desk: Arc<Paydesk>, alarm: Arc<Alarm>, settings: Settings) -> RunningScheduler {
    let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
    let room = Arc::new(Semaphore::new(settings.parallel.max(1)));
    let work = Work { desk, alarm, settings, room, cancel: cancel.clone(), tasks: tasks.clone() };
    let (sweeping, comparing) = (work.clone(), work.clone());
    tasks.spawn(async move { work.run().await });
    tasks.spawn(async move { sweeping.sweep().await });
    tasks.spawn(async move { comparing.check_books().await });
    RunningScheduler { cancel, tasks }
}

#[derive(Clone)]
struct Work {
    desk: Arc<Paydesk>,
    alarm: Arc<Alarm>,
    settings: Settings,
    /// A place for each job that is performed at once.
    room: Arc<Semaphore>,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Work {
    async fn run(self) {
        while !self.cancel.is_cancelled() {
            let myself = self.clone();
            if self.turn("claim", async move { myself.begin_what_is_due().await }).await.is_none() {
                self.pause(self.settings.idle_ms).await;
            }
        }
    }

    async fn begin_what_is_due(&self) {
        // Claim only what can be begun at once: a lease is no waiting room.
        let Ok(first) = Arc::clone(&self.room).acquire_owned().await else { return };
        let free = self.room.available_permits().saturating_add(1);
        drop(first);
        match self.claim(free).await {
            Ok(jobs) if jobs.is_empty() => self.sleep().await,
            Ok(jobs) => {
                for job in jobs {
                    self.begin(job).await;
                }
            }
            Err(error) => {
                tracing::warn!(error = %error, "jobs cannot be claimed");
                self.pause(self.settings.idle_ms).await;
            }
        }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<LeasedJob>, StoreError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.desk.jobs.claim(self.desk.clock.now(), limit, self.settings.lease_ms).await
    }

    async fn begin(&self, job: LeasedJob) {
        let Ok(place) = Arc::clone(&self.room).acquire_owned().await else { return };
        // At the level of errors, so that whatever is logged at all says for which job.
        let span =
            tracing::error_span!("job", job.id = %job.fence.job, job.attempts = job.attempts);
        let myself = self.clone();
        let work = async move {
            myself.perform(job).await;
            drop(place);
        };
        self.tasks.spawn(work.instrument(span));
    }

    /// Performs a job, and renews its lease for as long as that takes.
    async fn perform(&self, job: LeasedJob) {
        let desk = Arc::clone(&self.desk);
        let inside = job.clone();
        let mut performing = pin!(self.turn("job", async move { desk.perform(&inside).await }));
        let ended = loop {
            tokio::select! {
                ended = &mut performing => break ended,
                () = self.desk.clock.sleep_millis(self.settings.lease_ms / 3) => {
                    self.renew(&job).await;
                }
            }
        };
        if ended.is_none() {
            self.desk.after_panic(&job).await;
        }
    }

    /// A lease that cannot be renewed is lost or soon will be: the job goes on to its next write,
    /// which is fenced and changes nothing.
    async fn renew(&self, job: &LeasedJob) {
        match self.desk.jobs.renew(&job.fence, self.settings.lease_ms).await {
            Ok(true) => tracing::debug!(job.id = %job.fence.job, "lease renewed"),
            Ok(false) => tracing::warn!(job.id = %job.fence.job, "the lease is lost"),
            Err(error) => {
                tracing::warn!(job.id = %job.fence.job, error = %error, "lease not renewed");
            }
        }
    }

    /// Until the next job is due, an alarm rings, or it is time to look anyway.
    async fn sleep(&self) {
        self.alarm.for_all();
        let now = self.desk.clock.now();
        let idle = i64::try_from(self.settings.idle_ms).unwrap_or(i64::MAX);
        let wait = match self.desk.jobs.next_due().await {
            Ok(Some(due)) => due.millis_since(now).clamp(5, idle.max(5)),
            Ok(None) | Err(_) => idle,
        };
        // A commit that was not seen here rang for whatever it promised.
        self.alarm.for_what_is_due_before(self.desk.clock.now().plus_millis(wait));
        self.pause(u64::try_from(wait).unwrap_or(self.settings.idle_ms)).await;
    }

    async fn pause(&self, millis: u64) {
        tokio::select! {
            () = self.desk.clock.sleep_millis(millis) => {}
            () = self.alarm.rung() => {}
            () = self.cancel.cancelled() => {}
        }
    }

    /// Not at once: who starts has better things to do, and may be one of many.
    async fn check_books(self) {
        let every = self.settings.books_every_ms.max(1);
        let mut rest = every;
        loop {
            tokio::select! {
                () = self.desk.clock.sleep_millis(rest) => {}
                () = self.cancel.cancelled() => return,
            }
            // Business time may be set meanwhile, by hours.
            let begun = self.desk.clock.running_millis();
            let desk = Arc::clone(&self.desk);
            let looked = self.turn("books", async move { desk.check_books(every).await }).await;
            if let Some(Err(error)) = looked {
                tracing::warn!(error = %error, "books not checked");
            }
            let took = self.desk.clock.running_millis().saturating_sub(begun);
            rest = rest_after(every, took);
        }
    }

    async fn sweep(self) {
        let every = self.settings.sweep_every_ms.max(1);
        while !self.cancel.is_cancelled() {
            let desk = Arc::clone(&self.desk);
            let swept = self.turn("sweep", async move { desk.sweep().await }).await;
            if let Some(Err(error)) = swept {
                tracing::warn!(error = %error, "sweep failed");
            }
            tokio::select! {
                () = self.desk.clock.sleep_millis(every) => {}
                () = self.cancel.cancelled() => {}
            }
        }
    }

    /// Does one turn in a task of its own: a panic ends the turn, is said aloud, and takes nothing with
    /// it. `None` after a panic.
    async fn turn<T: Send + 'static>(
        &self,
        work: &'static str,
        turn: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let ended = self.tasks.spawn(turn.in_current_span()).await;
        ended.inspect_err(|error| tracing::error!(work, error = %error, "scheduler.panicked")).ok()
    }
}

/// How long to rest after a look at the books that took so long, in milliseconds. They are read whole,
/// and grow: a process gives at most a fiftieth of its time to them.
fn rest_after(every_ms: u64, took_ms: u64) -> u64 {
    every_ms.max(took_ms.saturating_mul(49))
}

#[cfg(test)]
mod tests {
    use super::rest_after;

    #[test]
    fn the_longer_a_look_at_the_books_takes_the_longer_the_next_one_waits() {
        assert_eq!(rest_after(600_000, 5_000), 600_000);
        assert_eq!(rest_after(600_000, 60_000), 2_940_000);
        assert_eq!(rest_after(600_000, u64::MAX), u64::MAX);
    }
}
