//! Placing an order: everything that must be durable before WeChat Pay is called.

use crate::changeset::Guard;
use crate::coupon::{CouponHold, CouponHoldStatus, GrantId};
use crate::order::start::Purchase;
use crate::order::wallet::paid;
use crate::order::{
    Checkout, Event, NewPayment, Order, OrderLine, OrderStatus, PaymentMethod, Purpose, SettledBy,
    Settlement, StockOutcome, WalletPayment,
};
use crate::payment::{Payment, Terms};
use crate::pricing::Breakdown;
use crate::stock::{Hold, HoldStatus};
use crate::{Epoch, OrderId, OrderNumber, Timestamp, UserId};
use std::collections::BTreeMap;

/// The most unpaid orders one buyer may have.
pub const OPEN_ORDERS_MAX: u32 = 5;

/// An order for goods, to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its id.
    pub id: OrderId,
    /// Its number.
    pub number: OrderNumber,
    /// Whose it is.
    pub buyer: UserId,
    /// What it costs.
    pub breakdown: Breakdown,
    /// What was asked for.
    pub checkout: Checkout,
    /// The coupon that was priced.
    pub coupon: Option<PricedCoupon>,
    /// How it is to be paid: online, or at the door. What costs nothing is not paid online.
    pub method: PlacedMethod,
    /// The instant until which it can be paid online.
    pub pay_deadline: Timestamp,
    /// The first payment; `None` when it is to be asked for later.
    pub payment: Option<NewPayment>,
    /// To be paid from the wallet, at once.
    pub wallet: Option<WalletPayment>,
}

/// How an order can be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacedMethod {
    /// It waits for WeChat Pay money.
    Online,
    /// It goes out, and its cash is taken at the door.
    CashOnDelivery,
}

/// A coupon of the buyer's, as it was when it was priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedCoupon {
    /// Which one.
    pub grant: GrantId,
    /// The version of its terms.
    pub version: u64,
}

/// Why an order cannot be placed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlacementRefusal {
    /// JSAPI needs to know who pays.
    #[error("the payer's openid is not known")]
    PayerUnknown,
    /// H5 needs to know where the payer is.
    #[error("the payer's address is not known")]
    ClientIpUnknown,
    /// More lines than an order may have.
    #[error("too many lines")]
    TooManyLines,
}

impl Placement {
    /// What happens when this order is placed at `now`, in `epoch`. The prepay body of the payment, if there
    /// is one, is written by `compose`.
    ///
    /// # Errors
    /// When something that the order needs is missing.
    pub fn decide(
        &self,
        now: Timestamp,
        epoch: &Epoch,
        compose: &dyn Fn(&Terms) -> String,
    ) -> Result<Vec<Event>, PlacementRefusal> {
        let lines = self.lines()?;
        let is_cod = self.method == PlacedMethod::CashOnDelivery;
        let free = !is_cod && self.breakdown.amounts.total == crate::Fen::ZERO;
        let wallet = self.wallet.as_ref().filter(|_| !free && !is_cod);
        let wallet = wallet.map(|w| w.record(&self.number, self.breakdown.amounts.total, now));
        let payment = match &wallet {
            Some(_) => wallet.clone(),
            None if free || is_cod => None,
            None => self.first_payment(now, &lines, compose)?,
        };
        let holds = lines.iter().map(hold_for).collect();
        let order = Order {
            id: self.id,
            number: self.number.clone(),
            purpose: Purpose::Goods,
            buyer: Some(self.buyer),
            merchant_ref: None,
            status: if is_cod { OrderStatus::Ready } else { OrderStatus::PendingPayment },
            payment_method: match &wallet {
                Some(_) => PaymentMethod::Wallet,
                None if is_cod => PaymentMethod::Cod,
                None if free => PaymentMethod::Free,
                None => PaymentMethod::Wechat,
            },
            lines,
            amounts: self.breakdown.amounts,
            recharge: None,
            checkout: self.checkout.clone(),
            metadata: BTreeMap::new(),
            holds,
            coupon: self.coupon.as_ref().map(|priced| CouponHold {
                grant: priced.grant.clone(),
                status: CouponHoldStatus::Held,
            }),
            payments: payment.into_iter().collect(),
            refunds: Vec::new(),
            settlement: None,
            cancel_cause: None,
            payer_report: None,
            shipments: Vec::new(),
            version: 0,
            created_at: now,
            epoch: epoch.clone(),
            pay_deadline: (!is_cod).then_some(self.pay_deadline),
            paid_at: None,
            cancelled_at: None,
            delivered_at: None,
            completed_at: None,
        };
        let mut events = vec![Event::Placed(Box::new(order))];
        if free {
            let settlement = Settlement { by: SettledBy::Free, amount: crate::Fen::ZERO, at: now };
            events.push(Event::Settled { settlement, stock: StockOutcome::Committed });
        }
        events.extend(wallet.iter().flat_map(|w| paid(w, StockOutcome::Committed, now)));
        if self.coupon.is_some() && (free || wallet.is_some()) {
            events.push(Event::CouponMoved { to: CouponHoldStatus::Used });
        }
        Ok(events)
    }

