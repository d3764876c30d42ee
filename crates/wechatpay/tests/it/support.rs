//! A scripted WeChat Pay: signs with the throw-away keys of the vectors, remembers what was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::names::{Appid, ClientIp, Mchid, Openid, TransactionId};
use domain::payment::{Channel, Payment, PaymentState, Terms, TradeType};
use domain::ports::{Clock, PortFuture, RawNotice, RefundRequest};
use domain::{Fen, OutRefundNo, OutTradeNo, Timestamp};
use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::RSA_PKCS1_SHA256;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use wechatpay::{
    MerchantKeySettings, NoEntropy, Nonces, Ports, PublicKeySettings, Rsa, Settings, Transport,
    TransportError, WechatPay, WireRequest, WireResponse,
};

/// The vectors' own time.
pub(crate) const NOW: i64 = 1_795_226_407;
/// The vectors' merchant.
pub(crate) const MCHID: &str = "1900000109";
/// The vectors' APIv3 key.
pub(crate) const API_V3_KEY: &str = "TestVectorApiV3Key_0123456789ABC";
/// A number of ours.
pub(crate) const NUMBER: &str = "T20261121000001";
/// What is signed with, by its name in `keys.json`.
pub(crate) const CERT_1: &str = "platform_certificate_1";
pub(crate) const CERT_2: &str = "platform_certificate_2";
pub(crate) const PUBLIC_KEY: &str = "wechatpay_public_key";

pub(crate) fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

pub(crate) fn key(name: &str, member: &str) -> String {
    let keys = vectors(include_str!("../vectors/keys.json"));
    text(&keys[name], member).to_owned()
}

/// Settings that believe the public key alone.
pub(crate) fn settings() -> Settings {
    Settings {
        mchid: Mchid::new(MCHID),
        merchant_keys: vec![MerchantKeySettings {
            serial: Some(key("merchant", "serial_no")),
            private_key: SecretString::from(key("merchant", "private_key_pkcs8_pem")),
            certificate: Some(key("merchant", "certificate_pem")),
        }],
        api_v3_keys: vec![SecretString::from(API_V3_KEY)],
        public_key: Some(PublicKeySettings {
            id: key(PUBLIC_KEY, "serial_no"),
            pem: key(PUBLIC_KEY, "public_key_spki_pem"),
        }),
        notify_url: "https://pay.example.com/wechatpay/notify".to_owned(),
        ..Settings::default()
    }
}

/// Settings of the mixed period: the public key and the first certificate, both known.
pub(crate) fn mixed() -> Settings {
    Settings { platform_certificates: vec![key(CERT_1, "certificate_pem")], ..settings() }
}

/// Settings that believe fetched certificates alone.
pub(crate) fn certificate_mode() -> Settings {
    Settings { public_key: None, use_platform_certificates: true, ..settings() }
}

/// A client, its world, and its clock.
pub(crate) struct World {
    pub(crate) client: WechatPay,
    pub(crate) wechat: Arc<Script>,
    pub(crate) clock: Arc<TestClock>,
}

pub(crate) fn world(settings: &Settings) -> World {
    world_at(settings, NOW)
}

/// One that begins at another time.
pub(crate) fn world_at(settings: &Settings, seconds: i64) -> World {
    let wechat = Arc::new(Script::default());
    let clock = Arc::new(TestClock::at(seconds));
    let ports = Ports {
        clock: clock.clone(),
        transport: wechat.clone(),
        nonces: Arc::new(Counted::default()),
        scheme: Arc::new(Rsa),
    };
    let client = WechatPay::over(settings, ports).unwrap();
    World { client, wechat, clock }
}

/// A clock that stands still until it is set.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn at(seconds: i64) -> TestClock {
        TestClock(AtomicI64::new(seconds))
    }
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        panic!("the client asked for business time")
    }
    fn real(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::Relaxed))
    }
    fn sleep_millis(&self, _millis: u64) -> PortFuture<'_, ()> {
        panic!("the client slept")
    }
}

/// Nonces that count: `0…01`, `0…02`.
#[derive(Default)]
pub(crate) struct Counted(AtomicU64);

impl Nonces for Counted {
    fn nonce(&self) -> Result<String, NoEntropy> {
        Ok(format!("{:032X}", self.0.fetch_add(1, Ordering::Relaxed) + 1))
    }
}

/// A transport that answers what it was told to, in order.
#[derive(Default)]
pub(crate) struct Script {
    answers: Mutex<VecDeque<Result<WireResponse, TransportError>>>,
    pub(crate) seen: Mutex<Vec<WireRequest>>,
}

impl Script {
    pub(crate) fn answer(&self, response: WireResponse) {
        self.answers.lock().unwrap().push_back(Ok(response));
    }
    pub(crate) fn lose(&self) {
        self.fail(TransportError("the time was up".to_owned()));
    }
    pub(crate) fn fail(&self, error: TransportError) {
        self.answers.lock().unwrap().push_back(Err(error));
    }
    pub(crate) fn seen(&self) -> Vec<WireRequest> {
        self.seen.lock().unwrap().clone()
    }
    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen().into_iter().map(|request| request.target).collect()
    }
}

impl Transport for Script {
    fn send(&self, request: WireRequest) -> PortFuture<'_, Result<WireResponse, TransportError>> {
        self.seen.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.unwrap_or_else(|| Err(TransportError("not scripted".to_owned())));
        Box::pin(async move { answer })
    }
}

