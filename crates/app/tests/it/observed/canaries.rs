//! Canaries: secrets and personal data that would be recognised anywhere are sent through every
//! door, and nothing that is logged may hold one, in any encoding.

use super::logs::Logs;
use crate::world::World;
use app::playground::operator_key;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

const NAME: &str = "金丝雀一号";
const PHONE: &str = "13912345678";
const REGION: &str = "Canary Region 7151";
const DETAIL: &str = "金丝雀路 7152 号";
const REMARK: &str = "canary-remark-7153 请放门口";
const LOGIN_CODE: &str = "canary-login-code-7154";
const WRONG_TOKEN: &str = "canary-wrong-token-7155";
const SIGNATURE: &str = "Y2FuYXJ5LXNpZ25hdHVyZS03MTU2";
const IN_A_QUERY: &str = "canary-query-7157";
const IN_A_BODY: &str = "canary-body-7158";
const REASON: &str = "金丝雀退款原因 7160";
const NOTE: &str = "canary-note-7161 bank account";
const CARD: &str = "6225760071627163";
const CARD_OWNER: &str = "金丝雀三号";

/// Something that may not be seen, by what it is.
struct Canary {
    what: &'static str,
    text: String,
}

/// Every form in which `text` would be recognised.
fn forms(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let hex = hex::encode(bytes);
    let percent = |upper: bool| {
        let one = |b: &u8| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(b) => char::from(*b).to_string(),
            b if upper => format!("%{b:02X}"),
            b => format!("%{b:02x}"),
        };
        bytes.iter().map(one).collect::<String>()
    };
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let quoted = serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    let debug = format!("{text:?}").trim_matches('"').to_owned();
    let mut forms = vec![text.to_owned(), hex.to_uppercase(), hex, quoted, debug, escaped];
    forms.extend([percent(true), percent(false), percent(true).replace("%20", "+")]);
    // Inside other text it may begin at any of three places of a group.
    for before in 0..3_usize {
        let padded = [&vec![0_u8; before][..], bytes].concat();
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        forms.push(STANDARD_NO_PAD.encode(&padded)[from..to].to_owned());
        forms.push(URL_SAFE_NO_PAD.encode(&padded)[from..to].to_owned());
    }
    forms
}

fn seen(canary: &Canary, log: &str) -> Option<String> {
    let form = forms(&canary.text).into_iter().find(|form| log.contains(form.as_str()))?;
    let at = log.find(&form)?;
    let from = log[..at].rfind('\n').map_or(0, |line| line + 1);
    let line = log[from..].lines().next().unwrap_or_default();
    Some(format!("{} ({form}) in {line}", canary.what))
}

#[test]
fn a_canary_is_seen_in_every_encoding() {
    let canary = Canary { what: "name", text: NAME.to_owned() };
    let url: String = NAME.bytes().map(|b| format!("%{b:02X}")).collect();
    let sentences = [
        NAME.to_owned(),
        hex::encode(NAME),
        hex::encode(NAME).to_uppercase(),
        url.to_lowercase(),
        url,
        STANDARD_NO_PAD.encode(format!("{{\"name\":\"{NAME}\"}}")),
        STANDARD_NO_PAD.encode(format!("{{\"names\":\"{NAME}\"}}")),
        URL_SAFE_NO_PAD.encode(format!("{{\"names \":\"{NAME}\"}}")),
        "\\u91d1\\u4e1d\\u96c0\\u4e00\\u53f7".to_owned(),
    ];
    for sentence in sentences {
        assert!(seen(&canary, &format!("x\n…{sentence}…\ny")).is_some(), "{sentence}");
    }
    assert!(seen(&canary, "金丝雀二号").is_none());
}

struct Shop {
    world: World,
    token: String,
    canaries: Vec<Canary>,
}

