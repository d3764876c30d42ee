//! A merchant's notify_url that holds what comes until it is told how to answer.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wechatpay_sim::core::notice::AttemptEnd;

use crate::wire::{self, Message};

/// How a notification is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With this status and body.
    Answer(u16, &'static str, String),
    /// The connection is closed.
    HangUp,
}

impl Reply {
    /// One of several.
    pub(crate) fn of(number: u8) -> Reply {
        match number % 6 {
            0 => Reply::Answer(204, "No Content", String::new()),
            1 => Reply::Answer(500, "Internal Server Error", r#"{"code":"FAIL"}"#.to_owned()),
            2 => Reply::Answer(200, "OK", "{}".to_owned()),
            // Followed nowhere.
            3 => Reply::Answer(302, "Found", String::new()),
            4 => Reply::HangUp,
            // Longer than what is kept of it.
            _ => Reply::Answer(503, "Service Unavailable", "再试".repeat(200)),
        }
    }

    /// What the sandbox has to make of it.
    pub(crate) fn end(&self) -> AttemptEnd {
        match self {
            Reply::Answer(status, _, body) => {
                let kept = body.as_bytes().get(..512).unwrap_or(body.as_bytes());
                let body = String::from_utf8_lossy(kept).into_owned();
                AttemptEnd::Answered { status: *status, body }
            }
            Reply::HangUp => AttemptEnd::Failed { why: "error sending request".to_owned() },
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Reply::Answer(status, _, _) => format!("answered {status}"),
            Reply::HangUp => "hung up on".to_owned(),
        }
    }
}

/// A notification that waits for its answer.
pub(crate) struct Arrived {
    pub(crate) message: Message,
    pub(crate) reply: oneshot::Sender<Reply>,
}

pub(crate) struct Receiver {
    pub(crate) addr: SocketAddr,
    pub(crate) arrived: UnboundedReceiver<Arrived>,
    listening: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let (sender, arrived) = unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, sender.clone()));
            }
        });
        Receiver { addr, arrived, listening }
    }
}

async fn serve(mut stream: TcpStream, sender: UnboundedSender<Arrived>) {
    while let Some(message) = wire::read(&mut stream).await {
        let (reply, answer) = oneshot::channel();
        if sender.send(Arrived { message, reply }).is_err() {
            return;
        }
        let Ok(Reply::Answer(status, reason, body)) = answer.await else { return };
        let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
        if status == 302 {
            head.push_str("Location: /elsewhere\r\n");
        }
        if status != 204 {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head.push_str(&body);
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
    }
}
