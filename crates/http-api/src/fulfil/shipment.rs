//! What is said of a shipment, within the limits of WeChat's shipping information (发货信息管理).
//!
//! May not take a telephone number in clear: carriers get a masked one, and so do we.

use super::REASON;
use crate::json_body::{Body, Fields, TextRule};
use domain::shipment::{LogisticsType, PACKAGES_MAX, Package, ShipmentDraft};
use std::borrow::Cow;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// WeChat takes at most 128 characters of a carrier's code and of a tracking number, and 120 of a
/// description.
const CARRIER: TextRule = TextRule { min: 1, max: 128 };
const DESCRIPTION: TextRule = TextRule { min: 1, max: 120 };
/// The most characters of a masked telephone number.
const CONTACT_MAX: usize = 32;

/// Goods that went out: with express each package has a carrier and a number, otherwise it may.
pub(crate) struct ShipBody;

impl PartialSchema for ShipBody {
    fn schema() -> RefOr<Schema> {
        let either = OneOf::builder()
            .item(Ref::from_schema_name(ExpressShip::name()))
            .item(Ref::from_schema_name(OtherShip::name()));
        either.description(Some("goods that went out, by express or otherwise")).into()
    }
}

impl ToSchema for ShipBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ShipRequest")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ExpressShip::name().into_owned(), ExpressShip::schema()));
        ExpressShip::schemas(schemas);
        schemas.push((OtherShip::name().into_owned(), OtherShip::schema()));
        OtherShip::schemas(schemas);
    }
}

/// Goods that went out by express.
#[derive(ToSchema)]
#[schema(as = ExpressShipRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Ship` is what is read")]
struct ExpressShip {
    /// 1: express.
    #[schema(minimum = 1, maximum = 1)]
    logistics_type: i64,
    /// At most 15 in all shipments of an order.
    #[schema(min_items = 1, max_items = 15)]
    packages: Vec<ExpressPackage>,
    /// Whether nothing is left to be sent; `true` when nothing is said.
    is_all_delivered: Option<bool>,
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
}

/// Goods that went out in another way.
#[derive(ToSchema)]
#[schema(as = OtherShipRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Ship` is what is read")]
struct OtherShip {
    /// 2 same city, 3 virtual, 4 self pick-up.
    #[schema(minimum = 2, maximum = 4)]
    logistics_type: i64,
    /// At most 15 in all shipments of an order.
    #[schema(min_items = 1, max_items = 15)]
    packages: Vec<OtherPackage>,
    /// Whether nothing is left to be sent; `true` when nothing is said.
    is_all_delivered: Option<bool>,
    /// For the audit.
    #[schema(min_length = 1, max_length = 200)]
    reason: Option<String>,
}

/// A package that a carrier has.
#[derive(ToSchema)]
#[schema(as = ExpressPackageRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it")]
struct ExpressPackage {
    /// The carrier's code at WeChat, such as `SF`.
    #[schema(min_length = 1, max_length = 128)]
    express_company: String,
    #[schema(min_length = 1, max_length = 128)]
    tracking_no: String,
    /// What is in it, as the buyer reads it.
    #[schema(min_length = 1, max_length = 120)]
    item_desc: String,
    /// The masked telephone number that some carriers need (SF does), such as `+86-177****1234`.
    #[schema(pattern = r"^[0-9+*-]{0,27}\*[0-9]{4}$")]
    contact: Option<String>,
}

/// A package, perhaps with a carrier.
#[derive(ToSchema)]
#[schema(as = OtherPackageRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it")]
struct OtherPackage {
    /// The carrier's code at WeChat, such as `SF`.
    #[schema(min_length = 1, max_length = 128)]
    express_company: Option<String>,
    #[schema(min_length = 1, max_length = 128)]
    tracking_no: Option<String>,
    /// What is in it, as the buyer reads it.
    #[schema(min_length = 1, max_length = 120)]
    item_desc: String,
    /// The masked telephone number that some carriers need (SF does), such as `+86-177****1234`.
    #[schema(pattern = r"^[0-9+*-]{0,27}\*[0-9]{4}$")]
    contact: Option<String>,
}

/// What it says.
pub(super) struct Ship {
    pub(super) draft: ShipmentDraft,
    pub(super) reason: Option<String>,
}

impl Body for Ship {
    fn read(fields: &mut Fields) -> Option<Ship> {
        let number = fields.integer("logistics_type", 1..=4);
        let logistics_type = number.and_then(LogisticsType::parse);
        let packages = fields.objects("packages", 1..=PACKAGES_MAX, |fields| {
            package(fields, logistics_type == Some(LogisticsType::Express))
        });
        let is_all_delivered = fields.flag_or("is_all_delivered", true);
        let reason = fields.optional_text("reason", REASON);
        let draft = ShipmentDraft {
            logistics_type: logistics_type?,
            packages: packages?,
            is_all_delivered,
        };
        Some(Ship { draft, reason })
    }
}

fn package(fields: &mut Fields, is_express: bool) -> Option<Package> {
    let mut carrier = |name| match is_express {
        true => fields.text(name, CARRIER),
        false => fields.optional_text(name, CARRIER),
    };
    let (express_company, tracking_no) = (carrier("express_company"), carrier("tracking_no"));
    let item_desc = fields.text("item_desc", DESCRIPTION);
    let masked = "a masked telephone number that ends in * and four digits";
    let contact = fields.optional_parsed("contact", read_masked, masked);
    Some(Package { express_company, tracking_no, item_desc: item_desc?, contact })
}

fn read_masked(text: &str) -> Option<String> {
    let (head, tail) = text.rsplit_once('*')?;
    let is_masked = text.len() <= CONTACT_MAX
        && tail.len() == 4
        && tail.bytes().all(|b| b.is_ascii_digit())
        && head.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'*' | b'-'));
    is_masked.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_masked_telephone_number_is_taken() {
        for good in ["+86-177****1234", "189****1234", "*1234"] {
            assert_eq!(read_masked(good).as_deref(), Some(good));
        }
        for bad in ["13800001234", "177****12345", "177****123", "*12a4", "Li *1234", "", "*"] {
            assert_eq!(read_masked(bad), None, "{bad}");
        }
        assert_eq!(read_masked(&format!("{}*1234", "1".repeat(28))), None);
    }
}