    /// What must still be true of shared rows when it commits.
    #[must_use]
    pub fn guards(&self) -> Vec<Guard> {
        let mut guards: Vec<Guard> = self
            .breakdown
            .lines
            .iter()
            .map(|line| Guard::PriceVersion {
                sku_id: line.sku_id.clone(),
                price_version: line.price_version,
            })
            .collect();
        guards.extend(self.coupon.iter().map(|priced| Guard::CouponVersion {
            coupon_id: priced.grant.coupon_id.clone(),
            version: priced.version,
        }));
        if !self.is_paid_at_once() {
            guards.push(Guard::OpenOrdersBelow { buyer: self.buyer, max: OPEN_ORDERS_MAX });
        }
        guards
    }

    /// Whether it never waits for money: it is no unpaid order, however many others are.
    fn is_paid_at_once(&self) -> bool {
        let free = self.breakdown.amounts.total == crate::Fen::ZERO;
        self.method == PlacedMethod::Online && (free || self.wallet.is_some())
    }

    fn lines(&self) -> Result<Vec<OrderLine>, PlacementRefusal> {
        if self.breakdown.lines.len() > usize::from(LINES_MAX) {
            return Err(PlacementRefusal::TooManyLines);
        }
        let lines = (1..=LINES_MAX).zip(&self.breakdown.lines);
        Ok(lines
            .map(|(line_no, priced)| OrderLine {
                line_no,
                sku_id: priced.sku_id.clone(),
                title: priced.title.clone(),
                quantity: priced.quantity,
                unit_price: priced.unit_price,
                amount: priced.amount,
                discount: priced.discount,
            })
            .collect())
    }

    fn first_payment(
        &self,
        now: Timestamp,
        lines: &[OrderLine],
        compose: &dyn Fn(&Terms) -> String,
    ) -> Result<Option<Payment>, PlacementRefusal> {
        let Some(new) = &self.payment else { return Ok(None) };
        if new.lacks_payer() {
            return Err(PlacementRefusal::PayerUnknown);
        }
        if new.lacks_client_ip() {
            return Err(PlacementRefusal::ClientIpUnknown);
        }
        let purchase = Purchase {
            number: &self.number,
            lines,
            total: self.breakdown.amounts.total,
            time_expire: self.pay_deadline,
        };
        Ok(Some(new.record(1, &purchase, now, compose)))
    }
}

/// The most lines of one order.
pub const LINES_MAX: u16 = 200;

fn hold_for(line: &OrderLine) -> Hold {
    Hold {
        line_no: line.line_no,
        sku_id: line.sku_id.clone(),
        quantity: line.quantity,
        returned_quantity: 0,
        status: HoldStatus::Held,
    }
}
