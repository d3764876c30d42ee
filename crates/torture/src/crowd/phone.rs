//! A client as a good one is written: every request that changes something has a key, and a request
//! without a final answer is repeated with the same key until there is one.

use crate::chance::Chance;
use crate::clock::{Stopwatch, pause_ms};
use crate::crowd::Outside;
use crate::http::client::{Answer, Request};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Longer than the longest poll.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
const AGAIN_AFTER_MS: u64 = 150;
/// A phone does not wait for half a minute before it asks again.
const AGAIN_AT_LATEST_MS: u64 = 2_000;

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Phone {
    door: SocketAddr,
    outside: Outside,
    token: Arc<str>,
    chance: Arc<Mutex<Chance>>,
    /// What it wants just now.
    wish: Arc<Mutex<String>>,
}

impl Phone {
    pub(crate) fn new(door: SocketAddr, outside: &Outside, chance: Chance) -> Phone {
        Phone {
            door,
            outside: outside.clone(),
            token: "".into(),
            chance: Arc::new(Mutex::new(chance)),
            wish: Arc::default(),
        }
    }

    /// The same, with a token or a key.
    pub(crate) fn holding(&self, token: &str) -> Phone {
        Phone { token: token.into(), ..self.clone() }
    }

    pub(crate) fn outside(&self) -> &Outside {
        &self.outside
    }

    /// What it waits for.
    pub(crate) fn wish(&self) -> String {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A new key.
    pub(crate) fn key(&self) -> String {
        let mut chance = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        format!("torture-{:016x}{:08x}", chance.between(0, u64::MAX), chance.between(0, 1 << 32))
    }

    /// Sends a request under a key of its own until its answer is final.
    pub(crate) async fn insist(&self, method: &str, path: &str, body: &Value) -> Answer {
        let key = if method == "GET" { String::new() } else { self.key() };
        self.insist_under(&key, method, path, body).await
    }

    /// The same under this key.
    pub(crate) async fn insist_under(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = Request::new(method, path, &self.token, key, body);
        loop {
            let answer = self.send(&request, key, &format!("{method} {path}")).await;
            if let Some(answer) = answer.as_ref().filter(|answer| is_final(answer)) {
                return answer.clone();
            }
            let asked = answer.and_then(|answer| answer.retry_after).unwrap_or(0);
            let wait = asked.saturating_mul(1_000).clamp(AGAIN_AFTER_MS, AGAIN_AT_LATEST_MS);
            pause_ms(wait).await;
        }
    }

    /// Sends it once and goes away before there is an answer.
    pub(crate) async fn send_and_leave(&self, key: &str, path: &str, body: &Value, after_ms: u64) {
        let request = Request::new("POST", path, &self.token, key, body);
        request.send_and_leave(self.door, Duration::from_millis(after_ms)).await;
    }

    /// One request; `None` when there was no answer.
    async fn send(&self, request: &Request, key: &str, what: &str) -> Option<Answer> {
        what.clone_into(&mut self.wish.lock().unwrap_or_else(PoisonError::into_inner));
        let watch = &self.outside.watch;
        let asked = Stopwatch::start();
        let answer = match request.send(self.door, ANSWER_WITHIN).await {
            Ok(answer) => answer,
            Err(_none) => {
                watch.tally.count("answers to buyers: none, sent again");
                return None;
            }
        };
        watch.tally.count(format!("answers to buyers: {}", answer.status));
        if answer.status == 500 && !answer.is_of_a_proxy {
            watch.findings.add("no answer is 500", format!("{what}: {answer}"));
        }
        // A refusal may name an order, too: its key has no effect, and is about nothing.
        let key = if answer.is_success() { key } else { "" };
        self.outside.told.hear(asked, key, &answer.body, &watch.findings);
        self.remember(&answer.body);
        Some(answer)
    }

    /// What must be in no log.
    fn remember(&self, body: &Value) {
        let params = &body["pay_params"];
        for (what, name) in [("paySign", "paySign"), ("prepay_id", "package")] {
            if let Some(text) = params[name].as_str() {
                self.outside.secrets.add(what, text);
            }
        }
    }
}

/// Not "come back": neither unknown, nor busy, nor still being answered, nor of somebody on the way.
fn is_final(answer: &Answer) -> bool {
    let comes_back = matches!(answer.status, 202 | 408 | 429 | 500 | 503 | 504)
        || answer.code() == "request_in_progress";
    !comes_back && !answer.is_of_a_proxy
}
