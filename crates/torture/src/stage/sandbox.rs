//! The sandbox's control routes: the buyer's thumb on "pay", the clock, trouble on purpose, the truth.

use crate::http::client::{Answer, Request};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// It may be frozen for some seconds, and its ledger may be long.
const LIMIT: Duration = Duration::from_secs(60);

/// A sandbox that runs.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    addr: SocketAddr,
    /// Business time as it was before each jump.
    jumps: Arc<Mutex<Vec<Value>>>,
}

impl Sandbox {
    pub(crate) fn at(addr: SocketAddr) -> Sandbox {
        Sandbox { addr, jumps: Arc::default() }
    }

    /// Whatever it answers.
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        Request::new(method, path, "", "", body).send(self.addr, LIMIT).await
    }

    /// The merchant that it knows.
    pub(crate) async fn credentials(&self) -> Result<Value> {
        self.done("GET", "/_sandbox/credentials", &Value::Null).await
    }

    /// The buyer tries to pay. WeChat Pay may refuse, and says why.
    pub(crate) async fn pay(&self, out_trade_no: &str, form: &Value) -> Result<Answer> {
        self.call("POST", &format!("/_sandbox/pay/{out_trade_no}"), form).await
    }

    /// What truly happened.
    pub(crate) async fn ledger(&self) -> Result<Value> {
        self.done("GET", "/_sandbox/ledger", &Value::Null).await
    }

    /// So many seconds of business time pass at once.
    pub(crate) async fn advance(&self, seconds: u64) -> Result<()> {
        let before = self.done("GET", "/_sandbox/clock", &Value::Null).await?;
        self.note_jump(&before["now"]);
        self.done("PUT", "/_sandbox/clock", &json!({"advance_s": seconds})).await.map(drop)
    }

    fn note_jump(&self, at: &Value) {
        let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
        jumps.push(json!({"at": at}));
    }

    /// When business time jumped: `{at}`.
    pub(crate) fn jumps(&self) -> Value {
        Value::from(self.jumps.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Trouble that only WeChat Pay itself can make, instead of what there was.
    pub(crate) async fn faults(&self, rules: &Value) -> Result<()> {
        self.done("PUT", "/_sandbox/faults", &json!({"rules": rules})).await.map(drop)
    }

    /// Refunds of one payment may follow each other at the scale of the services' own waiting.
    pub(crate) async fn refund_spacing(&self, seconds: u64) -> Result<()> {
        let spacing = json!({"refund_spacing_s": seconds});
        self.done("PUT", "/_sandbox/settings", &spacing).await.map(drop)
    }

    /// The merchant's account is empty, or has enough again: refunds are refused meanwhile.
    pub(crate) async fn balance(&self, word: &str) -> Result<()> {
        let balance = json!({"merchant_balance": word});
        self.done("PUT", "/_sandbox/settings", &balance).await.map(drop)
    }

    /// Another system of the same merchant orders, and its payer pays.
    pub(crate) async fn paid_elsewhere(&self, number: &str, notify_url: &str) -> Result<()> {
        let trade = json!({"out_trade_no": number, "total_fen": 1_234, "notify_url": notify_url,
            "attach": "another system"});
        self.done("POST", "/_sandbox/trades", &trade).await?;
        self.done("POST", &format!("/_sandbox/pay/{number}"), &json!({})).await.map(drop)
    }

    /// The notification of a payment is sent once more, now.
    pub(crate) async fn tell_again(&self, number: &str) -> Result<()> {
        self.done("POST", &format!("/_sandbox/notify/{number}"), &json!({})).await.map(drop)
    }

    /// A refund that did not reach its payer does so after all. It may have done so before: the services, whose
    /// books its number is from, hear of it later.
    pub(crate) async fn end_refund_well(&self, out_refund_no: &str) -> Result<()> {
        let path = format!("/_sandbox/refund/{out_refund_no}");
        let answer = self.call("POST", &path, &json!({"outcome": "success"})).await?;
        let ended = answer.is_success() || answer.code() == "refund_final";
        ensure!(ended, "{path} answered {answer}");
        Ok(())
    }

    /// A new platform certificate signs from now on.
    pub(crate) async fn rotate_key(&self) -> Result<()> {
        self.done("POST", "/_sandbox/keys/rotate", &Value::Null).await.map(drop)
    }

    async fn done(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.call(method, path, body).await?;
        ensure!(answer.is_success(), "{path} answered {answer}");
        Ok(answer.body)
    }
}
