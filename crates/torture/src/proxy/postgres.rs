//! A proxy that speaks PostgreSQL's wire protocol: it knows which statement carries a commit, and cuts
//! exactly between that statement and each part of its answer.
//!
//! May not change a message. What the server has acknowledged is noted, whether the client hears of it
//! or not: it has to be there in the end.

mod answer;
mod batch;
mod fate;
mod frame;

use crate::background::spawn;
use crate::clock::pause;
use crate::proxy::Link;
use answer::{Awaited, Several, Step};
use anyhow::{Context as _, Result};
use batch::{Batch, Batches, Commit};
use fate::{COMMIT_PERMILLE, Fate, OTHER_PERMILLE};
use frame::{CANCEL_REQUEST, Frame, Frames, GSS_REQUEST, SSL_REQUEST};
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::unix::OwnedWriteHalf as ServerHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};

/// What a statement that carries several commits is counted as.
pub(crate) const SEVERAL: &str = "several commits in one statement";
/// One of those, with all of it written.
const WRITTEN: &str = "several commits in one statement, written";
/// One of those, with all of it undone because something was in the way of one.
pub(crate) const UNDONE: &str = "several commits in one statement, undone";

/// Commits that the server has acknowledged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acknowledged(Arc<Mutex<BTreeSet<Commit>>>);

impl Acknowledged {
    fn add(&self, commit: Commit) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(commit);
    }

    /// All of them: `{command_id, order_id}`.
    pub(crate) fn all(&self) -> Value {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row =
            |commit: &Commit| json!({"command_id": commit.command_id, "order_id": commit.order_id});
        known.iter().map(row).collect()
    }
}

/// A proxy.
#[derive(Clone)]
pub(crate) struct PostgresProxy {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Its link, to be troubled.
    pub(crate) link: Link,
}

impl PostgresProxy {
    /// Starts one in front of the server at this Unix socket. Every commit is so much longer on its way.
    pub(crate) async fn start(
        link: Link,
        socket: &Path,
        commit_takes: Duration,
        acknowledged: &Acknowledged,
    ) -> Result<PostgresProxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port is free")?;
        let addr = listener.local_addr()?;
        let socket = Arc::<Path>::from(socket);
        let way =
            TheWay { link: link.clone(), socket, commit_takes, acknowledged: acknowledged.clone() };
        spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                let way = way.clone();
                spawn(async move {
                    let cut = way.link.clone();
                    // How a link ends is of no interest: both sides see that it has ended.
                    tokio::select! {
                        _ended = relay_one(way, client) => {}
                        () = cut.cut() => {}
                    }
                });
            }
        });
        Ok(PostgresProxy { addr, link })
    }
}

/// What all connections of a proxy share.
#[derive(Clone)]
struct TheWay {
    link: Link,
    socket: Arc<Path>,
    commit_takes: Duration,
    acknowledged: Acknowledged,
}

async fn relay_one(way: TheWay, client: TcpStream) -> Result<()> {
    client.set_nodelay(true)?;
    if !way.link.is_open().await {
        return Ok(());
    }
    let (from_client, mut to_client) = client.into_split();
    let mut from_client = Frames::new(from_client);
    let first = loop {
        let first = from_client.first().await?.context("hung up")?;
        if !matches!(first.code(), Some(SSL_REQUEST | GSS_REQUEST)) {
            break first;
        }
        to_client.write_all(b"N").await?;
    };
    let (from_server, mut to_server) = UnixStream::connect(&*way.socket).await?.into_split();
    to_server.write_all(&first.bytes).await?;
    if first.code() == Some(CANCEL_REQUEST) {
        return Ok(());
    }
    let mut from_server = Frames::new(from_server);
    let TheWay { link, commit_takes, acknowledged, .. } = way;
    let (batches, awaited) = (Batches::default(), VecDeque::new());
    let mut relay =
        Relay { link, commit_takes, to_client, to_server, acknowledged, batches, awaited };
    loop {
        let goes_on = tokio::select! {
            frame = from_client.next() => relay.asked(&frame?.context("hung up")?).await?,
            frame = from_server.next() => relay.answered(&frame?.context("hung up")?).await?,
        };
        if !goes_on {
            return Ok(());
        }
    }
}

