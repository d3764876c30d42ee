//! A buyer: logs in, wants things, checks out, pays in WeChat, looks, cancels.
//!
//! Every answer that is final and not among those that the situation allows is a difference.

use crate::chance::Chance;
use crate::clock::Stopwatch;
use crate::crowd::phone::Phone;
use crate::http::client::Answer;
use crate::secrets;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";
/// Everybody wants this one, and there is one at a time.
pub(crate) const SCARCE: &str = "scarce";
/// What the cashier says of an order whose time is over.
const IS_OVER: &str = "the order cannot be paid";
/// The reasons by which the books know what somebody asked for.
pub(crate) const ASKED_BY_BUYERS: &str = "changed my mind";
/// There is enough of these.
pub(crate) const COMMON: [&str; 2] = ["tea", "pot"];

/// A buyer who is logged in, has an address, and wants something.
#[derive(Clone)]
pub(crate) struct Buyer {
    pub(crate) phone: Phone,
    pub(crate) chance: Chance,
    /// As whom the service knows them.
    pub(crate) user: String,
    address: i64,
}

/// An order with its payment on offer.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) order: String,
    pub(crate) out_trade_no: String,
    /// What the phone gives to WeChat; null when there is nothing to pay.
    pub(crate) pay_params: Value,
}

impl Buyer {
    /// Comes, and puts something on the list.
    pub(crate) async fn arrive(phone: Phone, number: u64, chance: Chance) -> Buyer {
        let mut buyer = Buyer::enter(phone, number, chance).await;
        let is_scarce = buyer.chance.permille(120);
        let common = buyer.chance.below(COMMON.len());
        let sku = if is_scarce { SCARCE } else { COMMON.get(common).copied().unwrap_or(SCARCE) };
        let quantity = if is_scarce { 1 } else { buyer.chance.between(1, 4) };
        buyer.want(sku, quantity).await;
        buyer
    }

    /// Comes: is logged in, has an address, and wants nothing yet.
    pub(crate) async fn enter(phone: Phone, number: u64, chance: Chance) -> Buyer {
        let code = format!("{}{number}", secrets::LOGIN_CODE);
        let login = json!({"code": code});
        let login = phone.insist("POST", "/api/mini/login", &login).await;
        expect(&phone, "login", &login, &[]);
        let (token, user) = (login.text("token").to_owned(), login.text("user_id").to_owned());
        phone.outside().secrets.add("buyer's token", &token);
        let phone = phone.holding(&token);
        let address = json!({"name": secrets::NAME, "phone": secrets::PHONE,
            "region": secrets::REGION, "detail": secrets::DETAIL});
        let address = phone.insist("POST", "/api/mini/addresses", &address).await;
        expect(&phone, "address", &address, &[]);
        let address = address.body["id"].as_i64().unwrap_or(0);
        Buyer { phone, chance, user, address }
    }

    pub(crate) async fn want(&self, sku: &str, quantity: u64) {
        let item = json!({"sku_id": sku, "quantity": quantity});
        let item = self.phone.insist("POST", "/api/mini/purchase-list/items", &item).await;
        expect(&self.phone, "item", &item, &["purchase_list_full"]);
    }

    /// Everything on the list.
    pub(crate) fn everything(&self, trade_type: &str) -> Value {
        json!({"item_ids": [], "address_id": self.address, "trade_type": trade_type,
            "remark": secrets::REMARK})
    }

    /// Checks everything out.
    pub(crate) async fn check_out(&self, trade_type: &str) -> Option<Offer> {
        let key = self.phone.key();
        self.check_out_under(&key, trade_type).await
    }

    pub(crate) async fn check_out_under(&self, key: &str, trade_type: &str) -> Option<Offer> {
        self.check_out_as(key, &self.everything(trade_type)).await
    }

    /// Checks out just this.
    pub(crate) async fn check_out_as(&self, key: &str, wish: &Value) -> Option<Offer> {
        let answer = self.phone.insist_under(key, "POST", CHECKOUT, wish).await;
        self.offer("checkout", &answer)
    }

