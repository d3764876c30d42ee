//! The control routes: what a step asks there, and what the core has to say to it.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::Duration;
use wechatpay_sim::core::faults::Faults;
use wechatpay_sim::core::ledger::ControlRefusal;
use wechatpay_sim::core::sandbox_clock::Speed;
use wechatpay_sim::core::scripts;
use wechatpay_sim::core::settings::Verification;
use wechatpay_sim::core::tamper::Tamper;
use wechatpay_sim::core::wire_time::beijing;

use crate::REAL;
use crate::core_side::Core;
use crate::merchant::{Merchant, order, refund};
use crate::ops::Op;

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
            let id = prepay.map_or("nobody's", |trade| trade.handle.value.as_str());
            post("verify-pay-params".to_owned(), pay_params(merchant, id, *wrong))
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
        2 => json!({"rules": [{"match": {"path": calls}, "every": 3, "action": "answer_lost"}]}),
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
        _ => json!({"refund_spacing_s": -1}),
    }
}

fn clock(which: u8) -> Value {
    match which {
        0 => json!({"advance_s": 1}),
        1 => json!({"advance_s": 16}),
        2 => json!({"advance_s": 61}),
        3 => json!({"advance_s": 700}),
        4 => json!({"advance_s": 86_400}),
        5 => json!({"advance_s": 8 * 86_400}),
        6 => json!({"speed": "1/2", "advance_s": 0}),
        7 => json!({"speed": 0}),
        8 => json!({"advance_s": -1}),
        _ => json!({}),
    }
}

fn pay_params(merchant: &Merchant, prepay_id: &str, wrong: u8) -> Value {
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
    ];
    paths[usize::from(which) % 10].to_owned()
}

fn refused(why: &ControlRefusal) -> Said {
    (why.status, json!({"code": why.code, "message": why.message}))
}

fn said<T: serde::Serialize>(answer: &T) -> Said {
    (200, serde_json::to_value(answer).unwrap())
}

fn done(result: Result<Value, ControlRefusal>) -> Said {
    result.map_or_else(|why| refused(&why), |answer| (200, answer))
}

/// Reads a form as the shell does: text and all, because its complaint counts lines and columns.
fn form<T: DeserializeOwned>(body: &Value) -> Result<T, ControlRefusal> {
    let text = if body.is_null() { "{}".to_owned() } else { body.to_string() };
    serde_json::from_str(&text).map_err(|why| ControlRefusal::bad_request(&why.to_string()))
}

/// A refusal in words of the shell's own.
fn own_words() -> Said {
    (400, json!({"code": "bad_request", "message": null}))
}

impl Core {
    /// What the core says to a control request.
    pub(crate) fn control(&mut self, asked: &Control) -> Said {
        let Control { method, path, body } = asked;
        let segments: Vec<&str> = path.split('/').collect();
        match (*method, segments.as_slice()) {
            ("POST", ["pay", number]) => done(
                form(body).and_then(|form| self.visit(|pay, ports| pay.pay(number, form, ports))),
            ),
            ("POST", ["refund", number]) => {
                done(form(body).and_then(|form| {
                    self.visit(|pay, ports| pay.settle_refund(number, form, ports))
                }))
            }
            ("POST", ["trades"]) => done(
                form(body)
                    .and_then(|form| self.visit(|pay, ports| pay.order_elsewhere(form, ports))),
            ),
            ("PUT", ["faults"]) => self.set_faults(body),
            ("PUT", ["settings"]) => self.set_settings(body),
            ("PUT", ["clock"]) => self.set_clock(body),
            ("POST", ["mode"]) => self.set_mode(body),
            ("POST", ["verify-pay-params"]) => self.verify_pay_params(body),
            ("POST", ["reset"]) => {
                self.reset();
                (204, Value::Null)
            }
            ("POST", ["keys", "rotate"]) => {
                self.take_new_certificate();
                let now = &self.credentials;
                (
                    200,
                    json!({
                        "platform_serial": now.platform_serial,
                        "platform_certificate_pem": now.platform_certificate_pem,
                    }),
                )
            }
            _ => self.looked_at(path),
        }
    }

    fn looked_at(&mut self, path: &str) -> Said {
        match path {
            "ledger" => (200, self.ledger()),
            "credentials" => said(&self.credentials),
            "faults" => said(&self.pay.faults().script()),
            "faults/counts" => (200, json!({"rules": self.pay.faults().counts()})),
            "faults/scripts" => (200, json!({"scripts": scripts::listed().unwrap()})),
            "settings" => said(self.pay.settings()),
            "clock" => self.clock_shown(),
            "mode" => (200, json!({"verification": self.pay.verification()})),
            other => match scripts::built_in(other.trim_start_matches("faults/scripts/")) {
                Ok(script) => said(&script),
                Err(why) => refused(&ControlRefusal::not_found(&why)),
            },
        }
    }

    fn set_faults(&mut self, body: &Value) -> Said {
        let rules: Result<Faults, String> = scripts::read(body.to_string().as_bytes());
        match rules {
            Ok(rules) => {
                self.pay.set_faults(rules);
                self.looked_at("faults")
            }
            Err(why) => refused(&ControlRefusal::bad_request(&why)),
        }
    }

    fn set_settings(&mut self, body: &Value) -> Said {
        match self.pay.settings().changed(body.clone()) {
            Ok(settings) => {
                self.visit(|pay, ports| pay.change_settings(settings, ports));
                self.looked_at("settings")
            }
            Err(why) => refused(&ControlRefusal::bad_request(&why)),
        }
    }

    fn set_clock(&mut self, body: &Value) -> Said {
        let mut clock = self.clock;
        let (advance, speed) = (body["advance_s"].as_i64(), &body["speed"]);
        if advance.is_none() && speed.is_null() {
            return own_words();
        }
        if let Some(seconds) = advance {
            match clock.advance(REAL, Duration::seconds(seconds)) {
                Some(later) => clock = later,
                None => return own_words(),
            }
        }
        if !speed.is_null() {
            let text = speed.as_str().map_or_else(|| speed.to_string(), str::to_owned);
            clock = clock.with_speed(REAL, Speed::parse(&text).unwrap());
        }
        self.clock = clock;
        self.clock_shown()
    }

    fn clock_shown(&self) -> Said {
        let offset = self.now() - REAL;
        let speed = self.clock.speed();
        let speed = speed.whole().map_or_else(|| json!(speed.text()), |whole| json!(whole));
        (
            200,
            json!({
                "now": beijing(self.now()),
                "offset_s": offset.whole_seconds(),
                "offset_ms": i64::try_from(offset.whole_milliseconds()).unwrap(),
                "speed": speed,
            }),
        )
    }

    fn set_mode(&mut self, body: &Value) -> Said {
        let Ok(verification) = serde_json::from_value::<Verification>(body["verification"].clone())
        else {
            return own_words();
        };
        self.pay.set_verification(verification);
        self.looked_at("mode")
    }

    fn verify_pay_params(&mut self, body: &Value) -> Said {
        let params = form(body).unwrap();
        let verified =
            self.visit(|pay, ports| pay.verify_pay_params(&params, ports.at, ports.keyring));
        match verified {
            Ok(_) => (204, Value::Null),
            Err(why) => (400, json!({"code": "pay_params_refused", "message": why})),
        }
    }
}
