//! The core with a pretended clock, predictable bytes and a keyed tag instead of RSA: as a simulation embeds it.

mod abnormal;
mod answers;
mod bill_laws;
mod bills;
mod deliveries;
mod documented;
mod elsewhere;
mod faulty;
mod fund_flows;
mod late;
mod listing;
mod orders;
mod platform;
mod products;
mod refund_ends;
mod refund_faults;
mod refund_laws;
mod refund_notices;
mod refunds;
mod reordered;
mod strictness;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::core::WeChatPay;
use crate::core::exchange::{Answer, ApiRequest, Exchange};
use crate::core::ledger::ControlRefusal;
use crate::core::notice::Delivery;
use crate::core::ports::{Entropy, Keyring, Moment, Ports, SigningFailed};
use crate::core::settings::{Account, OaepDigest, PlatformCertificate, Settings};

const MCHID: &str = "1900000109";
const APPID: &str = "wxd678efh567hg6787";
const MOBILE_APPID: &str = "wx2421b1c4370ec43b";
const MERCHANT_SERIAL: &str = "4F7A1C9E0B5D2A6838E7C41D90F2B3A655001122";
const CERTIFICATE_SERIAL: &str = "3775B6A45ACD588826D15E583A95F5DD00000001";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000001092026010100000000000001";
const API_V3_KEY: &[u8; 32] = b"TestVectorApiV3Key_0123456789ABC";
const START: OffsetDateTime = datetime!(2026-11-21 10:00:00 +8);
const JSAPI: &str = "/v3/pay/transactions/jsapi";
const NATIVE: &str = "/v3/pay/transactions/native";
const H5: &str = "/v3/pay/transactions/h5";
const APP: &str = "/v3/pay/transactions/app";
const REFUNDS: &str = "/v3/refund/domestic/refunds";

/// A signature that a simulation can afford.
struct Tags;

fn tag(serial: &str, message: &[u8]) -> String {
    let mut text = format!("{serial}\n").into_bytes();
    text.extend_from_slice(message);
    STANDARD.encode(digest(&SHA256, &text))
}

impl Keyring for Tags {
    fn sign(&self, serial: &str, message: &[u8]) -> Result<String, SigningFailed> {
        Ok(tag(serial, message))
    }

    fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool {
        tag(serial, message) == signature
    }

    fn open(&self, serial: &str, ciphertext: &str, digest: OaepDigest) -> Option<Vec<u8>> {
        let plain = STANDARD.decode(ciphertext).ok()?;
        plain.strip_prefix(format!("{serial}\n{digest:?}\n").as_bytes()).map(<[u8]>::to_vec)
    }
}

/// Sealed as a simulation does it.
fn sealed_for(serial: &str, digest: OaepDigest, plain: &str) -> String {
    STANDARD.encode(format!("{serial}\n{digest:?}\n{plain}"))
}

/// 0, 1, 2, ….
#[derive(Default)]
struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

/// WeChat Pay and a merchant who signs well.
struct World {
    pay: WeChatPay,
    entropy: Counter,
    /// Real time stands still; business time moves.
    business: OffsetDateTime,
}

fn account() -> Account {
    Account {
        mchid: MCHID.to_owned(),
        app_secrets: [(APPID.to_owned(), "secret".to_owned())].into(),
        mobile_apps: [MOBILE_APPID.to_owned()].into(),
        merchant_serials: [MERCHANT_SERIAL.to_owned()].into(),
        revoked_serials: [].into(),
        api_v3_key: *API_V3_KEY,
        public_key_id: PUBLIC_KEY_ID.to_owned(),
        platform_certificates: vec![PlatformCertificate {
            serial: CERTIFICATE_SERIAL.to_owned(),
            pem: "PEM".to_owned(),
            effective_at: START,
            expire_at: START + Duration::days(1825),
        }],
    }
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let pay = WeChatPay::new(account(), settings);
        Self { pay, entropy: Counter::default(), business: START }
    }

    fn visit<T>(&mut self, visit: impl FnOnce(&mut WeChatPay, &mut Ports<'_>) -> T) -> T {
        let at = Moment { real: START, business: self.business };
        let mut ports = Ports { at, keyring: &Tags, entropy: &mut self.entropy };
        visit(&mut self.pay, &mut ports)
    }

    fn later(&mut self, by: Duration) {
        self.business += by;
    }

    fn faults(&mut self, rules: Value) {
        let forms = serde_json::from_value(rules).unwrap();
        self.pay.set_faults(crate::core::faults::Faults::parse(forms).unwrap());
    }

    fn exchange(&mut self, request: &ApiRequest) -> Exchange {
        self.visit(|pay, ports| pay.handle(request, ports))
    }

    fn answer(&mut self, request: &ApiRequest) -> Answer {
        self.exchange(request).answer.unwrap()
    }

    fn prepay(&mut self, path: &str, body: &Value) -> Answer {
        self.answer(&signed("POST", path, &body.to_string()))
    }

    fn query(&mut self, number: &str) -> Answer {
        self.answer(&query(number))
    }

    fn close(&mut self, number: &str) -> Answer {
        self.answer(&close(number))
    }

    fn user_pays(&mut self, number: &str) -> Value {
        self.user_tries(number, json!({})).unwrap()
    }

    fn user_tries(&mut self, number: &str, form: Value) -> Result<Value, ControlRefusal> {
        let form = serde_json::from_value(form).unwrap();
        self.visit(|pay, ports| pay.pay(number, form, ports))
    }

    /// Orders with `number` and pays.
    fn paid(&mut self, number: &str) {
        self.prepay(NATIVE, &native_body(number));
        self.user_pays(number);
    }

    fn refund(&mut self, body: &Value) -> Answer {
        self.answer(&signed("POST", REFUNDS, &body.to_string()))
    }

    fn query_refund(&mut self, number: &str) -> Answer {
        self.answer(&query_refund(number))
    }

    fn settle(&mut self, number: &str, outcome: &str) -> Result<Value, ControlRefusal> {
        let form = serde_json::from_value(json!({"outcome": outcome})).unwrap();
        self.visit(|pay, ports| pay.settle_refund(number, form, ports))
    }

    fn set(&mut self, change: Value) {
        self.visit(|pay, ports| {
            let settings = pay.settings().changed(change).unwrap();
            pay.change_settings(settings, ports);
        });
    }

    /// Asks for a bill, `trade` or `fundflow`.
    fn bill(&mut self, kind: &str, query: &str) -> Answer {
        self.answer(&signed("GET", &format!("/v3/bill/{kind}bill?{query}"), ""))
    }

    /// Fetches the bill of an answer.
    fn fetched(&mut self, answer: &Answer) -> Answer {
        assert_eq!(answer.status, 200, "{}", said(answer));
        let body = body_of(answer);
        let url = body["download_url"].as_str().unwrap();
        let target = url.strip_prefix("https://api.mch.weixin.qq.com").unwrap();
        self.answer(&signed("GET", target, ""))
    }

    /// The text of a bill.
    fn bill_text(&mut self, kind: &str, query: &str) -> String {
        let answer = self.bill(kind, query);
        String::from_utf8(self.fetched(&answer).body).unwrap()
    }

    fn ledger(&mut self) -> Value {
        self.visit(|pay, ports| {
            pay.catch_up(ports);
            pay.ledger(ports.at.business)
        })
    }

    fn due(&mut self) -> Vec<Delivery> {
        self.visit(|pay, ports| pay.due(ports))
    }
}

