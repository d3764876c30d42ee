//! HTTP/1.1 as it stands on the wire: one message, its bytes untouched.
//!
//! Knows lengths and nothing else: no chunks, no compression, no TLS. What it cannot read is an error,
//! never a guess, so that a proxy built on it changes nothing by mistake.

pub(crate) mod client;

use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _};

const HEAD_MAX: usize = 64 * 1024;
/// The sandbox's ledger of a long run is large.
const BODY_MAX: usize = 256 * 1024 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Which of the two it is: only an answer may end with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request.
    Request,
    /// An answer.
    Answer,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// All of it.
    pub(crate) bytes: Vec<u8>,
    body_at: usize,
}

impl Message {
    /// The first line.
    pub(crate) fn first_line(&self) -> &str {
        head_lines(&self.bytes, self.body_at).next().unwrap_or_default()
    }

    /// Method and path of a request, the path without its query.
    pub(crate) fn target(&self) -> (&str, &str) {
        let mut words = self.first_line().split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        (method, target.split('?').next().unwrap_or_default())
    }

    /// Status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.first_line().split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.bytes, self.body_at, name)
    }

    /// The body.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(self.body_at..).unwrap_or_default()
    }
}

/// Reads messages from one side of a connection. What was read ahead is kept, so a read that is given
/// up loses nothing.
pub(crate) struct Reader<S> {
    stream: S,
    ahead: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    pub(crate) fn new(stream: S) -> Reader<S> {
        Reader { stream, ahead: Vec::new() }
    }

    /// The next message; `None` when the other side hung up between two messages.
    pub(crate) async fn next(&mut self, kind: Kind) -> Result<Option<Message>> {
        let body_at = loop {
            if let Some(at) = find(&self.ahead, END_OF_HEAD) {
                break at.saturating_add(END_OF_HEAD.len());
            }
            if self.ahead.len() > HEAD_MAX {
                return Err(unreadable("a head without an end"));
            }
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                return if self.ahead.is_empty() { Ok(None) } else { Err(broken()) };
            }
        };
        let end = match length(&self.ahead, body_at, kind)? {
            Some(length) => body_at.saturating_add(length),
            None => return self.until_the_end(body_at).await.map(Some),
        };
        while self.ahead.len() < end {
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                return Err(broken());
            }
        }
        let rest = self.ahead.split_off(end);
        let bytes = std::mem::replace(&mut self.ahead, rest);
        Ok(Some(Message { bytes, body_at }))
    }

    async fn until_the_end(&mut self, body_at: usize) -> Result<Message> {
        while self.stream.read_buf(&mut self.ahead).await? > 0 {
            if self.ahead.len() > BODY_MAX {
                return Err(unreadable("a body without an end"));
            }
        }
        Ok(Message { bytes: std::mem::take(&mut self.ahead), body_at })
    }
}

/// How long the body is; `None` when it ends with the connection.
fn length(bytes: &[u8], body_at: usize, kind: Kind) -> Result<Option<usize>> {
    if header(bytes, body_at, "transfer-encoding").is_some() {
        return Err(unreadable("a chunked body"));
    }
    if let Some(length) = header(bytes, body_at, "content-length") {
        let length: usize = length.parse().map_err(|_not_a_number| unreadable("content-length"))?;
        return if length > BODY_MAX { Err(unreadable("too long")) } else { Ok(Some(length)) };
    }
    let first = head_lines(bytes, body_at).next().unwrap_or_default();
    let is_bare = matches!(first.split(' ').nth(1), Some("204" | "304"));
    Ok(if kind == Kind::Request || is_bare { Some(0) } else { None })
}

fn header<'a>(bytes: &'a [u8], body_at: usize, name: &str) -> Option<&'a str> {
    let named = |line: &&str| {
        line.split_once(':').is_some_and(|(key, _)| key.trim().eq_ignore_ascii_case(name))
    };
    let line = head_lines(bytes, body_at).skip(1).find(named)?;
    line.split_once(':').map(|(_, value)| value.trim())
}

fn head_lines(bytes: &[u8], body_at: usize) -> impl Iterator<Item = &str> {
    let head = bytes.get(..body_at).and_then(|head| std::str::from_utf8(head).ok());
    head.unwrap_or_default().split("\r\n")
}

/// Where `wanted` begins.
pub(crate) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn unreadable(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

fn broken() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "hung up in the middle of a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(wire: &[u8], kind: Kind) -> Result<Vec<Message>> {
        let mut reader = Reader::new(wire);
        let mut messages = Vec::new();
        while let Some(message) = reader.next(kind).await? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[tokio::test]
    async fn messages_are_taken_apart_by_their_lengths() {
        let wire = b"POST /a?b=c HTTP/1.1\r\nContent-Length: 2\r\nX: y\r\n\r\nhi\
                     GET /d HTTP/1.1\r\n\r\n";
        let messages = read(wire, Kind::Request).await.unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].target(), ("POST", "/a"));
        assert_eq!((messages[0].body(), messages[0].header("x")), (b"hi".as_slice(), Some("y")));
        assert_eq!(messages[1].target(), ("GET", "/d"));
        assert!(messages[1].body().is_empty());
    }

    #[tokio::test]
    async fn an_answer_without_a_length_ends_with_its_connection() {
        let messages = read(b"HTTP/1.1 200 OK\r\n\r\nall of it", Kind::Answer).await.unwrap();
        assert_eq!((messages[0].status(), messages[0].body()), (200, b"all of it".as_slice()));
        let bare = b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
        let statuses: Vec<u16> =
            read(bare, Kind::Answer).await.unwrap().iter().map(Message::status).collect();
        assert_eq!(statuses, [204, 503]);
    }

    #[tokio::test]
    async fn what_it_cannot_read_is_an_error() {
        for wire in [
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(),
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
            b"POST / HTT",
        ] {
            assert!(read(wire, Kind::Request).await.is_err());
        }
    }
}
