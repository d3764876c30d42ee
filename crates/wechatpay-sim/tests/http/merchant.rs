//! A merchant who signs requests, verifies answers, and uses `/_sandbox`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, StatusCode};
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use wechatpay_sim::{Credentials, RunningSandbox};
use x509_parser::prelude::FromDer;

pub(crate) const JSAPI: &str = "/v3/pay/transactions/jsapi";
pub(crate) const NATIVE: &str = "/v3/pay/transactions/native";
pub(crate) const REFUNDS: &str = "/v3/refund/domestic/refunds";

pub(crate) struct Merchant {
    pub(crate) base_url: String,
    pub(crate) credentials: Credentials,
    pub(crate) client: Client,
    key: RsaKeyPair,
}

/// An answer, with the serial that verifiably signed it.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) signed_by: Option<String>,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn code(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.json()["code"].as_str().unwrap_or("-"))
    }
}

fn signs(credentials: &Credentials) -> RsaKeyPair {
    let pem = credentials.merchant_private_key_pem.as_bytes();
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap();
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
}

impl Merchant {
    pub(crate) fn new(sandbox: &RunningSandbox) -> Self {
        let credentials = sandbox.credentials().clone();
        let client = Client::builder().no_proxy().build().unwrap();
        let key = signs(&credentials);
        Self { base_url: sandbox.base_url(), credentials, client, key }
    }

    /// The same merchant with other credentials.
    pub(crate) fn with(&self, credentials: Credentials) -> Self {
        let (base_url, client) = (self.base_url.clone(), self.client.clone());
        let key = signs(&credentials);
        Self { base_url, credentials, client, key }
    }