struct Relay {
    link: Link,
    commit_takes: Duration,
    to_client: OwnedWriteHalf,
    to_server: ServerHalf,
    acknowledged: Acknowledged,
    batches: Batches,
    /// What was forwarded and is not answered to the end, oldest first.
    awaited: VecDeque<Awaited>,
}

impl Relay {
    /// A message of the client: whether the link goes on.
    async fn asked(&mut self, frame: &Frame) -> Result<bool> {
        let Some(batch) = self.batches.take(frame) else { return Ok(true) };
        let fate = self.fate(&batch);
        if !batch.commits.is_empty() && !self.commit_takes.is_zero() {
            pause(self.commit_takes).await;
        }
        match fate {
            Fate::NeverArrives => return Ok(false),
            Fate::Late(millis) => self.link.weather.hold(millis).await,
            Fate::Passes
            | Fate::Raced
            | Fate::AnswerLost
            | Fate::CutAfterRow
            | Fate::CutAfterComplete
            | Fate::CutInside
            | Fate::AnswerLate(_)
            | Fate::HalfOpen(_) => {}
        }
        if !self.link.is_open().await {
            return Ok(false);
        }
        self.to_server.write_all(&batch.bytes).await?;
        if batch.is_answered {
            self.awaited.push_back(Awaited::new(fate, batch.commits));
        }
        Ok(fate != Fate::Raced)
    }

    fn fate(&self, batch: &Batch) -> Fate {
        if !batch.is_answered {
            return Fate::Passes;
        }
        let is_commit = !batch.commits.is_empty();
        let (kind, permille) =
            if is_commit { ("commit", COMMIT_PERMILLE) } else { ("statement", OTHER_PERMILLE) };
        self.link.count(&format!("{kind}s"));
        if batch.commits.len() > 1 {
            self.link.count(SEVERAL);
        }
        if !self.link.is_troubled(permille) {
            return Fate::Passes;
        }
        let fate = self.link.draw(|chance| Fate::draw(chance, is_commit));
        self.link.count(&format!("{kind} {}", fate.name()));
        fate
    }

    /// A message of the server: whether the link goes on.
    async fn answered(&mut self, frame: &Frame) -> Result<bool> {
        // Before the first batch, and notices between two.
        let Some(awaited) = self.awaited.front_mut() else { return self.give(&frame.bytes).await };
        let step = awaited.step(frame);
        let goes_on = match step {
            Step::Give => self.give(&frame.bytes).await?,
            Step::GiveHalf => {
                let half = frame.bytes.len() / 2;
                self.give(frame.bytes.get(..half).unwrap_or_default()).await?
            }
            Step::Keep => true,
            Step::GiveLate(millis) => {
                self.link.weather.hold(millis).await;
                self.give(&frame.bytes).await?
            }
        };
        if frame.tag != b'Z' {
            return Ok(goes_on);
        }
        let Some(awaited) = self.awaited.pop_front() else { return Ok(goes_on) };
        match awaited.became_of_several() {
            Some(Several::Written) => self.link.count(WRITTEN),
            Some(Several::Undone) => self.link.count(UNDONE),
            None => {}
        }
        for commit in awaited.acknowledged() {
            self.acknowledged.add(commit);
        }
        if let Fate::HalfOpen(millis) = awaited.fate {
            self.link.weather.hold(millis).await;
        }
        Ok(goes_on && !awaited.ends_the_link())
    }

    async fn give(&mut self, bytes: &[u8]) -> Result<bool> {
        if !self.link.is_open().await {
            return Ok(false);
        }
        self.to_client.write_all(bytes).await?;
        Ok(true)
    }
}
