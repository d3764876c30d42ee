//! The control routes: what a step asks there.

use serde_json::{Value, json};
use wechatpay_sim::core::route::TradeType;
use wechatpay_sim::core::tamper::Tamper;
use wechatpay_sim::core::trade::Trade;

use crate::REAL;
use crate::core_side::Core;
use crate::merchant::{Merchant, order, refund};
use crate::ops::Op;

/// The step of the clock by a day.
pub(crate) const A_DAY: u8 = 4;

/// A control request.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) method: &'static str,
    /// Without `/_sandbox/`.
    pub(crate) path: String,
    /// `Null` for none.
    pub(crate) body: Value,
}

/// Status and body, `Null` for none. A `message` of `null` is in the shell's own words, which are not compared.
pub(crate) type Said = (u16, Value);

/// What a step asks, if it is a control request whose answer does not wait for anybody.
pub(crate) fn of(op: &Op, merchant: &Merchant, core: &Core) -> Option<Control> {
    let post = |path: String, body: Value| Some(Control { method: "POST", path, body });
    let put =
        |path: &str, body: Value| Some(Control { method: "PUT", path: path.to_owned(), body });
    match op {
        Op::Pay { number, form } => post(format!("pay/{}", order(*number)), pay_form(*form)),
        Op::EndRefund { refund: number, outcome } => {
            let outcome = ["success", "abnormal", "closed", "lost"][usize::from(*outcome) % 4];
            post(format!("refund/{}", refund(*number)), json!({"outcome": outcome}))
        }
        Op::Receive { number, state } => {
            let states = ["received", "to_be_settled", "complete", "shipped"];
            let state = states[usize::from(*state) % 4];
            post(format!("shipping/{}", order(*number)), json!({"state": state}))
        }
        Op::Elsewhere { number, form } => {
            post("trades".to_owned(), elsewhere(*number, *form, &merchant.notify_url))
        }
        Op::Faults(which) => put("faults", faults(*which)),
        Op::Settings(which) => put("settings", settings(*which)),
        Op::Clock(which) => put("clock", clock(*which)),
        Op::Mode(which) => {
            let mode = ["certificate", "public_key", "mixed", "neither"][usize::from(*which) % 4];
            post("mode".to_owned(), json!({"verification": mode}))
        }
        Op::Params { number, wrong } => {
            let prepay = core.pay.trade_of(&order(*number));
            post("verify-pay-params".to_owned(), pay_params(merchant, prepay, *wrong))
        }
        Op::Look(which) => Some(Control { method: "GET", path: look(*which), body: Value::Null }),
        Op::Reset => post("reset".to_owned(), Value::Null),
        Op::Rotate => post("keys/rotate".to_owned(), Value::Null),
        Op::Call(..) | Op::Notify { .. } | Op::Answer { .. } => None,
    }
}

/// A notification once more.
pub(crate) fn notify(is_refund: bool, number: u8, tamper: Option<Tamper>) -> Control {
    let path = if is_refund {
        format!("refund/{}/notify", refund(number))
    } else {
        format!("notify/{}", order(number))
    };
    let body = tamper.map_or(Value::Null, |tamper| json!({"tamper": tamper}));
    Control { method: "POST", path, body }
}

fn pay_form(which: u8) -> Value {
    match which {
        1 => json!({"outcome": "fail"}),
        2 => json!({"coupon_fen": 10}),
        3 => json!({"unfaithful": true}),
        4 => json!({"unfaithful": true, "amount_fen": 77}),
        5 => json!({"payer_account": "abnormal"}),
        6 => json!({"openid": "bob"}),
        _ => json!({}),
    }
}

