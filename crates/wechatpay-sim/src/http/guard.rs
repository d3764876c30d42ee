//! Keeps other sites out of `/_sandbox`: a page that somebody has open elsewhere can make that browser ask anything of
//! this machine, and the control routes give keys away and "pay".
//!
//! Two doors. A request that says where it comes from (`Origin`) has to come from here: browsers say so with every one that
//! changes something, programs do not. And a sandbox for this machine alone is asked by a name of this machine: a
//! site whose own name was made to lead here (DNS rebinding) would otherwise be of the same origin. MAY NOT ask anything of
//! programs: `curl` and SDKs send what they always did, whatever its content type. Of WeChat Pay's own paths it knows
//! nothing; they are signed.

use std::net::IpAddr;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::core::ledger::ControlRefusal;
use crate::http::shared::Shared;

/// Lets in, or refuses in words.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_public = request.app_data::<Data<Shared>>().is_some_and(|shared| shared.is_public);
    judge(request.headers(), is_public)?;
    next.call(request).await
}

fn judge(headers: &HeaderMap, is_public: bool) -> Result<(), ControlRefusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST);
    if !is_public && !host.is_none_or(is_of_this_machine) {
        return Err(ControlRefusal::forbidden(
            "foreign_host",
            "the sandbox is for this machine alone: ask it as localhost or by its address",
        ));
    }
    if let Some(origin) = text(header::ORIGIN)
        && !comes_from(origin, host.unwrap_or_default())
    {
        return Err(ControlRefusal::forbidden(
            "foreign_origin",
            "a page of another site asks this; only the sandbox's own page may",
        ));
    }
    Ok(())
}

/// An origin is a scheme and a host. Between both there may be a proxy that adds TLS.
fn comes_from(origin: &str, host: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

/// An address is nobody's name. A name without a dot, or of one of these families, nobody can have in the public DNS;
/// containers call each other so.
fn is_of_this_machine(host: &str) -> bool {
    let name = without_port(host).trim_end_matches('.').to_ascii_lowercase();
    let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let is_local =
        !name.contains('.') || name.ends_with(".localhost") || name.ends_with(".internal");
    is_address || is_local
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    /// The code of the refusal of a request with these headers.
    fn refused(headers: &[(HeaderName, &str)], is_public: bool) -> Option<&'static str> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        judge(&headers.collect(), is_public).err().map(|why| why.code)
    }

    fn host(name: &str) -> (HeaderName, &str) {
        (header::HOST, name)
    }

    fn origin(name: &str) -> (HeaderName, &str) {
        (header::ORIGIN, name)
    }

    #[test]
    fn a_name_of_this_machine_is_let_in() {
        for name in [
            "127.0.0.1:8081",
            "localhost:8081",
            "LOCALHOST",
            "[::1]:8081",
            "::1",
            "10.0.0.7",
            "sandbox:8081",
            "pay.localhost",
            "host.docker.internal:8081",
        ] {
            assert_eq!(refused(&[host(name)], false), None, "{name}");
        }
        assert_eq!(refused(&[], false), None, "a request without a host");
    }

    #[test]
    fn a_name_that_somebody_else_can_have_is_not() {
        for name in
            ["evil.example", "evil.example:8081", "localhost.evil.example.", "127.0.0.1.nip.io"]
        {
            assert_eq!(refused(&[host(name)], false), Some("foreign_host"), "{name}");
            assert_eq!(refused(&[host(name)], true), None, "{name}: it was made public");
        }
    }

    #[test]
    fn a_page_of_another_site_is_not_let_in() {
        let here = "127.0.0.1:8081";
        for from in ["http://127.0.0.1:8081", "https://127.0.0.1:8081"] {
            assert_eq!(refused(&[host(here), origin(from)], false), None, "{from}");
        }
        for from in
            ["http://evil.example", "http://127.0.0.1:9999", "http://localhost:8081", "null", ""]
        {
            for is_public in [false, true] {
                let said = refused(&[host(here), origin(from)], is_public);
                assert_eq!(said, Some("foreign_origin"), "{from}");
            }
        }
        let rebound = [host("evil.example:8081"), origin("http://evil.example:8081")];
        assert_eq!(refused(&rebound, false), Some("foreign_host"));
    }
}