/// A request with good headers and a good signature.
fn signed(method: &str, target: &str, body: &str) -> ApiRequest {
    let timestamp = START.unix_timestamp().to_string();
    let message = format!("{method}\n{target}\n{timestamp}\nNONCE\n{body}\n");
    let signature = tag(MERCHANT_SERIAL, message.as_bytes());
    let authorization = format!(
        r#"WECHATPAY2-SHA256-RSA2048 mchid="{MCHID}",nonce_str="NONCE",signature="{signature}",timestamp="{timestamp}",serial_no="{MERCHANT_SERIAL}""#
    );
    let headers = [
        ("authorization", authorization.as_str()),
        ("accept", "application/json"),
        ("user-agent", "test"),
        ("content-type", "application/json"),
    ];
    ApiRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        body: body.as_bytes().to_vec(),
    }
}

fn query(number: &str) -> ApiRequest {
    let target = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}");
    signed("GET", &target, "")
}

fn close(number: &str) -> ApiRequest {
    let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
    signed("POST", &target, &json!({"mchid": MCHID}).to_string())
}

fn query_refund(number: &str) -> ApiRequest {
    signed("GET", &format!("{REFUNDS}/{number}"), "")
}

/// `fen` of the 100 of an order.
fn refund_body(order: &str, number: &str, fen: i64) -> Value {
    json!({
        "out_trade_no": order, "out_refund_no": number, "reason": "商品已售完",
        "notify_url": "https://pay.example.com/refund-notify",
        "amount": {"refund": fen, "total": 100, "currency": "CNY"}
    })
}

fn native_body(number: &str) -> Value {
    json!({
        "appid": APPID, "mchid": MCHID, "description": "测试商品", "out_trade_no": number,
        "notify_url": "https://pay.example.com/notify", "attach": "pd1.x",
        "amount": {"total": 100, "currency": "CNY"}
    })
}

fn jsapi_body(number: &str) -> Value {
    let mut body = native_body(number);
    body["payer"] = json!({"openid": "alice"});
    body
}

fn body_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

/// `200`, or `400 PARAM_ERROR message`.
fn said(answer: &Answer) -> String {
    let body = body_of(answer);
    let word = |name: &str| body[name].as_str().map(|text| format!(" {text}")).unwrap_or_default();
    format!("{}{}{}", answer.status, word("code"), word("message"))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
}

/// Checks the four signature headers and gives back the serial.
fn verified(headers: &[(String, String)], body: &[u8]) -> Option<String> {
    let serial = header(headers, "Wechatpay-Serial")?;
    let mut message = format!(
        "{}\n{}\n",
        header(headers, "Wechatpay-Timestamp")?,
        header(headers, "Wechatpay-Nonce")?
    )
    .into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    (tag(serial, &message) == header(headers, "Wechatpay-Signature")?).then(|| serial.to_owned())
}

/// Opens AEAD_AES_256_GCM with the APIv3 key.
fn opened(resource: &Value) -> Option<String> {
    use aes_gcm::aead::{Aead, KeyInit, Payload};
    use aes_gcm::{Aes256Gcm, Key, Nonce};
    let text = |name: &str| resource[name].as_str().unwrap();
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*API_V3_KEY));
    let nonce: [u8; 12] = text("nonce").as_bytes().try_into().unwrap();
    let sealed = STANDARD.decode(text("ciphertext")).unwrap();
    let payload = Payload { msg: &sealed, aad: text("associated_data").as_bytes() };
    let plain = cipher.decrypt(&Nonce::from(nonce), payload).ok()?;
    Some(String::from_utf8(plain).unwrap())
}
