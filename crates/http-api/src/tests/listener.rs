//! The real listener: it serves, outlives rude clients, and stops.

use super::fake::{Fake, Gate};
use super::front::state;
use crate::{ApiSettings, ChangeBell, HttpApi, RunningApi};
use std::net::TcpListener;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn start(fake: &Arc<Fake>) -> RunningApi {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let state = state(fake, &Arc::new(ChangeBell::new()));
    HttpApi::start(ApiSettings { workers: 1 }, listener, state).unwrap()
}

async fn exchange(api: &RunningApi, request: &str) -> String {
    let mut stream = TcpStream::connect(api.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_on_a_free_port_and_stops() {
    let api = start(&Arc::new(Fake::default()));
    let answer = exchange(&api, HEALTHZ).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");
    let addr = api.addr();
    api.stop().await;
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_does_not_cancel_what_it_asked_for() {
    let fake = Arc::new(Fake::default());
    let api = start(&fake);
    let body = r#"{"code":"alice"}"#;
    let request = format!(
        "POST /api/mini/login HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let gate = Arc::new(Gate::default());
    fake.lock().gate = Some(Arc::clone(&gate));
    let mut stream = TcpStream::connect(api.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    gate.reached.notified().await;
    drop(stream);
    // The one worker has seen the client go before it answers others.
    for _ in 0..3 {
        assert!(exchange(&api, HEALTHZ).await.starts_with("HTTP/1.1 200"));
    }
    assert!(fake.lock().sessions.is_empty());
    gate.opened.notify_one();
    // Stopping waits for the work that requests have started.
    api.stop().await;
    assert_eq!(fake.lock().sessions.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_http_is_refused_without_a_word_of_ours() {
    let api = start(&Arc::new(Fake::default()));
    let answer = exchange(&api, "NOT HTTP AT ALL\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    api.stop().await;
}
