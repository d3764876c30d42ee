//! What the core has to say to a control request: the shell's part in it, written once more.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::Duration;
use wechatpay_sim::core::faults::Faults;
use wechatpay_sim::core::ledger::ControlRefusal;
use wechatpay_sim::core::listing::ListForm;
use wechatpay_sim::core::sandbox_clock::Speed;
use wechatpay_sim::core::scripts;
use wechatpay_sim::core::settings::Verification;
use wechatpay_sim::core::wire_time::beijing;

use crate::REAL;
use crate::control::{Control, Said};
use crate::core_side::Core;

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
            ("POST", ["shipping", number]) => done(
                form(body)
                    .and_then(|form| self.visit(|pay, ports| pay.receive(number, form, ports))),
            ),
            ("GET", ["shipping", number]) => {
                done(self.visit(|pay, ports| pay.shipping(number, ports)))
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
            "trades" => self.trades(None, ""),
            "trades?newest=1&find=0" => self.trades(Some(1), "0"),
            "trades?newest=0" => self.trades(Some(0), ""),
            other => match scripts::built_in(other.trim_start_matches("faults/scripts/")) {
                Ok(script) => said(&script),
                Err(why) => refused(&ControlRefusal::not_found(&why)),
            },
        }
    }

    fn trades(&mut self, newest: Option<usize>, find: &str) -> Said {
        let form = ListForm { newest, find: find.to_owned() };
        done(self.visit(|pay, ports| {
            pay.catch_up(ports);
            pay.newest_trades(&form, ports.at.business)
        }))
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
