//! `POST /api/mini/checkout/quote` and `POST /api/mini/wechat-pay/prepay-from-checkout`.
//!
//! May not take a price, an amount or an owner from the client: `expected_total_fen` can only
//! make us refuse.

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::ProblemBody;
use crate::wire::checkout::{WireOffer, WireQuote};
use domain::buyer::{AddressId, Selection};
use domain::catalogue::SkuId;
use domain::payment::TradeType;
use domain::{Fen, UserId};
use usecases::{Checkedout, CheckoutRequest, Offer};
use utoipa::ToSchema;

/// The most lines that one checkout names.
const ITEM_IDS_MAX: usize = 200;
const REMARK: TextRule = TextRule { min: 0, max: 200 };
const PREPAY_PATH: &str = "/api/mini/wechat-pay/prepay-from-checkout";

/// What a checkout is about.
#[derive(ToSchema)]
#[schema(as = QuoteRequest)]
pub(crate) struct QuoteBody {
    /// Lines of the purchase list; none, or none above zero, means all of it.
    #[schema(max_items = 200)]
    item_ids: Vec<i64>,
    #[schema(minimum = 1)]
    address_id: AddressId,
    #[schema(pattern = "^[0-9A-Za-z_-]{1,32}$")]
    coupon_id: Option<String>,
    /// In a hurry (加急).
    #[schema(value_type = Option<bool>)]
    rush: bool,
}

impl Body for QuoteBody {
    fn read(fields: &mut Fields) -> Option<QuoteBody> {
        let item_ids = fields.integers("item_ids", ITEM_IDS_MAX);
        let address_id = fields.integer("address_id", 1..=i64::MAX);
        // Coupon ids have the form of SKU ids.
        let coupon_id = |text: &str| SkuId::parse(text).map(|id| id.as_str().to_owned());
        let coupon_id = fields.optional_parsed("coupon_id", coupon_id, "1 to 32 of [0-9A-Za-z_-]");
        let rush = fields.flag("rush");
        Some(QuoteBody { item_ids: item_ids?, address_id: address_id?, coupon_id, rush })
    }
}

/// A checkout to be paid.
#[derive(ToSchema)]
#[schema(as = PrepayRequest)]
pub(crate) struct PrepayBody {
    /// Lines of the purchase list; none, or none above zero, means all of it.
    #[schema(max_items = 200)]
    item_ids: Vec<i64>,
    #[schema(minimum = 1)]
    address_id: AddressId,
    #[schema(pattern = "^[0-9A-Za-z_-]{1,32}$")]
    coupon_id: Option<String>,
    /// In a hurry (加急).
    #[schema(value_type = Option<bool>)]
    rush: bool,
    /// The buyer's words.
    #[schema(max_length = 200)]
    remark: Option<String>,
    #[schema(value_type = Option<OfferedTradeType>)]
    trade_type: TradeType,
    /// What the buyer was shown; another total is refused with `price_changed`.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000)]
    expected_total_fen: Option<Fen>,
}

/// How a checkout can be paid; `JSAPI` when nothing is said.
#[derive(ToSchema)]
#[schema(as = OfferedTradeType)]
#[expect(dead_code, clippy::upper_case_acronyms, reason = "only the OpenAPI document reads it")]
pub(crate) enum OfferedTradeType {
    JSAPI,
    NATIVE,
}

impl Body for PrepayBody {
    fn read(fields: &mut Fields) -> Option<PrepayBody> {
        let quote = QuoteBody::read(fields);
        let remark = fields.optional_text("remark", REMARK);
        let trade_type = fields.optional_parsed("trade_type", trade_type, "JSAPI or NATIVE");
        let expected = fields.optional_integer("expected_total_fen", 0..=Fen::LIMIT.get());
        let QuoteBody { item_ids, address_id, coupon_id, rush } = quote?;
        Some(PrepayBody {
            item_ids,
            address_id,
            coupon_id,
            rush,
            remark,
            trade_type: trade_type.unwrap_or(TradeType::Jsapi),
            expected_total_fen: expected.map(Fen::new),
        })
    }
}

fn trade_type(text: &str) -> Option<TradeType> {
    match text {
        "JSAPI" => Some(TradeType::Jsapi),
        "NATIVE" => Some(TradeType::Native),
        _other => None,
    }
}

impl PrepayBody {
    fn of(self, buyer: UserId) -> CheckoutRequest {
        CheckoutRequest {
            buyer,
            selection: Selection::of_ids(&self.item_ids),
            address_id: self.address_id,
            coupon_id: self.coupon_id,
            rush: self.rush,
            remark: self.remark,
            trade_type: self.trade_type,
            expected_total: self.expected_total_fen,
        }
    }
}

/// Says what a checkout would cost now. No effect, no promise.
#[utoipa::path(post, path = "/api/mini/checkout/quote", tag = "buyers", operation_id = "quote",
    request_body = QuoteBody,
    responses((status = 200, body = WireQuote),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn quote(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let body: QuoteBody = call.read().await?.value;
    let quoted = call.run(async move |paydesk| {
        let selection = Selection::of_ids(&body.item_ids);
        paydesk.quote(buyer, &selection, body.address_id, body.coupon_id.as_deref()).await
    });
    Ok(answer::ok(&WireQuote::of(&quoted.await??)))
}

/// Places an order and offers its payment.
#[utoipa::path(post, path = "/api/mini/wechat-pay/prepay-from-checkout", tag = "buyers",
    operation_id = "prepay_from_checkout",
    params(("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = PrepayBody,
    responses((status = 201, description = "a new order", body = WireOffer),
        (status = 200, description = "the open order of an equal request", body = WireOffer),
        (status = 202, description = "WeChat Pay's answer is not known yet: the same request \
            with the same key goes on", body = WireOffer),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn prepay(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let key = call.key()?;
    let body = call.read::<PrepayBody>().await?;
    let keyed = call.keyed(key, PREPAY_PATH, &body.canonical);
    let request = body.value.of(buyer);
    let done = call.run(async move |paydesk| paydesk.check_out(&request, &keyed).await).await??;
    let (offer, reused, telling) = match done {
        Checkedout::Placed(offer) => (offer, false, Telling::First),
        Checkedout::Reused(offer) => (offer, true, Telling::First),
        Checkedout::Replayed { offer, reused } => (offer, reused, Telling::Replayed),
    };
    let outcome = outcome(&offer, reused);
    Ok(answer::keyed(outcome, telling, &WireOffer::of(offer, reused)))
}

fn outcome(offer: &Offer, reused: bool) -> Outcome {
    if offer.is_unknown() {
        Outcome::Unknown
    } else if reused {
        Outcome::Found
    } else {
        Outcome::Created
    }
}
