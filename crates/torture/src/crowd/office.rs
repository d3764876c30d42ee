//! What people do in the back office, each act a request: an operator, and an approver who is another
//! person.
//!
//! May not decide when: that is the clerk's (`clerk.rs`), and the stories' of money that goes back
//! (`temper/back.rs`).

use crate::crowd::buyer::expect;
use crate::crowd::phone::Phone;
use crate::secrets;
use crate::sql::Connection;
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// An operator may give back so much of a payment alone.
pub(crate) const APPROVAL_ABOVE_FEN: i64 = 5_000;
/// The reason by which the books know what an operator gave.
pub(crate) const GIVEN_BY_OPERATORS: &str = "a broken corner";
/// What WeChat Pay refuses twice on a calm day it refuses for good.
const RETRIES_MAX: u32 = 2;
/// Other acts at the same moment may have been first.
const LATE: [&str; 1] = ["order_state_conflict"];
const NOT_REFUNDABLE: [&str; 5] = [
    "refund_exceeds_paid",
    "refund_limit_reached",
    "order_not_refundable",
    "order_state_conflict",
    // What a recharge had credited is spent.
    "insufficient_balance",
];
/// Refunds that wait for a yes, that were refused, and that did not reach their payer.
const LEFT_LYING: &str = "SELECT r.status || ' ' || r.out_refund_no FROM refunds r
     WHERE r.status IN ('awaiting_approval', 'rejected', 'abnormal')
       AND NOT EXISTS (SELECT 1 FROM refunds o WHERE o.replaces = r.out_refund_no)
     ORDER BY r.out_refund_no";

/// The keys of those who work there.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) operator: String,
    pub(crate) approver: String,
    /// Of the merchant's own backend.
    pub(crate) service: String,
}

/// Who of them says something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Operator,
    Approver,
}

/// Both at their desks.
#[derive(Clone)]
pub(crate) struct Office {
    operator: Phone,
    approver: Phone,
    backend: Phone,
}

impl Office {
    /// At the same door as whoever holds this phone.
    pub(crate) fn of(phone: &Phone) -> Office {
        let keys = &phone.outside().keys;
        Office {
            operator: phone.holding(&keys.operator),
            approver: phone.holding(&keys.approver),
            backend: phone.holding(&keys.service),
        }
    }

    /// Offers something.
    pub(crate) async fn put_on_sale(&self, sku: &str, price_fen: i64) -> Result<()> {
        let body = json!({"title": sku, "price_fen": price_fen, "cost_price_fen": 1});
        let answer = self.operator.insist("PUT", &format!("/api/admin/skus/{sku}"), &body).await;
        ensure!(answer.is_success(), "the shop cannot be opened: {answer}");
        Ok(())
    }

    /// Sets a rule of the shop.
    pub(crate) async fn set(&self, path: &str, rule: &Value) -> Result<()> {
        let answer = self.operator.insist("PUT", path, rule).await;
        ensure!(answer.is_success(), "{path}: {answer}");
        Ok(())
    }

    /// Goods come.
    pub(crate) async fn bring(&self, sku: &str, quantity: i64) {
        let delta = json!({"delta": quantity, "reason": "delivery"});
        let path = format!("/api/admin/skus/{sku}/stock");
        let answer = self.operator.insist("POST", &path, &delta).await;
        if !expect(&self.operator, "stock", &answer, &[]) {
            self.count("clerk: goods brought in".to_owned());
        }
    }

    /// Sends an order out: whether it is on its way.
    pub(super) async fn ship(&self, order: &str) -> bool {
        let package = json!({"logistics_type": 1, "packages": [{"express_company": "YTO",
            "tracking_no": format!("T{order}"), "item_desc": "tea"}]});
        self.step(order, "ship", &package).await
    }

    /// It has arrived.
    pub(super) async fn deliver(&self, order: &str) -> bool {
        self.step(order, "deliver", &json!({})).await
    }

    /// One step of an order: whether it was taken.
    pub(super) async fn step(&self, order: &str, step: &str, body: &Value) -> bool {
        let path = format!("/api/admin/orders/{order}/{step}");
        let answer = self.operator.insist("POST", &path, body).await;
        if expect(&self.operator, step, &answer, &LATE) {
            return false;
        }
        self.count(format!("clerk: {step}"));
        true
    }

