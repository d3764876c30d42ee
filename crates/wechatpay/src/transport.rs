//! The last line of IO: one request value out, one answer value in.
//!
//! [`HttpTransport`] adds no meaning: no signature, no retry of what got an answer, no redirect,
//! no proxy, no cookie. It never prints a URL, a header or a body.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use domain::ports::PortFuture;

/// The most bytes of an answer that are read. Prepay, query and certificate answers have a few
/// thousand at most.
const ANSWER_MAX: usize = 1_048_576;
/// The most bytes of a file that are read: a bill of some hundred thousand lines, packed.
pub const DOWNLOAD_MAX: usize = 33_554_432;
const TOO_LONG: &str = "the answer is too long";
/// How long a file may take, whatever a call may.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60);
/// A connection that was idle for longer is not used again: the other side may be closing it at this
/// very moment, and a request on it would have an unknown outcome.
const IDLE: Duration = Duration::from_secs(15);

/// An HTTP method that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

impl Method {
    /// As it stands in the request line and in the signed text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// Where a request goes, and how much may come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A call: to the first host, and to the backup host if that gives no answer. Its answer has some
    /// thousand bytes.
    #[default]
    Call,
    /// A call that is not idempotent by a number of ours: to the first host alone. When that gives no
    /// answer it may have been taken, and what the backup host says of it is no answer to it.
    Once,
    /// A file, from the host that an answer named and from no other. It may be long
    /// ([`DOWNLOAD_MAX`]) and take its time.
    Download(Host),
}

/// One of the two hosts that we are configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The one that is asked first.
    First,
    /// The one that is asked when the first gives no answer.
    Backup,
}

/// A request, complete and signed.
#[derive(Clone, PartialEq, Eq)]
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// Path and query, byte for byte as signed. The host is the transport's.
    pub target: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Names in their usual spelling, and values.
    pub headers: BTreeMap<&'static str, String>,
    /// The body, byte for byte as signed; empty for none.
    pub body: String,
}

impl Purpose {
    fn bytes_max(self) -> usize {
        match self {
            Purpose::Call | Purpose::Once => ANSWER_MAX,
            Purpose::Download(_) => DOWNLOAD_MAX,
        }
    }
}

impl fmt::Debug for WireRequest {
    /// Shows method and path alone: headers, query and body hold secrets and personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "WireRequest({} {path})", self.method.as_str())
    }
}

/// An answer, complete and not yet believed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct WireResponse {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case; of a name that came twice, the first value.
    pub headers: BTreeMap<String, String>,
    /// The body as it came, after transfer decoding.
    pub body: Vec<u8>,
}

impl WireResponse {
    /// The value of a header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for WireResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WireResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// No usable answer came. The request may have arrived all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer: {0}")]
pub struct TransportError(pub String);

impl TransportError {
    /// An answer came, and it is longer than its purpose allows.
    #[must_use]
    pub fn too_long() -> TransportError {
        TransportError(TOO_LONG.to_owned())
    }

    /// Whether that is what happened: asking again does not help.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.0 == TOO_LONG
    }
}

/// Carries a request to WeChat and its answer back.
pub trait Transport: Send + Sync {
    /// Sends once.
    ///
    /// # Contract
    /// Target, headers and body go out byte for byte. Any HTTP answer is `Ok`, whatever its
    /// status; a truncated one is an error, and so is one longer than its purpose allows
    /// ([`TransportError::too_long`]). An error says nothing about whether the request
    /// arrived, and its text quotes neither URL nor body.
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>>;
}

/// HTTPS by reqwest.
#[derive(Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    base_url: String,
    backup_base_url: Option<String>,
    timeout: Duration,
}

