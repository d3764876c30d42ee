//! `/api/mini/addresses`: where a buyer can be delivered to.
//!
//! May not show or change another buyer's: every call of the book names its buyer.

use crate::answer;
use crate::call::{Answer, Call};
use crate::etag::IfMatch;
use crate::json_body::{Body, Fields, TextRule};
use crate::problem::{Code, Problem, ProblemBody};
use crate::wire::list::Page;
use crate::wire::shop::WireAddress;
use domain::buyer::{Address, BookedAddress};
use domain::ports::PutAnswer;
use utoipa::ToSchema;

/// The most addresses of one buyer.
pub(crate) const ADDRESSES_MAX: u32 = 50;
const NAME: TextRule = TextRule { min: 1, max: 64 };
const PHONE: TextRule = TextRule { min: 3, max: 32 };
const REGION: TextRule = TextRule { min: 1, max: 128 };
const DETAIL: TextRule = TextRule { min: 1, max: 256 };

/// An address, as it is sent.
#[derive(ToSchema)]
#[schema(as = AddressRequest)]
pub(crate) struct AddressBody {
    /// Who receives.
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(min_length = 3, max_length = 32)]
    phone: String,
    /// Province, city, district.
    #[schema(min_length = 1, max_length = 128)]
    region: String,
    /// Street and number.
    #[schema(min_length = 1, max_length = 256)]
    detail: String,
}

impl Body for AddressBody {
    fn read(fields: &mut Fields) -> Option<AddressBody> {
        let name = fields.text("name", NAME);
        let phone = fields.text("phone", PHONE);
        let region = fields.text("region", REGION);
        let detail = fields.text("detail", DETAIL);
        Some(AddressBody { name: name?, phone: phone?, region: region?, detail: detail? })
    }
}

impl From<AddressBody> for Address {
    fn from(body: AddressBody) -> Address {
        let AddressBody { name, phone, region, detail } = body;
        Address { name, phone, region, detail }
    }
}

/// Lists all addresses.
#[utoipa::path(get, path = "/api/mini/addresses", tag = "buyers", operation_id = "list_addresses",
    responses((status = 200, body = Page<WireAddress>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn list(call: Call) -> Answer {
    let booked = all(&call).await?;
    let data = booked.iter().map(WireAddress::of).collect();
    Ok(answer::ok(&Page { data, next_cursor: None }))
}

/// Adds an address.
#[utoipa::path(post, path = "/api/mini/addresses", tag = "buyers", operation_id = "add_address",
    request_body = AddressBody,
    responses((status = 201, body = WireAddress),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn add(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let body: AddressBody = call.read().await?.value;
    let added = call.run(async move |paydesk| {
        paydesk.book.add_address(buyer, body.into(), ADDRESSES_MAX).await
    });
    let booked = added.await??.ok_or_else(full)?;
    let location = format!("/api/mini/addresses/{}", booked.id);
    Ok(answer::created_at(&location, booked.version, &WireAddress::of(&booked)))
}

/// Replaces an address.
#[utoipa::path(put, path = "/api/mini/addresses/{id}", tag = "buyers",
    operation_id = "put_address",
    params(("id" = i64, Path, minimum = 1),
        ("If-Match" = String, Header, pattern = "^\"(0|[1-9][0-9]{0,18})\"$",
            description = "the address's ETag")),
    request_body = AddressBody,
    responses((status = 200, body = WireAddress),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn put(mut call: Call) -> Answer {
    let buyer = call.buyer()?;
    let body: AddressBody = call.read().await?.value;
    let id = call.number()?;
    // Whether it exists is said before anything about its version.
    if !all(&call).await?.iter().any(|booked| booked.id == id) {
        return Err(Problem::not_found());
    }
    let expected = IfMatch::of(&call.req).required()?;
    let put = call
        .run(async move |paydesk| paydesk.book.put_address(buyer, id, expected, body.into()).await);
    match put.await?? {
        PutAnswer::Created(booked) | PutAnswer::Changed(booked) => {
            Ok(answer::ok_at(booked.version, &WireAddress::of(&booked)))
        }
        PutAnswer::VersionMoved => Err(Problem::version_conflict()),
        PutAnswer::NotFound => Err(Problem::not_found()),
    }
}

/// Removes an address; orders keep their copy.
#[utoipa::path(delete, path = "/api/mini/addresses/{id}", tag = "buyers",
    operation_id = "delete_address", params(("id" = i64, Path, minimum = 1)),
    responses((status = 204),
        (status = "default", body = ProblemBody, content_type = "application/problem+json")))]
pub(crate) async fn delete(call: Call) -> Answer {
    let (buyer, id) = (call.buyer()?, call.number()?);
    let removed = call.run(async move |paydesk| paydesk.book.delete_address(buyer, id).await);
    if removed.await?? { Ok(answer::done()) } else { Err(Problem::not_found()) }
}

async fn all(call: &Call) -> Result<Vec<BookedAddress>, Problem> {
    let buyer = call.buyer()?;
    Ok(call.run(async move |paydesk| paydesk.book.addresses(buyer).await).await??)
}

fn full() -> Problem {
    Problem::new(Code::TooManyAddresses, format!("at most {ADDRESSES_MAX} addresses"))
}
