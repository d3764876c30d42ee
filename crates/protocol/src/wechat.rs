//! The client with nothing around it: time stands still, nothing is sent, and what would be answered lies ready.
//!
//! [`strict`] believes what the vectors' keys have signed. [`believing`] takes every signature for a good one, so that what lies
//! behind a signature is reached by any bytes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use domain::Timestamp;
use domain::names::Mchid;
use domain::ports::{Clock, PortFuture};
use futures_util::FutureExt as _;
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde_json::Value;
use wechatpay::{
    CannotSeal, CannotSign, Certificate, MerchantKeySettings, NoEntropy, Nonces, OaepDigest, Ports,
    PrivateKey, PublicKey, PublicKeySettings, Rsa, Settings, SignatureScheme, Transport,
    TransportError, WechatPay, WireRequest, WireResponse,
};

const KEYS: &str = include_str!("../../wechatpay/tests/vectors/keys.json");
/// The vectors' own time.
pub(crate) const NOW: i64 = 1_795_226_407;
pub(crate) const MCHID: &str = "1900000109";
pub(crate) const API_V3_KEY: &[u8; 32] = b"TestVectorApiV3Key_0123456789ABC";
pub(crate) const NONCE: &str = "5F0E4A2B9C8D7E6F1A2B3C4D5E6F7A8B";
/// Keys that WeChat Pay signs with, by their names in the vectors.
pub(crate) const SIGNERS: [&str; 2] = ["wechatpay_public_key", "platform_certificate_1"];

/// One that verifies.
pub(crate) fn strict() -> &'static WechatPay {
    static CLIENT: LazyLock<WechatPay> = LazyLock::new(|| client(Arc::new(Rsa)));
    &CLIENT
}

/// One that believes.
pub(crate) fn believing() -> &'static WechatPay {
    static CLIENT: LazyLock<WechatPay> = LazyLock::new(|| client(Arc::new(Believing)));
    &CLIENT
}

/// A text of a key of the vectors.
pub(crate) fn key(name: &str, member: &str) -> String {
    static ALL: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(KEYS).unwrap_or_default());
    ALL[name][member].as_str().unwrap_or_default().to_owned()
}

#[expect(clippy::expect_used, reason = "the vectors are good settings, or nothing can be fuzzed")]
fn client(scheme: Arc<dyn SignatureScheme>) -> WechatPay {
    let [public_key, certificate] = SIGNERS;
    let settings = Settings {
        mchid: Mchid::new(MCHID),
        merchant_keys: vec![MerchantKeySettings {
            serial: Some(key("merchant", "serial_no")),
            private_key: SecretString::from(key("merchant", "private_key_pkcs8_pem")),
            certificate: None,
        }],
        api_v3_keys: vec![SecretString::from(String::from_utf8_lossy(API_V3_KEY).into_owned())],
        public_key: Some(PublicKeySettings {
            id: key(public_key, "serial_no"),
            pem: key(public_key, "public_key_spki_pem"),
        }),
        platform_certificates: vec![key(certificate, "certificate_pem")],
        notify_url: "https://pay.example.com/wechatpay/notify".to_owned(),
        ..Settings::default()
    };
    let (clock, transport, nonces) = (Arc::new(Still), Arc::new(Wire), Arc::new(Always));
    let ports = Ports { clock, transport, nonces, scheme };
    WechatPay::over(&settings, ports).expect("settings of the vectors")
}

/// Where requests go, and answers come from: each thread has its own.
#[derive(Debug)]
pub(crate) struct Wire;

#[derive(Default)]
struct Conversation {
    sent: Vec<WireRequest>,
    /// The next one last.
    answers: Vec<WireResponse>,
}

thread_local! {
    static CONVERSATION: RefCell<Conversation> = RefCell::default();
}

impl Wire {
    /// Forgets what was said, and puts answers ready in this order.
    pub(crate) fn begin(mut answers: Vec<WireResponse>) {
        answers.reverse();
        CONVERSATION.set(Conversation { sent: Vec::new(), answers });
    }

    /// What was sent since.
    pub(crate) fn sent() -> Vec<WireRequest> {
        CONVERSATION.take().sent
    }
}

impl Transport for Wire {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        let answer = CONVERSATION.with_borrow_mut(|conversation| {
            conversation.sent.push(request);
            conversation.answers.pop()
        });
        let answer = answer.ok_or_else(|| TransportError("nobody answers".to_owned()));
        Box::pin(async move { answer })
    }
}

/// A signed answer, as far as [`believing`] looks.
pub(crate) fn answer(body: String) -> WireResponse {
    let headers = [
        ("wechatpay-timestamp", NOW.to_string()),
        ("wechatpay-nonce", NONCE.to_owned()),
        ("wechatpay-signature", "c2lnbmVk".to_owned()),
        ("wechatpay-serial", key(SIGNERS[0], "serial_no")),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    WireResponse { status: 200, headers: BTreeMap::from(headers), body: body.into_bytes() }
}

/// What a future of the client gives: over a wire that answers at once there is nothing to wait for.
#[expect(clippy::expect_used, reason = "a client that waits for nothing and is not ready hangs")]
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the client waits, and nothing will come")
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOW)
    }

    fn real(&self) -> Timestamp {
        Timestamp::from_seconds(NOW)
    }

    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Always;

impl Nonces for Always {
    fn nonce(&self) -> Result<String, NoEntropy> {
        Ok(NONCE.to_owned())
    }
}

/// Takes every signature, and signs with a digest that anybody can make.
pub(crate) struct Believing;

/// What [`Believing`] signs `message` with.
pub(crate) fn seal(message: &[u8]) -> Vec<u8> {
    digest(&SHA256, message).as_ref().to_vec()
}

impl SignatureScheme for Believing {
    fn private_key(&self, _text: &str) -> Result<Box<dyn PrivateKey>, &'static str> {
        Ok(Box::new(Self))
    }

    fn public_key(&self, text: &str) -> Result<PublicKey, &'static str> {
        Ok(PublicKey(text.as_bytes().to_vec()))
    }

    fn certificate(&self, text: &str) -> Result<Certificate, &'static str> {
        Rsa.certificate(text)
    }

    fn signature_bytes(&self) -> RangeInclusive<usize> {
        1..=1_024
    }

    fn verifies(&self, _key: &PublicKey, _message: &[u8], _signature: &[u8]) -> bool {
        true
    }

    fn seal(
        &self,
        _key: &PublicKey,
        _digest: OaepDigest,
        plain: &[u8],
    ) -> Result<Vec<u8>, CannotSeal> {
        Ok(plain.to_vec())
    }
}

impl PrivateKey for Believing {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        Ok(seal(message))
    }

    fn is_half_of(&self, _key: &PublicKey) -> bool {
        true
    }
}
