//! `Order` of the contract.

use super::amounts::WireOrderAmounts;
use super::names::{WireOrderStatus, WirePaidStatus, WirePaymentMethod, WirePurpose, WireShown};
use super::payment::WirePayment;
use super::refund::WireRefund;
use super::shipment::WireShipment;
use super::shop::WireAddressText;
use crate::problem::Audience;
use domain::Timestamp;
use domain::order::{Order, OrderLine};
use domain::presentation::GIVE_UP_AFTER_S;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// An order, whole.
// Has no `Debug`: a remark is personal.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct WireOrder {
    #[schema(format = Uuid)]
    id: String,
    /// The number for people and WeChat Pay.
    order_number: String,
    purpose: WirePurpose,
    #[schema(required = true, format = Uuid)]
    user_id: Option<String>,
    #[schema(required = true)]
    merchant_ref: Option<String>,
    status: WireOrderStatus,
    payment_method: WirePaymentMethod,
    payment_status: WirePaidStatus,
    /// Cash on delivery with an online payment open.
    converting: bool,
    lines: Vec<WireLine>,
    amounts: WireOrderAmounts,
    #[schema(required = true)]
    address: Option<WireAddressText>,
    #[schema(required = true)]
    remark: Option<String>,
    #[schema(required = true)]
    coupon_id: Option<String>,
    metadata: BTreeMap<String, String>,
    payments: Vec<WirePayment>,
    refunds: Vec<WireRefund>,
    /// What was sent, oldest first.
    shipments: Vec<WireShipment>,
    /// Rises with every change; also the `ETag`.
    version: u64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(required = true, format = DateTime)]
    pay_deadline: Option<String>,
    #[schema(required = true, format = DateTime)]
    paid_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    cancelled_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    delivered_at: Option<String>,
    #[schema(required = true, format = DateTime)]
    completed_at: Option<String>,
    presentation: WirePresentation,
}

/// One line of an order, as it was sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct WireLine {
    line_no: u16,
    sku_id: String,
    title: String,
    quantity: u32,
    /// How many of them came back into stock after they were sold.
    returned_quantity: u32,
    unit_price_fen: i64,
    amount_fen: i64,
    /// Its share of the discount.
    discount_fen: i64,
}

/// What a buyer is shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Presentation)]
struct WirePresentation {
    status: WireShown,
    /// One sentence for people.
    message_zh: &'static str,
    /// When to ask again; null when nothing is expected.
    #[schema(required = true)]
    poll_after_ms: Option<u32>,
    /// When to stop asking; null when nothing is expected.
    #[schema(required = true)]
    give_up_after_s: Option<u32>,
    /// What to say then; null when nothing is expected.
    #[schema(required = true)]
    give_up_message_zh: Option<&'static str>,
}

/// An order, and whether it was there already.
#[derive(Serialize, ToSchema)]
#[schema(as = PlacedOrder)]
pub(crate) struct WirePlaced {
    #[serde(flatten)]
    pub(crate) order: WireOrder,
    /// Whether this is the open order of an equal request.
    pub(crate) reused: bool,
}

/// Who looks at an order, and when: what is shown depends on both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The instant of the answer, business time.
    pub(crate) now: Timestamp,
    /// Buyers are not shown telephone numbers of packages.
    pub(crate) audience: Audience,
}

impl WireOrder {
    /// The twin, as `view` sees it.
    pub(crate) fn of(order: &Order, view: View) -> WireOrder {
        let shipments = order.shipments.iter();
        WireOrder {
            id: order.id.to_string(),
            order_number: order.number.as_str().to_owned(),
            purpose: WirePurpose::of(order.purpose),
            user_id: order.buyer.map(|buyer| buyer.to_string()),
            merchant_ref: order.merchant_ref.clone(),
            status: WireOrderStatus::of(order.status),
            payment_method: WirePaymentMethod::of(order.payment_method),
            payment_status: WirePaidStatus::of(order.payment_status()),
            converting: order.converting,
            lines: order.lines.iter().map(|line| WireLine::of(line, order)).collect(),
            amounts: WireOrderAmounts::of(order),
            address: order.checkout.address.as_ref().map(WireAddressText::of),
            remark: order.checkout.remark.clone(),
            coupon_id: order.checkout.coupon_id.as_ref().map(|id| id.as_str().to_owned()),
            metadata: order.metadata.clone(),
            payments: order.payments.iter().map(WirePayment::of).collect(),
            refunds: order.refunds.iter().map(|refund| WireRefund::of(refund, order)).collect(),
            shipments: shipments.map(|sent| WireShipment::of(sent, view.audience)).collect(),
            version: order.version,
            created_at: order.created_at.to_rfc3339(),
            pay_deadline: order.pay_deadline.map(Timestamp::to_rfc3339),
            paid_at: order.paid_at.map(Timestamp::to_rfc3339),
            cancelled_at: order.cancelled_at.map(Timestamp::to_rfc3339),
            delivered_at: order.delivered_at.map(Timestamp::to_rfc3339),
            completed_at: order.completed_at.map(Timestamp::to_rfc3339),
            presentation: WirePresentation::of(order, view.now),
        }
    }
}

impl WireLine {
    fn of(line: &OrderLine, order: &Order) -> WireLine {
        let hold = order.holds.iter().find(|hold| hold.line_no == line.line_no);
        WireLine {
            line_no: line.line_no,
            sku_id: line.sku_id.as_str().to_owned(),
            title: line.title.clone(),
            quantity: line.quantity,
            returned_quantity: hold.map_or(0, |hold| hold.returned_quantity),
            unit_price_fen: line.unit_price.get(),
            amount_fen: line.amount.get(),
            discount_fen: line.discount.get(),
        }
    }
}

impl WirePresentation {
    fn of(order: &Order, now: Timestamp) -> WirePresentation {
        let shown = order.present(now);
        WirePresentation {
            status: WireShown::of(shown.status),
            message_zh: shown.message_zh,
            poll_after_ms: shown.poll_after_ms,
            give_up_after_s: shown.poll_after_ms.map(|_| GIVE_UP_AFTER_S),
            give_up_message_zh: shown.give_up_message_zh(),
        }
    }
}