impl Shop {
    async fn open() -> Shop {
        let world = World::new().await;
        let code = json!({"code": LOGIN_CODE});
        let (_, login) = world.call("", Method::POST, "/api/mini/login", code).await;
        let token = login["token"].as_str().unwrap().to_owned();
        let openid = world.database.query_text("SELECT openid FROM openids").await.remove(0);
        let merchant = world.sandbox.credentials();
        let key: String = merchant.merchant_private_key_pem.lines().nth(3).unwrap().to_owned();
        let canaries = [
            ("name", NAME.to_owned()),
            ("phone", PHONE.to_owned()),
            ("region", REGION.to_owned()),
            ("detail", DETAIL.to_owned()),
            ("remark", REMARK.to_owned()),
            ("login code", LOGIN_CODE.to_owned()),
            ("wrong token", WRONG_TOKEN.to_owned()),
            ("signature", SIGNATURE.to_owned()),
            ("query", IN_A_QUERY.to_owned()),
            ("body", IN_A_BODY.to_owned()),
            ("reason of a refund", REASON.to_owned()),
            ("note of a refund", NOTE.to_owned()),
            ("card", CARD.to_owned()),
            ("card's owner", CARD_OWNER.to_owned()),
            ("buyer's token", token.clone()),
            ("openid", openid),
            ("API key", world.admin_key.clone()),
            ("app secret", merchant.app_secret.clone()),
            ("APIv3 key", merchant.api_v3_key.clone()),
            ("private key", key),
        ];
        let canaries = canaries.map(|(what, text)| Canary { what, text }).into_iter().collect();
        Shop { world, token, canaries }
    }

    fn canary(&mut self, what: &'static str, text: &Value) {
        let text = text.as_str().unwrap_or_else(|| panic!("no {what}")).to_owned();
        self.canaries.push(Canary { what, text });
    }

    fn openid(&self) -> &str {
        &self.canaries.iter().find(|canary| canary.what == "openid").unwrap().text
    }

    /// Of a SKU of its own: what an unpaid order has captured cannot be ordered again.
    async fn check_out(&self, sku: &str) -> (u16, Value) {
        self.world.put_sku(sku, 100, 10).await;
        let item = json!({"sku_id": sku, "quantity": 1});
        let path = "/api/mini/purchase-list/items";
        let (_, item) = self.world.call(&self.token, Method::POST, path, item).await;
        let body = json!({"item_ids": [item["id"]], "address_id": 1, "remark": REMARK});
        let path = "/api/mini/wechat-pay/prepay-from-checkout";
        let (status, offer) = self.world.call(&self.token, Method::POST, path, body).await;
        (status.as_u16(), offer)
    }

    /// A whole purchase.
    async fn buy(&mut self) -> String {
        let address = json!({"name": NAME, "phone": PHONE, "region": REGION, "detail": DETAIL});
        let path = "/api/mini/addresses";
        let (status, _) = self.world.call(&self.token, Method::POST, path, address).await;
        assert_eq!(status, 201);
        let (status, offer) = self.check_out("tea").await;
        assert_eq!(status, 201, "{offer}");
        let params = &offer["pay_params"];
        self.canary("paySign", &params["paySign"]);
        self.canary("prepay_id", &params["package"]);
        self.canary("nonceStr", &params["nonceStr"]);
        let number = offer["order_number"].as_str().unwrap().to_owned();
        self.world.pay(&number).await;
        let path = format!("/api/mini/orders/{number}?wait=10");
        let (_, order) = self.world.call(&self.token, Method::GET, &path, Value::Null).await;
        assert_eq!(order["payment_status"], "paid", "{order}");
        number
    }

