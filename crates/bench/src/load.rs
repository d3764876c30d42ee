//! Sends prepared requests over many connections and measures each answer.
//!
//! May not count what was not answered as it must be: the first wrong answer ends the run.

use crate::client::{Answer, Connection, Request};
use crate::figures::Rate;
use crate::stopwatch::{Stopwatch, nanos};
use anyhow::{Context as _, Result, ensure};
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Three digits of a latency are kept.
const DIGITS: u8 = 3;

/// What a load is.
pub(crate) struct Load {
    pub(crate) addr: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) requests: Arc<Vec<Request>>,
    /// Requests are taken in turn until they are used up, or, when this is set, again and again
    /// for so long.
    pub(crate) repeat_for: Option<Duration>,
    /// Reads an answer, or says what is wrong with it.
    pub(crate) check: fn(&Answer) -> Result<Told>,
}

/// What an answer is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// What was asked for is done.
    Done,
    /// An honest answer that is not what was asked for: not counted, but said.
    NotYet,
}

/// What it came to.
pub(crate) struct Measured {
    pub(crate) count: u64,
    pub(crate) elapsed: Duration,
    /// Answers that said "not yet".
    pub(crate) not_yet: u64,
    /// Of those that are counted, in nanoseconds.
    latency: Histogram<u64>,
}

impl Measured {
    pub(crate) fn rate(&self) -> Rate {
        Rate::of(self.count, self.elapsed)
    }

    pub(crate) fn p50(&self) -> Duration {
        Duration::from_nanos(self.latency.value_at_quantile(0.50))
    }

    pub(crate) fn p99(&self) -> Duration {
        Duration::from_nanos(self.latency.value_at_quantile(0.99))
    }

    /// Both together, as if one had followed the other.
    pub(crate) fn and(mut self, other: &Measured) -> Result<Measured> {
        self.latency.add(&other.latency)?;
        self.count = self.count.saturating_add(other.count);
        self.elapsed = self.elapsed.saturating_add(other.elapsed);
        self.not_yet = self.not_yet.saturating_add(other.not_yet);
        Ok(self)
    }
}

impl Load {
    /// Opens the connections, then starts them all at once.
    pub(crate) async fn run(&self) -> Result<Measured> {
        ensure!(!self.requests.is_empty(), "there is nothing to send");
        let next = Arc::new(AtomicUsize::new(0));
        let start = Arc::new(Barrier::new(self.connections.saturating_add(1)));
        let mut workers = JoinSet::new();
        for _ in 0..self.connections {
            let connection = Connection::open(self.addr).await?;
            let worker = Worker {
                connection,
                requests: Arc::clone(&self.requests),
                next: Arc::clone(&next),
                repeat_for: self.repeat_for,
                check: self.check,
            };
            let start = Arc::clone(&start);
            workers.spawn(async move {
                start.wait().await;
                worker.work().await
            });
        }
        start.wait().await;
        let watch = Stopwatch::start();
        let (mut latency, mut not_yet) = (Histogram::new(DIGITS)?, 0_u64);
        while let Some(ended) = workers.join_next().await {
            let (some, others) = ended.context("a connection's task ended badly")??;
            latency.add(some)?;
            not_yet = not_yet.saturating_add(others);
        }
        Ok(Measured { count: latency.len(), elapsed: watch.elapsed(), not_yet, latency })
    }
}

struct Worker {
    connection: Connection,
    requests: Arc<Vec<Request>>,
    next: Arc<AtomicUsize>,
    repeat_for: Option<Duration>,
    check: fn(&Answer) -> Result<Told>,
}

impl Worker {
    /// The latencies, and how often it was told "not yet".
    async fn work(mut self) -> Result<(Histogram<u64>, u64)> {
        let (mut latency, mut not_yet) = (Histogram::new(DIGITS)?, 0_u64);
        let begun = Stopwatch::start();
        while let Some(request) = self.take(begun) {
            let watch = Stopwatch::start();
            let answer = self.connection.call(&self.requests[request]).await?;
            let took = nanos(watch.elapsed());
            match (self.check)(&answer)? {
                Told::Done => latency.record(took)?,
                Told::NotYet => not_yet = not_yet.saturating_add(1),
            }
        }
        Ok((latency, not_yet))
    }

    fn take(&self, begun: Stopwatch) -> Option<usize> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        match self.repeat_for {
            Some(time) => {
                (begun.elapsed() < time).then(|| turn.checked_rem(self.requests.len()).unwrap_or(0))
            }
            None => (turn < self.requests.len()).then_some(turn),
        }
    }
}

/// The answer must have this status.
pub(crate) fn expect_status(answer: &Answer, status: u16) -> Result<Told> {
    ensure!(
        answer.status == status,
        "answered {} instead of {status}: {}",
        answer.status,
        answer.text()
    );
    Ok(Told::Done)
}
