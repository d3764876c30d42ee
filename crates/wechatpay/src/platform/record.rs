//! What shipping management knows of a payment (`get_order`, mini-program §3.3).

use domain::Timestamp;
use domain::names::TransactionId;
use domain::ports::ShippingError;
use domain::shipment::LogisticsType;
use domain::shipping_info::{DeliveryMode, RecordedPackage, ShippingRecord, ShippingState};

use crate::wire::platform::{OrderAnswerWire, RecordedWire};

/// Where it is asked.
pub(super) const GET_ORDER: &str = "/wxa/sec/order/get_order";

/// Reads an answer about `asked`.
pub(super) fn read(
    asked: &TransactionId,
    answer: OrderAnswerWire,
) -> Result<ShippingRecord, ShippingError> {
    let unreadable = |why: &str| ShippingError::Later(why.to_owned());
    let order = answer.order.ok_or_else(|| unreadable("the answer has no order"))?;
    if order.transaction_id != asked.as_str() {
        return Err(unreadable("the answer is about another payment"));
    }
    let state = ShippingState::parse(order.order_state)
        .ok_or_else(|| unreadable("the answer has a state that nobody has described"))?;
    let shipping = order.shipping.unwrap_or_default();
    Ok(ShippingRecord {
        state,
        is_finished: shipping.finish_shipping,
        times_finished: shipping.finish_shipping_count,
        delivery_mode: shipping.delivery_mode.and_then(DeliveryMode::parse),
        logistics_type: shipping.logistics_type.and_then(LogisticsType::parse),
        packages: shipping.shipping_list.into_iter().map(package).collect(),
    })
}

fn package(wire: RecordedWire) -> RecordedPackage {
    // A package without a carrier may have empty texts instead of none.
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    RecordedPackage {
        express_company: said(wire.express_company),
        tracking_no: said(wire.tracking_no),
        item_desc: wire.goods_desc,
        upload_time: Timestamp::from_seconds(wire.upload_time),
    }
}
