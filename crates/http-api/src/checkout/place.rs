//! `POST /api/mini/orders`: an order whose payment is asked for later, or that is paid at the door.

use super::wanted::Wanted;
use crate::answer::{self, Outcome, Telling};
use crate::call::{Answer, Call};
use crate::json_body::{Body, Fields};
use crate::problem::ProblemBody;
use crate::wire::order::{WireOrder, WirePlaced};
use domain::order::PaymentMethod;
use usecases::Checkedout;
use utoipa::ToSchema;

const PATH: &str = "/api/mini/orders";

/// An order to be placed.
#[derive(ToSchema)]
#[schema(as = PlaceOrderRequest, example = json!({
    "item_ids": [], "address_id": 1, "payment_method": "wechat"}))]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Place` is what is read")]
pub(crate) struct PlaceBody {
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
    /// What the buyer was shown; another total is refused with `price_changed`.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    expected_total_fen: Option<i64>,
    /// Whether an open order over the same lines is cancelled to make way.
    replace_open: Option<bool>,
    payment_method: OfferedMethod,
}

/// How an order can be paid: at WeChat Pay, its payment asked for later; from the wallet at once; or at
/// the door.
#[derive(ToSchema)]
#[schema(as = OfferedPaymentMethod, rename_all = "snake_case")]
#[expect(dead_code, reason = "only the OpenAPI document reads it")]
enum OfferedMethod {
    Wechat,
    Cod,
    Wallet,
}

/// What it says.
struct Place {
    wanted: Wanted,
    method: PaymentMethod,
}

impl Body for Place {
    fn read(fields: &mut Fields) -> Option<Place> {
        let wanted = Wanted::read(fields);
        let method = fields.parsed("payment_method", |text| Some(text.to_owned()), "");
        let method = match method.as_deref() {
            Some("wechat") => Some(PaymentMethod::Wechat),
            Some("wallet") => Some(PaymentMethod::Wallet),
            Some("cod") => Some(PaymentMethod::Cod),
            Some(_other) => {
                fields.refuse("payment_method", "invalid", "must be wechat, wallet or cod");
                None
            }
            None => None,
        };
        Some(Place { wanted: wanted?, method: method? })
    }
}

/// Places an order: to be paid online within 15 minutes, its payment asked for by its own route; or to be
/// paid at the door, which goes out at once.
#[utoipa::path(post, path = "/api/mini/orders", tag = "buyers", operation_id = "place_order",
    params(("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$")),
    request_body = PlaceBody,
    responses((status = 201, description = "a new order", body = WirePlaced),
        (status = 200, description = "the open order of an equal request", body = WirePlaced),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn place(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let key = call.key()?;
    let body = call.read::<Place>().await?;
    let keyed = call.keyed(key, PATH, &body.canonical);
    let Place { wanted, method } = body.value;
    let request = wanted.of(buyer, method, None);
    let done = call.run(async move |paydesk| paydesk.check_out(&request, &keyed).await).await??;
    let (offer, reused, telling) = match done {
        Checkedout::Placed(offer) => (offer, false, Telling::First),
        Checkedout::Reused(offer) => (offer, true, Telling::First),
        Checkedout::Replayed { offer, reused } => (offer, reused, Telling::Replayed),
    };
    let outcome = if reused { Outcome::Found } else { Outcome::Created };
    let (version, location) = (offer.order.version, answer::place_of(&offer.order));
    let shown = WirePlaced { order: WireOrder::of(&offer.order, call.view()), reused };
    Ok(answer::keyed_at(outcome, telling, (version, &location), &shown))
}
