//! The rows of an order besides its payments and its money.

use super::shipment::ShipmentRow;
use super::{
    CouponUseRow, Instant, OrderRows, PaymentRow, RefundRow, SettlementRow, corrupt, number,
};
use crate::words::Word as _;
use domain::buyer::Address;
use domain::catalogue::SkuId;
use domain::coupon::CouponId;
use domain::order::{
    Amounts, CancelCause, Checkout, Order, OrderLine, OrderStatus, PayerReport, PayerResult,
    PaymentMethod, Purpose,
};
use domain::payment::TradeType;
use domain::ports::StoreError;
use domain::recharge::{Credit, Promise};
use domain::stock::{Hold, HoldStatus};
use domain::{Epoch, Fen, OrderId, OrderNumber, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One row of `orders`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct OrderRow {
    id: Uuid,
    order_number: String,
    purpose: String,
    buyer_id: Option<Uuid>,
    merchant_ref: Option<String>,
    status: String,
    payment_status: String,
    payment_method: String,
    converting: bool,
    lines: Vec<LineRow>,
    items_fen: i64,
    discount_fen: i64,
    delivery_fen: i64,
    rush_fen: i64,
    total_fen: i64,
    recharge: Option<PromiseRow>,
    checkout: CheckoutRow,
    metadata: BTreeMap<String, String>,
    cancel_cause: Option<String>,
    version: i64,
    created_at: Instant,
    epoch: String,
    pay_deadline: Option<Instant>,
    paid_at: Option<Instant>,
    cancelled_at: Option<Instant>,
    payer_report: Option<String>,
    payer_reported_at: Option<Instant>,
    shipments: Vec<ShipmentRow>,
    delivered_at: Option<Instant>,
    completed_at: Option<Instant>,
}

#[derive(Debug, Deserialize, Serialize)]
struct PromiseRow {
    credit: String,
    principal: i64,
    bonus: i64,
}

#[derive(Debug, Deserialize, Serialize)]
struct LineRow {
    line_no: u16,
    sku_id: String,
    title: String,
    quantity: u32,
    unit_price_fen: i64,
    amount_fen: i64,
    discount_fen: i64,
}

#[derive(Debug, Deserialize, Serialize)]
struct CheckoutRow {
    captured_items: Vec<i64>,
    address_id: Option<i64>,
    address: Option<AddressRow>,
    coupon_id: Option<String>,
    rush: bool,
    remark: Option<String>,
    /// Absent in orders that an older version placed.
    #[serde(default)]
    trade_type: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct AddressRow {
    name: String,
    phone: String,
    region: String,
    detail: String,
}

/// One row of `stock_holds`.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct HoldRow {
    order_id: Uuid,
    line_no: i64,
    sku_id: String,
    quantity: i64,
    returned_quantity: i64,
    status: String,
}

/// Every row of an order.
pub(crate) fn order_rows(order: &Order) -> OrderRows {
    let id = order.id.get();
    OrderRows {
        order: OrderRow::of(order),
        payments: order
            .payments
            .iter()
            .map(|payment| PaymentRow::of(id, payment, order.reserved(payment.no)))
            .collect(),
        refunds: (1..)
            .zip(&order.refunds)
            .filter_map(|(no, refund)| RefundRow::of(order, no, refund))
            .collect(),
        holds: order.holds.iter().map(|hold| HoldRow::of(id, hold)).collect(),
        coupon: order.coupon.as_ref().map(|hold| CouponUseRow::of(id, hold)),
        settlement: order.settlement.as_ref().map(|s| SettlementRow::of(id, s)),
    }
}

impl OrderRows {
    pub(crate) fn into_order(self) -> Result<Order, StoreError> {
        let mut order = self.order.into_order()?;
        order.payments =
            self.payments.into_iter().map(PaymentRow::into_payment).collect::<Result<_, _>>()?;
        order.refunds =
            self.refunds.into_iter().map(RefundRow::into_refund).collect::<Result<_, _>>()?;
        order.holds = self.holds.into_iter().map(HoldRow::into_hold).collect::<Result<_, _>>()?;
        order.coupon = self.coupon.map(CouponUseRow::into_hold).transpose()?;
        order.settlement = self.settlement.map(SettlementRow::into_settlement).transpose()?;
        Ok(order)
    }
}

impl OrderRow {
    fn of(order: &Order) -> OrderRow {
        OrderRow {
            id: order.id.get(),
            order_number: order.number.as_str().to_owned(),
            purpose: order.purpose.word().to_owned(),
            buyer_id: order.buyer.map(UserId::get),
            merchant_ref: order.merchant_ref.clone(),
            status: order.status.word().to_owned(),
            payment_status: order.payment_status().word().to_owned(),
            payment_method: order.payment_method.word().to_owned(),
            converting: order.is_converting(),
            lines: order.lines.iter().map(LineRow::of).collect(),
            items_fen: order.amounts.items.get(),
            discount_fen: order.amounts.discount.get(),
            delivery_fen: order.amounts.delivery.get(),
            rush_fen: order.amounts.rush.get(),
            total_fen: order.amounts.total.get(),
            recharge: order.recharge.map(|promise| PromiseRow {
                credit: promise.credit.name().to_owned(),
                principal: promise.principal,
                bonus: promise.bonus,
            }),
            checkout: CheckoutRow::of(&order.checkout),
            metadata: order.metadata.clone(),
            cancel_cause: order.cancel_cause.map(|cause| cause.word().to_owned()),
            version: i64::try_from(order.version).unwrap_or(i64::MAX),
            created_at: Instant(order.created_at),
            epoch: order.epoch.as_str().to_owned(),
            pay_deadline: order.pay_deadline.map(Instant),
            paid_at: order.paid_at.map(Instant),
            cancelled_at: order.cancelled_at.map(Instant),
            payer_report: order.payer_report.map(|report| report.result.word().to_owned()),
            payer_reported_at: order.payer_report.map(|report| Instant(report.at)),
            shipments: order.shipments.iter().map(ShipmentRow::of).collect(),
            delivered_at: order.delivered_at.map(Instant),
            completed_at: order.completed_at.map(Instant),
        }
    }

    fn into_order(self) -> Result<Order, StoreError> {
        let number_ = OrderNumber::parse(&self.order_number)
            .ok_or_else(|| corrupt("orders.order_number has an impossible shape"))?;
        let payer_report = self.payer_report()?;
        Ok(Order {
            id: OrderId::new(self.id),
            number: number_,
            purpose: Purpose::read(&self.purpose)?,
            buyer: self.buyer_id.map(UserId::new),
            merchant_ref: self.merchant_ref,
            status: OrderStatus::read(&self.status)?,
            payment_method: PaymentMethod::read(&self.payment_method)?,
            lines: self.lines.into_iter().map(LineRow::into_line).collect::<Result<_, _>>()?,
            amounts: Amounts {
                items: Fen::new(self.items_fen),
                discount: Fen::new(self.discount_fen),
                delivery: Fen::new(self.delivery_fen),
                rush: Fen::new(self.rush_fen),
                total: Fen::new(self.total_fen),
            },
            recharge: self.recharge.map(PromiseRow::into_promise).transpose()?,
            checkout: self.checkout.into_checkout()?,
            metadata: self.metadata,
            holds: Vec::new(),
            coupon: None,
            payments: Vec::new(),
            refunds: Vec::new(),
            settlement: None,
            cancel_cause: self.cancel_cause.as_deref().map(CancelCause::read).transpose()?,
            payer_report,
            shipments: self
                .shipments
                .into_iter()
                .map(ShipmentRow::into_shipment)
                .collect::<Result<_, _>>()?,
            version: number(self.version, "version")?,
            created_at: self.created_at.0,
            epoch: Epoch::new(self.epoch),
            pay_deadline: self.pay_deadline.map(|at| at.0),
            paid_at: self.paid_at.map(|at| at.0),
            cancelled_at: self.cancelled_at.map(|at| at.0),
            delivered_at: self.delivered_at.map(|at| at.0),
            completed_at: self.completed_at.map(|at| at.0),
        })
    }

    fn payer_report(&self) -> Result<Option<PayerReport>, StoreError> {
        match (&self.payer_report, self.payer_reported_at) {
            (Some(word), Some(at)) => {
                Ok(Some(PayerReport { result: PayerResult::read(word)?, at: at.0 }))
            }
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(corrupt("half a payer's report")),
        }
    }
}

impl PromiseRow {
    fn into_promise(self) -> Result<Promise, StoreError> {
        let credit = Credit::parse(&self.credit).ok_or_else(|| corrupt("a credit of no kind"))?;
        Ok(Promise { credit, principal: self.principal, bonus: self.bonus })
    }
}

impl LineRow {
    fn of(line: &OrderLine) -> LineRow {
        LineRow {
            line_no: line.line_no,
            sku_id: line.sku_id.as_str().to_owned(),
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price_fen: line.unit_price.get(),
            amount_fen: line.amount.get(),
            discount_fen: line.discount.get(),
        }
    }

    fn into_line(self) -> Result<OrderLine, StoreError> {
        Ok(OrderLine {
            line_no: self.line_no,
            sku_id: sku_id(&self.sku_id)?,
            title: self.title,
            quantity: self.quantity,
            unit_price: Fen::new(self.unit_price_fen),
            amount: Fen::new(self.amount_fen),
            discount: Fen::new(self.discount_fen),
        })
    }
}

impl CheckoutRow {
    fn of(checkout: &Checkout) -> CheckoutRow {
        CheckoutRow {
            captured_items: checkout.captured_items.clone(),
            address_id: checkout.address_id,
            address: checkout.address.as_ref().map(|address| AddressRow {
                name: address.name.clone(),
                phone: address.phone.clone(),
                region: address.region.clone(),
                detail: address.detail.clone(),
            }),
            coupon_id: checkout.coupon_id.as_ref().map(|id| id.as_str().to_owned()),
            rush: checkout.rush,
            remark: checkout.remark.clone(),
            trade_type: checkout.trade_type.map(|kind| kind.word().to_owned()),
        }
    }

    fn into_checkout(self) -> Result<Checkout, StoreError> {
        Ok(Checkout {
            captured_items: self.captured_items,
            address_id: self.address_id,
            address: self.address.map(|row| Address {
                name: row.name,
                phone: row.phone,
                region: row.region,
                detail: row.detail,
            }),
            coupon_id: self.coupon_id.as_deref().map(coupon_id).transpose()?,
            rush: self.rush,
            remark: self.remark,
            trade_type: self.trade_type.as_deref().map(TradeType::read).transpose()?,
        })
    }
}

impl HoldRow {
    fn of(order_id: Uuid, hold: &Hold) -> HoldRow {
        HoldRow {
            order_id,
            line_no: i64::from(hold.line_no),
            sku_id: hold.sku_id.as_str().to_owned(),
            quantity: i64::from(hold.quantity),
            returned_quantity: i64::from(hold.returned_quantity),
            status: hold.status.word().to_owned(),
        }
    }

    fn into_hold(self) -> Result<Hold, StoreError> {
        Ok(Hold {
            line_no: number(self.line_no, "line_no")?,
            sku_id: sku_id(&self.sku_id)?,
            quantity: number(self.quantity, "quantity")?,
            returned_quantity: number(self.returned_quantity, "returned_quantity")?,
            status: HoldStatus::read(&self.status)?,
        })
    }
}

fn coupon_id(text: &str) -> Result<CouponId, StoreError> {
    CouponId::parse(text).ok_or_else(|| corrupt("a coupon id has an impossible shape"))
}

fn sku_id(text: &str) -> Result<SkuId, StoreError> {
    SkuId::parse(text).ok_or_else(|| corrupt("a sku id has an impossible shape"))
}