    /// The newest orders in this state.
    pub(super) async fn orders(&self, status: &str) -> Vec<Value> {
        self.list(&format!("/api/admin/orders?status={status}&limit=50")).await
    }

    /// Refunds with which WeChat Pay cannot go on by itself.
    pub(super) async fn troubled_refunds(&self) -> Vec<String> {
        let cases = self.list("/api/admin/cases?status=open&kind=refund_abnormal&limit=50").await;
        cases.iter().filter_map(|case| case["subject"].as_str()).map(str::to_owned).collect()
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let listed = self.operator.insist("GET", path, &Value::Null).await;
        expect(&self.operator, "list", &listed, &[]);
        listed.body["data"].as_array().cloned().unwrap_or_default()
    }

    /// Gives money back: the number of the refund.
    pub(super) async fn give_back(&self, order: &str, amount_fen: i64) -> Option<String> {
        self.give_back_for(order, &json!({"amount_fen": amount_fen})).await
    }

    /// Gives back what was paid for so many of a line.
    pub(super) async fn take_back(&self, order: &str, line: u64, quantity: u64) -> Option<String> {
        let lines = json!([{"line_no": line, "quantity": quantity}]);
        self.give_back_for(order, &json!({"lines": lines})).await
    }

    async fn give_back_for(&self, order: &str, what: &Value) -> Option<String> {
        let path = format!("/api/admin/orders/{order}/refunds");
        let mut body = what.clone();
        body["reason"] = json!(GIVEN_BY_OPERATORS);
        let answer = self.operator.insist("POST", &path, &body).await;
        if expect(&self.operator, "refund", &answer, &NOT_REFUNDABLE) {
            return None;
        }
        self.count("refunds: given by an operator".to_owned());
        let number = answer.text("out_refund_no");
        self.operator.outside().told.note_ask(number);
        Some(number.to_owned())
    }

    /// Gives a buyer so many of a coupon: whether they have them.
    pub(super) async fn issue(&self, coupon: &str, user: &str, quantity: u64) -> bool {
        let path = format!("/api/admin/coupons/{coupon}/issue");
        let body = json!({"user_id": user, "quantity": quantity});
        let answer = self.operator.insist("POST", &path, &body).await;
        if expect(&self.operator, "issue", &answer, &["coupon_limit_reached"]) {
            return false;
        }
        let deed = json!({"user_id": user, "coupon_id": coupon, "quantity": quantity});
        self.operator.outside().told.note_deed("told_issues", deed);
        true
    }

    /// The merchant's own backend takes points for something of its own.
    pub(super) async fn spend_points(&self, user: &str, points: i64) -> bool {
        let path = format!("/api/v1/users/{user}/points/spend");
        let body = json!({"points": points, "reason": "a raffle"});
        let answer = self.backend.insist("POST", &path, &body).await;
        if expect(&self.backend, "spend points", &answer, &["insufficient_balance"]) {
            return false;
        }
        self.count("points: spent".to_owned());
        let deed = json!({"user_id": user, "points": points});
        self.backend.outside().told.note_deed("told_spends", deed);
        true
    }

    /// The courier has taken the cash: whether it was theirs to take.
    pub(super) async fn collect(&self, order: &str, amount_fen: i64) -> bool {
        let path = format!("/api/admin/orders/{order}/cod/collect");
        let body = json!({"amount_fen": amount_fen, "courier": secrets::COURIER});
        let answer = self.operator.insist("POST", &path, &body).await;
        let allowed = ["payment_in_progress", "order_state_conflict", "cod_amount_differs"];
        if expect(&self.operator, "collect", &answer, &allowed) {
            return false;
        }
        self.count("at the door: cash taken".to_owned());
        let deed = json!({"order_number": order, "amount_fen": amount_fen});
        self.operator.outside().told.note_deed("told_cash", deed);
        true
    }

    /// The goods are not taken at the door.
    pub(super) async fn refused_at_the_door(&self, order: &str) -> bool {
        self.step(order, "cod/refuse", &json!({})).await
    }

