//! What is asked for when money is to go back: an amount, or the money of goods.
//!
//! May not say what goods are worth: that follows from what was paid for them.

use crate::json_body::{Body, Fields, TextRule};
use domain::order::{LINES_MAX, LineQuantity, RefundAsk, RefundOf};
use domain::refund::Asker;
use domain::{Fen, OutRefundNo};
use std::borrow::Cow;
use utoipa::openapi::schema::OneOf;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// WeChat Pay shows at most 80 bytes of it.
const REASON: TextRule = TextRule { min: 1, max: 80 };
/// The most of one thing on one line.
const QUANTITY_MAX: i64 = 9_999;

/// A refund: of an amount, or of goods.
pub(crate) struct AskBody;

impl PartialSchema for AskBody {
    fn schema() -> RefOr<Schema> {
        let either = OneOf::builder()
            .item(Ref::from_schema_name(AmountAsk::name()))
            .item(Ref::from_schema_name(LinesAsk::name()));
        either.description(Some("money back: so much, or what was paid for goods")).into()
    }
}

impl ToSchema for AskBody {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("RefundRequest")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((AmountAsk::name().into_owned(), AmountAsk::schema()));
        AmountAsk::schemas(schemas);
        schemas.push((LinesAsk::name().into_owned(), LinesAsk::schema()));
        LinesAsk::schemas(schemas);
        schemas.push((LineAsk::name().into_owned(), LineAsk::schema()));
    }
}

/// A refund of an amount.
#[derive(ToSchema)]
#[schema(as = AmountRefundRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Asking` is what is read")]
struct AmountAsk {
    /// At most what is left of what was paid.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    amount_fen: Fen,
    /// WeChat Pay shows the payer what fits into 80 bytes.
    #[schema(min_length = 1, max_length = 80)]
    reason: String,
}

/// A refund of goods: what was paid for them, and with the last of them before shipping the fees.
#[derive(ToSchema)]
#[schema(as = LinesRefundRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Asking` is what is read")]
struct LinesAsk {
    /// Each line once.
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<LineAsk>,
    /// WeChat Pay shows the payer what fits into 80 bytes.
    #[schema(min_length = 1, max_length = 80)]
    reason: String,
}

/// So many of one line.
#[derive(ToSchema)]
#[schema(as = RefundedLineRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Asking` is what is read")]
struct LineAsk {
    #[schema(minimum = 1, maximum = 200)]
    line_no: i64,
    /// At most what is left of the line.
    #[schema(minimum = 1, maximum = 9_999)]
    quantity: i64,
}

/// A refund that a merchant's backend asks for.
#[derive(ToSchema)]
#[schema(as = PaymentRefundRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `ServiceAsking` is what is read")]
pub(crate) struct ServiceAskBody {
    /// At most what is left of what was paid.
    #[schema(value_type = i64, minimum = 1, maximum = 1_000_000_000)]
    amount_fen: Fen,
    /// WeChat Pay shows the payer what fits into 80 bytes.
    #[schema(min_length = 1, max_length = 80)]
    reason: String,
    /// The backend's own number of it, not of our own shape; made by us when there is none.
    #[schema(value_type = Option<String>,
        pattern = "^(?!P[0-9]{14}[0-9A-HJKMNP-TV-Z]{14})[0-9A-Za-z_-]{1,64}$")]
    out_refund_no: Option<OutRefundNo>,
}

pub(super) struct Asking {
    what: RefundOf,
    reason: String,
}

pub(super) struct ServiceAsking {
    asking: Asking,
    out_refund_no: Option<OutRefundNo>,
}

impl Asking {
    /// The same, as the application is asked.
    pub(super) fn by(&self, asker: Asker) -> RefundAsk {
        RefundAsk {
            what: self.what.clone(),
            reason: self.reason.clone(),
            by: asker,
            out_refund_no: None,
        }
    }
}

impl ServiceAsking {
    /// The same, as the application is asked.
    pub(super) fn ask(&self, asker: Asker) -> RefundAsk {
        let out_refund_no = self.out_refund_no.clone();
        RefundAsk { out_refund_no, ..self.asking.by(asker) }
    }
}

impl Body for Asking {
    fn read(fields: &mut Fields) -> Option<Asking> {
        let what = if fields.has("lines") { lines(fields) } else { amount(fields) };
        let reason = fields.text("reason", REASON);
        Some(Asking { what: what?, reason: reason? })
    }
}

impl Body for ServiceAsking {
    fn read(fields: &mut Fields) -> Option<ServiceAsking> {
        let what = amount(fields);
        let reason = fields.text("reason", REASON);
        let form = "1 to 64 of [0-9A-Za-z_-], and not of our own shape";
        let out_refund_no = fields.optional_parsed("out_refund_no", OutRefundNo::given, form);
        Some(ServiceAsking { asking: Asking { what: what?, reason: reason? }, out_refund_no })
    }
}

fn amount(fields: &mut Fields) -> Option<RefundOf> {
    let amount = fields.integer("amount_fen", 1..=Fen::LIMIT.get());
    amount.map(|amount| RefundOf::Amount(Fen::new(amount)))
}

fn lines(fields: &mut Fields) -> Option<RefundOf> {
    let lines = fields.objects("lines", 1..=usize::from(LINES_MAX), |fields| {
        let line_no = fields.integer("line_no", 1..=i64::from(LINES_MAX));
        let quantity = fields.integer("quantity", 1..=QUANTITY_MAX);
        Some(LineQuantity {
            line_no: u16::try_from(line_no?).ok()?,
            quantity: u32::try_from(quantity?).ok()?,
        })
    });
    lines.map(RefundOf::Lines)
}
