//! One signed conversation with WeChat Pay: sign, send, verify; plus what has to be fetched and
//! corrected on the way (platform certificates, the signing time).
//!
//! Knows no endpoint but `/v3/certificates` and reads no other body. The one door through which
//! an answer becomes a [`VerifiedAnswer`].

mod sealing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::Timestamp;
use domain::names::Mchid;
use domain::ports::{Clock, GatewayError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::called;
use crate::certificates::{self, Reader};
use crate::credentials::Credentials;
use crate::errors::{self, Decline, NoReply};
use crate::keyring::{Fetch, KeyRing};
use crate::keys::{MerchantKey, PlatformKey, Serial};
use crate::nonces::Nonces;
use crate::scheme::SignatureScheme;
use crate::sign::{self, Stamp};
use crate::target;
use crate::transport::{Host, Method, Purpose, Transport, WireRequest, WireResponse};
use crate::verify::{Claim, Distrust, SignatureHeaders};

pub(crate) use sealing::SealingKey;

/// How we name ourselves; `/v3/certificates` refuses requests without it.
const USER_AGENT: &str = concat!("Paydesk/", env!("CARGO_PKG_VERSION"));

/// A request before it is signed.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The method.
    pub(crate) method: Method,
    /// Path and query, encoded.
    pub(crate) target: String,
    /// The body, empty for none.
    pub(crate) body: String,
    /// The serial of the key that something in the body is sealed for; `None` where nothing is.
    pub(crate) sealed_for: Option<String>,
}

/// What came back.
pub(crate) enum Reply {
    /// 2xx, signed by WeChat Pay.
    Verified(VerifiedAnswer),
    /// Any other status: unsigned.
    Declined(Decline),
}

/// A 2xx answer whose signature was verified. Only [`Exchange::call`] makes one.
pub(crate) struct VerifiedAnswer {
    response: WireResponse,
}

impl VerifiedAnswer {
    /// The HTTP status, 200 to 299.
    pub(crate) fn status(&self) -> u16 {
        self.response.status
    }

    /// The signed bytes.
    pub(crate) fn body(&self) -> &[u8] {
        &self.response.body
    }

    /// `Request-ID`.
    pub(crate) fn request_id(&self) -> Option<String> {
        errors::request_id(&self.response)
    }

    /// `why`, with the `Request-ID`.
    pub(crate) fn traceable(&self, why: &str) -> String {
        errors::traceable(why, &self.response)
    }
}

/// Why no key of a serial is at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// WeChat Pay does not list it.
    Unknown,
    /// WeChat Pay could not be asked just now.
    Unavailable,
}

/// Everything that a conversation needs.
pub(crate) struct Exchange {
    pub(crate) mchid: Mchid,
    /// Replaced as a whole; a call takes them once and ends with them.
    pub(crate) credentials: RwLock<Arc<Credentials>>,
    pub(crate) scheme: Arc<dyn SignatureScheme>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) nonces: Arc<dyn Nonces>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ring: RwLock<KeyRing>,
    /// Held while certificates are being fetched: one question at a time.
    pub(crate) fetching: tokio::sync::Mutex<()>,
    /// Seconds from our clock to WeChat Pay's, learnt from a refusal for time. Only for what we
    /// sign and for the answers to it; never for notifications, never for business.
    pub(crate) signing_offset: AtomicI64,
}

/// The credentials that a call began with, and the key of them that signs it.
type Signer<'a> = (&'a Credentials, &'a MerchantKey);

/// Why there are no newer certificates.
enum NotFetched {
    /// WeChat Pay does not accept our credentials.
    Refused(String),
    /// It could not be asked, or its answer not be believed.
    Unavailable(String),
}

impl Exchange {
    /// One call: signed, sent, and verified if it is 2xx.
    pub(crate) async fn call(&self, draft: &Draft) -> Result<Reply, GatewayError> {
        self.call_for(draft, Purpose::Call).await
    }

    /// One call that nothing makes idempotent: when the first host gives no answer, nobody else is asked, whose refusal
    /// would be taken for that of a call that was accepted.
    pub(crate) async fn call_once(&self, draft: &Draft) -> Result<Reply, GatewayError> {
        self.call_for(draft, Purpose::Once).await
    }

    async fn call_for(&self, draft: &Draft, purpose: Purpose) -> Result<Reply, GatewayError> {
        self.refresh_when_stale().await;
        let response = self.send(draft, purpose).await?;
        if !response.is_success() {
            return Ok(Reply::Declined(Decline::read(&response)));
        }
        let distrusted = |why| errors::distrusted(why, &response);
        let claim = Claim::read(headers_of(&response), &*self.scheme).map_err(distrusted)?;
        claim.check_window(self.signing_time()).map_err(distrusted)?;
        let key = match self.key(claim.serial(), self.signing_time()).await {
            Ok(key) => key,
            Err(NoKey::Unknown) => return Err(distrusted(Distrust::UnknownSerial)),
            Err(NoKey::Unavailable) => {
                let why = "the key that signed the answer could not be fetched";
                return Err(GatewayError::OutcomeUnknown(errors::traceable(why, &response)));
            }
        };
        claim.verify(&*self.scheme, &key, &response.body).map_err(distrusted)?;
        Ok(Reply::Verified(VerifiedAnswer { response }))
    }

