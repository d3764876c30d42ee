//! `POST /api/mini/orders/{ref}/wechat-pay/prepay`: pays for an order that exists.
//!
//! May not take an amount from the client: what is paid is the order's.

use super::offered;
use super::wanted::{OfferedTradeType, Paying, WireClientIp};
use crate::call::{Answer, Asked, Call};
use crate::json_body::{Body, Fields, Presence};
use crate::problem::ProblemBody;
use crate::wire::checkout::WireOffer;
use usecases::PayRequest;
use utoipa::ToSchema;

/// How an order is to be paid.
#[derive(ToSchema)]
#[schema(as = PayOrderRequest)]
#[expect(dead_code, reason = "only the OpenAPI document reads it; `Paying` is what is read")]
pub(crate) struct PayBody {
    trade_type: Option<OfferedTradeType>,
    /// Where the payer's client is; H5 needs it, and no other way to pay uses it.
    client_ip: Option<WireClientIp>,
}

impl Body for Paying {
    fn read(fields: &mut Fields) -> Option<Paying> {
        Some(Paying::read(fields))
    }
}

/// Offers a payment for an order: the open one when it is what is asked for; else another one, and
/// the open one is closed. Cash on delivery is paid online this way, until its cash is taken.
#[utoipa::path(post, path = "/api/mini/orders/{ref}/wechat-pay/prepay", tag = "buyers",
    operation_id = "pay_order",
    params(("ref" = String, Path, description = "its number, its id, or any out_trade_no of it"),
        ("Idempotency-Key" = String, Header, pattern = "^[0-9A-Za-z_-]{16,64}$"),
        ("If-Match" = Option<String>, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the order's ETag")),
    request_body = Option<PayBody>,
    responses((status = 201, description = "a new payment", body = WireOffer),
        (status = 200, description = "the open payment, which is equal", body = WireOffer),
        (status = 202, description = "WeChat Pay's answer is not known yet: the same request \
            with the same key goes on", body = WireOffer),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn pay(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let Asked { body, target, keyed } = call.asked::<Paying>(Presence::Optional).await?;
    let Paying { trade_type, client_ip } = body;
    let request = PayRequest { buyer, target, trade_type, client_ip };
    let done = call.run(async move |paydesk| paydesk.pay_order(&request, &keyed).await);
    Ok(offered(done.await??))
}
