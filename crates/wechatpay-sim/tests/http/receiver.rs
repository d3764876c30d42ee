//! A merchant's notify_url: takes what comes and answers from a list.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// One delivery as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How the next deliveries are answered; then 204. `Never` does not answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    Never,
}

struct State {
    replies: Mutex<Vec<Reply>>,
    arrived: UnboundedSender<Received>,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    arrived: UnboundedReceiver<Received>,
    _stop: StopOnDrop,
}

struct StopOnDrop(ServerHandle);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        drop(self.0.stop(false));
    }
}

impl Receiver {
    pub(crate) fn start(replies: &[Reply]) -> Self {
        let (sender, arrived) = unbounded_channel();
        let replies = Mutex::new(replies.iter().rev().copied().collect());
        let state = Data::from(Arc::new(State { replies, arrived: sender }));
        let server = HttpServer::new(move || {
            App::new().app_data(state.clone()).default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/notify", server.addrs()[0]);
        let server = server.run();
        let stop = StopOnDrop(server.handle());
        tokio::spawn(server);
        Self { url, arrived, _stop: stop }
    }

    pub(crate) async fn next(&mut self) -> Received {
        let waiting = tokio::time::timeout(crate::LIMIT, self.arrived.recv());
        waiting.await.expect("a notification arrives in time").unwrap()
    }

    pub(crate) fn nothing_more(&mut self) -> bool {
        self.arrived.try_recv().is_err()
    }
}

async fn take(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect();
    let reply = state.replies.lock().unwrap().pop().unwrap_or(Reply::Status(204));
    state.arrived.send(Received { headers, body: body.to_vec() }).unwrap();
    match reply {
        Reply::Status(status) => {
            HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
        }
        Reply::Never => std::future::pending().await,
    }
}
