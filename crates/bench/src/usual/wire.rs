//! As much HTTP as the load generator speaks: one whole request at a time, with a length.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const READ_AHEAD: usize = 4 * 1024;
/// More than any request here has.
const REQUEST_MAX: usize = 64 * 1024;

/// What a buyer asks for.
pub(super) struct Order {
    pub(super) token: String,
    pub(super) key: String,
    pub(super) body: String,
    pub(super) item: i64,
    pub(super) address: i64,
}

/// Answers every request of a connection with what `sell` says: a status and a body.
pub(super) async fn answer_all<F, W>(mut stream: TcpStream, sell: F) -> Result<()>
where
    F: Fn(Order) -> W,
    W: Future<Output = (u16, String)>,
{
    stream.set_nodelay(true)?;
    let mut ahead = Vec::with_capacity(READ_AHEAD);
    loop {
        let Some((order, used)) = parse(&ahead)? else {
            ensure!(ahead.len() <= REQUEST_MAX, "a request of more than {REQUEST_MAX} bytes");
            if stream.read_buf(&mut ahead).await? == 0 {
                return Ok(());
            }
            continue;
        };
        ahead.drain(..used);
        let (status, body) = sell(order).await;
        let head = format!(
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await?;
    }
}

/// The first whole request in `bytes`, and how many bytes it took.
fn parse(bytes: &[u8]) -> Result<Option<(Order, usize)>> {
    let Some(head_end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = bytes.split_at(head_end);
    let head = std::str::from_utf8(head).context("the head is not text")?;
    let header = |wanted: &str| {
        let mut named = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let found = named.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.trim()).with_context(|| format!("no {wanted}"))
    };
    let body_and_gap = header("content-length")?.parse::<usize>()?.saturating_add(4);
    let Some(body) = rest.get(4..body_and_gap) else { return Ok(None) };
    let said: Value = serde_json::from_slice(body)?;
    let order = Order {
        token: header("authorization")?.trim_start_matches("Bearer ").to_owned(),
        key: header("idempotency-key")?.to_owned(),
        body: String::from_utf8(body.to_vec())?,
        item: said["item_ids"][0].as_i64().context("no item")?,
        address: said["address_id"].as_i64().context("no address")?,
    };
    Ok(Some((order, head_end.saturating_add(body_and_gap))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_taken_when_it_is_whole() {
        let text = "POST /o HTTP/1.1\r\nAuthorization: Bearer t\r\nidempotency-key: k\r\n\
            Content-Length: 31\r\n\r\n{\"item_ids\":[7],\"address_id\":2}next";
        let wire = text.as_bytes();
        assert!(parse(&wire[..60]).unwrap().is_none());
        assert!(parse(&wire[..wire.len() - 5]).unwrap().is_none());
        let (order, used) = parse(wire).unwrap().unwrap();
        assert_eq!((order.token.as_str(), order.key.as_str()), ("t", "k"));
        assert_eq!((order.item, order.address), (7, 2));
        assert_eq!(&wire[used..], b"next");
    }

    #[test]
    fn an_order_of_nobody_is_refused() {
        assert!(parse(b"POST /o HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}").is_err());
    }
}
