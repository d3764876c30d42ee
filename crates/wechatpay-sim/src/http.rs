//! The HTTP shell: gives the core a port, a clock, randomness and keys, and delivers its notifications.
//!
//! MAY NOT decide anything about orders. MAY NOT listen beyond this machine unless [`SandboxOptions::allow_public`]
//! says so: whoever reaches it can read its keys and "pay".

mod control;
mod deliver;
mod guard;
mod hang_up;
mod page;
mod shared;
mod wechat;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::core::faults::Faults;
use crate::core::settings::Settings;
use crate::http::shared::{Shared, real_now};
use crate::keys::credentials::Credentials;
use crate::keys::folder::{FolderError, Identity, StoredKeys};

/// A request body on any path is not longer than this.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// An idle connection is kept for longer than clients use one again.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// More threads than this serve nobody better.
const WORKERS_MAX: usize = 8;

/// How to start a sandbox.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the keys are kept; made if missing.
    pub directory: PathBuf,
    /// The merchant of a *new* directory; an existing one keeps its own.
    pub identity: Identity,
    /// Contested behaviour.
    pub settings: Settings,
    /// Trouble from the start, until a reset or other rules.
    pub faults: Faults,
    /// Allows an address other machines can reach.
    pub allow_public: bool,
    /// Does the same every time; for comparing alone.
    pub rehearsal: Option<Rehearsal>,
}

/// Chance that can be foretold, and a real time that stands still (the sandbox clock moves as ever): the same requests
/// have the same answers, byte for byte, so that they can be compared with those of the core.
#[derive(Debug, Clone, Copy)]
pub struct Rehearsal {
    /// Where every nonce and number comes from.
    pub seed: [u8; 32],
    /// The real time.
    pub real: OffsetDateTime,
}

impl SandboxOptions {
    /// Defaults for everything else.
    pub fn new(listen: SocketAddr, directory: impl Into<PathBuf>) -> Self {
        Self {
            listen,
            directory: directory.into(),
            identity: Identity::default(),
            settings: Settings::default(),
            faults: Faults::default(),
            allow_public: false,
            rehearsal: None,
        }
    }
}

/// Why a sandbox does not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address can be reached from other machines.
    #[error("{0} is not a loopback address; the sandbox listens there only if allow_public is set")]
    NotLoopback(SocketAddr),
    /// The port is taken, or the address is not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The directory is of no use.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The HTTP client for notifications.
    #[error("the HTTP client for notifications cannot be built")]
    Client(#[source] reqwest::Error),
    /// The start was interrupted.
    #[error("the start was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// The sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox;

impl Sandbox {
    /// Starts listening. Making keys takes some seconds the first time a directory is used.
    ///
    /// Needs a tokio runtime. The sandbox stops when the answer is dropped or told to.
    pub async fn start(options: SandboxOptions) -> Result<RunningSandbox, SandboxError> {
        let address = options.listen;
        if !address.ip().is_loopback() && !options.allow_public {
            return Err(SandboxError::NotLoopback(address));
        }
        // First, because it fails at once and making keys does not.
        let listener = listen(address)?;
        let addr =
            listener.local_addr().map_err(|source| SandboxError::Listen { address, source })?;
        let opening = options.clone();
        let now = options.rehearsal.map_or_else(real_now, |rehearsal| rehearsal.real);
        let keys = tokio::task::spawn_blocking(move || {
            StoredKeys::open(&opening.directory, &opening.identity, now)
        })
        .await
        .map_err(SandboxError::Interrupted)??;
        let credentials = keys.credentials();
        let shared = Arc::new(Shared::new(keys, options)?);
        let client = deliver::client().map_err(SandboxError::Client)?;
        let stop = CancellationToken::new();
        let tasks = spawn(listener, shared, client, stop.clone())
            .map_err(|source| SandboxError::Listen { address, source })?;
        tracing::info!(%addr, mchid = %credentials.mchid, "WeChat Pay sandbox is listening");
        Ok(RunningSandbox { addr, credentials, tasks, _guard: stop.clone().drop_guard(), stop })
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, SandboxError> {
    let listener =
        TcpListener::bind(address).map_err(|source| SandboxError::Listen { address, source })?;
    listener.set_nonblocking(true).map_err(|source| SandboxError::Listen { address, source })?;
    Ok(listener)
}

/// Signing is most of the work, and each core can sign.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, NonZero::get).clamp(2, WORKERS_MAX)
}

#[expect(clippy::disallowed_methods, reason = "this shell starts its server and its delivery task")]
fn spawn(
    listener: TcpListener,
    shared: Arc<Shared>,
    client: reqwest::Client,
    stop: CancellationToken,
) -> io::Result<[JoinHandle<()>; 2]> {
    let data = web::Data::from(Arc::clone(&shared));
    let sender = web::Data::new(client.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(sender.clone())
            .app_data(web::PayloadConfig::new(BODY_BYTES_MAX))
            .service(web::redirect("/_sandbox", "/_sandbox/"))
            .configure(control::routes)
            .default_service(web::to(wechat::answer))
    })
    .on_connect(hang_up::remember_socket)
    .workers(workers())
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    let handle = server.handle();
    let stopped = stop.clone();
    let serving = tokio::spawn(async move {
        let stopping = async {
            stopped.cancelled().await;
            // Idle connections close at once, busy ones have a second: what is stopped answers nobody.
            handle.stop(true).await;
        };
        let (ended, ()) = tokio::join!(server, stopping);
        if let Err(error) = ended {
            tracing::error!(%error, "the sandbox's HTTP server ended with an error");
        }
    });
    let delivering = tokio::spawn(deliver::run(shared, client, stop));
    Ok([serving, delivering])
}

/// A sandbox that listens. Stops when dropped.
#[derive(Debug)]
pub struct RunningSandbox {
    addr: SocketAddr,
    credentials: Credentials,
    tasks: [JoinHandle<()>; 2],
    stop: CancellationToken,
    _guard: DropGuard,
}

impl RunningSandbox {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://127.0.0.1:…`, in place of `https://api.mch.weixin.qq.com` and `https://api.weixin.qq.com`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The merchant's credentials as of the start; a rotation shows in `GET /_sandbox/credentials`.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Stops, and waits until nothing of it runs.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::warn!(%error, "a sandbox task did not end cleanly");
            }
        }
    }
}
