//! What an operator says a coupon is.
//!
//! May not leave to the domain what a form can say: an amount for one kind, hundredths for the other.

use crate::json_body::{Body, Fields, TextRule};
use domain::coupon::{CouponId, CouponTerms, Cut};
use domain::{Fen, Timestamp};
use std::borrow::Cow;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const TITLE: TextRule = TextRule { min: 1, max: 100 };
/// The most of one coupon that one buyer can ever get.
const PER_USER_MAX: i64 = 1_000;

/// What a coupon is to promise: so much off, or a part of the goods.
pub(crate) struct PutCouponBody;

impl PartialSchema for PutCouponBody {
    fn schema() -> RefOr<Schema> {
        let either = OneOf::builder()
            .item(Ref::from_schema_name(PutAmountCoupon::name()))
            .item(Ref::from_schema_name(PutPercentCoupon::name()));
        either.description(Some("so much off, or a part of what the goods cost")).into()
    }
}

impl ToSchema for PutCouponBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("PutCouponRequest")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((PutAmountCoupon::name().into_owned(), PutAmountCoupon::schema()));
        PutAmountCoupon::schemas(schemas);
        schemas.push((PutPercentCoupon::name().into_owned(), PutPercentCoupon::schema()));
        PutPercentCoupon::schemas(schemas);
    }
}

/// A fixed amount off.
#[derive(ToSchema)]
#[schema(as = PutAmountCouponRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `PutTerms` is what is read")]
struct PutAmountCoupon {
    #[schema(min_length = 1, max_length = 100)]
    title: String,
    #[schema(pattern = "^amount$")]
    kind: String,
    /// Off the goods, though never more than they cost.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    amount_fen: i64,
    /// From so much of goods on, without fees; any goods when nothing is said.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    threshold_fen: Option<i64>,
    /// The first moment at which it can be used.
    #[schema(format = DateTime)]
    valid_from: String,
    /// The first moment at which it cannot any more.
    #[schema(format = DateTime)]
    valid_to: String,
    /// How many of it one buyer may ever get.
    #[schema(minimum = 1, maximum = 1_000)]
    per_user_limit: i64,
}

/// Hundredths off.
#[derive(ToSchema)]
#[schema(as = PutPercentCouponRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `PutTerms` is what is read")]
struct PutPercentCoupon {
    #[schema(min_length = 1, max_length = 100)]
    title: String,
    #[schema(pattern = "^percent$")]
    kind: String,
    /// So many hundredths of what the goods cost, rounded down to whole fen.
    #[schema(minimum = 1, maximum = 100)]
    percent: i64,
    /// And never more than this.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    cap_fen: Option<i64>,
    /// From so much of goods on, without fees; any goods when nothing is said.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    threshold_fen: Option<i64>,
    /// The first moment at which it can be used.
    #[schema(format = DateTime)]
    valid_from: String,
    /// The first moment at which it cannot any more.
    #[schema(format = DateTime)]
    valid_to: String,
    /// How many of it one buyer may ever get.
    #[schema(minimum = 1, maximum = 1_000)]
    per_user_limit: i64,
}

/// What it says.
pub(super) struct PutTerms {
    title: String,
    cut: Cut,
    threshold: Fen,
    valid_from: Timestamp,
    valid_to: Timestamp,
    per_user_limit: u32,
}

impl PutTerms {
    /// The terms of the coupon of this name.
    pub(super) fn named(self, id: CouponId) -> CouponTerms {
        let PutTerms { title, cut, threshold, valid_from, valid_to, per_user_limit } = self;
        CouponTerms { id, title, cut, threshold, valid_from, valid_to, per_user_limit }
    }
}

impl Body for PutTerms {
    fn read(fields: &mut Fields) -> Option<PutTerms> {
        let title = fields.text("title", TITLE);
        let cut = cut(fields);
        let threshold = fields.optional_integer("threshold_fen", 0..=Fen::LIMIT.get());
        let instant = "a time in RFC 3339, such as 2026-11-21T10:00:00+08:00";
        let valid_from = fields.parsed("valid_from", Timestamp::parse_rfc3339, instant);
        let valid_to = fields.parsed("valid_to", Timestamp::parse_rfc3339, instant);
        if let (Some(from), Some(to)) = (valid_from, valid_to)
            && from >= to
        {
            fields.refuse("valid_to", "out_of_range", "must be later than valid_from");
        }
        let limit = fields.integer("per_user_limit", 1..=PER_USER_MAX);
        Some(PutTerms {
            title: title?,
            cut: cut?,
            threshold: threshold.map_or(Fen::ZERO, Fen::new),
            valid_from: valid_from?,
            valid_to: valid_to?,
            per_user_limit: u32::try_from(limit?).ok()?,
        })
    }
}

/// What the kind does not have is a field that nobody asked for.
fn cut(fields: &mut Fields) -> Option<Cut> {
    let kind = fields.parsed(
        "kind",
        |text| matches!(text, "amount" | "percent").then(|| text.to_owned()),
        "amount or percent",
    )?;
    if kind == "amount" {
        let amount = fields.integer("amount_fen", 1..=Fen::LIMIT.get())?;
        return Some(Cut::Amount(Fen::new(amount)));
    }
    let percent = fields.integer("percent", 1..=100);
    let cap = fields.optional_integer("cap_fen", 1..=Fen::LIMIT.get());
    Some(Cut::Percent { percent: u8::try_from(percent?).ok()?, cap: cap.map(Fen::new) })
}
