//! The field rules of a prepay body (`v3.md` §7.1).
//!
//! MAY NOT look at existing orders or the merchant: only at the form. Lengths are counted in characters.

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::core::fields::Fields;
use crate::core::refusal::Refusal;
use crate::core::route::TradeType;
use crate::core::urls::notify_url_issue;
use crate::core::wire_time::parse_beijing;

const DETAIL_BYTES_MAX: usize = 6_144;

/// What a well-formed prepay asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct PrepayForm {
    /// Application.
    pub appid: String,
    /// Merchant.
    pub mchid: String,
    /// Text on the user's bill.
    pub description: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// Last moment to pay, as asked for (not yet clamped).
    pub time_expire: Option<OffsetDateTime>,
    /// Merchant data, echoed after payment.
    pub attach: Option<String>,
    /// Where to send the notification.
    pub notify_url: String,
    /// Fen.
    pub total_fen: i64,
    /// The payer, for JSAPI.
    pub openid: Option<String>,
    /// Shop terminal, echoed after payment.
    pub device_id: Option<String>,
}

impl PrepayForm {
    /// Checks every member.
    pub fn parse(body: &Map<String, Value>, trade_type: TradeType) -> Result<Self, Refusal> {
        let root = Fields::root(body);
        let mut allowed = vec![
            "appid",
            "mchid",
            "description",
            "out_trade_no",
            "time_expire",
            "attach",
            "notify_url",
            "goods_tag",
            "limit_pay",
            "support_fapiao",
            "amount",
            "detail",
            "scene_info",
            "settle_info",
        ];
        if trade_type == TradeType::Jsapi {
            allowed.push("payer");
        }
        root.only(&allowed)?;
        let form = Self {
            appid: root.text("appid", 32)?.to_owned(),
            mchid: root.text("mchid", 32)?.to_owned(),
            description: root.text("description", 127)?.to_owned(),
            out_trade_no: out_trade_no(&root)?,
            time_expire: time_expire(&root)?,
            attach: root.optional_text("attach", 128)?.map(str::to_owned),
            notify_url: notify_url(&root)?,
            total_fen: amount(&root)?,
            openid: match trade_type {
                TradeType::Jsapi => Some(payer(&root)?),
                TradeType::Native | TradeType::H5 | TradeType::App => None,
            },
            device_id: scene_info(&root, trade_type)?,
        };
        root.optional_text("goods_tag", 32)?;
        root.optional_bool("support_fapiao")?;
        limit_pay(&root)?;
        detail(&root)?;
        settle_info(&root)?;
        Ok(form)
    }
}

/// 6 to 32 of `[0-9A-Za-z_\-|*]`.
pub fn is_out_trade_no(text: &str) -> bool {
    (6..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte))
}

fn out_trade_no(root: &Fields<'_>) -> Result<String, Refusal> {
    let number = root.text("out_trade_no", 32)?;
    if !is_out_trade_no(number) {
        return Err(root.refuse("out_trade_no", "must be 6 to 32 characters of [0-9A-Za-z_-|*]"));
    }
    Ok(number.to_owned())
}

fn time_expire(root: &Fields<'_>) -> Result<Option<OffsetDateTime>, Refusal> {
    let Some(text) = root.optional_text("time_expire", 64)? else { return Ok(None) };
    match parse_beijing(text) {
        Some(at) => Ok(Some(at)),
        None => Err(root.refuse("time_expire", "must be yyyy-MM-DDTHH:mm:ss+08:00")),
    }
}

fn notify_url(root: &Fields<'_>) -> Result<String, Refusal> {
    let url = root.text("notify_url", 255)?;
    match notify_url_issue(url) {
        None => Ok(url.to_owned()),
        Some(issue) => Err(root.refuse("notify_url", issue)),
    }
}

fn amount(root: &Fields<'_>) -> Result<i64, Refusal> {
    let amount = root.object("amount")?;
    amount.only(&["total", "currency"])?;
    if amount.optional_text("currency", 16)?.is_some_and(|currency| currency != "CNY") {
        return Err(amount.refuse("currency", "Currency code is invalid"));
    }
    amount.int("total", 1)
}