    pub(crate) fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .unwrap();
        STANDARD.encode(signature)
    }

    pub(crate) fn authorization(&self, method: &str, target: &str, body: &str) -> String {
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let signature = self.sign(&format!("{method}\n{target}\n{timestamp}\n{nonce}\n{body}\n"));
        format!(
            r#"WECHATPAY2-SHA256-RSA2048 mchid="{}",nonce_str="{nonce}",signature="{signature}",timestamp="{timestamp}",serial_no="{}""#,
            self.credentials.mchid, self.credentials.merchant_serial
        )
    }

    /// A signed call; the answer's signature is verified if there is one.
    pub(crate) async fn call(
        &self,
        method: &str,
        target: &str,
        body: &str,
    ) -> Result<Answered, reqwest::Error> {
        self.call_with(method, target, body, &[]).await
    }

    pub(crate) async fn call_with(
        &self,
        method: &str,
        target: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answered, reqwest::Error> {
        let mut request = self
            .client
            .request(
                Method::from_bytes(method.as_bytes()).unwrap(),
                format!("{}{target}", self.base_url),
            )
            .header("Authorization", self.authorization(method, target, body))
            .header("Accept", "application/json")
            .header("User-Agent", "sandbox-tests")
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.finish(request).await
    }

    pub(crate) async fn finish(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answered, reqwest::Error> {
        let answer = request.send().await?;
        let status = answer.status();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        let headers: BTreeMap<String, String> =
            answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = answer.bytes().await?.to_vec();
        let signed_by = self.signed_by(&headers, &body);
        Ok(Answered { status, headers, body, signed_by })
    }

    /// The serial, if the signature verifies with its key and was made just now.
    pub(crate) fn signed_by(
        &self,
        headers: &BTreeMap<String, String>,
        body: &[u8],
    ) -> Option<String> {
        let timestamp = headers.get("wechatpay-timestamp")?;
        let age = OffsetDateTime::now_utc().unix_timestamp() - timestamp.parse::<i64>().ok()?;
        let serial = headers.get("wechatpay-serial")?;
        let key = self.public_key(serial)?;
        let mut message =
            format!("{timestamp}\n{}\n", headers.get("wechatpay-nonce")?).into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        let signature = STANDARD.decode(headers.get("wechatpay-signature")?).ok()?;
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let good = age.abs() < 300 && key.verify(&message, &signature).is_ok();
        good.then(|| serial.clone())
    }

    fn public_key(&self, serial: &str) -> Option<Vec<u8>> {
        let credentials = &self.credentials;
        if serial == credentials.public_key_id {
            let pem = credentials.public_key_pem.as_bytes();
            let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).unwrap();
            let (_, info) = x509_parser::prelude::SubjectPublicKeyInfo::from_der(&der).unwrap();
            return Some(info.subject_public_key.data.to_vec());
        }
        let pem = credentials.platform_certificate_pem.as_bytes();
        let der = CertificateDer::from_pem_slice(pem).unwrap();
        let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(&der).unwrap();
        let in_certificate = hex::encode_upper(certificate.raw_serial());
        assert_eq!(in_certificate, credentials.platform_serial);
        (serial == in_certificate)
            .then(|| certificate.public_key().subject_public_key.data.to_vec())
    }

    /// Opens a resource with the APIv3 key.
    pub(crate) fn open(&self, resource: &Value) -> Value {
        use aes_gcm::aead::{Aead, KeyInit, Payload};
        use aes_gcm::{Aes256Gcm, Key, Nonce};
        let text = |name: &str| resource[name].as_str().unwrap();
        let key: [u8; 32] = self.credentials.api_v3_key.as_bytes().try_into().unwrap();
        let nonce: [u8; 12] = text("nonce").as_bytes().try_into().unwrap();
        let sealed = STANDARD.decode(text("ciphertext")).unwrap();
        let payload = Payload { msg: &sealed, aad: text("associated_data").as_bytes() };
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key));
        let plain = cipher.decrypt(&Nonce::from(nonce), payload).unwrap();
        serde_json::from_slice(&plain).unwrap_or_else(|_| json!(String::from_utf8(plain).unwrap()))
    }

    pub(crate) fn native_body(&self, number: &str, notify_url: &str) -> Value {
        json!({
            "appid": self.credentials.appid, "mchid": self.credentials.mchid,
            "description": "测试商品🍌", "out_trade_no": number, "notify_url": notify_url,
            "amount": {"total": 100, "currency": "CNY"}
        })
    }

    pub(crate) async fn native(&self, number: &str, notify_url: &str) -> Answered {
        let body = self.native_body(number, notify_url).to_string();
        self.call("POST", NATIVE, &body).await.unwrap()
    }

    pub(crate) async fn query(&self, number: &str) -> Answered {
        let target =
            format!("/v3/pay/transactions/out-trade-no/{number}?mchid={}", self.credentials.mchid);
        self.call("GET", &target, "").await.unwrap()
    }

    pub(crate) async fn close(&self, number: &str) -> Answered {
        let target = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        let body = json!({"mchid": self.credentials.mchid}).to_string();
        self.call("POST", &target, &body).await.unwrap()
    }

    /// Asks for a refund of so much of the 100 fen of an order.
    pub(crate) async fn refund(&self, order: &str, number: &str, fen: i64, url: &str) -> Answered {
        let body = json!({
            "out_trade_no": order, "out_refund_no": number, "notify_url": url,
            "amount": {"refund": fen, "total": 100, "currency": "CNY"}
        });
        self.call("POST", REFUNDS, &body.to_string()).await.unwrap()
    }

    pub(crate) async fn query_refund(&self, number: &str) -> Answered {
        self.call("GET", &format!("{REFUNDS}/{number}"), "").await.unwrap()
    }

    /// A `_sandbox` call: status and JSON.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.request(
            Method::from_bytes(method.as_bytes()).unwrap(),
            format!("{}/_sandbox/{path}", self.base_url),
        );
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn user_pays(&self, number: &str) -> Value {
        let (status, trade) = self.control("POST", &format!("pay/{number}"), json!({})).await;
        assert_eq!(status, 200, "{trade}");
        trade
    }

    pub(crate) async fn faults(&self, rules: Value) {
        let (status, said) = self.control("PUT", "faults", json!({"rules": rules})).await;
        assert_eq!(status, 200, "{said}");
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        let (status, said) = self.control("PUT", "clock", json!({"advance_s": seconds})).await;
        assert_eq!(status, 200, "{said}");
    }

    pub(crate) async fn ledger(&self) -> Value {
        self.control("GET", "ledger", Value::Null).await.1
    }

    /// Asks the ledger until its first notification is as wished.
    pub(crate) async fn notification_when(&self, wish: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let notification = self.ledger().await["notifications"][0].clone();
                if wish(&notification) {
                    return notification;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(crate::LIMIT, asking).await.expect("the ledger shows it in time")
    }
}

/// The first attempt has failed and the next one is planned (before the first attempt, one is planned too).
pub(crate) fn failed_once(notification: &Value) -> bool {
    let ended = |attempt: &Value| attempt["outcome"] != "in_flight";
    let attempts = notification["attempts"].as_array();
    attempts.is_some_and(|all| all.len() == 1 && all.iter().all(ended))
        && !notification["next_at"].is_null()
}
