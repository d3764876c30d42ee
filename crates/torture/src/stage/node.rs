//! A service with a supervisor, as in production: what ends is started again.
//!
//! Every end has to be explained: we killed it, we asked it to stop, or it could not start while what it
//! needs was in trouble. Any other end is a difference.

use crate::background::spawn;
use crate::clock::pause_ms;
use crate::findings::Findings;
use crate::proxy::Weather;
use crate::stage::process::{Process, Recipe};
use crate::tally::{Journal, Tally};
use anyhow::{Result, bail};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Longer than the longest poll, and than the service waits for its database.
const STOP_LIMIT: Duration = Duration::from_secs(30);
const START_AGAIN_AFTER_MS: u64 = 200;

/// What is done to a process.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    /// `kill -9`; it is started again so many milliseconds later.
    Kill { down_ms: u64 },
    /// It is asked to stop; it is started again so many milliseconds later.
    Stop { down_ms: u64 },
    /// `kill -STOP`, and `kill -CONT` so many milliseconds later.
    Freeze { for_ms: u64 },
    /// It is asked to stop, for good.
    End,
}

/// Everything that supervisors share.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) findings: Findings,
    pub(crate) tally: Tally,
    pub(crate) journal: Journal,
    pub(crate) weather: Weather,
}

/// A supervised process.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What it is called: `serve-1`.
    pub(crate) name: Arc<str>,
    /// What it is counted as: `serve`.
    pub(crate) kind: &'static str,
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
    pid: Arc<AtomicU32>,
}

struct Supervisor {
    node: Node,
    recipe: Recipe,
    watch: Watch,
}

impl Node {
    /// Starts it for the first time, which has to succeed.
    pub(crate) async fn start(
        kind: &'static str,
        name: &str,
        recipe: Recipe,
        watch: &Watch,
    ) -> Result<Node> {
        let mut process = recipe.spawn()?;
        if let Some(how) = recipe.wait_until_alive(&mut process).await {
            bail!("{name} did not start: {how}; its log ends with:\n{}", recipe.tail());
        }
        let (orders, inbox) = mpsc::channel(4);
        let pid = Arc::new(AtomicU32::new(process.pid));
        let node = Node { name: name.into(), kind, orders, pid };
        let supervisor = Supervisor { node: node.clone(), recipe, watch: watch.clone() };
        spawn(supervisor.keep(process, inbox));
        Ok(node)
    }

    /// Gives an order and waits until it is carried out and the process runs again.
    pub(crate) async fn order(&self, order: Order) {
        let (done, is_done) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // A supervisor that has ended has nothing left to do.
            is_done.await.unwrap_or_default();
        }
    }

    /// Its process id now.
    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::SeqCst)
    }
}

impl Supervisor {
    async fn keep(
        self,
        mut process: Process,
        mut orders: mpsc::Receiver<(Order, oneshot::Sender<()>)>,
    ) {
        loop {
            tokio::select! {
                how = process.wait() => {
                    let what = format!("{} ended by itself with {how}", self.node.name);
                    self.watch.journal.note(&what);
                    self.watch.findings.add("unexplained exit", what);
                    process = self.start_again().await;
                }
                order = orders.recv() => {
                    let Some((order, done)) = order else { return };
                    match self.carry_out(order, process).await {
                        Some(next) => process = next,
                        None => {
                            done.send(()).unwrap_or_default();
                            return;
                        }
                    }
                    done.send(()).unwrap_or_default();
                }
            }
        }
    }

    async fn carry_out(&self, order: Order, process: Process) -> Option<Process> {
        let kind = self.node.kind;
        self.watch.journal.note(&format!("{} {order:?}", self.node.name));
        match order {
            Order::Kill { down_ms } => {
                process.kill().await;
                self.watch.tally.count(format!("{kind}: killed"));
                pause_ms(down_ms).await;
                Some(self.start_again().await)
            }
            Order::Stop { down_ms } => {
                self.stop(process).await;
                self.watch.tally.count(format!("{kind}: stopped in good order"));
                pause_ms(down_ms).await;
                Some(self.start_again().await)
            }
            Order::Freeze { for_ms } => {
                process.freeze();
                pause_ms(for_ms).await;
                process.thaw();
                self.watch.tally.count(format!("{kind}: frozen and thawed"));
                Some(process)
            }
            Order::End => {
                self.stop(process).await;
                None
            }
        }
    }

    async fn stop(&self, process: Process) {
        let name = &self.node.name;
        match process.stop(STOP_LIMIT).await {
            Some(status) if status.success() => {}
            Some(status) => {
                let what = format!("{name} was asked to stop and ended with {status}");
                self.watch.findings.add("unexplained exit", what);
            }
            None => {
                let what = format!("{name} did not stop within {} s", STOP_LIMIT.as_secs());
                self.watch.findings.add("did not stop", what);
            }
        }
    }

    async fn start_again(&self) -> Process {
        let (name, watch) = (&self.node.name, &self.watch);
        loop {
            let severity = watch.weather.severity();
            let how = match self.recipe.spawn() {
                Ok(mut process) => match self.recipe.wait_until_alive(&mut process).await {
                    None => {
                        self.node.pid.store(process.pid, Ordering::SeqCst);
                        watch.journal.note(&format!("{name} runs again"));
                        return process;
                    }
                    Some(how) => how,
                },
                Err(error) => format!("{error:#}"),
            };
            let what = format!("{name} did not start: {how}");
            watch.journal.note(&what);
            if severity == 0 {
                watch.findings.add("unexplained exit", what);
            } else {
                let kind = self.node.kind;
                watch.tally.count(format!("{kind}: start failed in trouble, tried again"));
            }
            pause_ms(START_AGAIN_AFTER_MS).await;
        }
    }
}
