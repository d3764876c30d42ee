//! A shop with something in every state: what is drawn at random would never find an order.
//!
//! Set up through the public API, as a merchant and a buyer would.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::http::Caller;

/// Of the goods of `paydesk dev`, the one with enough stock for everything.
const SKU: &str = "longjing";
/// The dictionary of schemathesis.toml.
const ORDERS: &str = "orders.dict";

/// Opens it: a buyer with an address, a filled purchase list, and orders that are unpaid, paid,
/// shipped and cancelled. Gives the buyer's token, and writes the numbers of the orders into
/// `folder`.
pub(super) fn open(
    everybody: &Caller,
    sandbox: &Caller,
    operator: &Caller,
    folder: &Path,
) -> Result<String> {
    let login = everybody.post("/api/mini/login", None, &json!({"code": "api-fuzz"}))?;
    let token = text(&login, "token")?;
    let buyer = Buyer::arrive(everybody.with_token(&token), sandbox.clone())?;
    let cancelled = buyer.order("cancelled")?;
    let path = format!("/api/mini/orders/{cancelled}/cancel");
    buyer.api.post(&path, Some("api-fuzz-cancel-0001"), &json!({}))?;
    let paid = buyer.paid("paid")?;
    let shipped = buyer.paid("shipped")?;
    ship(operator, &shipped)?;
    let unpaid = buyer.order("unpaid")?;
    buyer.want(3)?;
    let numbers = [unpaid, paid, shipped, cancelled];
    let lines: Vec<String> = numbers.iter().map(|number| format!("\"{number}\"\n")).collect();
    let file = folder.join(ORDERS);
    fs::write(&file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(token)
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
}

fn ship(operator: &Caller, number: &str) -> Result<()> {
    let package = json!({"express_company": "SF", "tracking_no": "SF1", "item_desc": "tea",
        "contact": "138****0000"});
    let shipment = json!({"logistics_type": 1, "packages": [package]});
    let path = format!("/api/admin/orders/{number}/ship");
    operator.post(&path, Some("api-fuzz-ship-00001"), &shipment)?;
    Ok(())
}

fn text(answer: &Value, name: &str) -> Result<String> {
    let found = answer[name].as_str().with_context(|| format!("no {name} in {answer}"))?;
    Ok(found.to_owned())
}
