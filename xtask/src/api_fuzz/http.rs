//! Just enough HTTP/1.1 to set up a shop on this machine: one request, one answer, one connection.
//!
//! May not be used for anything but our own service and sandbox on 127.0.0.1: it speaks no TLS,
//! follows nothing and knows no chunks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Everything here answers at once; an order that is waited for answers within 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Its name and its value.
type Header<'a> = (&'a str, &'a str);

/// Who is asked, by whom.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) host: SocketAddr,
    /// For `Authorization: Bearer`.
    pub(super) token: Option<String>,
}

impl Caller {
    /// Nobody in particular.
    pub(super) fn anybody(host: SocketAddr) -> Self {
        Self { host, token: None }
    }

    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { host: self.host, token: Some(token.to_owned()) }
    }

    pub(super) fn get(&self, path: &str) -> Result<Value> {
        self.call("GET", path, &[], None)
    }

    /// `key` is the idempotency key.
    pub(super) fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Result<Value> {
        let key = key.map(|key| ("Idempotency-Key", key));
        self.call("POST", path, key.as_slice(), Some(body))
    }

    /// `tag` is of what is there; nothing is there without.
    pub(super) fn put(&self, path: &str, tag: Option<&str>, body: &Value) -> Result<Value> {
        let tag = tag.map(|tag| ("If-Match", tag));
        self.call("PUT", path, tag.as_slice(), Some(body))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Value> {
        self.call("DELETE", path, &[], None)
    }

    fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[Header],
        body: Option<&Value>,
    ) -> Result<Value> {
        let answer = self.exchange(&self.request(method, path, headers, body));
        let (status, body) = answer.with_context(|| format!("{method} {path}: no answer"))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path} answered {status}: {body}");
        }
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&body).with_context(|| format!("{method} {path}: {body}"))
    }

    fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[Header],
        body: Option<&Value>,
    ) -> String {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.host,
            body.len()
        );
        if !body.is_empty() {
            head.push_str("Content-Type: application/json\r\n");
        }
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n{body}")
    }

    fn exchange(&self, request: &str) -> Result<(u16, String)> {
        let mut connection = TcpStream::connect(self.host)?;
        connection.set_read_timeout(Some(ANSWER_WITHIN))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        read(&answer)
    }
}

/// The status and the body of an answer that is complete.
fn read(answer: &str) -> Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_says_who_asks_under_which_key() {
        let caller = Caller::anybody(([127, 0, 0, 1], 80).into()).with_token("t");
        let text =
            caller.request("POST", "/a", &[("Idempotency-Key", "k")], Some(&json!({"x": 1})));
        assert!(text.starts_with("POST /a HTTP/1.1\r\nHost: 127.0.0.1:80\r\n"), "{text}");
        assert!(text.contains("\r\nAuthorization: Bearer t\r\nIdempotency-Key: k\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n{\"x\":1}"), "{text}");
    }

    #[test]
    fn an_answer_is_its_status_and_its_body() {
        let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(read(answer).unwrap(), (201, "{}".to_owned()));
        assert!(read("").is_err());
    }
}
