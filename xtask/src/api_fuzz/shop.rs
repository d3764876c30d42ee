//! A shop with something in every state: what is drawn at random would never find an order.
//!
//! Set up through the public API, as a merchant and a buyer would. What is in it is written down in
//! dictionaries, from which schemathesis.toml draws.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
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
/// Refunds of one shipped order that wait for somebody's yes: each is decided once.
const WAITING: usize = 40;
/// Refunds of one order that go on: WeChat Pay takes one a minute.
const MOVING: usize = 8;
/// Refunds that WeChat Pay cannot bring: each is settled once.
const STUCK: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 200;

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
        self.refunds(&buyer)?;
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

    /// Refunds to which somebody can say something.
    fn refunds(&self, buyer: &Buyer) -> Result<()> {
        let (sent, moving) = (buyer.paid("refunds-wait")?, buyer.paid("refunds-move")?);
        self.ship(&sent)?;
        let many = |order: &str, count: usize| {
            (0..count).map(|number| buyer.refund(order, number)).collect::<Result<Vec<_>>>()
        };
        self.write("waiting", &many(&sent, WAITING)?)?;
        self.write("moving", &many(&moving, MOVING)?)?;
        self.write("waiting_orders", &[sent])?;
        let stuck = (0..STUCK).map(|number| buyer.stuck_refund(&format!("refund-stuck-{number}")));
        self.write("stuck", &stuck.collect::<Result<Vec<_>>>()?)
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
        self.paid_from(name, "normal")
    }

    /// The same, from an account of this kind.
    fn paid_from(&self, name: &str, account: &str) -> Result<String> {
        let number = self.order(name)?;
        let payer = json!({"payer_account": account});
        self.sandbox.post(&format!("/_sandbox/pay/{number}"), None, &payer)?;
        let order = self.api.get(&format!("/api/mini/orders/{number}?wait=10"))?;
        ensure!(order["payment_status"] == "paid", "{number} was not paid: {order}");
        Ok(number)
    }

    /// One fen of a paid order is asked back: the refund's number.
    fn refund(&self, order: &str, number: usize) -> Result<String> {
        let ask = json!({"amount_fen": 1, "reason": "api-fuzz"});
        let path = format!("/api/mini/orders/{order}/refunds");
        let refund = self.api.post(&path, Some(&format!("api-fuzz-refund-{number}")), &ask)?;
        text(&refund, "out_refund_no")
    }

    /// A refund that WeChat Pay refuses for good, because the payer's account is gone.
    fn stuck_refund(&self, name: &str) -> Result<String> {
        let order = self.paid_from(name, "abnormal")?;
        let refund = self.refund(&order, 0)?;
        for _ in 0..LOOKS_MAX {
            let shown = self.api.get(&format!("/api/mini/orders/{order}"))?;
            if shown["refunds"][0]["status"] == "rejected" {
                return Ok(refund);
            }
            thread::sleep(LOOK_EVERY);
        }
        bail!("{refund} was not refused in time")
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
