//! One kept-alive HTTP/1.1 connection that sends bytes which were made before.
//!
//! May not do more than a load generator needs: no TLS, no redirects, no chunked bodies, one request
//! at a time. It refuses what it does not understand instead of guessing.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than the service ever takes; a load that hangs is a failure, not a figure.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// More than any answer here has.
const ANSWER_MAX: usize = 1 << 20;
const READ_AHEAD: usize = 16 * 1024;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// With these headers beside `Host` and `Content-Length`.
    pub(crate) fn new(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Request {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: paydesk\r\n");
        for (name, value) in headers {
            // Writing to a String cannot fail.
            write!(head, "{name}: {value}\r\n").unwrap_or_default();
        }
        if let Some(body) = body {
            write!(head, "Content-Length: {}\r\n", body.len()).unwrap_or_default();
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        Request { bytes }
    }

    /// Something to sort by that has nothing to do with the order in which requests were made.
    pub(crate) fn digest(&self) -> Vec<u8> {
        ring::digest::digest(&ring::digest::SHA256, &self.bytes).as_ref().to_vec()
    }

    /// A JSON call with a bearer token (none when empty) and an idempotency key.
    pub(crate) fn json(
        method: &str,
        path: &str,
        token: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Request {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("Idempotency-Key", key), ("Content-Type", "application/json")];
        if !token.is_empty() {
            headers.push(("Authorization", &bearer));
        }
        let body = body.map(Value::to_string);
        Request::new(method, path, &headers, body.as_deref().map(str::as_bytes))
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Read, and not yet taken for an answer.
    ahead: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(addr: SocketAddr) -> Result<Connection> {
        let connecting = timeout(ANSWER_WITHIN, TcpStream::connect(addr));
        let stream = connecting.await?.with_context(|| format!("cannot connect to {addr}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, ahead: Vec::with_capacity(READ_AHEAD) })
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn call(&mut self, request: &Request) -> Result<Answer> {
        timeout(ANSWER_WITHIN, self.exchange(request)).await.context("no answer in time")?
    }

    /// The same for an answer that must be a success and JSON.
    pub(crate) async fn call_json(&mut self, request: &Request) -> Result<Value> {
        let answer = self.call(request).await?;
        ensure!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.text());
        answer.json()
    }

    async fn exchange(&mut self, request: &Request) -> Result<Answer> {
        self.stream.write_all(&request.bytes).await?;
        loop {
            if let Some((answer, used)) = parse(&self.ahead)? {
                self.ahead.drain(..used);
                return Ok(answer);
            }
            ensure!(self.ahead.len() <= ANSWER_MAX, "an answer of more than {ANSWER_MAX} bytes");
            self.ahead.reserve(READ_AHEAD);
            let read = self.stream.read_buf(&mut self.ahead).await?;
            ensure!(read > 0, "the connection was closed before the answer was whole");
        }
    }
}

/// The first whole answer in `bytes`, and how many bytes it took.
fn parse(bytes: &[u8]) -> Result<Option<(Answer, usize)>> {
    let Some(head_end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = bytes.split_at(head_end);
    let head = std::str::from_utf8(head).context("the head is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let status = status.and_then(|line| line.get(..3)?.parse().ok());
    let status: u16 = status.with_context(|| format!("not an answer: {head}"))?;
    let mut length = 0_usize;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().context("content-length")?;
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a chunked answer; this client reads none");
        }
    }
    let body_and_gap = length.saturating_add(4);
    let Some(body) = rest.get(4..body_and_gap) else { return Ok(None) };
    let answer = Answer { status, body: body.to_vec() };
    Ok(Some((answer, head_end.saturating_add(body_and_gap))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_when_it_is_whole() {
        let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204";
        assert_eq!(parse(&wire[..20]).unwrap(), None);
        assert_eq!(parse(&wire[..39]).unwrap(), None);
        let (answer, used) = parse(wire).unwrap().unwrap();
        assert_eq!(answer, Answer { status: 200, body: b"hi".to_vec() });
        assert_eq!(&wire[used..], b"HTTP/1.1 204");
    }

    #[test]
    fn no_length_means_no_body() {
        let (answer, used) = parse(b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n").unwrap().unwrap();
        assert_eq!((answer.status, used), (204, 33));
    }

    #[test]
    fn what_it_cannot_read_is_refused() {
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let request = Request::new("POST", "/a", &[("X", "y")], Some(b"{}"));
        let text = String::from_utf8(request.bytes).unwrap();
        assert_eq!(
            text,
            "POST /a HTTP/1.1\r\nHost: paydesk\r\nX: y\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
