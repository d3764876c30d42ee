//! A proxy that speaks HTTP: every request may be lost, late, cut, doubled or refused, before or after
//! it was carried out.
//!
//! May not change what gets through, but for the trouble it was asked to make. The sandbox's control
//! routes always get through: they are no part of WeChat Pay.

mod fault;

pub(crate) use fault::{Fault, Odds};

use crate::background::spawn;
use crate::clock::within;
use crate::http::{Kind, Message, Reader};
use crate::proxy::Link;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

/// Longer than any answer, and than every delay.
const UPSTREAM_LIMIT: Duration = Duration::from_secs(90);
const CONTROL: &str = "/_sandbox/";

/// A proxy.
#[derive(Clone)]
pub(crate) struct HttpProxy {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    /// Its link, to be troubled.
    pub(crate) link: Link,
}

#[derive(Clone)]
struct Relay {
    link: Link,
    /// Any of them can answer; one that is down is passed over.
    targets: Arc<[SocketAddr]>,
    odds: &'static Odds,
}

/// What the client gets.
enum Reply {
    Whole(Vec<u8>),
    /// These bytes, and then the connection ends.
    Part(Vec<u8>),
}

impl HttpProxy {
    /// Starts one in front of `targets`.
    pub(crate) async fn start(
        link: Link,
        targets: Vec<SocketAddr>,
        odds: &'static Odds,
    ) -> Result<HttpProxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port is free")?;
        let addr = listener.local_addr()?;
        let relay = Relay { link: link.clone(), targets: targets.into(), odds };
        spawn(async move {
            loop {
                // Out of descriptors for a moment: the next one may be luckier.
                let Ok((client, _)) = listener.accept().await else { continue };
                let relay = relay.clone();
                spawn(async move { relay.serve(client).await });
            }
        });
        Ok(HttpProxy { addr, link })
    }
}

impl Relay {
    async fn serve(self, client: TcpStream) {
        client.set_nodelay(true).unwrap_or_default();
        let (from_client, mut to_client) = client.into_split();
        let mut requests = Reader::new(from_client);
        while let Ok(Some(request)) = requests.next(Kind::Request).await {
            let is_control = request.target().1.starts_with(CONTROL);
            let reply =
                if is_control { self.forward(&request).await } else { self.pass(request).await };
            let Some(reply) = reply else { return };
            let (bytes, goes_on) = match &reply {
                Reply::Whole(bytes) => (bytes, true),
                Reply::Part(bytes) => (bytes, false),
            };
            if to_client.write_all(bytes).await.is_err() || !goes_on {
                return;
            }
        }
    }

    /// A request of the protocol: `None` hangs up. What is under way goes on when the way is cut; only
    /// the client hears no more of it.
    async fn pass(&self, request: Message) -> Option<Reply> {
        if !self.link.is_open().await {
            return None;
        }
        self.link.count("requests");
        let myself = self.clone();
        let mut under_way = spawn(async move { myself.troubled(&request).await });
        tokio::select! {
            reply = &mut under_way => reply.ok().flatten(),
            () = self.link.cut() => None,
        }
    }

    async fn troubled(&self, request: &Message) -> Option<Reply> {
        let (link, weather) = (&self.link, &self.link.weather);
        if !link.is_troubled(self.odds.permille) {
            return self.forward(request).await;
        }
        let fault = link.draw(|chance| self.odds.draw(chance));
        link.count(fault.name());
        match fault {
            Fault::NeverArrives => None,
            Fault::RequestCut => {
                let half = request.bytes.len() / 2;
                self.send_part(request.bytes.get(..half).unwrap_or_default()).await;
                None
            }
            Fault::AnswerLost => {
                self.forward(request).await;
                None
            }
            Fault::AnswerCut => match self.forward(request).await {
                Some(Reply::Whole(mut bytes)) => {
                    bytes.truncate(bytes.len() / 2);
                    Some(Reply::Part(bytes))
                }
                other => other,
            },
            Fault::AnswerSpoilt => match self.forward(request).await {
                Some(Reply::Whole(bytes)) => Some(Reply::Whole(fault::spoilt(bytes))),
                other => other,
            },
            Fault::Late(millis) => {
                weather.hold(millis).await;
                self.forward(request).await
            }
            Fault::AnswerLate(millis) => {
                let reply = self.forward(request).await;
                weather.hold(millis).await;
                reply
            }
            Fault::Twice => {
                let (first, second) = tokio::join!(self.forward(request), self.forward(request));
                if link.draw(|chance| chance.permille(500)) { first } else { second }
            }
            Fault::Refused(status) => Some(Reply::Whole(fault::refusal(status))),
            Fault::RefusedAfter(status) => {
                self.forward(request).await;
                Some(Reply::Whole(fault::refusal(status)))
            }
        }
    }

    /// The honest way.
    async fn forward(&self, request: &Message) -> Option<Reply> {
        let Some(mut stream) = self.connect().await else {
            return Some(Reply::Whole(fault::refusal(502)));
        };
        let exchange = async {
            stream.write_all(&request.bytes).await.ok()?;
            Reader::new(stream).next(Kind::Answer).await.ok().flatten()
        };
        let answer = within(UPSTREAM_LIMIT, exchange).await.ok().flatten()?;
        // What ends with its connection, or ends it, ends the client's, too.
        let ends = answer.header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close"))
            || (answer.header("content-length").is_none() && !answer.body().is_empty());
        Some(if ends { Reply::Part(answer.bytes) } else { Reply::Whole(answer.bytes) })
    }

    async fn send_part(&self, bytes: &[u8]) {
        if let Some(mut stream) = self.connect().await {
            stream.write_all(bytes).await.unwrap_or_default();
        }
    }

    async fn connect(&self) -> Option<TcpStream> {
        let first = self.link.draw(|chance| chance.below(self.targets.len()));
        let turns = self.targets.iter().cycle().skip(first).take(self.targets.len());
        for target in turns {
            if let Ok(stream) = TcpStream::connect(target).await {
                stream.set_nodelay(true).unwrap_or_default();
                return Some(stream);
            }
        }
        None
    }
}