fn elsewhere(number: u8, form: u8, notify_url: &str) -> Value {
    let mut body = json!({
        "out_trade_no": order(number), "total_fen": 100, "notify_url": format!("{notify_url}/x"),
    });
    match form {
        1 => body["openid"] = json!("alice"),
        2 => body["total_fen"] = json!(0),
        3 => body["appid"] = json!("wx0000000000000000"),
        4 => body["surprise"] = json!(1),
        5 => body["product"] = json!("h5"),
        6 => body["product"] = json!("app"),
        7 => body["product"] = json!("jsapi"),
        _ => {}
    }
    body
}

fn faults(which: u8) -> Value {
    let calls = "/v3/pay/transactions/*";
    let event = json!({"event_type": "*"});
    match which {
        0 => json!({"rules": []}),
        1 => json!({"rules": [{"match": {"path": calls}, "every": 2, "action": "drop"}]}),
        2 => json!({"rules": [
            {"match": {"path": calls}, "every": 3, "action": "answer_lost"},
            {"match": {"path": "*"}, "every": 2, "action": "truncate"}]}),
        3 => json!({"rules": [
            {"match": {"path": "*"}, "every": 3, "action": "corrupt_signature"},
            {"match": {"path": "*"}, "every": 2, "action": "probe"}]}),
        4 => json!({"rules": [
            {"match": {"path": "/v3/*"}, "every": 3, "action": "status",
             "value": {"status": 500, "code": "SYSTEM_ERROR", "after_effect": true}},
            {"match": {"path": "/v3/*"}, "every": 4, "action": "status", "value": 502}]}),
        5 => json!({"rules": [
            {"match": {"path": calls}, "every": 2, "action": "late", "value": 5000},
            {"match": {"path": "/v3/refund/*"}, "every": 2, "action": "late", "value": 900}]}),
        6 => json!({"rules": [{"match": {"path": "/v3/*"}, "times": 3, "action": "reorder"}]}),
        7 => json!({"rules": [
            {"match": event, "every": 2, "action": "duplicate"},
            {"match": event, "every": 3, "action": "answer_lost"}]}),
        8 => json!({"rules": [
            {"match": event, "every": 2, "action": "reorder", "value": {"by": 1, "within_ms": 20000}},
            {"match": event, "every": 2, "action": "drop"}]}),
        9 => json!({"rules": [
            {"match": {"path": "/v3/refund/*"}, "every": 2, "action": "refund_ends",
             "value": {"outcome": "abnormal", "after_ms": 1000}},
            {"match": {"path": "*"}, "every": 2, "action": "stale_query", "value": 10000}]}),
        10 => json!({"rules": [
            {"match": {"path": "*"}, "every": 2, "action": "delay_ms", "value": 3},
            {"match": event, "action": "delay_ms", "value": 15000}]}),
        11 => json!({"script": "late-prepays"}),
        12 => json!({"script": "failing-refunds"}),
        13 => json!({"rules": [
            {"match": {"path": "/wxa/*"}, "every": 2, "action": "errcode",
             "value": {"errcode": -1, "after_effect": true}},
            {"match": {"path": "/cgi-bin/*"}, "every": 3, "action": "errcode", "value": 45_011}]}),
        _ => json!({"rules": [{"action": "explode"}]}),
    }
}

fn settings(which: u8) -> Value {
    match which {
        0 => json!({"spelling": "older"}),
        1 => json!({"close_unknown": "not_found"}),
        2 => json!({"resend_body": "identical"}),
        3 => json!({"resend_ladder_s": [0, 1]}),
        4 => json!({"refund_takes_ms": 0}),
        5 => json!({"refund_spacing_s": 0, "refund_differs": "refund_fee_mismatch"}),
        6 => json!({"refund_too_soon": "invalid_request"}),
        7 => json!({"merchant_balance": "short_refuses"}),
        8 => json!({"merchant_balance": "short_waits"}),
        9 => json!({"merchant_balance": "enough", "spelling": "current", "call_log_max": 7}),
        10 => json!({"refund_spaceing_s": 6}),
        11 => json!({"bill_empty": "not_found", "bill_before_nine": "no_statement_exist",
            "bill_download_path": "downloadurl", "bill_token_s": 60}),
        12 => json!({"bill_bom": "utf8", "bill_line_end": "lf", "bill_fee_rate_bp": 38}),
        13 => json!({"bill_layout": "older", "bill_refund_times": "last",
            "bill_refund_status": "when_accepted"}),
        14 => json!({"bill_fees_from": "fees", "bill_ready_s": 32_400}),
        15 => json!({"shipping_known_after_ms": 0, "shipping_again": "refused"}),
        16 => json!({"shipping_management": "unmanaged", "shipping_list_max": 1}),
        _ => json!({"refund_spacing_s": -1}),
    }
}

