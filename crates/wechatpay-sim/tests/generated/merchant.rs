//! The merchant's requests, as values: the same ones go to the core and over the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use wechatpay_sim::Credentials;
use wechatpay_sim::core::exchange::ApiRequest;
use wechatpay_sim::core::wire_time::beijing;

use crate::REAL;
use crate::abnormal::Abnormal;
use crate::ops::{Call, Twist};
use crate::{bills, platform};

const REFUNDS: &str = "/v3/refund/domestic/refunds";
const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";

/// The number of an order.
pub(crate) fn order(number: u8) -> String {
    format!("ORDER-{number}")
}

/// The number of a refund.
pub(crate) fn refund(number: u8) -> String {
    format!("R{number}")
}

pub(crate) struct Merchant {
    pub(crate) credentials: Credentials,
    key: RsaKeyPair,
    /// Where notifications go.
    pub(crate) notify_url: String,
    /// Where bills wait that it has asked for, without the host.
    pub(crate) downloads: Vec<String>,
    /// The token of the WeChat platform that it was given last.
    pub(crate) token: Option<String>,
    /// What it knows of its refunds, and of the cards that it sends them to.
    pub(crate) abnormal: Abnormal,
}

/// A request before it is signed.
struct Draft {
    method: &'static str,
    target: String,
    body: Vec<u8>,
}

impl Merchant {
    pub(crate) fn new(credentials: Credentials, notify_url: String) -> Merchant {
        let pem = credentials.merchant_private_key_pem.as_bytes();
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap();
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let abnormal = Abnormal::new(&credentials);
        Merchant { credentials, key, notify_url, downloads: Vec::new(), token: None, abnormal }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        STANDARD.encode(signature)
    }

    /// The request; `transactions` are WeChat Pay's numbers as the ledger has them, `now` is the sandbox clock.
    pub(crate) fn request(
        &self,
        call: &Call,
        twist: Twist,
        (transactions, now): (&dyn Fn(u8) -> Option<String>, OffsetDateTime),
    ) -> ApiRequest {
        let mut draft = self.draft(call, transactions, now);
        match twist {
            Twist::WrongMethod(which) => {
                draft.method = ["PUT", "DELETE", "POST", "PATCH"][usize::from(which) % 4];
            }
            Twist::Body(which) => draft.body = odd_body(which, &draft.body),
            Twist::Path(which) => draft.target = odd_path(which, &draft.target),
            Twist::Query(which) => draft.target = odd_query(which, &draft.target),
            Twist::Plain
            | Twist::Serial(_)
            | Twist::WrongSignature
            | Twist::Unsigned
            | Twist::Authorization(_)
            | Twist::OldTimestamp
            | Twist::OtherMerchant
            | Twist::OtherSerial
            | Twist::Without(_) => {}
        }
        let mut headers = self.headers(&draft, twist);
        if let Call::AbnormalRefund { odd, .. } = call {
            headers.extend(self.abnormal.serial(*odd));
        }
        let Draft { method, target, body } = draft;
        ApiRequest { method: method.to_owned(), target, headers, body }
    }

