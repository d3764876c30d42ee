//! Calls of the public API, as any HTTP client would make them.
//!
//! May not hide an answer: a refusal is given back as it came.

use crate::ids::SystemIds;
use crate::playground::stopwatch::pause;
use anyhow::{Context as _, Result, ensure};
use domain::ports::IdSource as _;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Longer than the longest answer, which is a long poll of ten seconds.
const CALL_LIMIT: Duration = Duration::from_secs(20);
/// How often a busy service is asked again, with the same key.
const TRIES_MAX: u32 = 20;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// The API, with or without a token.
#[derive(Clone)]
pub struct Api {
    client: Client,
    base: String,
    token: Option<String>,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// Its HTTP status.
    pub status: StatusCode,
    /// Its JSON; null when there is none.
    pub body: Value,
}

impl Api {
    /// The API at `base`, such as `http://127.0.0.1:8080`, for somebody unknown.
    pub fn at(base: String) -> Result<Api> {
        Ok(Api { client: local_client()?, base, token: None })
    }

    /// The same for the holder of a token or a key.
    pub fn as_holder_of(&self, token: String) -> Api {
        Api { token: Some(token), ..self.clone() }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// One call with an `Idempotency-Key` of its own; a busy service is asked again with the same.
    pub async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        let key = random_key();
        for _ in 1..TRIES_MAX {
            let answer = self.call_once(method.clone(), path, body, &key).await?;
            let code = answer.body["code"].as_str().unwrap_or_default();
            if !matches!(code, "try_again" | "request_in_progress") {
                return Ok(answer);
            }
            pause(TRY_AGAIN_AFTER).await;
        }
        self.call_once(method, path, body, &key).await
    }

    /// A call that has to succeed: its body.
    pub async fn done(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let answer = self.call(method, path, body).await?;
        ensure!(answer.status.is_success(), "{path} answered {answer}");
        Ok(answer.body)
    }

    /// Something that has to be there.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.done(Method::GET, path, &Value::Null).await
    }

    async fn call_once(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> Result<Answer> {
        let mut request =
            self.client.request(method, self.url(path)).header("Idempotency-Key", key);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("{path}: no answer"))?;
        let status = answer.status();
        let bytes = answer.bytes().await.with_context(|| format!("{path}: half an answer"))?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }
}

/// A client for this machine: no proxy of the environment stands between.
pub fn local_client() -> Result<Client> {
    Ok(Client::builder().timeout(CALL_LIMIT).no_proxy().build()?)
}

/// A refusal in few words: its status, code and detail.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, body) = (self.status.as_u16(), &self.body);
        match (body["code"].as_str(), body["detail"].as_str()) {
            (Some(code), Some(detail)) => write!(f, "{status} {code}: {detail}"),
            _ => write!(f, "{status}: {body}"),
        }
    }
}

fn random_key() -> String {
    hex::encode(SystemIds::default().secret())
}