fn clock(which: u8) -> Value {
    match which {
        0 => json!({"advance_s": 1}),
        1 => json!({"advance_s": 16}),
        2 => json!({"advance_s": 61}),
        3 => json!({"advance_s": 700}),
        A_DAY => json!({"advance_s": 86_400}),
        5 => json!({"advance_s": 8 * 86_400}),
        6 => json!({"speed": "1/2", "advance_s": 0}),
        7 => json!({"speed": 0}),
        8 => json!({"advance_s": -1}),
        9 => json!({"advance_s": 68_400}),
        _ => json!({}),
    }
}

/// What the payer's client is given for an order, in the form of its product.
fn pay_params(merchant: &Merchant, trade: Option<&Trade>, wrong: u8) -> Value {
    let id = trade.map_or("nobody's", |trade| trade.handle.value.as_str());
    match trade.map_or(TradeType::Jsapi, |trade| trade.trade_type) {
        TradeType::Jsapi => jsapi_params(merchant, id, wrong),
        TradeType::App => app_params(merchant, id, wrong),
        TradeType::H5 => json!({"h5_url": format!("{id}&redirect_url=x")}),
        TradeType::Native => json!({"code_url": id}),
    }
}

fn app_params(merchant: &Merchant, prepay_id: &str, wrong: u8) -> Value {
    let (appid, mchid) = (&merchant.credentials.mobile_appid, &merchant.credentials.mchid);
    let (stamp, nonce) = (REAL.unix_timestamp().to_string(), "N0NCE");
    let line_4 = if wrong == 1 { "prepay_id=" } else { "" };
    let message = format!("{appid}\n{stamp}\n{nonce}\n{line_4}{prepay_id}\n");
    json!({
        "appid": appid, "partnerid": mchid, "prepayid": prepay_id,
        "package": if wrong == 2 { "Sign=" } else { "Sign=WXPay" }, "noncestr": nonce,
        "timestamp": stamp, "sign": merchant.sign(message.as_bytes()),
    })
}

fn jsapi_params(merchant: &Merchant, prepay_id: &str, wrong: u8) -> Value {
    let appid = &merchant.credentials.appid;
    let (stamp, nonce, package) =
        (REAL.unix_timestamp().to_string(), "N0NCE", format!("prepay_id={prepay_id}"));
    let message = format!("{appid}\n{stamp}\n{nonce}\n{package}\n");
    let mut signed = message.into_bytes();
    if wrong == 1 {
        signed.push(b'\n');
    }
    json!({
        "appId": appid, "timeStamp": stamp, "nonceStr": nonce, "package": package,
        "signType": if wrong == 2 { "MD5" } else { "RSA" },
        "paySign": merchant.sign(&signed),
    })
}

fn look(which: u8) -> String {
    let paths = [
        "credentials",
        "faults",
        "faults/counts",
        "faults/scripts",
        "faults/scripts/flaky-everything",
        "faults/scripts/nobodys",
        "settings",
        "clock",
        "mode",
        "ledger",
        "shipping/ORDER-0",
        "trades",
        "trades?newest=1&find=0",
        "trades?newest=0",
    ];
    paths[usize::from(which) % paths.len()].to_owned()
}
