//! `POST /wxa/sec/order/upload_shipping_info`: the form of a report (`mini-program.md` §3.2).
//!
//! MAY NOT look at what was told before: that is `told.rs`.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::order::OrderKey;
use super::parcel::Parcel;
use super::told::Told;
use super::{Asked, Errcode, text};
use crate::core::WeChatPay;
use crate::core::ports::Ports;

const EXPRESS: i64 = 1;
const SELF_PICKUP: i64 = 4;
const UNIFIED: i64 = 1;
const SPLIT: i64 = 2;
const OPENID_MAX: usize = 128;

/// A report.
#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) logistics_type: i64,
    pub(super) delivery_mode: i64,
    /// Whether nothing is left to be sent.
    pub(super) is_finished: bool,
    pub(super) parcels: Vec<Parcel>,
    pub(super) upload_time: OffsetDateTime,
    openid: String,
}

impl Report {
    fn read(asked: &Asked, list_max: usize) -> Result<Self, Errcode> {
        let number = |name: &str| asked.get(name).and_then(Value::as_i64);
        let logistics_type = number("logistics_type")
            .filter(|kind| (EXPRESS..=SELF_PICKUP).contains(kind))
            .ok_or(Errcode::LOGISTICS_TYPE)?;
        let delivery_mode = number("delivery_mode")
            .filter(|mode| (UNIFIED..=SPLIT).contains(mode))
            .ok_or(Errcode::DELIVERY_MODE)?;
        let is_split = delivery_mode == SPLIT;
        if is_split && logistics_type != EXPRESS {
            return Err(Errcode::SPLIT_IS_FOR_EXPRESS);
        }
        let all_delivered = asked.get("is_all_delivered").and_then(Value::as_bool);
        let is_finished = match all_delivered {
            None if is_split => return Err(Errcode::ALL_DELIVERED_MISSING),
            said => !is_split || said == Some(true),
        };
        let list = asked.get("shipping_list").and_then(Value::as_array);
        let list = list.ok_or(Errcode::PARAMETER)?;
        if !is_split && list.len() != 1 {
            return Err(Errcode::UNIFIED_IS_ONE);
        }
        if list.is_empty() {
            return Err(Errcode::PARAMETER);
        }
        if list.len() > list_max {
            return Err(Errcode::LIST_LONG);
        }
        let is_express = logistics_type == EXPRESS;
        let parcels: Result<_, _> =
            list.iter().map(|parcel| Parcel::read(parcel, is_express)).collect();
        let parcels = parcels?;
        let upload_time = text(asked, "upload_time")
            .and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok())
            .ok_or(Errcode::UPLOAD_TIME)?;
        let openid = payer(asked).ok_or(Errcode::PARAMETER)?;
        Ok(Self { logistics_type, delivery_mode, is_finished, parcels, upload_time, openid })
    }
}

fn payer(asked: &Asked) -> Option<String> {
    let openid = text(asked.get("payer")?.as_object()?, "openid")?;
    (openid.chars().count() <= OPENID_MAX).then(|| openid.to_owned())
}

impl WeChatPay {
    pub(super) fn upload_shipping_info(
        &mut self,
        asked: &Asked,
        appid: &str,
        ports: &mut Ports<'_>,
    ) -> Result<Value, Errcode> {
        let key = asked.get("order_key").and_then(Value::as_object).ok_or(Errcode::NUMBER_TYPE)?;
        let key = OrderKey::of_upload(key)?;
        let report = Report::read(asked, self.settings.shipping_list_max)?;
        let number = self.shipped_payment(&key, appid, ports.at.business)?;
        let payer = self.paid_by(&number).ok_or(Errcode::NOT_KNOWN)?;
        if payer != report.openid {
            return Err(Errcode::OTHER_PAYER);
        }
        if !self.shipping_stage(&number).may_be_shipped() {
            return Err(Errcode::NOT_SHIPPABLE);
        }
        let again = self.settings.shipping_again;
        match self.platform.told.get_mut(&number) {
            Some(told) => told.again(report, again)?,
            None => drop(self.platform.told.insert(number, Told::first(report))),
        }
        Ok(json!({"errcode": 0, "errmsg": "ok"}))
    }
}