impl HttpTransport {
    /// A transport to `base_url` (no path, no slash at the end), plain HTTP only where the URL
    /// itself says `http`.
    ///
    /// With a backup, a request that got no HTTP answer before the time was up is sent once more
    /// to it, unchanged (v3 §1), if it is a [`Purpose::Call`]: that is idempotent by our number.
    ///
    /// # Errors
    /// When the TLS stack cannot be set up.
    pub fn new(
        base_url: &str,
        backup_base_url: Option<&str>,
        timeout: Duration,
        connect_timeout: Duration,
    ) -> Result<HttpTransport, TransportError> {
        install_crypto();
        let plain = base_url.starts_with("http://")
            || backup_base_url.is_some_and(|url| url.starts_with("http://"));
        let client = reqwest::Client::builder()
            .https_only(!plain)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(connect_timeout)
            .timeout(timeout)
            .pool_idle_timeout(IDLE)
            .build()
            .map_err(|error| TransportError(said(error)))?;
        let bare = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(HttpTransport {
            client,
            base_url: bare(base_url),
            backup_base_url: backup_base_url.map(bare),
            timeout,
        })
    }

    async fn send_to(
        &self,
        base_url: &str,
        request: &WireRequest,
    ) -> Result<WireResponse, TransportError> {
        let url = format!("{base_url}{}", request.target);
        let builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
        };
        let mut builder = builder.timeout(self.time_for(request.purpose));
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if !request.body.is_empty() {
            builder = builder.body(request.body.clone());
        }
        let mut answer = builder.send().await.map_err(|error| TransportError(said(error)))?;
        let mut response =
            WireResponse { status: answer.status().as_u16(), ..WireResponse::default() };
        for (name, value) in answer.headers() {
            if let Ok(value) = value.to_str() {
                let first = response.headers.entry(name.as_str().to_owned());
                first.or_insert_with(|| value.to_owned());
            }
        }
        while let Some(chunk) = answer.chunk().await.map_err(|error| TransportError(said(error)))? {
            if response.body.len().saturating_add(chunk.len()) > request.purpose.bytes_max() {
                return Err(TransportError::too_long());
            }
            response.body.extend_from_slice(&chunk);
        }
        Ok(response)
    }

    async fn carry(&self, request: WireRequest) -> Result<WireResponse, TransportError> {
        match (request.purpose, &self.backup_base_url) {
            (Purpose::Call, _) => self.send_with_backup(request).await,
            (Purpose::Once | Purpose::Download(Host::First), _) => {
                self.send_to(&self.base_url, &request).await
            }
            (Purpose::Download(Host::Backup), Some(backup)) => self.send_to(backup, &request).await,
            (Purpose::Download(Host::Backup), None) => {
                Err(TransportError("there is no backup host".to_owned()))
            }
        }
    }

    /// How long a request may take as a whole.
    fn time_for(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Call | Purpose::Once => self.timeout,
            Purpose::Download(_) => self.timeout.max(DOWNLOAD_TIMEOUT),
        }
    }

    async fn send_with_backup(
        &self,
        mut request: WireRequest,
    ) -> Result<WireResponse, TransportError> {
        let first = self.send_to(&self.base_url, &request).await;
        let (Err(error), Some(backup)) = (&first, &self.backup_base_url) else { return first };
        tracing::warn!(%error, "WeChat Pay's first host gave no answer; asking the backup host");
        if let Some(agent) = request.headers.get_mut("User-Agent") {
            agent.push_str(" (Retried-V1)");
        }
        self.send_to(backup, &request).await
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        Box::pin(async move {
            // One budget for both hosts: who waits for us waits once.
            let time = self.time_for(request.purpose);
            match tokio::time::timeout(time, self.carry(request)).await {
                Ok(answer) => answer,
                Err(_elapsed) => Err(TransportError("the time was up".to_owned())),
            }
        })
    }
}

/// reqwest panics without a process-wide TLS provider; whoever installed one first has it.
fn install_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::debug!("another thread installed the TLS provider first");
    }
}

/// An error in words, with its causes and without its URL, which may carry an app secret.
fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
