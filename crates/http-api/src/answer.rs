//! Answers that are not refusals.
//!
//! May not choose between success and refusal: endpoints do, and `problem.rs` for what is refused.

use crate::{etag, idempotency};
use actix_web::http::header::{ETAG, LOCATION, RETRY_AFTER};
use actix_web::{HttpResponse, HttpResponseBuilder};
use domain::order::Order;
use serde::Serialize;

/// 200.
pub(crate) fn ok(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

/// 200 with the version of what is shown.
pub(crate) fn ok_at(version: u64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((ETAG, etag::of(version))).json(body)
}

/// 201.
pub(crate) fn created(location: &str, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created().insert_header((LOCATION, location)).json(body)
}

/// 201 with the version of what was made.
pub(crate) fn created_at(location: &str, version: u64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, location))
        .insert_header((ETAG, etag::of(version)))
        .json(body)
}

/// 204.
pub(crate) fn done() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// How a request under an idempotency key ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Something new: 201.
    Created,
    /// Something that was there: 200.
    Found,
    /// Not known yet: 202; the same key goes on.
    Unknown,
}

/// Whether it was given before under this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Now for the first time.
    First,
    /// Again.
    Replayed,
}

/// After how many seconds to come back for an outcome that is not known yet.
const UNKNOWN_RETRY_S: u32 = 2;

/// The answer to a request under an idempotency key.
pub(crate) fn keyed(outcome: Outcome, telling: Telling, body: &impl Serialize) -> HttpResponse {
    building(outcome, telling).json(body)
}

/// The same, with the version of the order that is shown, and where a new one is.
pub(crate) fn keyed_at(
    outcome: Outcome,
    telling: Telling,
    (version, location): (u64, &str),
    body: &impl Serialize,
) -> HttpResponse {
    let mut response = building(outcome, telling);
    response.insert_header((ETAG, etag::of(version)));
    if outcome == Outcome::Created {
        response.insert_header((LOCATION, location));
    }
    response.json(body)
}

/// Where an order is, for its buyer.
pub(crate) fn place_of(order: &Order) -> String {
    format!("/api/mini/orders/{}", order.number)
}

/// 202, with the version of what is shown: taken note of, nothing is promised.
pub(crate) fn noted_at(version: u64, body: &impl Serialize) -> HttpResponse {
    HttpResponse::Accepted().insert_header((ETAG, etag::of(version))).json(body)
}

fn building(outcome: Outcome, telling: Telling) -> HttpResponseBuilder {
    let mut response = match outcome {
        Outcome::Created => HttpResponse::Created(),
        Outcome::Found => HttpResponse::Ok(),
        Outcome::Unknown => unknown(),
    };
    if telling == Telling::Replayed {
        response.insert_header((idempotency::REPLAYED, "true"));
    }
    response
}

fn unknown() -> HttpResponseBuilder {
    let mut response = HttpResponse::Accepted();
    response.insert_header((RETRY_AFTER, UNKNOWN_RETRY_S.to_string()));
    response
}
