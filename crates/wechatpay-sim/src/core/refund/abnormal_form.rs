//! The field rules of an abnormal refund (`v3.md` §7.7), and what was sealed in it (§5.1).
//!
//! MAY NOT look at refunds, and MAY NOT repeat in a refusal what was sealed.

use serde_json::{Map, Value};

use crate::core::fields::Fields;
use crate::core::refund::form::is_out_refund_no;
use crate::core::refusal::Refusal;

/// What a well-formed request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AbnormalForm {
    /// The merchant's number of the refund.
    pub(super) out_refund_no: String,
    /// Where it is to go.
    pub(super) card: Card,
}

/// A card.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Card {
    /// `USER_BANK_CARD`.
    OfUser {
        /// A bank's debit cards.
        bank_type: String,
        /// Its number.
        account: String,
        /// Whose it is.
        name: String,
    },
    /// `MERCHANT_BANK_CARD`.
    OfMerchant,
}

/// Shows no number and no name.
impl std::fmt::Debug for Card {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::OfUser { .. } => "OfUser",
            Self::OfMerchant => "OfMerchant",
        })
    }
}

impl AbnormalForm {
    /// Checks every member; `open` opens what was sealed.
    pub(super) fn parse(
        body: &Map<String, Value>,
        open: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, Refusal> {
        let root = Fields::root(body);
        root.only(&["out_refund_no", "type", "bank_type", "bank_account", "real_name"])?;
        let out_refund_no = root.text("out_refund_no", 64)?;
        if !is_out_refund_no(out_refund_no) {
            let issue = "must be 1 to 64 characters of [0-9A-Za-z_-|*@]";
            return Err(root.refuse("out_refund_no", issue));
        }
        let card = match root.text("type", 32)? {
            "USER_BANK_CARD" => of_user(&root, open)?,
            "MERCHANT_BANK_CARD" => of_merchant(body)?,
            _ => {
                let issue = "must be USER_BANK_CARD or MERCHANT_BANK_CARD";
                return Err(root.refuse("type", issue));
            }
        };
        Ok(Self { out_refund_no: out_refund_no.to_owned(), card })
    }
}

fn of_user(root: &Fields<'_>, open: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Card, Refusal> {
    let bank_type = root.text("bank_type", 16)?;
    let is_debit = bank_type
        .strip_suffix("_DEBIT")
        .is_some_and(|bank| !bank.is_empty() && bank.bytes().all(|byte| byte.is_ascii_uppercase()));
    if !is_debit {
        return Err(root.refuse("bank_type", "must be a debit card as in ICBC_DEBIT"));
    }
    let account = opened(root, "bank_account", &open)?;
    if !account.bytes().all(|byte| byte.is_ascii_digit()) {
        let issue = "what is sealed in it must be the figures of a card";
        return Err(Refusal::body_field("/bank_account", None, issue));
    }
    let name = opened(root, "real_name", &open)?;
    Ok(Card::OfUser { bank_type: bank_type.to_owned(), account, name })
}

/// A merchant's card needs no name: what is not needed is not to be sent.
fn of_merchant(body: &Map<String, Value>) -> Result<Card, Refusal> {
    for name in ["bank_type", "bank_account", "real_name"] {
        if body.contains_key(name) {
            let issue = "is for USER_BANK_CARD";
            return Err(Refusal::body_field(&format!("/{name}"), None, issue));
        }
    }
    Ok(Card::OfMerchant)
}

fn opened(
    root: &Fields<'_>,
    name: &str,
    open: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<String, Refusal> {
    let sealed = root.text(name, 1_024)?;
    let refused = |issue: &str| Refusal::body_field(&format!("/{name}"), None, issue);
    let bytes =
        open(sealed).ok_or_else(|| refused("cannot be opened with the key of Wechatpay-Serial"))?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.is_empty() => Ok(text),
        Ok(_) | Err(_) => Err(refused("what is sealed in it must be text")),
    }
}
