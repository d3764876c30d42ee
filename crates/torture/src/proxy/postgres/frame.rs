//! PostgreSQL's wire protocol, version 3: one message at a time, its bytes untouched.
//!
//! May not know what a message means; that is in `batch.rs` and `answer.rs`.

use std::io::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Larger than any message of ours.
const FRAME_MAX: usize = 64 * 1024 * 1024;
/// Tag, where there is one, and length.
const LENGTH_BYTES: usize = 4;

/// The first message's codes that are no version.
pub(super) const SSL_REQUEST: u32 = 80_877_103;
pub(super) const GSS_REQUEST: u32 = 80_877_104;
pub(super) const CANCEL_REQUEST: u32 = 80_877_102;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Its kind; 0 for the first message of a connection, which has none.
    pub(super) tag: u8,
    /// All of it, tag and length included.
    pub(super) bytes: Vec<u8>,
}

impl Frame {
    /// What stands behind tag and length.
    pub(super) fn payload(&self) -> &[u8] {
        let head = if self.tag == 0 { LENGTH_BYTES } else { LENGTH_BYTES + 1 };
        self.bytes.get(head..).unwrap_or_default()
    }

    /// The code of a first message: a version, or one of the requests above.
    pub(super) fn code(&self) -> Option<u32> {
        Some(u32::from_be_bytes(self.payload().get(..4)?.try_into().ok()?))
    }
}

/// Reads messages from one side. What was read ahead is kept, so a read that is given up loses nothing.
pub(super) struct Frames<S> {
    stream: S,
    ahead: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Frames<S> {
    pub(super) fn new(stream: S) -> Frames<S> {
        Frames { stream, ahead: Vec::new() }
    }

    /// The first message of a client.
    pub(super) async fn first(&mut self) -> Result<Option<Frame>> {
        self.read(0).await
    }

    /// The next message; `None` when the other side hung up between two.
    pub(super) async fn next(&mut self) -> Result<Option<Frame>> {
        self.read(1).await
    }

    async fn read(&mut self, tag_bytes: usize) -> Result<Option<Frame>> {
        loop {
            if let Some(end) = whole(&self.ahead, tag_bytes)? {
                let rest = self.ahead.split_off(end);
                let bytes = std::mem::replace(&mut self.ahead, rest);
                let tag = if tag_bytes == 0 { 0 } else { bytes.first().copied().unwrap_or(0) };
                return Ok(Some(Frame { tag, bytes }));
            }
            if self.stream.read_buf(&mut self.ahead).await? == 0 {
                let is_clean = self.ahead.is_empty();
                return if is_clean { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

/// Where the first message ends, if all of it is there.
fn whole(bytes: &[u8], tag_bytes: usize) -> Result<Option<usize>> {
    let Some(length) = bytes.get(tag_bytes..tag_bytes + LENGTH_BYTES) else { return Ok(None) };
    let length = <[u8; 4]>::try_from(length).map(u32::from_be_bytes).unwrap_or(0);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if !(LENGTH_BYTES..=FRAME_MAX).contains(&length) {
        return Err(Error::new(ErrorKind::InvalidData, "not a message of PostgreSQL"));
    }
    let end = tag_bytes + length;
    Ok((bytes.len() >= end).then_some(end))
}

/// The text up to the next zero byte, and what follows.
pub(super) fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

#[cfg(test)]
pub(super) fn frame(tag: u8, payload: &[u8]) -> Frame {
    let length = u32::try_from(payload.len() + LENGTH_BYTES).unwrap().to_be_bytes();
    let tag_bytes = if tag == 0 { &[][..] } else { std::slice::from_ref(&tag) };
    Frame { tag, bytes: [tag_bytes, &length, payload].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_taken_apart_and_put_together_the_same() {
        let first = frame(0, &SSL_REQUEST.to_be_bytes());
        let query = frame(b'Q', b"SELECT 1\0");
        let sync = frame(b'S', b"");
        let wire = [&first, &query, &sync].map(|frame| frame.bytes.clone()).concat();
        let mut frames = Frames::new(wire.as_slice());
        let read = frames.first().await.unwrap().unwrap();
        assert_eq!((read.code(), read), (Some(SSL_REQUEST), first));
        assert_eq!(frames.next().await.unwrap(), Some(query.clone()));
        assert_eq!(text(query.payload()), Some((b"SELECT 1".as_slice(), b"".as_slice())));
        assert_eq!(frames.next().await.unwrap(), Some(sync));
        assert_eq!(frames.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn half_a_message_and_another_protocol_are_errors() {
        let half = &frame(b'Q', b"SELECT 1\0").bytes[..7];
        assert!(Frames::new(half).next().await.is_err());
        assert!(Frames::new(b"GET / HTTP/1.1\r\n".as_slice()).first().await.is_err());
    }
}
