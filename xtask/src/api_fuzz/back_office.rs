//! What an operator does so that there is something to call for: goods go out, coupons and packages
//! are offered, cases are open.

use anyhow::{Context, Result};
use serde_json::json;

use super::buyer::{SKU, look, tag, text};
use super::http::Caller;

const RULES: &str = "/api/admin/delivery-rules";

pub(super) struct BackOffice<'a> {
    pub(super) operator: &'a Caller,
    pub(super) sandbox: &'a Caller,
    /// Of the part that is opened for: what is made is made once for each.
    pub(super) part: &'a str,
}

impl BackOffice<'_> {
    /// Enough of everything, and delivery for nothing: operators were let loose on the rules before.
    /// Gives the rules' ETag.
    pub(super) fn make_ready(&self) -> Result<String> {
        self.bring(SKU)?;
        let found = self.operator.get(RULES)?;
        let free = json!({"base_fen": 0, "regions": [], "rush_fen": 0});
        Ok(tag(&self.operator.put(RULES, Some(&tag(&found)), &free)?))
    }

    /// Goods that can be bought for nearly nothing, and that nothing is made of: their id.
    pub(super) fn spare_goods(&self) -> Result<String> {
        let id = format!("spare-{}", self.part);
        let goods = json!({"title": "贴纸", "price_fen": 1, "cost_price_fen": 0});
        self.operator.put(&format!("/api/admin/skus/{id}"), None, &goods)?;
        self.bring(&id)?;
        Ok(id)
    }

    fn bring(&self, sku_id: &str) -> Result<()> {
        let key = format!("api-fuzz-stock-{}", self.part);
        let more = json!({"delta": 1_000, "reason": "api-fuzz"});
        self.operator.post(&format!("/api/admin/skus/{sku_id}/stock"), Some(&key), &more)?;
        Ok(())
    }

    /// A package whose principal is much more than its price, as no merchant would offer: its id.
    pub(super) fn package(&self, credit: &str) -> Result<String> {
        let id = format!("{credit}-{}", self.part);
        let package = json!({"title": "充值", "price_fen": 100, "credit": credit,
            "principal": 100_000_000, "bonus": 0});
        self.operator.put(&format!("/api/admin/recharge-packages/{id}"), None, &package)?;
        Ok(id)
    }

    /// A coupon that can be used for long: its id.
    pub(super) fn coupon(&self, name: &str) -> Result<String> {
        let id = format!("{name}-{}", self.part);
        let coupon = json!({"title": "满减", "kind": "amount", "amount_fen": 1,
            "valid_from": "2020-01-01T00:00:00Z", "valid_to": "2120-01-01T00:00:00Z",
            "per_user_limit": 1_000});
        self.operator.put(&format!("/api/admin/coupons/{id}"), None, &coupon)?;
        Ok(id)
    }

    pub(super) fn issue(&self, coupon: &str, user_id: &str) -> Result<()> {
        let path = format!("/api/admin/coupons/{coupon}/issue");
        self.operator.post(&path, Some("api-fuzz-issue-00001"), &json!({"user_id": user_id}))?;
        Ok(())
    }

    pub(super) fn ship(&self, number: &str) -> Result<()> {
        let package = json!({"express_company": "SF", "tracking_no": "SF1", "item_desc": "tea",
            "contact": "138****0000"});
        let shipment = json!({"logistics_type": 1, "packages": [package]});
        let path = format!("/api/admin/orders/{number}/ship");
        self.operator.post(&path, Some("api-fuzz-ship-00001"), &shipment)?;
        Ok(())
    }

    pub(super) fn deliver(&self, number: &str) -> Result<()> {
        let path = format!("/api/admin/orders/{number}/deliver");
        self.operator.post(&path, Some("api-fuzz-deliver-01"), &json!({}))?;
        Ok(())
    }

    /// Cases about payments that another system of the merchant took, which we are told of: their ids.
    /// Each can be tried again, and is over once.
    pub(super) fn cases(&self, name: &str, count: usize) -> Result<Vec<String>> {
        let number_of = |number| format!("{name}-{}-{number}", self.part);
        for number in (0..count).map(number_of) {
            let trade = json!({"out_trade_no": number, "total_fen": 100,
                "notify_url": format!("http://{}/api/mini/wechat-pay/notify", self.operator.host)});
            self.sandbox.post("/_sandbox/trades", None, &trade)?;
            self.sandbox.post(&format!("/_sandbox/pay/{number}"), None, &json!({}))?;
        }
        (0..count).map(number_of).map(|number| self.case_about(&number)).collect()
    }

    /// It is there with the first notification, and WeChat Pay is not asked whose payment it is for minutes.
    fn case_about(&self, subject: &str) -> Result<String> {
        let path = format!("/api/admin/cases?kind=unknown_order&subject={subject}");
        let found = look(|| {
            let page = self.operator.get(&path)?;
            Ok(page["data"].get(0).cloned())
        });
        let case = found.with_context(|| format!("there is no case about {subject}"))?;
        text(&case, "id")
    }
}
