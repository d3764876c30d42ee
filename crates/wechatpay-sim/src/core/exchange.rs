//! One request and what comes of it, as values.
//!
//! MAY NOT know an HTTP library: the shell and the simulation each translate.

use crate::core::ports::Keyring;
use crate::core::refusal::Refusal;
use crate::core::seal::Unsigned;
use crate::core::settings::Spelling;

/// Names and values, in order.
pub type Headers = Vec<(String, String)>;

/// A request as it stood on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET`, `POST`, ….
    pub method: String,
    /// Path and query exactly as sent: they are signed undecoded.
    pub target: String,
    /// Headers; names compare without case.
    pub headers: Headers,
    /// The raw body.
    pub body: Vec<u8>,
}

impl ApiRequest {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path, undecoded.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query, undecoded.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// An answer as it goes on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Headers,
    /// The body, possibly empty.
    pub body: Vec<u8>,
    /// Its signature, where that is still to be made.
    pub(crate) unsigned: Option<Unsigned>,
}

impl Answer {
    /// An answer of the gateway: a status and nothing else.
    pub fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), unsigned: None }
    }
}

impl Answer {
    /// The same with its signature. The same bytes however late that is.
    fn signed(mut self, keyring: &dyn Keyring) -> Self {
        let Some(unsigned) = self.unsigned.take() else { return self };
        if unsigned.sign_into(&mut self.headers, keyring).is_err() {
            self.status = 500;
            self.headers.retain(|(name, _)| !name.starts_with("Wechatpay-"));
            self.body = Refusal::system_error().to_bytes(Spelling::Current);
        }
        self
    }
}

/// Names a call that is held open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldCall(pub(crate) u64);

/// How a request ends for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The answer; `None` closes the connection without a word, unless the call is held.
    pub answer: Option<Answer>,
    /// Real milliseconds to wait before that.
    pub delay_ms: u64,
    /// There is no answer yet: keep the connection open and ask `WeChatPay::collect` for it.
    pub held: Option<HeldCall>,
}

impl Exchange {
    /// Answered at once.
    pub fn now(answer: Answer) -> Self {
        Self { answer: Some(answer), delay_ms: 0, held: None }
    }

    /// The connection closes without an answer.
    pub fn hang_up() -> Self {
        Self { answer: None, delay_ms: 0, held: None }
    }

    /// Half of the body is missing, whatever the headers say of the whole.
    pub(crate) fn halved(mut self) -> Self {
        if let Some(answer) = &mut self.answer {
            answer.body.truncate(answer.body.len() / 2);
        }
        self
    }

    /// The same with the signature of its answer.
    #[must_use]
    pub fn signed(mut self, keyring: &dyn Keyring) -> Self {
        self.answer = self.answer.map(|answer| answer.signed(keyring));
        self
    }

    /// Answered when others have overtaken it.
    pub(crate) fn held(call: HeldCall) -> Self {
        Self { answer: None, delay_ms: 0, held: Some(call) }
    }
}

/// What has become of a held call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Collected {
    /// It ends so.
    Ended(Exchange),
    /// Not yet: ask again after any other visit.
    Waiting,
    /// Nobody knows it: a reset forgot it. Close the connection.
    Forgotten,
}
