//! Asks a server one question over its Unix socket: just enough of the protocol to make a database.
//!
//! Simple queries, text answers, no passwords. Not a client library: the application has its own.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::places::SOCKET_NAME;

/// The superuser of every private server.
pub(crate) const USER: &str = "paydesk";
/// The database every server has from the beginning.
pub(crate) const MAINTENANCE_DATABASE: &str = "postgres";
/// Longer than any question asked here takes, even on a machine under load.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// The protocol's version 3.0.
const PROTOCOL: i32 = 196_608;
/// More than any answer here; a longer one is a misunderstanding.
const MESSAGE_MAX: usize = 1 << 20;

/// Rows of text; `NULL` is an empty text.
pub(crate) type Rows = Vec<Vec<String>>;

/// Connects, asks, disconnects.
pub(crate) fn ask(socket: &Path, database: &str, statement: &str) -> io::Result<Rows> {
    let mut connection = UnixStream::connect(socket.join(SOCKET_NAME))?;
    connection.set_read_timeout(Some(ANSWER_LIMIT))?;
    connection.set_write_timeout(Some(ANSWER_LIMIT))?;
    let mut startup = PROTOCOL.to_be_bytes().to_vec();
    for word in ["user", USER, "database", database, ""] {
        startup.extend_from_slice(word.as_bytes());
        startup.push(0);
    }
    send(&mut connection, None, &startup)?;
    read_answer(&mut connection)?;
    let mut question = statement.as_bytes().to_vec();
    question.push(0);
    send(&mut connection, Some(b'Q'), &question)?;
    let rows = read_answer(&mut connection)?;
    send(&mut connection, Some(b'X'), &[])?;
    Ok(rows)
}

fn send(to: &mut impl Write, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
    let length = i32::try_from(body.len().saturating_add(4)).map_err(io::Error::other)?;
    let mut message: Vec<u8> = kind.into_iter().collect();
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(body);
    to.write_all(&message)
}

/// Reads up to "ready for query".
fn read_answer(from: &mut impl Read) -> io::Result<Rows> {
    let mut rows = Rows::new();
    let mut refusal = None;
    loop {
        let (kind, body) = read_message(from)?;
        match kind {
            b'D' => rows.push(read_row(&body)?),
            // After a refused start the server hangs up; after a refused query it gets ready again.
            b'E' => refusal = Some(io::Error::other(error_text(&body))),
            b'R' if body != [0; 4] => return Err(io::Error::other("it asks for a password")),
            b'Z' => return refusal.map_or(Ok(rows), Err),
            _ => {}
        }
        if kind == b'E' && body.starts_with(b"SFATAL") {
            return refusal.map_or_else(|| Err(malformed()), Err);
        }
    }
}

fn read_message(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let length = usize::try_from(i32::from_be_bytes(length)).map_err(io::Error::other)?;
    let length = length.checked_sub(4).filter(|n| *n <= MESSAGE_MAX).ok_or_else(malformed)?;
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok((kind, body))
}

fn read_row(mut body: &[u8]) -> io::Result<Vec<String>> {
    let mut count = [0; 2];
    body.read_exact(&mut count)?;
    (0..u16::from_be_bytes(count))
        .map(|_| {
            let mut length = [0; 4];
            body.read_exact(&mut length)?;
            let length = i32::from_be_bytes(length).max(0);
            let length = usize::try_from(length).map_err(io::Error::other)?;
            let (text, rest) = body.split_at_checked(length).ok_or_else(malformed)?;
            body = rest;
            Ok(String::from_utf8_lossy(text).into_owned())
        })
        .collect()
}

/// The field `M` of an error: what a person reads.
fn error_text(body: &[u8]) -> String {
    body.split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"))
        .map_or_else(|| "no reason given".to_owned(), |t| String::from_utf8_lossy(t).into_owned())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not of PostgreSQL's protocol")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        send(&mut bytes, Some(kind), body).unwrap();
        bytes
    }

    #[test]
    fn rows_are_read_until_the_server_is_ready() {
        let row = [&[0, 2][..], &[0, 0, 0, 2], b"ab", &[255, 255, 255, 255]].concat();
        let bytes = [message(b'T', b"x"), message(b'D', &row), message(b'Z', b"I")].concat();
        assert_eq!(read_answer(&mut bytes.as_slice()).unwrap(), [["ab", ""]]);
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let refusal = message(b'E', b"SERROR\0C42P01\0Mno such table\0\0");
        let bytes = [refusal, message(b'Z', b"I")].concat();
        let error = read_answer(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(error.to_string(), "no such table");
    }

    #[test]
    fn bytes_that_are_no_message_are_refused_not_believed() {
        assert!(read_answer(&mut [b'D', 0, 0, 0, 1].as_slice()).is_err());
        assert!(read_answer(&mut [b'D', 127, 0, 0, 0].as_slice()).is_err());
        assert!(read_row(&[0, 1, 0, 0, 0, 9, b'a']).is_err());
    }
}