fn payer(root: &Fields<'_>) -> Result<String, Refusal> {
    let payer = root.object("payer")?;
    payer.only(&["openid"])?;
    Ok(payer.text("openid", 128)?.to_owned())
}

/// For H5 it is required, and says in what the payer's browser runs.
fn scene_info(root: &Fields<'_>, trade_type: TradeType) -> Result<Option<String>, Refusal> {
    let scene = if trade_type == TradeType::H5 {
        let scene = root.object("scene_info")?;
        scene.only(&["payer_client_ip", "device_id", "store_info", "h5_info"])?;
        h5_info(&scene)?;
        scene
    } else {
        let Some(scene) = root.optional_object("scene_info")? else { return Ok(None) };
        scene.only(&["payer_client_ip", "device_id", "store_info"])?;
        scene
    };
    let address = scene.text("payer_client_ip", 45)?;
    match address.parse::<std::net::IpAddr>() {
        Ok(parsed) if !parsed.to_canonical().is_loopback() => {}
        _ => return Err(scene.refuse("payer_client_ip", "must be the user's IP address")),
    }
    if let Some(store) = scene.optional_object("store_info")? {
        store.only(&["id", "name", "area_code", "address"])?;
        store.text("id", 32)?;
        store.optional_text("name", 256)?;
        store.optional_text("area_code", 32)?;
        store.optional_text("address", 512)?;
    }
    Ok(scene.optional_text("device_id", 32)?.map(str::to_owned))
}

/// `type` is a word without a closed list in the documents, so any is taken. The lengths of the others are recalled, not
/// read: a client that keeps within them is safe.
fn h5_info(scene: &Fields<'_>) -> Result<(), Refusal> {
    let h5 = scene.object("h5_info")?;
    h5.only(&["type", "app_name", "app_url", "bundle_id", "package_name"])?;
    h5.text("type", 32)?;
    h5.optional_text("app_name", 64)?;
    h5.optional_text("app_url", 128)?;
    h5.optional_text("bundle_id", 128)?;
    h5.optional_text("package_name", 128)?;
    Ok(())
}

fn limit_pay(root: &Fields<'_>) -> Result<(), Refusal> {
    for (pointer, item) in root.optional_array("limit_pay")?.unwrap_or_default() {
        if !item.is_string() {
            return Err(Refusal::body_field(&pointer, Some(item), "must be a string"));
        }
    }
    Ok(())
}

fn detail(root: &Fields<'_>) -> Result<(), Refusal> {
    let Some(detail) = root.optional_object("detail")? else { return Ok(()) };
    detail.only(&["cost_price", "invoice_id", "goods_detail"])?;
    detail.optional_int("cost_price", 0)?;
    detail.optional_text("invoice_id", 32)?;
    let Some(goods) = detail.optional_array("goods_detail")? else { return Ok(()) };
    if goods.is_empty() {
        return Err(detail.refuse("goods_detail", "must have at least one item"));
    }
    for (pointer, item) in &goods {
        let item = Fields::element(pointer, item)?;
        item.only(&[
            "merchant_goods_id",
            "wechatpay_goods_id",
            "goods_name",
            "quantity",
            "unit_price",
        ])?;
        let id = item.text("merchant_goods_id", 32)?;
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
            return Err(item.refuse("merchant_goods_id", "must be of [0-9A-Za-z_-]"));
        }
        item.optional_text("wechatpay_goods_id", 32)?;
        item.optional_text("goods_name", 256)?;
        item.int("quantity", 1)?;
        item.int("unit_price", 0)?;
    }
    if detail.compact_len() > DETAIL_BYTES_MAX {
        return Err(root.refuse("detail", "must not be longer than 6144 bytes"));
    }
    Ok(())
}

fn settle_info(root: &Fields<'_>) -> Result<(), Refusal> {
    let Some(settle) = root.optional_object("settle_info")? else { return Ok(()) };
    settle.only(&["profit_sharing"])?;
    settle.optional_bool("profit_sharing").map(|_| ())
}

#[cfg(test)]
mod tests;
