//! How fast the load generator itself is: against a server that does nothing.
//!
//! That server runs in this very process and shares its cores, so the figure is a lower bound.

use crate::client::Request;
use crate::load::{Load, Measured, expect_status};
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// Sends `request` as often as it can for `time`.
pub(crate) async fn measure(
    request: Request,
    connections: usize,
    time: Duration,
) -> Result<Measured> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut answering = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            answering.spawn(answer_all(stream));
        }
    });
    let load = Load {
        addr,
        connections,
        requests: Arc::new(vec![request]),
        repeat_for: Some(time),
        check: |answer| expect_status(answer, 204),
    };
    // The server ends when its set is dropped.
    load.run().await
}

/// One answer for each read: the client sends a request in one piece and waits.
async fn answer_all(mut stream: TcpStream) {
    let mut buffer = vec![0_u8; 64 * 1024];
    while let Ok(read) = stream.read(&mut buffer).await {
        if read == 0 || stream.write_all(ANSWER).await.is_err() {
            return;
        }
    }
}
