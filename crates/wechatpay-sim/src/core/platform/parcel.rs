//! One package of a report, and its rules (`mini-program.md` §3.2).
//!
//! MAY NOT look at the payment. Lengths are counted in characters.

use serde_json::{Map, Value, json};

use super::{Asked, Errcode, text};

const CARRIER_MAX: usize = 128;
const DESCRIPTION_MAX: usize = 120;
/// The carrier that calls people.
const SF: &str = "SF";

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parcel {
    pub(super) tracking_no: Option<String>,
    pub(super) express_company: Option<String>,
    pub(super) item_desc: String,
    /// Masked.
    pub(super) consignor_contact: Option<String>,
    /// Masked.
    pub(super) receiver_contact: Option<String>,
}

impl Parcel {
    /// Reads one; with express a carrier and its number are wanted.
    pub(super) fn read(value: &Value, is_express: bool) -> Result<Self, Errcode> {
        let members = value.as_object().ok_or(Errcode::PARAMETER)?;
        let tracking_no = carried(members, "tracking_no", is_express, Errcode::TRACKING_NO)?;
        let company = carried(members, "express_company", is_express, Errcode::EXPRESS_COMPANY)?;
        let is_long = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| text.chars().count() > CARRIER_MAX)
        };
        if is_long(&tracking_no) {
            return Err(Errcode::NUMBER_LONG);
        }
        if is_long(&company) {
            return Err(Errcode::COMPANY_LONG);
        }
        let item_desc = text(members, "item_desc").ok_or(Errcode::DESCRIPTION_EMPTY)?.to_owned();
        if item_desc.chars().count() > DESCRIPTION_MAX {
            return Err(Errcode::DESCRIPTION_LONG);
        }
        let contact = members.get("contact").and_then(Value::as_object);
        let consignor_contact = masked(contact, "consignor_contact")?;
        let receiver_contact = masked(contact, "receiver_contact")?;
        let is_called = consignor_contact.is_some() || receiver_contact.is_some();
        if is_express && company.as_deref() == Some(SF) && !is_called {
            return Err(Errcode::PARAMETER);
        }
        let express_company = company;
        Ok(Self { tracking_no, express_company, item_desc, consignor_contact, receiver_contact })
    }

    /// As `get_order` and the ledger show it.
    pub(super) fn wire(&self, upload_time: i64) -> Value {
        let mut wire = json!({"goods_desc": self.item_desc, "upload_time": upload_time});
        let mut contact = Map::new();
        for (name, value) in [
            ("consignor_contact", &self.consignor_contact),
            ("receiver_contact", &self.receiver_contact),
        ] {
            if let Some(value) = value {
                contact.insert(name.to_owned(), json!(value));
            }
        }
        if !contact.is_empty() {
            wire["contact"] = Value::Object(contact);
        }
        for (name, value) in
            [("tracking_no", &self.tracking_no), ("express_company", &self.express_company)]
        {
            if let Some(value) = value {
                wire[name] = json!(value);
            }
        }
        wire
    }
}

/// What only express needs.
fn carried(
    members: &Asked,
    name: &str,
    is_needed: bool,
    wrong: Errcode,
) -> Result<Option<String>, Errcode> {
    match members.get(name) {
        None | Some(Value::Null) if !is_needed => Ok(None),
        Some(Value::String(text)) if !text.is_empty() || !is_needed => {
            Ok(Some(text.clone()).filter(|text| !text.is_empty()))
        }
        _ => Err(wrong),
    }
}

/// A telephone number of which the last four figures can be read, and not all of it.
fn masked(contact: Option<&Asked>, name: &str) -> Result<Option<String>, Errcode> {
    let Some(number) = contact.and_then(|contact| contact.get(name)) else { return Ok(None) };
    let number = number.as_str().ok_or(Errcode::PARAMETER)?;
    let tail: Vec<char> = number.chars().rev().take(4).collect();
    let is_masked = number.contains('*')
        && tail.len() == 4
        && tail.iter().all(char::is_ascii_digit)
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '*'));
    is_masked.then(|| Some(number.to_owned())).ok_or(Errcode::PARAMETER)
}
