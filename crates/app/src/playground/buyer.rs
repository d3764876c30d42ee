//! A buyer with a phone: logs in, wants things, checks out, looks at their orders.

use crate::playground::api::{Answer, Api};
use crate::playground::json::{list, number, text};
use crate::playground::stopwatch::Stopwatch;
use anyhow::{Result, bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const CHECKOUT: &str = "/api/mini/wechat-pay/prepay-from-checkout";
/// The longest page of orders.
const PAGE_MAX: u32 = 100;

/// A buyer who is logged in and has an address.
#[derive(Clone)]
pub(crate) struct Buyer {
    api: Api,
    /// Their id at the shop.
    pub(crate) user_id: String,
    /// Where things are sent to.
    pub(crate) address: i64,
}

/// An order that can be paid.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) order_number: String,
    pub(crate) out_trade_no: String,
    pub(crate) amount_fen: i64,
    /// What the phone gives to `wx.requestPayment`.
    pub(crate) pay_params: Value,
}

impl Buyer {
    /// Logs in with a code of `wx.login`. To the sandbox any code is a buyer, the same the same.
    pub(crate) async fn arrive(api: &Api, code: &str) -> Result<Buyer> {
        let login = api.done(Method::POST, "/api/mini/login", &json!({"code": code})).await?;
        let api = api.as_holder_of(text(&login, "/token")?);
        let address = json!({"name": "李雷", "phone": "13800000000", "region": "上海市",
            "detail": "世纪大道 1 号"});
        let address = api.done(Method::POST, "/api/mini/addresses", &address).await?;
        Ok(Buyer { user_id: text(&login, "/user_id")?, address: number(&address, "/id")?, api })
    }

    /// Puts something on the purchase list: the id of the item.
    pub(crate) async fn want(&self, sku_id: &str, quantity: u32) -> Result<i64> {
        let item = json!({"sku_id": sku_id, "quantity": quantity});
        let item = self.api.done(Method::POST, "/api/mini/purchase-list/items", &item).await?;
        number(&item, "/id")
    }

    /// What is on the purchase list.
    pub(crate) async fn wanted(&self) -> Result<Value> {
        Ok(self.api.get("/api/mini/purchase-list").await?["items"].clone())
    }

    /// The total of everything on the list.
    pub(crate) async fn quote(&self) -> Result<i64> {
        let path = "/api/mini/checkout/quote";
        let quote = self.api.done(Method::POST, path, &self.everything()).await?;
        number(&quote, "/amounts/total_fen")
    }

    /// Checks out the whole list, however that is answered.
    pub(crate) async fn check_out(&self) -> Result<Answer> {
        self.api.call(Method::POST, CHECKOUT, &self.everything()).await
    }

    /// Checks out the whole list if it still costs what was quoted, however that is answered.
    pub(crate) async fn check_out_for(&self, total_fen: i64) -> Result<Answer> {
        let mut wish = self.everything();
        wish["expected_total_fen"] = json!(total_fen);
        self.api.call(Method::POST, CHECKOUT, &wish).await
    }

    /// Buys one piece up to the point where the phone asks for the password.
    pub(crate) async fn order_one(&self, sku_id: &str) -> Result<Offer> {
        self.want(sku_id, 1).await?;
        let answer = self.check_out().await?;
        Offer::of(&answer)
    }

    /// Buys a recharge up to the point where the phone asks for the password.
    pub(crate) async fn recharge(&self, package_id: &str) -> Result<Offer> {
        let wish = json!({"package_id": package_id});
        Offer::of(&self.api.call(Method::POST, "/api/mini/recharges", &wish).await?)
    }

    /// Orders the whole list and pays it from the wallet, however that is answered.
    pub(crate) async fn buy_from_the_wallet(&self) -> Result<Answer> {
        let mut wish = self.everything();
        wish["payment_method"] = json!("wallet");
        self.api.call(Method::POST, "/api/mini/orders", &wish).await
    }

    /// What is in the wallet, in fen.
    pub(crate) async fn wallet(&self) -> Result<i64> {
        number(&self.api.get("/api/mini/wallet").await?, "/balance_fen")
    }

    /// How many points there are.
    pub(crate) async fn points(&self) -> Result<i64> {
        number(&self.api.get("/api/mini/points").await?, "/balance")
    }

    /// How they came to be, newest first.
    pub(crate) async fn points_entries(&self) -> Result<Value> {
        self.api.get("/api/mini/points/entries").await
    }

    /// Chooses another way to pay for an order: a QR code.
    pub(crate) async fn pay_by_code(&self, order_number: &str) -> Result<Offer> {
        let path = format!("/api/mini/orders/{order_number}/wechat-pay/prepay");
        Offer::of(&self.api.call(Method::POST, &path, &json!({"trade_type": "NATIVE"})).await?)
    }

    /// Cancels an order: as it is after a moment.
    pub(crate) async fn cancel(&self, order_number: &str) -> Result<Value> {
        let path = format!("/api/mini/orders/{order_number}/cancel");
        self.api.done(Method::POST, &path, &json!({})).await
    }

    /// Asks some of the money of an order back: the refund.
    pub(crate) async fn refund(&self, order_number: &str, amount_fen: i64) -> Result<Value> {
        let path = format!("/api/mini/orders/{order_number}/refunds");
        let wish = json!({"amount_fen": amount_fen, "reason": "不想要了"});
        self.api.done(Method::POST, &path, &wish).await
    }

    /// One of their orders now.
    pub(crate) async fn order(&self, order_number: &str) -> Result<Value> {
        self.api.get(&format!("/api/mini/orders/{order_number}")).await
    }

    /// One of their orders once it is paid. Waits as a phone does, by long polls.
    pub(crate) async fn paid_order(&self, order_number: &str, limit: Duration) -> Result<Value> {
        let begun = Stopwatch::start();
        let path = format!("/api/mini/orders/{order_number}?wait=5");
        loop {
            let order = self.api.get(&path).await?;
            if order["payment_status"] == "paid" {
                return Ok(order);
            }
            if begun.elapsed() > limit {
                let (status, limit) = (&order["status"], limit.as_secs());
                bail!("order {order_number} is still {status}, not paid, after {limit} s");
            }
        }
    }

    /// All their orders. Only looks: WeChat Pay is not asked because of it.
    pub(crate) async fn orders(&self) -> Result<Vec<Value>> {
        let mut orders = Vec::new();
        let mut path = format!("/api/mini/orders?limit={PAGE_MAX}");
        loop {
            let page = self.api.get(&path).await?;
            orders.extend(list(&page, "/data")?.iter().cloned());
            let Some(cursor) = page["next_cursor"].as_str() else { return Ok(orders) };
            path = format!("/api/mini/orders?limit={PAGE_MAX}&cursor={cursor}");
        }
    }

    fn everything(&self) -> Value {
        json!({"item_ids": [], "address_id": self.address})
    }
}

impl Offer {
    /// The offer in an answer that has to hold one.
    pub(crate) fn of(answer: &Answer) -> Result<Offer> {
        ensure!(answer.status == StatusCode::CREATED, "the checkout answered {answer}");
        let body = &answer.body;
        Ok(Offer {
            order_number: text(body, "/order_number")?,
            out_trade_no: text(body, "/out_trade_no")?,
            amount_fen: number(body, "/amount_fen")?,
            pay_params: body["pay_params"].clone(),
        })
    }
}