    /// Money goes back, and WeChat Pay refuses that once.
    async fn be_refunded(&self, number: &str) {
        let world = &self.world;
        let words = format!("the payer {} is refused", self.openid());
        let once = |path: &str, status: u16, code: &str| {
            json!({"match": {"path": path}, "action": "status", "times": 1,
                "value": {"status": status, "code": code, "message": words}})
        };
        let (call, queries) = ("/v3/refund/domestic/refunds", "/v3/refund/domestic/refunds/*");
        let rules = json!([
            once(call, 400, "PARAM_ERROR"),
            once(queries, 401, "SIGN_ERROR"),
            once(queries, 429, "FREQUENCY_LIMITED"),
        ]);
        world.faults(rules).await;
        let ask = json!({"amount_fen": 40, "reason": REASON});
        let path = format!("/api/mini/orders/{number}/refunds");
        let (status, refund) = world.call(&self.token, Method::POST, &path, ask).await;
        assert_eq!(status, 201, "{refund}");
        let path = format!("/api/mini/orders/{number}");
        for _ in 0..300 {
            let (_, order) = world.call(&self.token, Method::GET, &path, Value::Null).await;
            if order["refunds"][0]["status"] == "rejected" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let out_refund_no = refund["out_refund_no"].as_str().unwrap();
        let path = format!("/api/admin/refunds/{out_refund_no}/settle-offline");
        let approver = operator_key::make(&*world.service.desk().access, "approver", now(world));
        let approver = approver.await.unwrap();
        let note = json!({"note": NOTE});
        let (status, settled) = world.call(&approver, Method::POST, &path, note).await;
        assert_eq!((status.as_u16(), &settled["status"]), (200, &json!("settled_offline")));
    }

    /// What is left does not reach the payer and is sent to a card, which WeChat Pay refuses once, quoting it.
    async fn be_sent_to_a_card(&self, number: &str) {
        let world = &self.world;
        let words = format!("no card {CARD} of {CARD_OWNER}");
        let rules = json!([
            {"match": {"path": "/v3/refund/domestic/refunds"}, "times": 1, "action": "refund_ends",
                "value": {"outcome": "abnormal", "after_ms": 1_000}},
            {"match": {"path": "/v3/refund/domestic/refunds/*/apply-abnormal-refund"}, "times": 1,
                "action": "status",
                "value": {"status": 400, "code": "PARAM_ERROR", "message": words}},
        ]);
        world.faults(rules).await;
        world.let_pass(61).await;
        let ask = json!({"amount_fen": 60, "reason": REASON});
        let path = format!("/api/mini/orders/{number}/refunds");
        let (status, refund) = world.call(&self.token, Method::POST, &path, ask).await;
        assert_eq!(status, 201, "{refund}");
        self.until_second_refund(number, "processing").await;
        world.let_pass(2).await;
        self.until_second_refund(number, "abnormal").await;
        let out_refund_no = refund["out_refund_no"].as_str().unwrap();
        let path = format!("/api/admin/refunds/{out_refund_no}/apply-abnormal");
        let card = json!({"type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
            "bank_account": CARD, "real_name": CARD_OWNER});
        for expected in [502, 200] {
            let (status, said) =
                world.call(&world.admin_key, Method::POST, &path, card.clone()).await;
            assert_eq!(status.as_u16(), expected, "{said}");
        }
        let unread =
            json!({"type": CARD, "bank_account": CARD, "real_name": [CARD_OWNER], (CARD): 1});
        let (status, _) = world.call(&world.admin_key, Method::POST, &path, unread).await;
        assert_eq!(status, 400);
    }

    async fn until_second_refund(&self, number: &str, wanted: &str) {
        let path = format!("/api/mini/orders/{number}");
        for _ in 0..300 {
            let (_, order) = self.world.call(&self.token, Method::GET, &path, Value::Null).await;
            if order["refunds"][1]["status"] == wanted {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("the refund is not {wanted}");
    }

    /// Everything that goes wrong is logged with more words than what goes well.
    async fn be_refused(&self) {
        let world = &self.world;
        let url = world.api("/api/mini/wechat-pay/notify");
        let forged = world.client.post(&url).body(format!("{{\"x\":\"{IN_A_BODY}\"}}"));
        let now = world.service.desk().clock.real().seconds().to_string();
        let forged = forged
            .header("Wechatpay-Signature", SIGNATURE)
            .header("Wechatpay-Serial", &world.sandbox.credentials().public_key_id)
            .header("Wechatpay-Nonce", IN_A_QUERY)
            .header("Wechatpay-Timestamp", now);
        assert_eq!(forged.send().await.unwrap().status(), 401);
        let path = format!("/api/mini/orders?status={IN_A_QUERY}");
        world.call(&self.token, Method::GET, &path, Value::Null).await;
        world.call(WRONG_TOKEN, Method::GET, "/api/mini/orders", Value::Null).await;
        let odd = json!({"code": [IN_A_BODY], IN_A_BODY: PHONE});
        world.call("", Method::POST, "/api/mini/login", odd).await;
        let path = format!("/{IN_A_QUERY}/{PHONE}?token={WRONG_TOKEN}");
        world.call(&self.token, Method::GET, &path, Value::Null).await;
        // WeChat Pay quotes what we sent in its refusals.
        let words = format!("the payer {} is refused", self.openid());
        for (status, code) in [(400, "PARAM_ERROR"), (401, "SIGN_ERROR"), (500, "SYSTEM_ERROR")] {
            let value = json!({"status": status, "code": code, "message": words});
            let rule = json!([{"match": {"path": "/v3/pay/transactions/jsapi"},
                "action": "status", "value": value, "times": 2}]);
            world.faults(rule).await;
            self.check_out(code).await;
        }
        let corrupt = json!([{"match": {"path": "/v3/pay/transactions/jsapi"},
            "action": "corrupt_signature", "times": 1}]);
        world.faults(corrupt).await;
        self.check_out("corrupt").await;
        world.faults(json!([])).await;
        // The login service quotes the code.
        let login = json!({"code": format!("{LOGIN_CODE} with a space")});
        world.call("", Method::POST, "/api/mini/login", login).await;
    }
}

fn now(world: &World) -> domain::Timestamp {
    world.service.desk().clock.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_and_nothing_personal_is_logged() {
    let logs = Logs::start();
    let mut shop = Shop::open().await;
    let number = shop.buy().await;
    shop.be_refunded(&number).await;
    shop.be_sent_to_a_card(&number).await;
    shop.be_refused().await;
    let Shop { world, canaries, .. } = shop;
    let url = format!("http://{}/metrics", world.service.ops_addr().unwrap());
    let metrics = world.client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("paydesk_order_events_total{event=\"settled\"} 1"), "{metrics}");
    world.stop().await;
    let log = logs.text();
    // It was listened to.
    for event in ["order.recorded", "wechat.called", "notify.received", "http.answered"] {
        assert!(!logs.of("event", event).is_empty(), "no {event}");
    }
    assert_eq!(logs.told("order.paid", &number).await.len(), 1);
    assert!(!logs.of("event", "notify.refused").is_empty());
    assert!(!logs.of("event", "refund.refused").is_empty());
    assert_eq!(logs.of("wechat.kind", "abnormal_refund").len(), 2);
    assert!(logs.of("wechat.kind", "query_refund").len() >= 3, "two of them were refused");
    let called = logs.of("wechat.kind", "prepay");
    for status in [200, 400, 401, 500] {
        let heard = called.iter().any(|line| line["wechat.status"] == status);
        assert!(heard, "no prepay was answered {status}: {called:#?}");
    }
    for said in [&log, &metrics] {
        let seen: Vec<String> = canaries.iter().filter_map(|canary| seen(canary, said)).collect();
        assert!(seen.is_empty(), "{}", seen.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_setting_shows_a_secret() {
    let world = World::new().await;
    let (sandbox, database) = (&world.sandbox, "postgres://u:canary-password-7159@127.0.0.1/d");
    let settings =
        app::settings::Settings::for_sandbox(sandbox, database, world.service.addr().unwrap())
            .unwrap();
    let checked = settings.check().unwrap();
    let connect = store_postgres::ConnectSettings::new(database);
    let shown = format!("{settings:?} {checked:?} {connect:?} {:?}", sandbox.credentials());
    let merchant = sandbox.credentials();
    let key: String = merchant.merchant_private_key_pem.lines().nth(3).unwrap().to_owned();
    for (what, text) in [
        ("database password", "canary-password-7159"),
        ("app secret", &merchant.app_secret),
        ("APIv3 key", &merchant.api_v3_key),
        ("private key", &key),
    ] {
        let canary = Canary { what, text: text.to_owned() };
        assert_eq!(seen(&canary, &shown), None);
    }
    assert!(shown.contains(&merchant.mchid), "something is shown: {shown}");
    world.stop().await;
}
