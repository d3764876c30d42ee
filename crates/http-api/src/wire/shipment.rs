//! What was sent, as `Order.shipments` shows it.
//!
//! May not show a buyer the telephone number that a carrier was given, masked as it is: it may be
//! somebody else's.

use crate::problem::Audience;
use domain::shipment::{Package, Shipment};
use serde::Serialize;
use utoipa::ToSchema;

/// One hand-over to carriers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct WireShipment {
    /// When it was recorded.
    #[schema(format = DateTime)]
    at: String,
    /// 1 express, 2 same city, 3 virtual, 4 self pick-up.
    #[schema(minimum = 1, maximum = 4)]
    logistics_type: i64,
    packages: Vec<WirePackage>,
    /// Whether nothing is left to be sent.
    is_all_delivered: bool,
}

/// One package.
#[derive(Serialize, ToSchema)]
#[schema(as = Package)]
struct WirePackage {
    /// The carrier's code at WeChat, such as `SF`.
    #[schema(required = true)]
    express_company: Option<String>,
    #[schema(required = true)]
    tracking_no: Option<String>,
    /// What is in it.
    item_desc: String,
    /// The masked telephone number for the carrier; never shown to buyers.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<String>,
}

impl core::fmt::Debug for WirePackage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WirePackage(…)")
    }
}

impl WireShipment {
    /// The twin, for this audience.
    pub(crate) fn of(shipment: &Shipment, audience: Audience) -> WireShipment {
        let packages = shipment.draft.packages.iter();
        WireShipment {
            at: shipment.at.to_rfc3339(),
            logistics_type: shipment.draft.logistics_type.number(),
            packages: packages.map(|package| WirePackage::of(package, audience)).collect(),
            is_all_delivered: shipment.draft.is_all_delivered,
        }
    }
}

impl WirePackage {
    fn of(package: &Package, audience: Audience) -> WirePackage {
        WirePackage {
            express_company: package.express_company.clone(),
            tracking_no: package.tracking_no.clone(),
            item_desc: package.item_desc.clone(),
            contact: package.contact.clone().filter(|_| audience == Audience::Merchant),
        }
    }
}
