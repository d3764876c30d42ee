//! Sends notifications and tells the core what came of them.
//!
//! Each attempt is its own task: a slow receiver delays nobody else. MAY NOT decide when to send again; that is the
//! core's ladder.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::core::notice::{AttemptEnd, Delivery};
use crate::http::shared::Shared;

/// Attempts in flight at once.
const IN_FLIGHT_MAX: usize = 256;
/// How much of a receiver's answer the ledger keeps.
const ANSWER_BYTES_MAX: usize = 512;

/// A client that follows no redirects and no proxies: a notification goes where it was asked to go. It spells headers
/// as the live service does, `Wechatpay-Nonce`.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    // Without a provider the client panics; a second installation answers an error and changes nothing.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::debug!("a TLS provider was installed already");
    }
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .http1_title_case_headers()
        .build()
}

/// Delivers what is due until told to stop.
pub(super) async fn run(shared: Arc<Shared>, client: reqwest::Client, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut sending = JoinSet::new();
    loop {
        let (deliveries, wait) = shared.due();
        for delivery in deliveries {
            let (shared, client) = (Arc::clone(&shared), client.clone());
            let places = Arc::clone(&places);
            sending.spawn(async move {
                // The semaphore is never closed; without a place the attempt is still made.
                let _place = places.acquire().await.ok();
                send(&shared, &client, delivery).await;
                shared.wake.notify_one();
            });
        }
        tokio::select! {
            () = stop.cancelled() => break,
            _ = tokio::time::timeout(wait, shared.wake.notified()) => {}
            Some(_) = sending.join_next(), if !sending.is_empty() => {}
        }
    }
    sending.shutdown().await;
}

/// Makes one attempt and records its end.
pub(super) async fn send(shared: &Shared, client: &reqwest::Client, delivery: Delivery) {
    let id = delivery.id;
    let end = post(client, delivery).await;
    shared.visit(|pay, _| pay.record(id, end));
}

async fn post(client: &reqwest::Client, delivery: Delivery) -> AttemptEnd {
    let timeout = Duration::from_millis(delivery.timeout_ms);
    let mut request = client.post(&delivery.url).timeout(timeout).body(delivery.body);
    for (name, value) in delivery.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            AttemptEnd::Answered { status, body: beginning(answer).await }
        }
        Err(error) if error.is_timeout() => {
            AttemptEnd::Failed { why: format!("no answer within {} ms", delivery.timeout_ms) }
        }
        Err(error) if error.is_connect() => {
            AttemptEnd::Failed { why: "could not connect".to_owned() }
        }
        Err(error) => AttemptEnd::Failed { why: error.without_url().to_string() },
    }
}

/// The status has decided already; the body is only for the ledger.
async fn beginning(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= ANSWER_BYTES_MAX {
            break;
        }
    }
    bytes.truncate(ANSWER_BYTES_MAX);
    String::from_utf8_lossy(&bytes).into_owned()
}
