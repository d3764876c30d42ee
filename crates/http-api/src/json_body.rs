//! Reads a request's JSON body strictly, and says everything that is wrong with it at once.
//!
//! May not know any route: what a body looks like is said by the endpoint's file through
//! [`Body`]. Unknown and doubled names, depth, lengths and sizes are refused here; nothing is
//! ever rounded, trimmed or guessed.

mod fields;
mod json;
mod whole;

pub(crate) use fields::{Fields, TextRule, check_text};
pub(crate) use json::Json;

use crate::problem::{FieldError, Problem};
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use std::time::Duration;

/// The most bytes a JSON body may have.
pub(crate) const BODY_MAX: usize = 64 * 1024;
/// How deep objects and arrays may be nested, the body itself counted.
pub(crate) const DEPTH_MAX: usize = 16;
/// The most elements one array may have.
pub(crate) const ARRAY_MAX: usize = 1_000;
/// How long a client may take to send a body.
pub(crate) const BODY_WAIT: Duration = Duration::from_secs(10);

/// What one endpoint takes.
pub(crate) trait Body: Sized {
    /// Reads every field; `None` after `fields` was told of an error.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// A body that was understood.
pub(crate) struct Understood<T> {
    /// What it says.
    pub(crate) value: T,
    /// The same bytes for the same JSON, whatever its order of names and white space.
    pub(crate) canonical: String,
}

/// Whether a body must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It must.
    Required,
    /// None at all is the same as `{}`.
    Optional,
}

/// Reads the body of `req`.
pub(crate) async fn read<T: Body>(
    req: &HttpRequest,
    payload: web::Payload,
    presence: Presence,
) -> Result<Understood<T>, Problem> {
    is_json(req)?;
    let bytes = bytes(payload, BODY_MAX).await?;
    if bytes.is_empty() && presence == Presence::Optional {
        return understand(b"{}");
    }
    understand(&bytes)
}

/// Reads at most `max` bytes as they come.
pub(crate) async fn bytes(payload: web::Payload, max: usize) -> Result<web::Bytes, Problem> {
    match tokio::time::timeout(BODY_WAIT, payload.to_bytes_limited(max)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_broken))) => Err(Problem::invalid([FieldError::new(
            "",
            "incomplete",
            "the body ended before it was complete",
        )])),
        Ok(Err(_too_large)) => Err(Problem::body_too_large(max)),
        Err(_slow) => Err(Problem::request_timeout()),
    }
}

/// Understands a body.
pub(crate) fn understand<T: Body>(bytes: &[u8]) -> Result<Understood<T>, Problem> {
    let json = Json::parse(bytes).map_err(|error| Problem::invalid([error]))?;
    let canonical = json.canonical();
    let Json::Object(members) = json else {
        let error = FieldError::new("", "wrong_type", "the body must be a JSON object");
        return Err(Problem::invalid([error]));
    };
    let mut fields = Fields::new(members);
    let value = T::read(&mut fields);
    fields.finish().map_err(Problem::invalid)?;
    let value = value.ok_or_else(|| Problem::invalid([]))?;
    Ok(Understood { value, canonical })
}

fn is_json(req: &HttpRequest) -> Result<(), Problem> {
    let header = |name| req.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let essence = header(CONTENT_TYPE)
        .map(|text| text.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    if essence.is_some_and(|essence| essence != "application/json") {
        return Err(Problem::unsupported_media_type("send application/json"));
    }
    if header(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(Problem::unsupported_media_type("send the body without a Content-Encoding"));
    }
    Ok(())
}
