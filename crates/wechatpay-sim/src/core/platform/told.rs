//! What was told of a payment's packages, and where it stands (`mini-program.md` §3.2, §3.3).
//!
//! ```text
//! 1 to be shipped ──all of it told──▶ 2 shipped ──▶ 3 received ──▶ 6 to be settled ──▶ 4 complete
//!    any ──all of the money went back──▶ 5 refunded
//! ```
//!
//! MAY NOT be told anew more than once: a report after all of it was told, or in another mode, uses up the one
//! correction.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Errcode;
use super::parcel::Parcel;
use super::upload::Report;
use crate::core::WeChatPay;
use crate::core::ledger::ControlRefusal;
use crate::core::ports::Ports;
use crate::core::settings::shipping::ShippingAgain;
use crate::core::trade::{Payment, TradeState};

/// What was told.
#[derive(Debug, Clone)]
pub(super) struct Told {
    report: Report,
    /// How often all of it was told (`finish_shipping_count`).
    times_finished: u8,
    is_corrected: bool,
    /// How far it went after it was shipped.
    receipt: Option<ShippingStage>,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShippingStage {
    /// 1.
    ToBeShipped,
    /// 2.
    Shipped,
    /// 3.
    Received,
    /// 4.
    Complete,
    /// 5.
    Refunded,
    /// 6.
    ToBeSettled,
}

impl ShippingStage {
    /// `order_state`.
    pub fn number(self) -> u8 {
        match self {
            Self::ToBeShipped => 1,
            Self::Shipped => 2,
            Self::Received => 3,
            Self::Complete => 4,
            Self::Refunded => 5,
            Self::ToBeSettled => 6,
        }
    }

    /// Whether a report is looked at.
    pub(super) fn may_be_shipped(self) -> bool {
        matches!(self, Self::ToBeShipped | Self::Shipped)
    }

    /// How far the goods and their money are, counted.
    fn step(self) -> u8 {
        match self {
            Self::ToBeShipped => 0,
            Self::Shipped => 1,
            Self::Received => 2,
            Self::ToBeSettled => 3,
            Self::Complete | Self::Refunded => 4,
        }
    }
}

/// `POST /_sandbox/shipping/{out_trade_no}`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptForm {
    /// `received`, `to_be_settled` or `complete`.
    pub state: ShippingStage,
}

impl Told {
    pub(super) fn first(report: Report) -> Self {
        let times_finished = u8::from(report.is_finished);
        Self { report, times_finished, is_corrected: false, receipt: None }
    }

    /// Another report, in the place of the one before.
    pub(super) fn again(&mut self, report: Report, as_set: ShippingAgain) -> Result<(), Errcode> {
        if self.says_the_same(&report) {
            return Err(Errcode::NOTHING_CHANGED);
        }
        let told = &self.report;
        let other_mode = told.delivery_mode != report.delivery_mode
            || told.logistics_type != report.logistics_type;
        let corrects = told.is_finished || other_mode;
        if corrects && self.is_corrected {
            return Err(Errcode::CORRECTION_USED);
        }
        if told.is_finished && as_set == ShippingAgain::Refused {
            return Err(Errcode::ALREADY_SHIPPED);
        }
        if report.upload_time <= told.upload_time {
            return Err(Errcode::UPLOAD_TIME);
        }
        self.is_corrected |= corrects;
        self.times_finished = self.times_finished.saturating_add(u8::from(report.is_finished));
        self.report = report;
        Ok(())
    }

    fn says_the_same(&self, report: &Report) -> bool {
        self.report.logistics_type == report.logistics_type
            && self.report.delivery_mode == report.delivery_mode
            && self.report.is_finished == report.is_finished
            && self.report.parcels == report.parcels
    }

    /// `shipping` of `get_order`.
    pub(super) fn wire(&self) -> Value {
        let report = &self.report;
        let at = report.upload_time.unix_timestamp();
        let goods: Vec<&str> =
            report.parcels.iter().map(|parcel| parcel.item_desc.as_str()).collect();
        let list: Vec<Value> =
            report.parcels.iter().map(|parcel: &Parcel| parcel.wire(at)).collect();
        json!({
            "delivery_mode": report.delivery_mode,
            "logistics_type": report.logistics_type,
            "finish_shipping": report.is_finished,
            "goods_desc": goods.join(";"),
            "finish_shipping_count": self.times_finished,
            "shipping_list": list,
        })
    }
}

impl WeChatPay {
    pub(super) fn shipping_stage(&self, number: &str) -> ShippingStage {
        let told = self.platform.told.get(number);
        if self.paid(number).is_some_and(|paid| paid.refunds.refunded_fen >= paid.total_fen) {
            return ShippingStage::Refunded;
        }
        match told {
            Some(Told { receipt: Some(stage), .. }) => *stage,
            Some(told) if told.report.is_finished => ShippingStage::Shipped,
            Some(_) | None => ShippingStage::ToBeShipped,
        }
    }

    pub(super) fn told_of(&self, number: &str) -> Option<&Told> {
        self.platform.told.get(number)
    }

    pub(super) fn paid(&self, number: &str) -> Option<&Payment> {
        match &self.trades.get(number)?.state {
            TradeState::Success(payment) => Some(payment),
            TradeState::NotPay | TradeState::Closed { .. } => None,
        }
    }

    pub(super) fn paid_by(&self, number: &str) -> Option<&str> {
        self.paid(number).map(|payment| payment.openid.as_str())
    }

    /// A payment as the ledger and the control routes show it; `None` if it was not paid.
    pub(crate) fn shipping_view(&self, number: &str) -> Option<Value> {
        let payment = self.paid(number)?;
        Some(json!({
            "out_trade_no": number,
            "transaction_id": payment.transaction_id,
            "order_state": self.shipping_stage(number).number(),
            "shipping": self.told_of(number).map(Told::wire),
        }))
    }

    /// What shipping management knows of a payment.
    pub fn shipping(
        &mut self,
        out_trade_no: &str,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.catch_up(ports);
        self.shipping_view(out_trade_no)
            .ok_or_else(|| ControlRefusal::not_found("no payment with this out_trade_no"))
    }

    /// What is shipped arrives, or its money is settled. Nobody is told: the events that WeChat pushes are not
    /// documented well enough to be imitated.
    pub fn receive(
        &mut self,
        out_trade_no: &str,
        form: ReceiptForm,
        ports: &mut Ports<'_>,
    ) -> Result<Value, ControlRefusal> {
        self.shipping(out_trade_no, ports)?;
        let stage = self.shipping_stage(out_trade_no);
        let goes_on = matches!(
            form.state,
            ShippingStage::Received | ShippingStage::ToBeSettled | ShippingStage::Complete
        );
        if !goes_on {
            let why = "state is received, to_be_settled or complete";
            return Err(ControlRefusal::bad_request(why));
        }
        let is_shipped = stage != ShippingStage::ToBeShipped && stage != ShippingStage::Refunded;
        if !is_shipped || form.state.step() <= stage.step() {
            let why = format!("order_state is {}", stage.number());
            return Err(ControlRefusal::conflict("not_from_here", &why));
        }
        if let Some(told) = self.platform.told.get_mut(out_trade_no) {
            told.receipt = Some(form.state);
        }
        self.shipping(out_trade_no, ports)
    }
}