    /// Cancels what is paid.
    pub(super) async fn cancel(&self, order: &str) -> bool {
        let path = format!("/api/admin/orders/{order}/cancel");
        let answer = self.operator.insist("POST", &path, &json!({})).await;
        let allowed = ["order_not_cancellable", "order_state_conflict"];
        !expect(&self.operator, "cancel by an operator", &answer, &allowed)
    }

    /// Says "approve" or "decline" to a refund.
    pub(super) async fn say(&self, who: Who, word: &str, out_refund_no: &str) {
        let phone = match who {
            Who::Operator => &self.operator,
            Who::Approver => &self.approver,
        };
        let path = format!("/api/admin/refunds/{out_refund_no}/{word}");
        let answer = phone.insist("POST", &path, &json!({})).await;
        if !expect(phone, word, &answer, &LATE) {
            self.count(format!("refunds: said {word}, {who:?}"));
        }
    }

    /// Says yes to what one has asked for oneself, which is nobody's right.
    pub(super) async fn approve_alone(&self, out_refund_no: &str) {
        let path = format!("/api/admin/refunds/{out_refund_no}/approve");
        let answer = self.operator.insist("POST", &path, &json!({})).await;
        if !expect(&self.operator, "approve alone", &answer, &["forbidden", LATE[0]]) {
            let what = format!("{out_refund_no}: {answer}");
            self.findings("nobody approves what they asked for", what);
        }
    }

    /// Goes on with a refund that was refused, closed, or not brought.
    pub(super) async fn retry(&self, out_refund_no: &str) {
        let path = format!("/api/admin/refunds/{out_refund_no}/retry");
        let answer = self.operator.insist("POST", &path, &json!({})).await;
        if !expect(&self.operator, "retry", &answer, &NOT_REFUNDABLE) {
            self.count("refunds: gone on with by an operator".to_owned());
        }
    }

    /// Pays it back by bank and says so.
    pub(super) async fn settle_offline(&self, out_refund_no: &str) {
        let path = format!("/api/admin/refunds/{out_refund_no}/settle-offline");
        let note = json!({"note": "by bank"});
        let answer = self.approver.insist("POST", &path, &note).await;
        if !expect(&self.approver, "settle offline", &answer, &NOT_REFUNDABLE) {
            self.count("refunds: paid back by bank".to_owned());
        }
    }

    /// The service's own check of itself holds at any moment, also in trouble.
    pub(crate) async fn ask_for_the_invariants(&self) {
        let rules = self.list("/api/admin/invariants").await;
        self.count(format!("clerk: {} invariants asked for", rules.len()));
        for rule in rules.iter().filter(|rule| rule["holds"] != true) {
            let what = format!("{} {}: {}", rule["id"], rule["says"], rule["sample"]);
            self.findings("the service's own invariants", what);
        }
    }

    /// Clears the desk when the trouble is over: who waits gets a yes, what was refused is tried again,
    /// and what did not reach its payer is brought by hand. Whether there was anything to do.
    pub(crate) async fn clear_the_desk(
        &self,
        connection: &Connection,
        tried: &mut BTreeMap<String, u32>,
    ) -> Result<bool> {
        let mut worked = false;
        for left in connection.texts(LEFT_LYING, &[]).await? {
            let (status, number) = left.split_once(' ').unwrap_or(("", &left));
            let times = tried.entry(number.to_owned()).or_default();
            if *times >= RETRIES_MAX {
                continue;
            }
            *times = times.saturating_add(1);
            worked = true;
            match status {
                "awaiting_approval" => self.say(Who::Approver, "approve", number).await,
                "abnormal" => {
                    self.operator.outside().sandbox.end_refund_well(number).await?;
                    self.count("refunds: abnormal, brought by hand in the end".to_owned());
                }
                _ => self.retry(number).await,
            }
        }
        Ok(worked)
    }

    fn count(&self, what: String) {
        self.operator.outside().watch.tally.count(what);
    }

    fn findings(&self, rule: &str, what: String) {
        self.operator.outside().watch.findings.add(rule, what);
    }
}
