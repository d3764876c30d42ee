//! A shop with something in every state: what is drawn at random would never find an order.
//!
//! Set up through the public API, as a merchant and a buyer would. What is in it is written down in
//! dictionaries, from which schemathesis.toml draws.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::Caller;

/// Of the goods of `paydesk dev`, the one that no request draws: operators change the prices of the
/// others, so that those may be below their cost.
const SKU: &str = "longjing";
/// A buyer can have five; the others are for those that are drawn.
const UNPAID: usize = 2;
/// An order is shipped or completed once, and a number that is drawn meets it once.
const PAID: usize = 8;
const SHIPPED: usize = 8;
const DELIVERED: usize = 8;

/// Who sets it up.
pub(super) struct Opening<'a> {
    pub(super) everybody: &'a Caller,
    pub(super) sandbox: &'a Caller,
    pub(super) operator: &'a Caller,
    /// The folder of the dictionaries.
    pub(super) folder: &'a Path,
}

impl Opening<'_> {
    /// A new buyer with addresses, a purchase list, and orders that are unpaid, paid, shipped,
    /// delivered and cancelled; gives the buyer's token.
    pub(super) fn open(&self, name: &str) -> Result<String> {
        let login = json!({"code": format!("api-fuzz-{name}")});
        let token = text(&self.everybody.post("/api/mini/login", None, &login)?, "token")?;
        let buyer = Buyer::arrive(self.everybody.with_token(&token), self.sandbox.clone())?;
        let cancelled = buyer.order("cancelled")?;
        let path = format!("/api/mini/orders/{cancelled}/cancel");
        buyer.api.post(&path, Some("api-fuzz-cancel-0001"), &json!({}))?;
        let many = |state: &str, count: usize, make: &dyn Fn(&str) -> Result<String>| {
            (0..count)
                .map(|number| make(&format!("{state}-{number}")))
                .collect::<Result<Vec<String>>>()
        };
        let paid = many("paid", PAID, &|name| buyer.paid(name))?;
        let shipped = many("shipped", SHIPPED, &|name| buyer.paid(name))?;
        let delivered = many("delivered", DELIVERED, &|name| buyer.paid(name))?;
        for number in shipped.iter().chain(&delivered) {
            self.ship(number)?;
        }
        for number in &delivered {
            let path = format!("/api/admin/orders/{number}/deliver");
            self.operator.post(&path, Some("api-fuzz-deliver-01"), &json!({}))?;
        }
        let unpaid = many("unpaid", UNPAID, &|name| buyer.unpaid(name))?;
        let items = [buyer.want(3)?];
        let all = [&unpaid[..], &paid, &shipped, &delivered, &[cancelled]].concat();
        self.write("orders", &all)?;
        for (state, numbers) in
            [("unpaid", &unpaid), ("paid", &paid), ("shipped", &shipped), ("delivered", &delivered)]
        {
            self.write(state, numbers)?;
            let tags = numbers.iter().map(|number| buyer.tag_of(number));
            self.write(&format!("{state}_tags"), &tags.collect::<Result<Vec<_>>>()?)?;
        }
        self.write("items", &items.map(|item| item.to_string()))?;
        self.write("addresses", &[buyer.address_id.to_string()])?;
        Ok(token)
    }

    fn ship(&self, number: &str) -> Result<()> {
        let package = json!({"express_company": "SF", "tracking_no": "SF1", "item_desc": "tea",
            "contact": "138****0000"});
        let shipment = json!({"logistics_type": 1, "packages": [package]});
        let path = format!("/api/admin/orders/{number}/ship");
        self.operator.post(&path, Some("api-fuzz-ship-00001"), &shipment)?;
        Ok(())
    }

    /// In libFuzzer's form, which schemathesis reads: a quoted text a line.
    fn write(&self, name: &str, words: &[String]) -> Result<()> {
        let file = self.folder.join(format!("{name}.dict"));
        let lines: Vec<String> =
            words.iter().map(|word| format!("{}\n", Value::from(word.as_str()))).collect();
        fs::write(&file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))
    }
}

struct Buyer {
    api: Caller,
    sandbox: Caller,
    address_id: i64,
}

impl Buyer {
    fn arrive(api: Caller, sandbox: Caller) -> Result<Self> {
        let address = json!({"name": "Li Lei", "phone": "13800000000", "region": "Shanghai",
            "detail": "1 Century Avenue"});
        let booked = api.post("/api/mini/addresses", None, &address)?;
        let address_id = booked["id"].as_i64().context("an address without an id")?;
        Ok(Self { api, sandbox, address_id })
    }

    fn want(&self, quantity: u32) -> Result<Value> {
        let item = json!({"sku_id": SKU, "quantity": quantity});
        let added = self.api.post("/api/mini/purchase-list/items", None, &item)?;
        Ok(added["id"].clone())
    }

    /// An order that waits for its payment: its number.
    fn order(&self, name: &str) -> Result<String> {
        let item = self.want(1)?;
        self.order_line(name, &item)
    }

    /// The same, its line taken off the list: who checks out the whole list meets no open order.
    fn unpaid(&self, name: &str) -> Result<String> {
        let item = self.want(1)?;
        let number = self.order_line(name, &item)?;
        self.api.delete(&format!("/api/mini/purchase-list/items/{item}"))?;
        Ok(number)
    }

    fn order_line(&self, name: &str, item: &Value) -> Result<String> {
        let checkout = json!({"item_ids": [item], "address_id": self.address_id});
        let path = "/api/mini/wechat-pay/prepay-from-checkout";
        let offer = self.api.post(path, Some(&format!("api-fuzz-order-{name}")), &checkout)?;
        text(&offer, "order_number")
    }

    /// An order that is paid: its number.
    fn paid(&self, name: &str) -> Result<String> {
        let number = self.order(name)?;
        self.sandbox.post(&format!("/_sandbox/pay/{number}"), None, &json!({}))?;
        let order = self.api.get(&format!("/api/mini/orders/{number}?wait=10"))?;
        ensure!(order["payment_status"] == "paid", "{number} was not paid: {order}");
        Ok(number)
    }

    /// The order's ETag.
    fn tag_of(&self, number: &str) -> Result<String> {
        let order = self.api.get(&format!("/api/mini/orders/{number}"))?;
        Ok(format!("\"{}\"", order["version"]))
    }
}

fn text(answer: &Value, name: &str) -> Result<String> {
    let found = answer[name].as_str().with_context(|| format!("no {name} in {answer}"))?;
    Ok(found.to_owned())
}
