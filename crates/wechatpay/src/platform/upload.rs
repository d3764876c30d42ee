//! What is told of an order's packages (`upload_shipping_info`, mini-program §3.2).
//!
//! Builds a body and holds no rule: which packages, in which mode and when, the domain has said.

use domain::Timestamp;
use domain::shipment::Package;
use domain::shipping_info::{DeliveryMode, ShippingInfo};

use crate::wire::platform::{ContactWire, OrderKeyWire, PackageWire, PayerWire, UploadWire};

/// Where it is told.
pub(super) const UPLOAD: &str = "/wxa/sec/order/upload_shipping_info";
/// The payment is named by WeChat Pay's number of it.
const BY_TRANSACTION_ID: i64 = 2;

/// The body.
pub(super) fn body(info: &ShippingInfo) -> UploadWire<'_> {
    let is_split = info.delivery_mode == DeliveryMode::Split;
    UploadWire {
        order_key: OrderKeyWire {
            order_number_type: BY_TRANSACTION_ID,
            transaction_id: info.transaction_id.as_str(),
        },
        logistics_type: info.logistics_type.number(),
        delivery_mode: info.delivery_mode.number(),
        is_all_delivered: is_split.then_some(info.is_all_delivered),
        shipping_list: info.packages.iter().map(package).collect(),
        upload_time: with_millis(info.upload_time),
        payer: PayerWire { openid: info.payer.as_str() },
    }
}

fn package(package: &Package) -> PackageWire<'_> {
    PackageWire {
        tracking_no: package.tracking_no.as_deref(),
        express_company: package.express_company.as_deref(),
        item_desc: &package.item_desc,
        contact: package
            .contact
            .as_deref()
            .map(|receiver_contact| ContactWire { receiver_contact }),
    }
}

/// `2022-12-15T13:29:35.120+08:00`, as in WeChat's example.
fn with_millis(at: Timestamp) -> String {
    let whole = at.to_beijing_rfc3339();
    let millis = at.micros().rem_euclid(1_000_000) / 1_000;
    format!("{}.{millis:03}+08:00", whole.trim_end_matches("+08:00"))
}

#[cfg(test)]
mod tests {
    use super::with_millis;
    use domain::Timestamp;

    #[test]
    fn a_time_is_written_as_in_wechats_example() {
        let at = Timestamp::parse_rfc3339("2022-12-15T05:29:35.120999Z").unwrap();
        assert_eq!(with_millis(at), "2022-12-15T13:29:35.120+08:00");
        let whole = Timestamp::parse_rfc3339("2022-12-15T23:59:59Z").unwrap();
        assert_eq!(with_millis(whole), "2022-12-16T07:59:59.000+08:00");
    }
}
