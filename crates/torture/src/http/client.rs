//! One request on a connection of its own. What comes back is given back as it came.

use crate::clock::within;
use crate::http::{Kind, Message, Reader};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::fmt::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// A request to be sent, as often as one likes.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// A JSON call with a bearer token (none when empty) and an idempotency key (none when empty).
    pub(crate) fn new(method: &str, path: &str, token: &str, key: &str, body: &Value) -> Request {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nHost: paydesk\r\nConnection: close\r\n");
        let mut header = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            write!(head, "{name}: {value}\r\n").unwrap_or_default();
        };
        if !token.is_empty() {
            header("Authorization", &format!("Bearer {token}"));
        }
        if !key.is_empty() {
            header("Idempotency-Key", key);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_empty() {
            header("Content-Type", "application/json");
        }
        if method != "GET" {
            header("Content-Length", &body.len().to_string());
        }
        head.push_str("\r\n");
        head.push_str(&body);
        Request { bytes: head.into_bytes() }
    }

    /// A look at something.
    pub(crate) fn get(path: &str) -> Request {
        Request::new("GET", path, "", "", &Value::Null)
    }

    /// Sends it and waits for the whole answer.
    ///
    /// # Errors
    /// When there is none in time, or half of one.
    pub(crate) async fn send(&self, to: SocketAddr, limit: Duration) -> Result<Answer> {
        let message = within(limit, self.exchange(to)).await.context("no answer in time")??;
        let body = serde_json::from_slice(message.body()).unwrap_or(Value::Null);
        let retry_after = message.header("retry-after").and_then(|text| text.parse().ok());
        let is_of_a_proxy = message.header(BY_A_PROXY).is_some();
        Ok(Answer { status: message.status(), body, retry_after, is_of_a_proxy })
    }

    /// Sends it and goes away: the other side does not know whether anybody waits.
    pub(crate) async fn send_and_leave(&self, to: SocketAddr, after: Duration) {
        drop(within(after, self.exchange(to)).await);
    }

    async fn exchange(&self, to: SocketAddr) -> Result<Message> {
        let mut stream = TcpStream::connect(to).await.context("no connection")?;
        stream.set_nodelay(true)?;
        stream.write_all(&self.bytes).await.context("cannot send")?;
        let answer = Reader::new(stream).next(Kind::Answer).await.context("half an answer")?;
        answer.context("hung up without an answer")
    }
}

/// The header by which a proxy of ours says that an answer is its own invention.
pub(crate) const BY_A_PROXY: &str = "x-torture";

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Its JSON; null when there is none.
    pub(crate) body: Value,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
    /// It never came from where the request was sent to.
    pub(crate) is_of_a_proxy: bool,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The code of a refusal; empty when there is none.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// A text of the body; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

/// In few words: what is secret in an answer stays out of messages.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.status, self.code(), self.text("detail"))
    }
}
