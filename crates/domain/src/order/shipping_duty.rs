//! What WeChat has to be told of an order's packages, and what is left to be told (发货信息管理, mini-program §3).
//!
//! What WeChat knows is its own record, asked before each report: so nothing is told twice, whatever answer was lost,
//! and nothing about it is kept here. Moves no money and changes no order.

use crate::Timestamp;
use crate::names::{Appid, Openid, TransactionId};
use crate::order::{Order, OrderStatus};
use crate::payment::{Payment, TradeType};
use crate::shipment::{LogisticsType, Package, Shipment};
use crate::shipping_info::{
    DeliveryMode, ITEM_DESC_MAX, RecordedPackage, ShippingInfo, ShippingRecord, ShippingState,
};

/// All of it was told twice: the second time was the one correction.
const CORRECTED: i64 = 2;

/// The duty to tell WeChat of an order's packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingDuty {
    /// The application that the buyer paid in: it is a duty if that is a mini program which is managed.
    pub appid: Appid,
    /// WeChat Pay's number of the payment.
    pub transaction_id: TransactionId,
    /// Since when there is something to tell.
    pub since: Timestamp,
    payer: Openid,
    logistics_type: LogisticsType,
    delivery_mode: DeliveryMode,
    is_all_delivered: bool,
    packages: Vec<Package>,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShippingStep {
    /// Nothing, and nothing will be: it is known, it has arrived, or the money went back.
    Over,
    /// This is to be told.
    Tell(ShippingInfo),
    /// It cannot be told any more, and why: for a person.
    GiveUp(&'static str),
}

impl Order {
    /// What WeChat has to be told of its packages; `None` if nothing, or nothing yet: what is not brought by a
    /// carrier is told when all of it was handed over, because such a report is the last.
    #[must_use]
    pub fn shipping_duty(&self) -> Option<ShippingDuty> {
        let is_out = matches!(
            self.status,
            OrderStatus::Shipped | OrderStatus::Delivered | OrderStatus::Completed
        );
        let payment = self.settled_payment().filter(|_| is_out)?;
        if payment.terms.trade_type() != Some(TradeType::Jsapi) {
            return None;
        }
        let receipt = payment.receipt()?;
        let shipments = self.current_shipments();
        let (last, is_first) = (shipments.last()?, shipments.len() == 1);
        let told = Told::of(shipments)?;
        let is_all_delivered = last.draft.is_all_delivered;
        let is_one = is_first && is_all_delivered && told.packages.len() == 1;
        let is_express = told.logistics_type == LogisticsType::Express;
        let is_unified = is_one || !is_express;
        if is_unified && !is_all_delivered {
            return None;
        }
        Some(ShippingDuty {
            appid: receipt.appid.clone(),
            transaction_id: receipt.transaction_id.clone(),
            since: self.settlement.as_ref().map_or(last.at, |settled| settled.at.max(last.at)),
            payer: payer(payment)?,
            logistics_type: told.logistics_type,
            delivery_mode: if is_unified { DeliveryMode::Unified } else { DeliveryMode::Split },
            is_all_delivered,
            packages: told.packages,
        })
    }

    /// What is on its way now: what came back from the door, all of it sent, was on its way before.
    fn current_shipments(&self) -> &[Shipment] {
        let earlier = self.shipments.split_last().map_or(&[][..], |(_, earlier)| earlier);
        let came_back = earlier.iter().rposition(|shipment| shipment.draft.is_all_delivered);
        let begin = came_back.map_or(0, |index| index.saturating_add(1));
        self.shipments.get(begin..).unwrap_or_default()
    }
}

/// Who paid, as WeChat Pay says; else whom the payment was for.
fn payer(payment: &Payment) -> Option<Openid> {
    let said = payment.receipt().and_then(|receipt| receipt.payer.as_ref());
    said.or(payment.terms.payer.as_ref()).cloned()
}

/// Packages in the form in which they are told.
struct Told {
    logistics_type: LogisticsType,
    packages: Vec<Package>,
}

impl Told {
    /// By express each with its number: what else was handed over has none, and is not told beside it. Otherwise one
    /// package for all, because only express is told in parts.
    fn of(shipments: &[Shipment]) -> Option<Told> {
        let by_express = shipments
            .iter()
            .filter(|shipment| shipment.draft.logistics_type == LogisticsType::Express);
        let packages: Vec<Package> =
            by_express.flat_map(|shipment| &shipment.draft.packages).cloned().collect();
        if !packages.is_empty() {
            return Some(Told { logistics_type: LogisticsType::Express, packages });
        }
        let all = shipments.iter().flat_map(|shipment| &shipment.draft.packages);
        let goods: Vec<&str> = all.map(|package| package.item_desc.as_str()).collect();
        let item_desc: String = goods.join("; ").chars().take(ITEM_DESC_MAX).collect();
        let logistics_type = shipments.last()?.draft.logistics_type;
        let package =
            Package { express_company: None, tracking_no: None, item_desc, contact: None };
        Some(Told { logistics_type, packages: vec![package] })
    }
}

impl ShippingDuty {
    /// What is to be done, given what WeChat knows of the payment.
    #[must_use]
    pub fn step(&self, known: &ShippingRecord, now: Timestamp) -> ShippingStep {
        match known.state {
            ShippingState::Received
            | ShippingState::ToBeSettled
            | ShippingState::Complete
            | ShippingState::Refunded => ShippingStep::Over,
            ShippingState::ToBeShipped | ShippingState::Shipped if self.is_known(known) => {
                ShippingStep::Over
            }
            ShippingState::Shipped if known.times_finished >= CORRECTED => {
                ShippingStep::GiveUp("WeChat knows other packages, and they were corrected before")
            }
            ShippingState::ToBeShipped | ShippingState::Shipped => {
                ShippingStep::Tell(self.info(known, now))
            }
        }
    }

    /// Whether what is known is what we say. By what it is told (in one, or in parts) does not matter.
    fn is_known(&self, known: &ShippingRecord) -> bool {
        let mut told: Vec<_> = self.packages.iter().map(name).collect();
        let mut there: Vec<_> = known.packages.iter().map(recorded_name).collect();
        told.sort_unstable();
        there.sort_unstable();
        known.logistics_type == Some(self.logistics_type)
            && known.is_finished == self.is_all_delivered
            && told == there
    }

    fn info(&self, known: &ShippingRecord, now: Timestamp) -> ShippingInfo {
        // Its times are whole seconds: a second later is later, whatever was cut off.
        let newest = known.packages.iter().map(|package| package.upload_time).max();
        let after_it = newest.map_or(now, |newest| newest.plus_seconds(1));
        ShippingInfo {
            transaction_id: self.transaction_id.clone(),
            payer: self.payer.clone(),
            logistics_type: self.logistics_type,
            delivery_mode: self.delivery_mode,
            is_all_delivered: self.is_all_delivered,
            packages: self.packages.clone(),
            upload_time: now.max(after_it),
        }
    }
}

/// Carrier and number; what is not carried has neither.
fn name(package: &Package) -> (Option<&str>, Option<&str>) {
    (package.express_company.as_deref(), package.tracking_no.as_deref())
}

fn recorded_name(package: &RecordedPackage) -> (Option<&str>, Option<&str>) {
    (package.express_company.as_deref(), package.tracking_no.as_deref())
}