    /// Places an order to be paid later, at the door (`cod`), or from the wallet: its number.
    pub(crate) async fn place(&self, method: &str) -> Option<String> {
        let mut wish = self.everything("");
        if let Some(members) = wish.as_object_mut() {
            members.remove("trade_type");
            members.insert("payment_method".to_owned(), json!(method));
        }
        let answer = self.phone.insist("POST", "/api/mini/orders", &wish).await;
        let refused = expect(&self.phone, "place", &answer, &REFUSALS);
        (!refused).then(|| answer.text("order_number").to_owned())
    }

    /// Buys money or points ahead.
    pub(crate) async fn recharge(&self, package: &str) -> Option<Offer> {
        let wish = json!({"package_id": package, "trade_type": "JSAPI"});
        let answer = self.phone.insist("POST", "/api/mini/recharges", &wish).await;
        self.offer("recharge", &answer)
    }

    /// Pays an order from the wallet: whether it is paid so.
    pub(crate) async fn pay_from_wallet(&self, order: &str) -> bool {
        let path = format!("/api/mini/orders/{order}/wallet-pay");
        let answer = self.phone.insist("POST", &path, &json!({})).await;
        let allowed = ["insufficient_balance", "order_not_payable", "order_state_conflict"];
        let paid = !expect(&self.phone, "wallet pay", &answer, &allowed);
        if paid {
            self.phone.outside().watch.tally.count("wallets: an order paid");
        }
        paid
    }

    /// Asks to pay an order this way.
    pub(crate) async fn pay_by(&self, order: &str, trade_type: &str) -> Option<Offer> {
        let path = format!("/api/mini/orders/{order}/wechat-pay/prepay");
        let answer = self.phone.insist("POST", &path, &json!({"trade_type": trade_type})).await;
        self.offer("prepay", &answer)
    }

    fn offer(&self, what: &str, answer: &Answer) -> Option<Offer> {
        if expect(&self.phone, what, answer, &REFUSALS) {
            return None;
        }
        Some(Offer {
            order: answer.text("order_number").to_owned(),
            out_trade_no: answer.text("out_trade_no").to_owned(),
            pay_params: answer.body["pay_params"].clone(),
        })
    }

