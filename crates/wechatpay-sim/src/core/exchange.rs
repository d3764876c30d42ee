//! One request and what comes of it, as values.
//!
//! MAY NOT know an HTTP library: the shell and the simulation each translate.

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
}

impl Answer {
    /// An answer of the gateway: a status and nothing else.
    pub fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

/// How a request ends for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The answer; `None` closes the connection without a word.
    pub answer: Option<Answer>,
    /// Real milliseconds to wait before that.
    pub delay_ms: u64,
}

impl Exchange {
    /// Answered at once.
    pub fn now(answer: Answer) -> Self {
        Self { answer: Some(answer), delay_ms: 0 }
    }

    /// The connection closes without an answer.
    pub fn hang_up() -> Self {
        Self { answer: None, delay_ms: 0 }
    }
}
