//! Shipments, as the `orders.shipments` column holds them. Personal data: the contact of a package.

use super::{Instant, corrupt};
use domain::ports::StoreError;
use domain::shipment::{LogisticsType, Package, Shipment, ShipmentDraft};
use serde::{Deserialize, Serialize};

/// One element of `orders.shipments`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ShipmentRow {
    at: Instant,
    logistics_type: i64,
    is_all_delivered: bool,
    packages: Vec<PackageRow>,
}

#[derive(Deserialize, Serialize)]
struct PackageRow {
    express_company: Option<String>,
    tracking_no: Option<String>,
    item_desc: String,
    contact: Option<String>,
}

impl std::fmt::Debug for PackageRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PackageRow(…)")
    }
}

impl ShipmentRow {
    pub(super) fn of(shipment: &Shipment) -> ShipmentRow {
        let draft = &shipment.draft;
        ShipmentRow {
            at: Instant(shipment.at),
            logistics_type: draft.logistics_type.number(),
            is_all_delivered: draft.is_all_delivered,
            packages: draft.packages.iter().map(PackageRow::of).collect(),
        }
    }

    pub(super) fn into_shipment(self) -> Result<Shipment, StoreError> {
        let logistics_type = LogisticsType::parse(self.logistics_type)
            .ok_or_else(|| corrupt("a shipment travels in no way that we know"))?;
        let packages = self.packages.into_iter().map(PackageRow::into_package).collect();
        let is_all_delivered = self.is_all_delivered;
        let draft = ShipmentDraft { logistics_type, packages, is_all_delivered };
        Ok(Shipment { draft, at: self.at.0 })
    }
}

impl PackageRow {
    fn of(package: &Package) -> PackageRow {
        PackageRow {
            express_company: package.express_company.clone(),
            tracking_no: package.tracking_no.clone(),
            item_desc: package.item_desc.clone(),
            contact: package.contact.clone(),
        }
    }

    fn into_package(self) -> Package {
        Package {
            express_company: self.express_company,
            tracking_no: self.tracking_no,
            item_desc: self.item_desc,
            contact: self.contact,
        }
    }
}