    /// Would the cashier open with these parameters? Whoever is offered a payment can pay it.
    pub(crate) async fn open_cashier(&self, offer: &Offer) {
        if offer.pay_params["paySign"].is_null() {
            return;
        }
        let path = "/_sandbox/verify-pay-params";
        let outside = self.phone.outside();
        match outside.sandbox.call("POST", path, &offer.pay_params).await {
            Ok(answer) if answer.status != 204 => {
                let why = answer.text("message");
                // Paid, cancelled or overdue since it was offered: that is nobody's mistake.
                if why.contains(IS_OVER) {
                    return;
                }
                let what = format!("{}: {why}", offer.out_trade_no);
                outside.watch.findings.add("whoever is offered a payment can pay it", what);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Pays in WeChat: whether the money was taken.
    pub(crate) async fn pay(&self, out_trade_no: &str, form: &Value) -> bool {
        let outside = self.phone.outside();
        let Ok(answer) = outside.sandbox.pay(out_trade_no, form).await else { return false };
        if answer.is_success() && form["outcome"] != "fail" {
            outside.watch.tally.count("money: taken");
            if form["unfaithful"] == true && answer.body["unfaithful"] == true {
                outside.watch.tally.count("money: taken late, after close or expiry");
            }
            outside.note_paid(out_trade_no);
            return true;
        }
        let code = if answer.is_success() { "failed as asked" } else { answer.code() };
        outside.watch.tally.count(format!("money: not taken, {code}"));
        false
    }

    /// Looks at an order by long polls until it is as wished, for a while: the order then.
    pub(crate) async fn until(
        &self,
        order: &str,
        wished: impl Fn(&Value) -> bool,
        limit: Duration,
    ) -> Option<Value> {
        let begun = Stopwatch::start();
        let path = format!("/api/mini/orders/{order}?wait=5");
        while begun.elapsed() < limit {
            let answer = self.phone.insist("GET", &path, &Value::Null).await;
            // I42: a number that we issued is never 404 to its owner.
            expect(&self.phone, "look", &answer, &[]);
            if wished(&answer.body) {
                return Some(answer.body);
            }
        }
        None
    }

    pub(crate) async fn cancel(&self, order: &str) {
        let path = format!("/api/mini/orders/{order}/cancel");
        let answer = self.phone.insist("POST", &path, &json!({})).await;
        let allowed = ["order_not_cancellable", "order_state_conflict"];
        expect(&self.phone, "cancel", &answer, &allowed);
    }

    /// An order as it is now.
    pub(crate) async fn look_at(&self, order: &str) -> Value {
        let path = format!("/api/mini/orders/{order}");
        let answer = self.phone.insist("GET", &path, &Value::Null).await;
        expect(&self.phone, "look", &answer, &[]);
        answer.body
    }

    /// Does not want that money back after all.
    pub(crate) async fn withdraw(&self, order: &str, out_refund_no: &str) {
        let path = format!("/api/mini/orders/{order}/refunds/{out_refund_no}/withdraw");
        let answer = self.phone.insist("POST", &path, &json!({})).await;
        if !expect(&self.phone, "withdraw", &answer, &["order_state_conflict"]) {
            self.phone.outside().watch.tally.count("refunds: withdrawn by buyers");
        }
    }

    /// Asks for so much of the money back: the number of the refund.
    pub(crate) async fn ask_back(&self, order: &str, amount_fen: i64) -> Option<String> {
        self.ask_back_for(order, &json!({"amount_fen": amount_fen})).await
    }

    /// Asks for what was paid for so many of a line: the number of the refund.
    pub(crate) async fn send_back(&self, order: &str, line: u64, quantity: u64) -> Option<String> {
        let lines = json!([{"line_no": line, "quantity": quantity}]);
        self.ask_back_for(order, &json!({"lines": lines})).await
    }

    async fn ask_back_for(&self, order: &str, what: &Value) -> Option<String> {
        let path = format!("/api/mini/orders/{order}/refunds");
        let mut body = what.clone();
        body["reason"] = json!(ASKED_BY_BUYERS);
        let answer = self.phone.insist("POST", &path, &body).await;
        let allowed = [
            "refund_exceeds_paid",
            "refund_limit_reached",
            "order_not_refundable",
            "order_state_conflict",
        ];
        if expect(&self.phone, "refund", &answer, &allowed) {
            return None;
        }
        let (outside, number) = (self.phone.outside(), answer.text("out_refund_no"));
        outside.watch.tally.count("refunds: asked for by buyers");
        outside.told.note_ask(number);
        Some(number.to_owned())
    }

    /// Says what the cashier said, true or not.
    pub(crate) async fn report(&self, order: &str, result: &str) {
        let path = format!("/api/mini/orders/{order}/payment-result");
        // It is a hint and has no final answer: 202 is all that it ever says.
        let body = json!({"result": result});
        self.phone.send_and_leave("", &path, &body, 3_000).await;
    }
}

/// What a checkout or a payment may be refused with, in any trouble.
const REFUSALS: [&str; 11] = [
    "out_of_stock",
    "checkout_open",
    "too_many_open_orders",
    "order_not_payable",
    "order_state_conflict",
    "purchase_list_empty",
    "item_not_found",
    "wechat_refused",
    "price_changed",
    "coupon_not_usable",
    "insufficient_balance",
];

/// Whether it was refused. A refusal that is not allowed is a difference.
pub(crate) fn expect(phone: &Phone, what: &str, answer: &Answer, allowed: &[&str]) -> bool {
    let watch = &phone.outside().watch;
    if answer.is_success() {
        return false;
    }
    let code = answer.code();
    watch.tally.count(format!("refused: {what}, {code}"));
    if !allowed.contains(&code) {
        watch.findings.add("an answer that nothing explains", format!("{what}: {answer}"));
    }
    true
}

/// Nothing more will happen to it by itself.
pub(crate) fn is_over(order: &Value) -> bool {
    order["payment_status"] != "unpaid" || order["status"] == "cancelled"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_over_when_it_is_paid_or_cancelled() {
        let order = |status: &str, paid: &str| json!({"status": status, "payment_status": paid});
        assert!(is_over(&order("ready", "paid")));
        assert!(is_over(&order("cancelled", "unpaid")));
        assert!(!is_over(&order("cancelling", "unpaid")));
    }
}
