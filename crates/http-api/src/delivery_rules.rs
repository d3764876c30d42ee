//! `/api/admin/delivery-rules`: what delivery and hurry cost.
//!
//! May not touch orders: what is placed keeps what it was priced with.

use crate::answer;
use crate::call::{Answer, Call};
use crate::etag::IfMatch;
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::ProblemBody;
use crate::wire::delivery_rules::WireDeliveryRules;
use domain::Fen;
use domain::delivery::{DeliveryRules, RegionFee};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa::openapi::{ArrayBuilder, Ref, RefOr, Schema};

const PATH: &str = "/api/admin/delivery-rules";
/// As long as the region of an address may be.
const REGION: TextRule = TextRule { min: 1, max: 100 };
const REGIONS_MAX: usize = 500;

/// What delivery and hurry are to cost.
#[derive(ToSchema)]
#[schema(as = PutDeliveryRulesRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `PutRules` is what is read")]
pub(crate) struct PutRulesBody {
    /// Where no region says otherwise.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    base_fen: i64,
    /// From so much of goods on, before any discount, the base fee is waived.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    free_above_fen: Option<i64>,
    #[schema(schema_with = regions)]
    regions: Vec<PutRegion>,
    /// When hurry (加急) is asked for.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    rush_fen: i64,
}

/// A place with a fee of its own, in the base fee's stead.
#[derive(ToSchema)]
#[schema(as = RegionFeeRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `PutRules` is what is read")]
pub(crate) struct PutRegion {
    /// How the regions of addresses there begin; the longest that fits counts. Each once.
    #[schema(min_length = 1, max_length = 100)]
    region: String,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    fee_fen: i64,
    /// From so much of goods on it is waived; never without this.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    free_above_fen: Option<i64>,
}

/// Each place once. A schema can say that no entry is there twice, not that no name is.
fn regions() -> RefOr<Schema> {
    let place = Ref::from_schema_name(PutRegion::name());
    ArrayBuilder::new().items(place).max_items(Some(REGIONS_MAX)).unique_items(true).into()
}

/// What it says.
struct PutRules(DeliveryRules);

impl Body for PutRules {
    fn read(fields: &mut Fields) -> Option<PutRules> {
        let money = 0..=Fen::LIMIT.get();
        let base = fields.integer("base_fen", money.clone());
        let free_above = fields.optional_integer("free_above_fen", money.clone());
        let regions = fields.objects("regions", 0..=REGIONS_MAX, |fields| {
            let region = fields.text("region", REGION);
            if region.as_ref().is_some_and(|region| region.trim().is_empty()) {
                fields.refuse("region", "invalid", "must name a place");
            }
            let fee = fields.integer("fee_fen", money.clone());
            let free_above = fields.optional_integer("free_above_fen", money.clone());
            let free_above = free_above.map(Fen::new);
            Some(RegionFee { region: region?, fee: Fen::new(fee?), free_above })
        });
        let rush = fields.integer("rush_fen", money.clone());
        let regions = regions?;
        let mut seen = BTreeSet::new();
        for (index, place) in regions.iter().enumerate() {
            if !seen.insert(place.region.clone()) {
                fields.refuse(&format!("regions[{index}].region"), "doubled", "is there already");
            }
        }
        let free_above = free_above.map(Fen::new);
        let (base, rush) = (Fen::new(base?), Fen::new(rush?));
        Some(PutRules(DeliveryRules { base, free_above, regions, rush }))
    }
}

/// Shows the delivery rules; version 0 while none are set.
#[utoipa::path(get, path = "/api/admin/delivery-rules", tag = "back_office",
    operation_id = "show_delivery_rules",
    responses((status = 200, body = WireDeliveryRules),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn show(call: Call) -> Answer {
    let found = call.run(async move |paydesk| paydesk.rules.delivery_rules().await).await??;
    Ok(answer::ok_at(found.version, &WireDeliveryRules::of(&found)))
}

/// Sets the delivery rules: the first without If-Match, then those at the version of If-Match.
#[utoipa::path(put, path = "/api/admin/delivery-rules", tag = "back_office",
    operation_id = "put_delivery_rules",
    params(("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
        description = "the rules' ETag; none sets the first")),
    request_body = PutRulesBody,
    responses((status = 200, description = "changed", body = WireDeliveryRules),
        (status = 201, description = "set for the first time", body = WireDeliveryRules),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put(mut call: Call) -> Answer {
    let PutRules(rules) = call.read().await?.value;
    let expected = IfMatch::of(&call.req).optional()?;
    let audit = call.audit("put delivery rules");
    let put =
        call.run(async move |paydesk| paydesk.put_delivery_rules(&rules, expected, &audit).await);
    let (rules, is_new) = put.await??;
    let shown = WireDeliveryRules::of(&rules);
    Ok(if is_new {
        answer::created_at(PATH, rules.version, &shown)
    } else {
        answer::ok_at(rules.version, &shown)
    })
}
