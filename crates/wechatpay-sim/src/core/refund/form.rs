//! The field rules of a refund request (`v3.md` §7.5).
//!
//! MAY NOT look at orders, payments or other refunds: only at the form. Lengths are counted in characters, but where the
//! document says bytes (`reason`, `out_refund_no`).

use serde_json::{Map, Value};

use crate::core::fields::Fields;
use crate::core::refusal::Refusal;
use crate::core::urls::notify_url_issue;

const OUT_REFUND_NO_BYTES_MAX: usize = 64;
const REASON_BYTES_MAX: usize = 80;

/// What a well-formed refund request asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct RefundForm {
    /// Of which payment.
    pub of: PaymentNumber,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// Shown to the buyer.
    pub reason: Option<String>,
    /// Where to send the notification; without it there is none.
    pub notify_url: Option<String>,
    /// From which account of the merchant.
    pub funds_account: Option<String>,
    /// How much, in fen.
    pub refund_fen: i64,
    /// The order's total as the merchant knows it, in fen.
    pub total_fen: i64,
    /// `amount.from` as it was given.
    pub from: Option<Value>,
}

/// The one of two numbers by which a payment is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentNumber {
    /// The merchant's.
    OutTradeNo(String),
    /// WeChat Pay's.
    TransactionId(String),
}

impl RefundForm {
    /// Checks every member.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let root = Fields::root(body);
        root.only(&[
            "transaction_id",
            "out_trade_no",
            "out_refund_no",
            "reason",
            "notify_url",
            "funds_account",
            "amount",
            "goods_detail",
        ])?;
        let amount = root.object("amount")?;
        amount.only(&["refund", "total", "currency", "from"])?;
        let form = Self {
            of: payment_number(&root)?,
            out_refund_no: out_refund_no(&root)?,
            reason: reason(&root)?,
            notify_url: notify_url(&root)?,
            funds_account: account(&root, "funds_account", &["AVAILABLE", "UNSETTLED"])?,
            refund_fen: amount.int("refund", 1)?,
            total_fen: amount.int("total", 1)?,
            from: from(&amount)?,
        };
        if amount.text("currency", 16)? != "CNY" {
            return Err(amount.refuse("currency", "Currency code is invalid"));
        }
        goods_detail(&root)?;
        Ok(form)
    }
}

/// 1 to 64 of `[0-9A-Za-z_\-|*@]`.
pub(super) fn is_out_refund_no(text: &str) -> bool {
    (1..=OUT_REFUND_NO_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte))
}

fn payment_number(root: &Fields<'_>) -> Result<PaymentNumber, Refusal> {
    let transaction_id = root.optional_text("transaction_id", 32)?.filter(|id| !id.is_empty());
    let out_trade_no = root.optional_text("out_trade_no", 32)?.filter(|no| !no.is_empty());
    match (transaction_id, out_trade_no) {
        (Some(id), None) => Ok(PaymentNumber::TransactionId(id.to_owned())),
        (None, Some(number)) => Ok(PaymentNumber::OutTradeNo(number.to_owned())),
        (Some(_), Some(_)) => {
            Err(root.refuse("transaction_id", "give transaction_id or out_trade_no, not both"))
        }
        (None, None) => {
            Err(root.refuse("out_trade_no", "one of transaction_id and out_trade_no is required"))
        }
    }
}

fn out_refund_no(root: &Fields<'_>) -> Result<String, Refusal> {
    let number = root.text("out_refund_no", OUT_REFUND_NO_BYTES_MAX)?;
    if !is_out_refund_no(number) {
        let issue = "must be 1 to 64 characters of [0-9A-Za-z_-|*@]";
        return Err(root.refuse("out_refund_no", issue));
    }
    Ok(number.to_owned())
}

fn reason(root: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let reason = root.optional_text("reason", REASON_BYTES_MAX)?;
    if reason.is_some_and(|reason| reason.len() > REASON_BYTES_MAX) {
        return Err(root.refuse("reason", "must not be longer than 80 bytes"));
    }
    Ok(reason.map(str::to_owned))
}

fn notify_url(root: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let Some(url) = root.optional_text("notify_url", 256)? else { return Ok(None) };
    match notify_url_issue(url) {
        None => Ok(Some(url.to_owned())),
        Some(issue) => Err(root.refuse("notify_url", issue)),
    }
}

/// An account of the merchant by one of the names it may have there.
fn account(fields: &Fields<'_>, name: &str, accounts: &[&str]) -> Result<Option<String>, Refusal> {
    match fields.optional_text(name, 32)? {
        None => Ok(None),
        Some(account) if accounts.contains(&account) => Ok(Some(account.to_owned())),
        Some(_) => Err(fields.refuse(name, &format!("must be one of {}", accounts.join(", ")))),
    }
}

fn from(amount: &Fields<'_>) -> Result<Option<Value>, Refusal> {
    let Some(items) = amount.optional_array("from")? else { return Ok(None) };
    for (pointer, item) in &items {
        let item = Fields::element(pointer, item)?;
        item.only(&["account", "amount"])?;
        if account(&item, "account", &["AVAILABLE", "UNAVAILABLE"])?.is_none() {
            return Err(item.refuse("account", "is required"));
        }
        item.int("amount", 1)?;
    }
    Ok(Some(items.into_iter().map(|(_, item)| item.clone()).collect()))
}

fn goods_detail(root: &Fields<'_>) -> Result<(), Refusal> {
    for (pointer, item) in &root.optional_array("goods_detail")?.unwrap_or_default() {
        let item = Fields::element(pointer, item)?;
        item.only(&[
            "merchant_goods_id",
            "wechatpay_goods_id",
            "goods_name",
            "unit_price",
            "refund_amount",
            "refund_quantity",
        ])?;
        item.text("merchant_goods_id", 32)?;
        item.optional_text("wechatpay_goods_id", 32)?;
        item.optional_text("goods_name", 256)?;
        item.int("unit_price", 0)?;
        item.int("refund_amount", 0)?;
        item.int("refund_quantity", 1)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
