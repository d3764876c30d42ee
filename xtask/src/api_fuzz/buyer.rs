//! A buyer who orders, pays, and asks for money back, so that there is something to call for.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::http::Caller;

/// Of the goods of `paydesk dev`, the one that no request draws: operators change the prices of the
/// others, so that those may be below their cost.
pub(super) const SKU: &str = "longjing";
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 300;

pub(super) struct Buyer {
    pub(super) id: String,
    pub(super) address_id: i64,
    api: Caller,
    sandbox: Caller,
}

impl Buyer {
    /// Logs in and books an address; gives the buyer and their token.
    pub(super) fn arrive(
        name: &str,
        everybody: &Caller,
        sandbox: &Caller,
    ) -> Result<(Self, String)> {
        let login = json!({"code": format!("api-fuzz-{name}")});
        let login = everybody.post("/api/mini/login", None, &login)?;
        let (id, token) = (text(&login, "user_id")?, text(&login, "token")?);
        let api = everybody.with_token(&token);
        let address_id = 0;
        let mut buyer = Self { id, address_id, api, sandbox: sandbox.clone() };
        buyer.address_id = buyer.book()?;
        Ok((buyer, token))
    }

    /// Books an address: its id.
    pub(super) fn book(&self) -> Result<i64> {
        let address = json!({"name": "Li Lei", "phone": "13800000000", "region": "Shanghai",
            "detail": "1 Century Avenue"});
        let booked = self.api.post("/api/mini/addresses", None, &address)?;
        booked["id"].as_i64().context("an address without an id")
    }

    /// Puts goods on the purchase list: the id of their line.
    pub(super) fn want(&self, sku_id: &str, quantity: u32) -> Result<i64> {
        let item = json!({"sku_id": sku_id, "quantity": quantity});
        let added = self.api.post("/api/mini/purchase-list/items", None, &item)?;
        added["id"].as_i64().context("a line without an id")
    }

    /// An order that waits for its payment: its number.
    fn order(&self, name: &str) -> Result<String> {
        let item = self.want(SKU, 1)?;
        self.order_line(name, item)
    }

    /// The same, its line taken off the list: who checks out the whole list meets no open order.
    pub(super) fn unpaid(&self, name: &str) -> Result<String> {
        let item = self.want(SKU, 1)?;
        let number = self.order_line(name, item)?;
        self.api.delete(&format!("/api/mini/purchase-list/items/{item}"))?;
        Ok(number)
    }

    fn order_line(&self, name: &str, item: i64) -> Result<String> {
        let checkout = json!({"item_ids": [item], "address_id": self.address_id});
        let path = "/api/mini/wechat-pay/prepay-from-checkout";
        let offer = self.api.post(path, Some(&format!("api-fuzz-order-{name}")), &checkout)?;
        text(&offer, "order_number")
    }

    /// An order that is placed to be paid in this way, and no payment of it asked for: itself.
    pub(super) fn placed(&self, name: &str, method: &str) -> Result<Value> {
        let item = self.want(SKU, 1)?;
        let order = json!({"item_ids": [item], "address_id": self.address_id,
            "payment_method": method});
        let key = format!("api-fuzz-place-{name}");
        let order = self.api.post("/api/mini/orders", Some(&key), &order)?;
        // What is paid at the door takes its line off by itself.
        if method == "wechat" {
            self.api.delete(&format!("/api/mini/purchase-list/items/{item}"))?;
        }
        Ok(order)
    }

    /// An order that was cancelled: its number.
    pub(super) fn cancelled(&self) -> Result<String> {
        let number = self.order("cancelled")?;
        let path = format!("/api/mini/orders/{number}/cancel");
        self.api.post(&path, Some("api-fuzz-cancel-0001"), &json!({}))?;
        Ok(number)
    }

    /// An order that is paid: its number.
    pub(super) fn paid(&self, name: &str) -> Result<String> {
        self.paid_from(name, "normal")
    }

    /// The same, from an account of this kind.
    fn paid_from(&self, name: &str, account: &str) -> Result<String> {
        let number = self.order(name)?;
        self.pay(&number, account)?;
        Ok(number)
    }

    /// What a package promises is there when this is over.
    pub(super) fn recharge(&self, package_id: &str) -> Result<()> {
        let wish = json!({"package_id": package_id});
        let key = format!("api-fuzz-recharge-{package_id}");
        let offer = self.api.post("/api/mini/recharges", Some(&key), &wish)?;
        self.pay(&text(&offer, "order_number")?, "normal")
    }

    fn pay(&self, number: &str, account: &str) -> Result<()> {
        let payer = json!({"payer_account": account});
        self.sandbox.post(&format!("/_sandbox/pay/{number}"), None, &payer)?;
        let order = self.api.get(&format!("/api/mini/orders/{number}?wait=10"))?;
        ensure!(order["payment_status"] == "paid", "{number} was not paid: {order}");
        Ok(())
    }

    /// One fen of a paid order is asked back: the refund's number.
    pub(super) fn refund(&self, order: &str, number: usize) -> Result<String> {
        let ask = json!({"amount_fen": 1, "reason": "api-fuzz"});
        let path = format!("/api/mini/orders/{order}/refunds");
        let refund = self.api.post(&path, Some(&format!("api-fuzz-refund-{number}")), &ask)?;
        text(&refund, "out_refund_no")
    }

    /// A refund that WeChat Pay refuses for good, because the payer's account is gone.
    pub(super) fn stuck_refund(&self, name: &str) -> Result<String> {
        let order = self.paid_from(name, "abnormal")?;
        let refund = self.refund(&order, 0)?;
        let path = format!("/api/mini/orders/{order}");
        look(|| Ok((self.api.get(&path)?["refunds"][0]["status"] == "rejected").then_some(())))
            .with_context(|| format!("{refund} was not refused"))?;
        Ok(refund)
    }

    /// A refund that WeChat Pay could not bring to the payer's account.
    pub(super) fn abnormal_refund(&self, name: &str) -> Result<String> {
        let order = self.paid(name)?;
        let refund = self.refund(&order, 0)?;
        let path = format!("/api/mini/orders/{order}");
        let end = format!("/_sandbox/refund/{refund}");
        // Until it is there it cannot end.
        look(|| Ok(self.sandbox.post(&end, None, &json!({"outcome": "abnormal"})).ok()))?;
        look(|| Ok((self.api.get(&path)?["refunds"][0]["status"] == "abnormal").then_some(())))
            .with_context(|| format!("{refund} is not abnormal"))?;
        Ok(refund)
    }

    /// The order's ETag.
    pub(super) fn tag_of(&self, number: &str) -> Result<String> {
        let order = self.api.get(&format!("/api/mini/orders/{number}"))?;
        Ok(tag(&order))
    }
}

/// The ETag of something that shows its version.
pub(super) fn tag(shown: &Value) -> String {
    format!("\"{}\"", shown["version"])
}

pub(super) fn text(answer: &Value, name: &str) -> Result<String> {
    let found = answer[name].as_str().with_context(|| format!("no {name} in {answer}"))?;
    Ok(found.to_owned())
}

/// Looks until something is there.
pub(super) fn look<T>(mut once: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = once()? {
            return Ok(found);
        }
        thread::sleep(LOOK_EVERY);
    }
    bail!("it did not happen in time")
}