    fn headers(&self, draft: &Draft, twist: Twist) -> Vec<(String, String)> {
        let mut headers = vec![
            ("Accept", "application/json".to_owned()),
            ("User-Agent", "generated".to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        if let Twist::Without(which) = twist {
            headers.remove(usize::from(which) % 3);
        }
        if let Twist::Serial(which) = twist {
            let Credentials { public_key_id, platform_serial, .. } = &self.credentials;
            let serials = [public_key_id.as_str(), platform_serial.as_str(), "", "ABCDEF"];
            headers.push(("Wechatpay-Serial", serials[usize::from(which) % 4].to_owned()));
        }
        if twist != Twist::Unsigned {
            headers.push(("Authorization", self.authorization(draft, twist)));
        }
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn authorization(&self, draft: &Draft, twist: Twist) -> String {
        let Draft { method, target, body } = draft;
        let age = if twist == Twist::OldTimestamp { 301 } else { 0 };
        let timestamp = REAL.unix_timestamp() - age;
        let mut message = format!("{method}\n{target}\n{timestamp}\n{NONCE}\n").into_bytes();
        message.extend_from_slice(body);
        message.push(if twist == Twist::WrongSignature { b'\t' } else { b'\n' });
        let signature = self.sign(&message);
        let Credentials { mchid, merchant_serial, .. } = &self.credentials;
        let mchid = if twist == Twist::OtherMerchant { "1900000999" } else { mchid };
        let serial: String = if twist == Twist::OtherSerial {
            merchant_serial.chars().rev().collect()
        } else {
            merchant_serial.clone()
        };
        let pairs = format!(
            r#"mchid="{mchid}",nonce_str="{NONCE}",signature="{signature}",timestamp="{timestamp}",serial_no="{serial}""#
        );
        let Twist::Authorization(which) = twist else {
            return format!("WECHATPAY2-SHA256-RSA2048 {pairs}");
        };
        match which {
            0 => format!("WECHATPAY2-SM2-WITH-SM3 {pairs}"),
            1 => "Bearer abc".to_owned(),
            2 => format!("WECHATPAY2-SHA256-RSA2048 {pairs},a=\"b\""),
            _ => format!("WECHATPAY2-SHA256-RSA2048  {pairs}"),
        }
    }

    fn draft(
        &self,
        call: &Call,
        transactions: &dyn Fn(u8) -> Option<String>,
        now: OffsetDateTime,
    ) -> Draft {
        let mchid = &self.credentials.mchid;
        let get = |target: String| Draft { method: "GET", target, body: Vec::new() };
        let post = |target: String, body: Value| Draft {
            method: "POST",
            target,
            body: body.to_string().into_bytes(),
        };
        match call {
            Call::Prepay { number, product, amount, expires, odd } => {
                let product = ["jsapi", "native", "h5", "app"][usize::from(*product) % 4];
                let body = self.prepay(
                    (*number, product, *amount),
                    expires
                        .map(|n| now + Duration::seconds([120, 30, 7_200, -5][usize::from(n) % 4])),
                    *odd,
                );
                post(format!("/v3/pay/transactions/{product}"), body)
            }
            Call::Query { number } => {
                get(format!("/v3/pay/transactions/out-trade-no/{}?mchid={mchid}", order(*number)))
            }
            Call::QueryById { number } => {
                let id = transactions(*number).unwrap_or_else(|| "4200000000".to_owned());
                get(format!("/v3/pay/transactions/id/{id}?mchid={mchid}"))
            }
            Call::Close { number } => post(
                format!("/v3/pay/transactions/out-trade-no/{}/close", order(*number)),
                json!({"mchid": mchid}),
            ),
            Call::Refund { number, refund, amount, by_id, notified, odd } => {
                let id = transactions(*number).filter(|_| *by_id);
                let body = self.refund((*number, *refund, *amount), id, *notified, *odd);
                post(REFUNDS.to_owned(), body)
            }
            Call::QueryRefund { refund: number } => get(format!("{REFUNDS}/{}", refund(*number))),
            Call::AbnormalRefund { refund: number, card, odd } => {
                let number = refund(*number);
                post(self.abnormal.target(&number, *odd), self.abnormal.body(&number, *card, *odd))
            }
            Call::Bill(bill) => get(bills::asked(*bill, now)),
            Call::Download { which } => get(bills::fetched(&self.downloads, *which)),
            Call::Certificates => get("/v3/certificates".to_owned()),
            Call::Login { odd } => get(self.login(*odd)),
            Call::Platform(call) => {
                let (target, body) = platform::asked(*call, self, transactions);
                post(target, body)
            }
        }
    }

    fn prepay(
        &self,
        (number, product, amount): (u8, &str, u8),
        expires: Option<OffsetDateTime>,
        odd: u8,
    ) -> Value {
        let fen = [100, 1, 250][usize::from(amount) % 3];
        let mut body = json!({
            "appid": self.credentials.appid, "mchid": self.credentials.mchid,
            "description": "测试商品🍌", "out_trade_no": order(number),
            "notify_url": format!("{}/{number}", self.notify_url), "attach": format!("a{number}"),
            "amount": {"total": fen, "currency": "CNY"}
        });
        match product {
            "jsapi" => body["payer"] = json!({"openid": "alice"}),
            "h5" => {
                body["scene_info"] =
                    json!({"payer_client_ip": "2001:db8::7", "h5_info": {"type": "Wap"}});
            }
            "app" => body["appid"] = json!(self.credentials.mobile_appid),
            _ => {}
        }
        if let Some(at) = expires {
            body["time_expire"] = json!(beijing(at));
        }
        match odd {
            1 => body["amount"]["total"] = json!(0),
            2 => body["appid"] = json!("wx0000000000000000"),
            3 => body["mchid"] = json!("1900000999"),
            4 => body["surprise"] = json!(true),
            5 => drop(body.as_object_mut().unwrap().remove("description")),
            6 => body["amount"]["currency"] = json!("USD"),
            _ => {}
        }
        body
    }

    fn refund(
        &self,
        (number, refund_number, amount): (u8, u8, u8),
        transaction_id: Option<String>,
        notified: bool,
        odd: u8,
    ) -> Value {
        let fen = [30, 100, 1, 70, 250][usize::from(amount) % 5];
        let total = if fen == 250 { 250 } else { 100 };
        let mut body = json!({
            "out_refund_no": refund(refund_number), "reason": "商品已售完",
            "amount": {"refund": fen, "total": total, "currency": "CNY"}
        });
        match transaction_id {
            Some(id) => body["transaction_id"] = json!(id),
            None => body["out_trade_no"] = json!(order(number)),
        }
        if notified {
            body["notify_url"] = json!(format!("{}/refund-{refund_number}", self.notify_url));
        }
        match odd {
            1 => body["amount"]["refund"] = json!(0),
            2 => body["amount"]["total"] = json!(99),
            3 => body["transaction_id"] = json!("4200000000"),
            4 => body["reason"] = json!("长".repeat(30)),
            5 => body["funds_account"] = json!("AVAILABLE"),
            6 => body["out_refund_no"] = json!("!"),
            _ => {}
        }
        body
    }

    fn login(&self, odd: u8) -> String {
        let Credentials { appid, app_secret, .. } = &self.credentials;
        let (secret, code) = match odd {
            1 => ("nobody's", "alice"),
            2 => (app_secret.as_str(), ""),
            _ => (app_secret.as_str(), "%E7%88%B1%20alice"),
        };
        let grant = if odd == 3 { "password" } else { "authorization_code" };
        format!(
            "/sns/jscode2session?appid={appid}&secret={secret}&js_code={code}&grant_type={grant}"
        )
    }
}

fn odd_body(which: u8, body: &[u8]) -> Vec<u8> {
    match which {
        0 => b"{".to_vec(),
        1 => b"[]".to_vec(),
        2 => Vec::new(),
        3 => [body, b"\xff\xfe"].concat(),
        _ => [b" ", body, b"\n"].concat(),
    }
}

/// Paths are signed and looked at as they are written.
fn odd_path(which: u8, target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = match which {
        0 => path.replace("ORDER-", "%4FRDER%2d"),
        1 => path.replace("/v3/", "//v3/"),
        2 => format!("{path}/"),
        3 => path.replace("/v3/", "/v3/./"),
        4 => path.to_uppercase(),
        _ => path.replace("-0", "%zz"),
    };
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn odd_query(which: u8, target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match which {
        0 => path.to_owned(),
        1 => format!("{path}?"),
        2 => format!("{path}?{query}&x=1"),
        _ => format!("{path}?mchid=1900000999"),
    }
}
