//! One order: the aggregate that owns its lines, holds, payments and refunds.
//!
//! ```text
//! pending_payment ──────────────────────────▶ ready ─▶ shipped ─▶ delivered ─▶ completed
//!        │  cancel, deadline                    ▲
//!        └────────▶ cancelling ── a success ────┘
//!                       └── every payment proven ended ──▶ cancelled
//!
//! ready, not shipped: cancel ─▶ cancelling ── its refund accepted ──▶ cancelled
//!                                    └── its refund rejected or declined ──▶ ready
//!
//! cash on delivery begins at ready; shipped: refused at the door ─▶ cancelling ─▶ cancelled
//! ```
//!
//! May not be changed but by [`Order::apply`] of events that [`Order::decide`] gave.

mod adopt;
mod apply;
mod cancel;
mod cash;
mod command;
mod coupon;
mod decide;
mod event;
mod fulfil;
mod payable;
mod place;
mod prepay;
mod recharge;
mod refunds;
mod report;
mod settle;
mod shipping_duty;
mod start;
#[cfg(test)]
mod tests;
mod wallet;

pub use adopt::{Lost, ours};
pub use command::{
    CancelCause, Circumstances, Command, CompletedBy, Decision, LineQuantity, PayerResult,
    PrepayAnswer, RefundAnswer, RefundAsk, RefundOf, Rejection,
};
pub use event::{CouponOutcome, Event, StockOutcome};
pub use fulfil::COMPLETE_AFTER_S;
pub use place::{
    LINES_MAX, OPEN_ORDERS_MAX, PlacedMethod, Placement, PlacementRefusal, PricedCoupon,
};
pub use recharge::RechargePurchase;
pub use settle::HORIZON_S;
pub use shipping_duty::{ShippingDuty, ShippingStep};
pub use start::{NewPayment, PREPAY_MARGIN_S};
pub use wallet::WalletPayment;

use crate::buyer::{Address, AddressId, ItemId};
use crate::cash::Courier;
use crate::catalogue::SkuId;
use crate::coupon::{CouponHold, CouponId};
use crate::payment::{Payment, PaymentNo, TradeType};
use crate::recharge::Promise;
use crate::refund::Refund;
use crate::shipment::Shipment;
use crate::stock::Hold;
use crate::{Epoch, Fen, OrderId, OrderNumber, OutTradeNo, Timestamp, UserId};
use std::collections::BTreeMap;

/// An order, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id inside.
    pub id: OrderId,
    /// Its number for people and WeChat Pay.
    pub number: OrderNumber,
    /// What it is for.
    pub purpose: Purpose,
    /// Whose it is; `None` for a merchant backend's order.
    pub buyer: Option<UserId>,
    /// A merchant backend's own reference.
    pub merchant_ref: Option<String>,
    /// Where it stands.
    pub status: OrderStatus,
    /// How it is paid.
    pub payment_method: PaymentMethod,
    /// What is bought, frozen.
    pub lines: Vec<OrderLine>,
    /// What it costs, frozen.
    pub amounts: Amounts,
    /// What a recharge credits once it is paid, frozen; `None` for other purposes.
    pub recharge: Option<Promise>,
    /// What was asked for at checkout, frozen: an equal request gets this order again.
    pub checkout: Checkout,
    /// A merchant's own notes.
    pub metadata: BTreeMap<String, String>,
    /// The goods promised to it.
    pub holds: Vec<Hold>,
    /// Its coupon, when it was priced with one.
    pub coupon: Option<CouponHold>,
    /// Its payments, by number from 1.
    pub payments: Vec<Payment>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// What settled it. At most one, for ever.
    pub settlement: Option<Settlement>,
    /// Why it was cancelled, once that was asked for.
    pub cancel_cause: Option<CancelCause>,
    /// What the payer's client last said. A hint, never trusted.
    pub payer_report: Option<PayerReport>,
    /// What was sent, oldest first.
    pub shipments: Vec<Shipment>,
    /// The number of commits so far.
    pub version: u64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// The life of the database in which it was placed. In a later one, what was known of it may be
    /// lost, payments and all: nothing settles it that was not asked for since.
    pub epoch: Epoch,
    /// Until when it can be paid; also `time_expire` at WeChat Pay. `None` for cash on delivery: each
    /// online payment of it has its own.
    pub pay_deadline: Option<Timestamp>,
    /// When it was paid: WeChat Pay's `success_time`, however late we heard of it.
    pub paid_at: Option<Timestamp>,
    /// When it was cancelled for good.
    pub cancelled_at: Option<Timestamp>,
    /// When it arrived.
    pub delivered_at: Option<Timestamp>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
}

/// What an order is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Goods of our shop.
    Goods,
    /// Credit for the buyer's wallet or points.
    Recharge,
    /// A payment for a merchant backend that keeps its own orders.
    External,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderStatus {
    /// Waiting for money.
    PendingPayment,
    /// Being cancelled: open payments are being closed, nothing is released yet.
    Cancelling,
    /// Cancelled. Final.
    Cancelled,
    /// Paid (or cash on delivery): to be shipped.
    Ready,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Done. Final.
    Completed,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentMethod {
    /// WeChat Pay.
    Wechat,
    /// Cash on delivery.
    Cod,
    /// The buyer's wallet.
    Wallet,
    /// Nothing to pay.
    Free,
}

/// Whether its money came. Derived from the settlement and the refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// Not yet.
    Unpaid,
    /// Settled.
    Paid,
    /// Settled, and some of it went back.
    PartiallyRefunded,
    /// All of it went back.
    Refunded,
}