    /// A file that a verified answer named: asked for like any call, but of one host, and with an
    /// answer that nobody signed (v3 §7.8). The caller has a hash to check it by.
    pub(crate) async fn download(
        &self,
        draft: &Draft,
        host: Host,
    ) -> Result<WireResponse, NoReply> {
        self.send(draft, Purpose::Download(host)).await
    }

    /// The key of a serial; an unknown certificate is asked for once.
    pub(crate) async fn key(
        &self,
        serial: &Serial,
        now: Timestamp,
    ) -> Result<Arc<PlatformKey>, NoKey> {
        if let Some(key) = self.read_ring().find(serial, now) {
            return Ok(key);
        }
        // A public key never comes from the list of certificates.
        if !self.credentials().fetches_certificates || matches!(serial, Serial::OfPublicKey(_)) {
            return Err(NoKey::Unknown);
        }
        let _one_at_a_time = self.fetching.lock().await;
        if let Some(key) = self.read_ring().find(serial, now) {
            return Ok(key);
        }
        if self.read_ring().may_fetch(self.clock.real()) {
            self.fetch_certificates().await;
        }
        let ring = self.read_ring();
        ring.find(serial, now).ok_or(if ring.is_answered() {
            NoKey::Unknown
        } else {
            NoKey::Unavailable
        })
    }

    /// Asks for the platform certificates now, if they are used; `false` when no believable
    /// answer came.
    pub(crate) async fn refresh_certificates(&self) -> bool {
        if !self.credentials().fetches_certificates {
            return true;
        }
        let _one_at_a_time = self.fetching.lock().await;
        self.fetch_certificates().await;
        self.read_ring().is_answered()
    }

    /// Fetches the platform certificates if they are used and have grown old; asks no more often
    /// than a call would.
    pub(crate) async fn keep_keys_fresh(&self) {
        self.refresh_when_stale().await;
    }

    /// Whether any key of WeChat Pay is at hand that is valid now.
    pub(crate) fn can_verify(&self) -> bool {
        self.read_ring().is_usable(self.signing_time())
    }

    /// The time that we sign with: ours, corrected.
    pub(crate) fn signing_time(&self) -> Timestamp {
        self.clock.real().plus_seconds(self.signing_offset.load(Ordering::Relaxed))
    }

    async fn refresh_when_stale(&self) {
        if !self.credentials().fetches_certificates || !self.read_ring().is_stale(self.clock.real())
        {
            return;
        }
        let turn = if self.read_ring().is_empty() {
            self.fetching.lock().await
        } else {
            // Somebody is at it, and the keys at hand still verify.
            let Ok(turn) = self.fetching.try_lock() else { return };
            turn
        };
        if self.read_ring().is_stale(self.clock.real()) {
            self.fetch_certificates().await;
        }
        drop(turn);
    }

    /// Asks and installs. Called with `fetching` held.
    async fn fetch_certificates(&self) {
        let fetched = self.try_fetch().await;
        let now = self.clock.real();
        let mut ring = self.write_ring();
        let refused = matches!(fetched, Err(NotFetched::Refused(_)));
        ring.note(Fetch { at: now, answered: fetched.is_ok(), refused });
        match fetched {
            Ok(keys) => {
                ring.install(keys);
                ring.prune(self.signing_time());
            }
            Err(NotFetched::Refused(why)) => {
                tracing::error!(why, "WeChat Pay does not accept our credentials");
            }
            Err(NotFetched::Unavailable(why)) => {
                tracing::warn!(why, "platform certificates could not be fetched");
            }
        }
    }

    async fn try_fetch(&self) -> Result<certificates::Keys, NotFetched> {
        let draft = Draft {
            method: Method::Get,
            target: target::CERTIFICATES.to_owned(),
            body: String::new(),
            sealed_for: None,
        };
        let unavailable =
            |why: NoReply| NotFetched::Unavailable(GatewayError::from(why).to_string());
        let response = self.send(&draft, Purpose::Call).await.map_err(unavailable)?;
        if !response.is_success() {
            let decline = Decline::read(&response);
            // This merchant has the public key only.
            let none = decline.is("RESOURCE_NOT_EXISTS");
            return match response.status {
                _ if none => Ok(Vec::new()),
                401 => Err(NotFetched::Refused(decline.text())),
                _ => Err(NotFetched::Unavailable(decline.text())),
            };
        }
        let now = self.signing_time();
        let distrust = |why: Distrust| NotFetched::Unavailable(why.text().to_owned());
        let claim = Claim::read(headers_of(&response), &*self.scheme).map_err(distrust)?;
        claim.check_window(now).map_err(distrust)?;
        let known = |serial: &Serial| self.read_ring().find(serial, now).map(|key| (*key).clone());
        let credentials = self.credentials();
        let reader = Reader { scheme: &*self.scheme, keys: &credentials.api_v3_keys, now };
        certificates::read(reader, &response.body, &claim, known).map_err(distrust)
    }

