//! `POST /api/mini/checkout/quote` and `POST /api/mini/wechat-pay/prepay-from-checkout`; below it,
//! placing an order (`place.rs`) and paying for one (`pay.rs`).
//!
//! May not take a price, an amount or an owner from the client: `expected_total_fen` can only
//! make us refuse.

pub(crate) mod pay;
pub(crate) mod place;
pub(crate) mod wanted;

use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields};
use crate::problem::ProblemBody;
use crate::wire::checkout::{WireOffer, WireQuote};
use actix_web::HttpResponse;
use domain::buyer::Selection;
use domain::order::PaymentMethod;
use usecases::Checkedout;
use utoipa::ToSchema;
use wanted::{Basket, OfferedTradeType, Paying, Wanted, WireClientIp};

const PREPAY_PATH: &str = "/api/mini/wechat-pay/prepay-from-checkout";

/// What a checkout is about.
#[derive(ToSchema)]
#[schema(as = QuoteRequest, example = json!({"item_ids": [], "address_id": 1}))]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Basket` is what is read")]
pub(crate) struct QuoteBody {
    /// Lines of the purchase list; none, or none above zero, means all of it.
    #[schema(max_items = 200)]
    item_ids: Vec<i64>,
    #[schema(minimum = 1)]
    address_id: i64,
    #[schema(pattern = "^[0-9A-Za-z_-]{1,32}$")]
    coupon_id: Option<String>,
    /// In a hurry (加急).
    rush: Option<bool>,
}

impl Body for Basket {
    fn read(fields: &mut Fields) -> Option<Basket> {
        Basket::read(fields)
    }
}

/// A checkout to be paid.
#[derive(ToSchema)]
#[schema(as = PrepayRequest, example = json!({"item_ids": [], "address_id": 1}))]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Prepay` is what is read")]
pub(crate) struct PrepayBody {
    /// Lines of the purchase list; none, or none above zero, means all of it.
    #[schema(max_items = 200)]
    item_ids: Vec<i64>,
    #[schema(minimum = 1)]
    address_id: i64,
    #[schema(pattern = "^[0-9A-Za-z_-]{1,32}$")]
    coupon_id: Option<String>,
    /// In a hurry (加急).
    rush: Option<bool>,
    /// The buyer's words.
    #[schema(max_length = 200)]
    remark: Option<String>,
    trade_type: Option<OfferedTradeType>,
    /// What the buyer was shown; another total is refused with `price_changed`.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    expected_total_fen: Option<i64>,
    /// Where the payer's client is; H5 needs it, and no other way to pay uses it.
    client_ip: Option<WireClientIp>,
    /// Whether an open order over the same lines is cancelled to make way.
    replace_open: Option<bool>,
}

/// What it says.
struct Prepay {
    wanted: Wanted,
    paying: Paying,
}

impl Body for Prepay {
    fn read(fields: &mut Fields) -> Option<Prepay> {
        let wanted = Wanted::read(fields);
        let paying = Paying::read(fields);
        Some(Prepay { wanted: wanted?, paying })
    }
}

/// Says what a checkout would cost now. No effect, no promise.
#[utoipa::path(post, path = "/api/mini/checkout/quote", tag = "buyers", operation_id = "quote",
    request_body = QuoteBody,
    responses((status = 200, body = WireQuote),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn quote(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let body: Basket = call.read().await?.value;
    let quoted = call.run(async move |paydesk| {
        let selection = Selection::of_ids(&body.item_ids);
        paydesk
            .quote(buyer, &selection, body.address_id, (body.coupon_id.as_ref(), body.rush))
            .await
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
    let body = call.read::<Prepay>().await?;
    let keyed = call.keyed(key, PREPAY_PATH, &body.canonical);
    let Prepay { wanted, paying } = body.value;
    let request = wanted.of(buyer, PaymentMethod::Wechat, Some(&paying));
    let done = call.run(async move |paydesk| paydesk.check_out(&request, &keyed).await).await??;
    Ok(offered(done))
}

/// The answer to whoever asked for a payment.
pub(crate) fn offered(done: Checkedout) -> HttpResponse {
    let (offer, reused, telling) = match done {
        Checkedout::Placed(offer) => (offer, false, Telling::First),
        Checkedout::Reused(offer) => (offer, true, Telling::First),
        Checkedout::Replayed { offer, reused } => (offer, reused, Telling::Replayed),
    };
    let outcome = match (offer.is_unknown(), reused) {
        (true, _) => Outcome::Unknown,
        (false, true) => Outcome::Found,
        (false, false) => Outcome::Created,
    };
    let (version, location) = (offer.order.version, answer::place_of(&offer.order));
    answer::keyed_at(outcome, telling, (version, &location), &WireOffer::of(offer, reused))
}
