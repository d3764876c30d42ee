//! Delivery rules.

use domain::Fen;
use domain::delivery::RegionFee;
use domain::ports::RulesInForce;
use serde::Serialize;
use utoipa::ToSchema;

/// What delivery and hurry cost.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeliveryRules)]
pub(crate) struct WireDeliveryRules {
    base_fen: i64,
    #[schema(required = true)]
    free_above_fen: Option<i64>,
    regions: Vec<WireRegionFee>,
    rush_fen: i64,
    /// 0 while none are set; also the `ETag`.
    version: u64,
}

/// A place with a fee of its own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegionFee)]
struct WireRegionFee {
    region: String,
    fee_fen: i64,
    #[schema(required = true)]
    free_above_fen: Option<i64>,
}

impl WireDeliveryRules {
    /// The twin.
    pub(crate) fn of(in_force: &RulesInForce) -> WireDeliveryRules {
        let rules = &in_force.rules;
        WireDeliveryRules {
            base_fen: rules.base.get(),
            free_above_fen: rules.free_above.map(Fen::get),
            regions: rules.regions.iter().map(WireRegionFee::of).collect(),
            rush_fen: rules.rush.get(),
            version: in_force.version,
        }
    }
}

impl WireRegionFee {
    fn of(place: &RegionFee) -> WireRegionFee {
        WireRegionFee {
            region: place.region.clone(),
            fee_fen: place.fee.get(),
            free_above_fen: place.free_above.map(Fen::get),
        }
    }
}
