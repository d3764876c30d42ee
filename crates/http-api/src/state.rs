//! What every request can reach, and the one way from a request to the application.
//!
//! May not let a request's end become a command's end: work runs as a task of the application's
//! own runtime, so a client that hangs up cancels nothing, and database connections never live on
//! the runtime of an HTTP worker.

use crate::change_bell::ChangeBell;
use crate::problem::Problem;
use crate::watch::{Unwatched, Watch};
use domain::ports::PortFuture;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use usecases::Paydesk;

/// The most notifications that are worked on at once; more are sent again by WeChat Pay.
const NOTICES_MAX: usize = 512;

/// One thing that must be well before money can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Such as `database`.
    pub name: &'static str,
    /// Whether it is well.
    pub ok: bool,
}

/// Looks whether money can be taken.
pub trait Ready: Send + Sync {
    /// Every check with its result, within a few seconds.
    fn check(&self) -> PortFuture<'_, Vec<Readiness>>;
}

/// What every request can reach.
#[derive(Clone)]
pub struct ApiState {
    pub(crate) paydesk: Arc<Paydesk>,
    pub(crate) bell: Arc<ChangeBell>,
    pub(crate) ready: Arc<dyn Ready>,
    pub(crate) notices: Arc<Semaphore>,
    pub(crate) runtime: Handle,
    pub(crate) tasks: TaskTracker,
    pub(crate) watch: Arc<dyn Watch>,
}

impl ApiState {
    /// The application, the bell that its `events` ring, the readiness checks, and the runtime on
    /// which everything runs that must not end with a request.
    #[must_use]
    pub fn new(
        paydesk: Arc<Paydesk>,
        bell: Arc<ChangeBell>,
        ready: Arc<dyn Ready>,
        runtime: Handle,
    ) -> ApiState {
        let notices = Arc::new(Semaphore::new(NOTICES_MAX));
        let (tasks, watch) = (TaskTracker::new(), Arc::new(Unwatched));
        ApiState { paydesk, bell, ready, notices, runtime, tasks, watch }
    }

    /// The same, with every answer told to `watch`.
    #[must_use]
    pub fn watched_by(self, watch: Arc<dyn Watch>) -> ApiState {
        ApiState { watch, ..self }
    }

    /// The same, with nobody told.
    pub(crate) fn unwatched(self) -> ApiState {
        self.watched_by(Arc::new(Unwatched))
    }

    /// Starts work that goes on whoever waits for it.
    pub(crate) fn start<T, F>(&self, work: F) -> JoinHandle<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.tasks.spawn_on(work.in_current_span(), &self.runtime)
    }

    /// Does work with the application and waits for it.
    pub(crate) async fn run<T, F, W>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
        F: FnOnce(Arc<Paydesk>) -> W,
    {
        self.start(work(Arc::clone(&self.paydesk))).await.map_err(|error| {
            tracing::error!(error = %error, "a task of a request ended badly");
            Problem::internal()
        })
    }
}