/// The bare signature of `message` by the key of that name.
pub(crate) fn signature(by: &str, message: &[u8]) -> String {
    let pem = key(by, "private_key_pkcs8_pem");
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let pair = KeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    STANDARD.encode(signature)
}

/// A notification as the key of that name signs it at `seconds`.
pub(crate) fn signed_notice(by: &str, seconds: i64, body: &[u8]) -> RawNotice {
    let nonce = "d824f2e086d3c1df967785d13fcd22ef";
    let message = [format!("{seconds}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
    RawNotice {
        timestamp: Some(seconds.to_string()),
        nonce: Some(nonce.to_owned()),
        signature: Some(signature(by, &message)),
        serial: Some(key(by, "serial_no")),
        body: body.to_vec(),
    }
}

/// A signed answer at the vectors' time.
pub(crate) fn signed(by: &str, status: u16, body: &str) -> WireResponse {
    signed_at(by, status, body, NOW)
}

pub(crate) fn signed_at(by: &str, status: u16, body: &str, seconds: i64) -> WireResponse {
    let notice = signed_notice(by, seconds, body.as_bytes());
    let headers = [
        ("wechatpay-timestamp", notice.timestamp),
        ("wechatpay-nonce", notice.nonce),
        ("wechatpay-signature", notice.signature),
        ("wechatpay-serial", notice.serial),
        ("request-id", Some("REQ-1-0".to_owned())),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.unwrap()));
    WireResponse { status, headers: BTreeMap::from(headers), body: body.as_bytes().to_vec() }
}

/// An unsigned error.
pub(crate) fn error(status: u16, code: &str, message: &str) -> WireResponse {
    let body = json!({ "code": code, "message": message }).to_string();
    WireResponse { status, body: body.into_bytes(), ..WireResponse::default() }
}

/// `plain` under the vectors' APIv3 key.
pub(crate) fn sealed(plain: &str, nonce: &str, associated_data: &str) -> String {
    sealed_by(API_V3_KEY, plain, nonce, associated_data)
}

pub(crate) fn sealed_by(key: &str, plain: &str, nonce: &str, associated_data: &str) -> String {
    let cipher = Aes256Gcm::new_from_slice(key.as_bytes()).unwrap();
    let payload = Payload { msg: plain.as_bytes(), aad: associated_data.as_bytes() };
    let nonce = Nonce::try_from(nonce.as_bytes()).unwrap();
    STANDARD.encode(cipher.encrypt(&nonce, payload).unwrap())
}

/// A paid payment as WeChat Pay says it.
pub(crate) fn paid() -> Value {
    json!({
        "mchid": MCHID, "appid": "wxd678efh567hg6787", "out_trade_no": NUMBER,
        "transaction_id": "4200002026112100000000000001", "trade_type": "JSAPI",
        "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
        "attach": "pd1.d1.P20261121100000ABCDEFGHJKLMNP", "success_time": "2026-11-21T10:00:04+08:00",
        "payer": { "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" },
        "amount": { "total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY" },
    })
}

/// Our number of a refund, of the vectors.
pub(crate) const REFUND: &str = "R20261121000001";

/// What is asked for: half of [`paid`].
pub(crate) fn refund_request() -> RefundRequest {
    RefundRequest {
        out_refund_no: OutRefundNo::stored(REFUND.to_owned()),
        out_trade_no: OutTradeNo::parse(NUMBER).unwrap(),
        transaction_id: TransactionId::new("4200002026112100000000000001"),
        amount: Fen::new(50),
        total: Fen::new(100),
        reason: "香蕉坏了".to_owned(),
    }
}

/// That refund as an answer says it, arrived.
pub(crate) fn refunded() -> Value {
    json!({
        "refund_id": "50000002026112100000000000001", "out_refund_no": REFUND,
        "transaction_id": "4200002026112100000000000001", "out_trade_no": NUMBER,
        "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
        "success_time": "2026-11-21T10:05:00+08:00", "create_time": "2026-11-21T10:04:30+08:00",
        "status": "SUCCESS", "funds_account": "AVAILABLE",
        "amount": { "total": 100, "refund": 50, "payer_total": 90, "payer_refund": 45,
            "settlement_refund": 50, "settlement_total": 100, "discount_refund": 5,
            "currency": "CNY", "from": [{ "account": "AVAILABLE", "amount": 50 }] },
    })
}

/// A payment of ours, JSAPI, before it was ordered.
pub(crate) fn payment(trade_type: TradeType) -> Payment {
    Payment {
        no: 1,
        terms: Terms {
            out_trade_no: OutTradeNo::parse(NUMBER).unwrap(),
            channel: Channel::Wechat(trade_type),
            mchid: Mchid::new(MCHID),
            appid: Appid::new("wxd678efh567hg6787"),
            payer: (trade_type == TradeType::Jsapi)
                .then(|| Openid::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")),
            client_ip: ClientIp::parse("14.23.150.211").filter(|_| trade_type == TradeType::H5),
            amount: Fen::new(100),
            description: "香蕉🍌 \"一斤\"".to_owned(),
            attach: "pd1.d1.P20261121100000ABCDEFGHJKLMNP".to_owned(),
            time_expire: Timestamp::parse_rfc3339("2026-11-21T02:30:00.987654Z").unwrap(),
        },
        prepay_body: r#"{"stored":"byte for byte"}"#.to_owned(),
        state: PaymentState::Created,
        created_at: Timestamp::from_seconds(NOW),
    }
}
