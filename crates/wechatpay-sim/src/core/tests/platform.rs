//! The WeChat platform: tokens, and what is told of packages.

mod faults;
mod reports;
mod stages;
mod tokens;

use super::*;

const TOKEN: &str = "/cgi-bin/stable_token";
const UPLOAD: &str = "/wxa/sec/order/upload_shipping_info";
const GET_ORDER: &str = "/wxa/sec/order/get_order";
const MANAGED: &str = "/wxa/sec/order/is_trade_managed";

/// A request that nobody signs.
fn unsigned(method: &str, target: &str, body: &Value) -> ApiRequest {
    ApiRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

impl World {
    fn platform(&mut self, target: &str, body: &Value) -> Value {
        let answer = self.answer(&unsigned("POST", target, body));
        assert_eq!(answer.status, 200, "errors are 200, too");
        assert_eq!(header(&answer.headers, "Wechatpay-Signature"), None, "nothing is signed");
        body_of(&answer)
    }

    fn token(&mut self) -> String {
        let given = self.platform(TOKEN, &token_body());
        given["access_token"].as_str().unwrap_or_else(|| panic!("no token: {given}")).to_owned()
    }

    /// A call with a good token.
    fn call(&mut self, path: &str, body: &Value) -> Value {
        let token = self.token();
        self.platform(&format!("{path}?access_token={token}"), body)
    }

    fn errcode(&mut self, path: &str, body: &Value) -> i64 {
        self.call(path, body)["errcode"].as_i64().unwrap()
    }

    /// Paid by alice under the mini program, and known to shipping management; WeChat Pay's number of it.
    fn paid_in_mini_program(&mut self, number: &str) -> String {
        self.prepay(JSAPI, &jsapi_body(number));
        let id = self.user_pays(number)["transaction_id"].as_str().unwrap().to_owned();
        self.later(Duration::seconds(3));
        id
    }

    fn order(&mut self, id: &str) -> Value {
        self.call(GET_ORDER, &json!({"transaction_id": id}))["order"].clone()
    }

    fn receive(&mut self, number: &str, state: &str) -> Result<Value, ControlRefusal> {
        let form = serde_json::from_value(json!({"state": state})).unwrap();
        self.visit(|pay, ports| pay.receive(number, form, ports))
    }
}

fn token_body() -> Value {
    json!({"grant_type": "client_credential", "appid": APPID, "secret": "secret"})
}

fn parcel(number: &str) -> Value {
    json!({"express_company": "ZTO", "tracking_no": number, "item_desc": "茶"})
}

/// A report of one package.
fn one(id: &str, number: &str) -> Value {
    json!({
        "order_key": {"order_number_type": 2, "transaction_id": id},
        "logistics_type": 1, "delivery_mode": 1, "shipping_list": [parcel(number)],
        "upload_time": "2026-11-21T10:01:00.120+08:00", "payer": {"openid": "alice"},
    })
}

/// A report of several, at a second of its own.
fn parts(id: &str, numbers: &[&str], is_all: bool, second: u8) -> Value {
    let mut report = one(id, "");
    report["delivery_mode"] = json!(2);
    report["is_all_delivered"] = json!(is_all);
    report["shipping_list"] = numbers.iter().map(|number| parcel(number)).collect();
    report["upload_time"] = json!(format!("2026-11-21T10:01:{second:02}.120+08:00"));
    report
}
