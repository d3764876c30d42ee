//! Sends what was made before over connections that stay open, and keeps the answers.
//!
//! May not do more than that: no TLS, no chunks, one request at a time. What it does not understand is an error.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};

/// A sandbox that needs longer is broken.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const ANSWER_MAX: usize = 65_536;

/// A request, byte for byte.
#[derive(Debug)]
pub(super) struct Request(pub(super) String);

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&str| {
            line.split_once(": ").is_some_and(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        self.head.lines().find(named)?.split_once(": ").map(|(_, value)| value)
    }
}

/// Sends all of them over so many connections at once.
pub(super) fn send(
    address: SocketAddr,
    requests: &[Request],
    connections: usize,
) -> Result<Vec<Answer>> {
    let share = requests.len().div_ceil(connections).max(1);
    std::thread::scope(|scope| {
        let senders: Vec<_> = requests
            .chunks(share)
            .map(|mine| scope.spawn(move || send_in_turn(address, mine)))
            .collect();
        let mut answers = Vec::with_capacity(requests.len());
        for sender in senders {
            answers.extend(sender.join().map_err(|_panic| anyhow!("a connection panicked"))??);
        }
        Ok(answers)
    })
}

fn send_in_turn(address: SocketAddr, requests: &[Request]) -> Result<Vec<Answer>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let mut answers = Vec::with_capacity(requests.len());
    for Request(text) in requests {
        stream.write_all(text.as_bytes())?;
        answers.push(answer(&mut stream)?);
    }
    Ok(answers)
}

fn answer(stream: &mut TcpStream) -> Result<Answer> {
    let mut seen = Vec::with_capacity(2_048);
    let head_ends = loop {
        if let Some(at) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut seen)?;
    };
    let body_begins = head_ends.saturating_add(4);
    let head = String::from_utf8(seen.get(..head_ends).unwrap_or_default().to_vec())?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut answer = Answer { status: status.context("no status")?, head, body: Vec::new() };
    let length = answer.header("content-length").context("no length")?.parse::<usize>()?;
    while seen.len() < body_begins.saturating_add(length) {
        more(stream, &mut seen)?;
    }
    ensure!(seen.len() == body_begins.saturating_add(length), "more than was asked for");
    answer.body = seen.split_off(body_begins);
    Ok(answer)
}

fn more(stream: &mut TcpStream, seen: &mut Vec<u8>) -> Result<()> {
    let mut piece = [0; 4_096];
    let read = stream.read(&mut piece)?;
    ensure!(read > 0 && seen.len() < ANSWER_MAX, "the connection ended in the middle");
    seen.extend_from_slice(piece.get(..read).unwrap_or_default());
    Ok(())
}
