//! The listener: hardened, started and stopped by the application.
//!
//! May not take signals, read settings or decide when to stop.

use crate::request_id::observe;
use crate::routes;
use crate::state::ApiState;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer, web};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::time::Duration;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::TaskTracker;

/// A client has this long for the head of a request, from the first byte or from connecting.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// An idle connection is kept this long.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A client that was told goodbye has this long to hang up.
const HANG_UP_WITHIN: Duration = Duration::from_secs(5);
/// Requests, and the work they started, have this long together when we stop: who stops us kills us
/// after half a minute.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// Work whose request has just ended has this long at least.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// How to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiSettings {
    /// How many threads take requests.
    pub workers: usize,
}

impl Default for ApiSettings {
    /// A thread per processor.
    fn default() -> ApiSettings {
        ApiSettings { workers: std::thread::available_parallelism().map_or(2, NonZero::get) }
    }
}

/// Why it cannot serve on the listener that it was given.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve on {addr}: {source}")]
pub struct StartError {
    addr: String,
    source: io::Error,
}

/// The API.
#[derive(Clone, Copy, Debug)]
pub struct HttpApi;

/// A listening API.
#[derive(Debug)]
pub struct RunningApi {
    addr: SocketAddr,
    handle: ServerHandle,
    server: JoinHandle<io::Result<()>>,
    tasks: TaskTracker,
}

impl HttpApi {
    /// Serves on `listener`, which the caller has bound (and named, when that failed).
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub fn start(
        settings: ApiSettings,
        listener: TcpListener,
        state: ApiState,
    ) -> Result<RunningApi, StartError> {
        serve(listener, settings.workers, state, |config| {
            routes::configure(config, &routes::every().collect::<Vec<_>>());
        })
    }
}

/// Serves what `configure` puts into an application, hardened alike for every listener.
pub(crate) fn serve(
    listener: TcpListener,
    workers: usize,
    state: ApiState,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<RunningApi, StartError> {
    let addr = listener
        .local_addr()
        .map_err(|source| StartError { addr: "no address".to_owned(), source })?;
    let tasks = state.tasks.clone();
    let runtime = state.runtime.clone();
    // The listener's own tasks belong to the application's runtime.
    let _entered = runtime.enter();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(state.clone()))
            .wrap(from_fn(observe))
            .configure(&configure)
    })
    .workers(workers.max(1))
    .client_request_timeout(HEAD_WITHIN)
    .client_disconnect_timeout(HANG_UP_WITHIN)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(STOP_WITHIN.as_secs())
    .disable_signals()
    .listen(listener)
    .map_err(|source| StartError { addr: addr.to_string(), source })?
    .run();
    let handle = server.handle();
    Ok(RunningApi { addr, handle, server: runtime.spawn(server), tasks })
}

impl RunningApi {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no more requests, and waits for those that are there and the work they started.
    pub async fn stop(self) {
        let begun = tokio::time::Instant::now();
        self.handle.stop(true).await;
        report(self.server.await);
        self.tasks.close();
        let rest = rest_to_stop(begun.elapsed());
        if tokio::time::timeout(rest, self.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.tasks.len(), "stopped with work under way");
        }
    }
}

/// How long the work of requests may go on when these have taken so long.
fn rest_to_stop(taken: Duration) -> Duration {
    STOP_WITHIN.saturating_sub(taken).max(LAST_MOMENT)
}

fn report(ended: Result<io::Result<()>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(error = %error, "the listener ended badly"),
        Err(error) => tracing::error!(error = %error, "the listener's task ended badly"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_work_have_one_time_to_stop_together() {
        assert_eq!(rest_to_stop(Duration::ZERO), STOP_WITHIN);
        assert_eq!(rest_to_stop(Duration::from_secs(4)), Duration::from_secs(11));
        assert_eq!(rest_to_stop(STOP_WITHIN), LAST_MOMENT);
        assert_eq!(rest_to_stop(Duration::from_secs(60)), LAST_MOMENT);
    }
}