    /// What we are known by now.
    pub(crate) fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.credentials.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes other credentials, and the keys of WeChat Pay that come with them. Whoever is asking for
    /// certificates just then asks with those before, and what comes is believed all the same: it is signed.
    pub(crate) fn replace(&self, credentials: Credentials, believe: impl FnOnce(&mut KeyRing)) {
        let mut held = self.credentials.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(credentials);
        believe(&mut self.write_ring());
    }

    /// Sends, signed by the key that signs now; after a refusal of it once more by each other key. Who was
    /// refused has done nothing at WeChat Pay (401, v3 §2.3), so the same may be sent again.
    async fn send(&self, draft: &Draft, purpose: Purpose) -> Result<WireResponse, NoReply> {
        let credentials = self.credentials();
        let signing = credentials.signing();
        let refusal = self.send_as(draft, purpose, (&credentials, &signing)).await?;
        if refusal.status != 401 {
            return Ok(refusal);
        }
        for other in credentials.instead_of(&signing) {
            let response = self.send_as(draft, purpose, (&credentials, &other)).await?;
            if response.status != 401 {
                credentials.sign_with(&other, &signing);
                return Ok(response);
            }
        }
        Ok(refusal)
    }

    /// Sends; after a refusal for time, once more with WeChat Pay's time.
    async fn send_as(
        &self,
        draft: &Draft,
        purpose: Purpose,
        by: Signer<'_>,
    ) -> Result<WireResponse, NoReply> {
        let response = self.send_once(draft, purpose, by).await?;
        if response.is_success() || !Decline::read(&response).blames_our_clock() {
            return Ok(response);
        }
        let Some(theirs) = response.header("date").and_then(http_date) else {
            return Ok(response);
        };
        let offset = theirs.seconds_since(self.clock.real());
        self.signing_offset.store(offset, Ordering::Relaxed);
        tracing::error!(offset, "our clock differs from WeChat Pay's; signing with theirs");
        self.send_once(draft, purpose, by).await
    }

    async fn send_once(
        &self,
        draft: &Draft,
        purpose: Purpose,
        by: Signer<'_>,
    ) -> Result<WireResponse, NoReply> {
        let signed = self.signed(draft, by).map_err(NoReply::NotSent)?;
        let began = self.clock.real();
        let answer = self.transport.send(WireRequest { purpose, ..signed }).await;
        called::log(draft, &answer, self.clock.real().millis_since(began));
        answer.map_err(NoReply::NoAnswer)
    }

    fn signed(&self, draft: &Draft, by: Signer<'_>) -> Result<WireRequest, GatewayError> {
        let (credentials, key) = by;
        let nonce = self.nonces.nonce().map_err(|error| errors::unsigned(&error.to_string()))?;
        let stamp = Stamp { seconds: self.signing_time().seconds(), nonce: &nonce };
        let Draft { method, target, body, sealed_for } = draft;
        let message = sign::request_message(method.as_str(), target, stamp, body);
        let authorization = sign::authorization(self.mchid.as_str(), key, stamp, &message)
            .map_err(|error| errors::unsigned(&error.to_string()))?;
        let mut headers = BTreeMap::from([
            ("Accept", "application/json".to_owned()),
            ("Authorization", authorization),
            ("User-Agent", USER_AGENT.to_owned()),
        ]);
        if !body.is_empty() {
            headers.insert("Content-Type", "application/json".to_owned());
        }
        // What is sealed has to be opened; the answer may be signed by any key that we know.
        if let Some(id) = sealed_for.as_ref().or(credentials.public_key_id.as_ref()) {
            headers.insert("Wechatpay-Serial", id.clone());
        }
        let (target, body) = (target.clone(), body.clone());
        Ok(WireRequest { method: *method, target, purpose: Purpose::Call, headers, body })
    }

    fn read_ring(&self) -> RwLockReadGuard<'_, KeyRing> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_ring(&self) -> RwLockWriteGuard<'_, KeyRing> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn headers_of(response: &WireResponse) -> SignatureHeaders<'_> {
    SignatureHeaders {
        timestamp: response.header("wechatpay-timestamp"),
        nonce: response.header("wechatpay-nonce"),
        signature: response.header("wechatpay-signature"),
        serial: response.header("wechatpay-serial"),
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    OffsetDateTime::parse(text, &Rfc2822).ok().map(Timestamp::from_offset)
}