/// One line of goods, frozen at placing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// From 1.
    pub line_no: u16,
    /// What.
    pub sku_id: SkuId,
    /// Its title then.
    pub title: String,
    /// How many.
    pub quantity: u32,
    /// Its price then.
    pub unit_price: Fen,
    /// `unit_price × quantity`.
    pub amount: Fen,
    /// Its share of the discount.
    pub discount: Fen,
}

/// The sums of an order: `total = items − discount + delivery + rush`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Σ lines.
    pub items: Fen,
    /// What the coupon takes off.
    pub discount: Fen,
    /// Delivery fee.
    pub delivery: Fen,
    /// Rush fee.
    pub rush: Fen,
    /// What is paid.
    pub total: Fen,
}

/// What the buyer asked for, as far as it is not in lines and amounts. The remark is personal:
/// `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Checkout {
    /// The purchase-list lines that were captured, ascending. Cleared when paid.
    pub captured_items: Vec<ItemId>,
    /// The address in the buyer's book.
    pub address_id: Option<AddressId>,
    /// The address as it was.
    pub address: Option<Address>,
    /// The coupon.
    pub coupon_id: Option<CouponId>,
    /// Whether rush was asked for.
    pub rush: bool,
    /// The buyer's words.
    pub remark: Option<String>,
    /// The way to pay that was asked for with it; `None` for an order placed directly, whose
    /// payment is asked for later.
    pub trade_type: Option<TradeType>,
}

impl core::fmt::Debug for Checkout {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Checkout")
            .field("captured_items", &self.captured_items)
            .field("coupon_id", &self.coupon_id)
            .field("rush", &self.rush)
            .field("trade_type", &self.trade_type)
            .finish_non_exhaustive()
    }
}

/// What a payer's client said, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerReport {
    /// What.
    pub result: PayerResult,
    /// When.
    pub at: Timestamp,
}

/// What settled an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// By what.
    pub by: SettledBy,
    /// How much, in fen.
    pub amount: Fen,
    /// When we recorded it.
    pub at: Timestamp,
}

/// What an order can be settled by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettledBy {
    /// A WeChat Pay payment of this order.
    Wechat {
        /// Which.
        payment_no: PaymentNo,
    },
    /// Cash that was taken at the door.
    Cash {
        /// Who took it.
        courier: Courier,
    },
    /// The payment from the buyer's wallet.
    Wallet {
        /// Which: [`crate::payment::WALLET_PAYMENT`].
        payment_no: PaymentNo,
    },
    /// Nothing was owed.
    Free,
}

impl Order {
    /// Whether its money came, and whether it went back.
    #[must_use]
    pub fn payment_status(&self) -> PaymentStatus {
        let refunded = self.refunded();
        match &self.settlement {
            None => PaymentStatus::Unpaid,
            Some(_) if refunded == Fen::ZERO => PaymentStatus::Paid,
            Some(settlement) if refunded < settlement.amount => PaymentStatus::PartiallyRefunded,
            Some(_) => PaymentStatus::Refunded,
        }
    }

    /// What it was paid, in fen.
    #[must_use]
    pub fn paid(&self) -> Fen {
        self.settlement.as_ref().map_or(Fen::ZERO, |s| s.amount)
    }

    /// The payment that settled it, at WeChat Pay or from the wallet.
    #[must_use]
    pub fn settled_payment(&self) -> Option<&Payment> {
        match &self.settlement.as_ref()?.by {
            SettledBy::Wechat { payment_no } | SettledBy::Wallet { payment_no } => {
                self.payment_by_no(*payment_no)
            }
            SettledBy::Cash { .. } | SettledBy::Free => None,
        }
    }

    /// The payment with this number.
    #[must_use]
    pub fn payment(&self, out_trade_no: &OutTradeNo) -> Option<&Payment> {
        self.payments.iter().find(|p| p.out_trade_no() == out_trade_no)
    }

    /// The payment that is the first, second, … of this order.
    #[must_use]
    pub fn payment_by_no(&self, no: PaymentNo) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.no == no)
    }

    /// The payment whose money a refund returns.
    #[must_use]
    pub fn payment_of(&self, refund: &Refund) -> Option<&Payment> {
        self.payment_by_no(refund.payment_no)
    }

    /// The payment that the buyer may be sent to.
    #[must_use]
    pub fn open_payment(&self) -> Option<&Payment> {
        self.payments.iter().find(|p| p.is_open())
    }
}

impl Purpose {
    /// Where an order of this purpose stands once it is paid: goods wait to be shipped, the
    /// others have nothing left to do.
    #[must_use]
    pub fn status_when_paid(self) -> OrderStatus {
        match self {
            Purpose::Goods => OrderStatus::Ready,
            Purpose::Recharge | Purpose::External => OrderStatus::Completed,
        }
    }
}
