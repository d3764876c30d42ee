//! Buying a recharge: an order without goods, whose money credits its buyer when it comes.

use crate::changeset::Guard;
use crate::order::place::{OPEN_ORDERS_MAX, PlacementRefusal};
use crate::order::start::Purchase;
use crate::order::{
    Amounts, Checkout, Event, NewPayment, Order, OrderLine, OrderStatus, PaymentMethod, Purpose,
};
use crate::payment::Terms;
use crate::recharge::RechargePackage;
use crate::{Epoch, Fen, OrderId, OrderNumber, Timestamp, UserId};
use std::collections::BTreeMap;

/// A recharge, to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RechargePurchase {
    /// The order's id.
    pub id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Whose it is.
    pub buyer: UserId,
    /// What is bought, as it is offered now.
    pub package: RechargePackage,
    /// The instant until which it can be paid.
    pub pay_deadline: Timestamp,
    /// Its first payment.
    pub payment: NewPayment,
}

impl RechargePurchase {
    /// What a package costs: its price, without any fee.
    #[must_use]
    pub fn amounts(package: &RechargePackage) -> Amounts {
        Amounts { items: package.price, total: package.price, ..Amounts::default() }
    }

    /// What happens when it is placed at `now`, in `epoch`. The prepay body is written by `compose`.
    ///
    /// # Errors
    /// When something that the order needs is missing.
    pub fn decide(
        &self,
        now: Timestamp,
        epoch: &Epoch,
        compose: &dyn Fn(&Terms) -> String,
    ) -> Result<Vec<Event>, PlacementRefusal> {
        if self.payment.lacks_payer() {
            return Err(PlacementRefusal::PayerUnknown);
        }
        if self.payment.lacks_client_ip() {
            return Err(PlacementRefusal::ClientIpUnknown);
        }
        let price = self.package.price;
        let lines = vec![OrderLine {
            line_no: 1,
            sku_id: self.package.id.as_line().clone(),
            title: self.package.title.clone(),
            quantity: 1,
            unit_price: price,
            amount: price,
            discount: Fen::ZERO,
        }];
        let purchase = Purchase {
            number: &self.number,
            lines: &lines,
            total: price,
            time_expire: self.pay_deadline,
        };
        let payment = self.payment.record(1, &purchase, now, compose);
        let order = Order {
            id: self.id,
            number: self.number.clone(),
            purpose: Purpose::Recharge,
            buyer: Some(self.buyer),
            merchant_ref: None,
            status: OrderStatus::PendingPayment,
            payment_method: PaymentMethod::Wechat,
            lines,
            amounts: RechargePurchase::amounts(&self.package),
            recharge: Some(self.package.promise),
            coupon: None,
            checkout: Checkout { trade_type: Some(self.payment.trade_type), ..Checkout::default() },
            metadata: BTreeMap::new(),
            holds: Vec::new(),
            payments: vec![payment],
            refunds: Vec::new(),
            settlement: None,
            cancel_cause: None,
            payer_report: None,
            shipments: Vec::new(),
            version: 0,
            created_at: now,
            epoch: epoch.clone(),
            pay_deadline: Some(self.pay_deadline),
            paid_at: None,
            cancelled_at: None,
            delivered_at: None,
            completed_at: None,
        };
        Ok(vec![Event::Placed(Box::new(order))])
    }

    /// What must still be true of shared rows when it commits.
    #[must_use]
    pub fn guards(&self) -> Vec<Guard> {
        vec![Guard::OpenOrdersBelow { buyer: self.buyer, max: OPEN_ORDERS_MAX }]
    }
}
