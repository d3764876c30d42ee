//! Abnormal refunds: cards, sealed for one of WeChat Pay's keys.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs8::DecodePublicKey;
use rsa::rand_core::OsRng;
use rsa::{Oaep, RsaPublicKey};
use serde_json::{Value, json};
use sha1::Sha1;
use wechatpay_sim::Credentials;
use wechatpay_sim::core::WeChatPay;
use wechatpay_sim::core::exchange::{Answer, ApiRequest};
use wechatpay_sim::core::refund::Refund;

const REFUNDS: &str = "/v3/refund/domestic/refunds";

/// What the merchant knows of its refunds and of cards.
pub(crate) struct Abnormal {
    public_key_id: String,
    platform_serial: String,
    /// Sealed once: it is always another ciphertext.
    accounts: [String; 2],
    name: String,
    /// WeChat Pay's numbers of refunds.
    ids: BTreeMap<String, String>,
}

impl Abnormal {
    pub(crate) fn new(credentials: &Credentials) -> Abnormal {
        let key = RsaPublicKey::from_public_key_pem(&credentials.public_key_pem).unwrap();
        let seal = |plain: &str| {
            let padding = Oaep::new::<Sha1>();
            STANDARD.encode(key.encrypt(&mut OsRng, padding, plain.as_bytes()).unwrap())
        };
        Abnormal {
            public_key_id: credentials.public_key_id.clone(),
            platform_serial: credentials.platform_serial.clone(),
            accounts: ["6225888888888888888", "6225888888889999"].map(seal),
            name: seal("张三"),
            ids: BTreeMap::new(),
        }
    }

    /// Takes note of the numbers that refunds have.
    pub(crate) fn learn(&mut self, pay: &WeChatPay) {
        let numbers =
            |refund: &Refund| (refund.form.out_refund_no.clone(), refund.refund_id.clone());
        self.ids = pay.refunds().map(numbers).collect();
    }

    pub(crate) fn target(&self, number: &str, odd: u8) -> String {
        let known = self.ids.get(number).filter(|_| odd != 1);
        let id = known.map_or("5030000000", String::as_str);
        format!("{REFUNDS}/{id}/apply-abnormal-refund")
    }

    /// The key for which a card is sealed, or another, or none.
    pub(crate) fn serial(&self, odd: u8) -> Option<(String, String)> {
        let serial = match odd {
            2 => return None,
            3 => &self.platform_serial,
            _ => &self.public_key_id,
        };
        Some(("Wechatpay-Serial".to_owned(), serial.clone()))
    }

    pub(crate) fn body(&self, number: &str, card: u8, odd: u8) -> Value {
        let mut body = json!({"out_refund_no": number, "type": "MERCHANT_BANK_CARD"});
        if let Some(account) = self.accounts.get(usize::from(card)) {
            body["type"] = json!("USER_BANK_CARD");
            body["bank_type"] = json!("ICBC_DEBIT");
            body["bank_account"] = json!(account);
            body["real_name"] = json!(self.name);
        }
        match odd {
            4 => body["bank_account"] = json!("AAAA"),
            5 => body["bank_type"] = json!("ICBC_CREDIT"),
            6 => body["out_refund_no"] = json!("R9"),
            _ => {}
        }
        body
    }
}

/// What to count of an answer.
pub(crate) fn seen(request: Option<&ApiRequest>, answer: &Answer) -> Option<&'static str> {
    let is_it = request.is_some_and(|one| one.path().ends_with("/apply-abnormal-refund"));
    (is_it && answer.status == 200).then_some("sent to a card")
}
