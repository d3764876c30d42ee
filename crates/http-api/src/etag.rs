//! Versions as entity tags: `ETag: "7"`, `If-Match: "7"`.
//!
//! May not match weakly or by `*`: a change names the one version that its author saw.

use crate::problem::Problem;
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, IF_MATCH};

/// The entity tag of a version.
pub(crate) fn of(version: u64) -> String {
    format!("\"{version}\"")
}

/// What a change says about the version that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Nothing.
    Missing,
    /// This one.
    Version(u64),
    /// Something that no version of ours matches.
    Nothing,
}

impl IfMatch {
    /// Reads the header.
    pub(crate) fn of(req: &HttpRequest) -> IfMatch {
        IfMatch::of_headers(req.headers())
    }

    fn of_headers(headers: &HeaderMap) -> IfMatch {
        let mut values = headers.get_all(IF_MATCH);
        let Some(first) = values.next() else { return IfMatch::Missing };
        let version = first.to_str().ok().and_then(version);
        match (version, values.next()) {
            (Some(version), None) => IfMatch::Version(version),
            (Some(_) | None, _) => IfMatch::Nothing,
        }
    }

    /// The version, for a change that must name one.
    pub(crate) fn required(self) -> Result<u64, Problem> {
        self.optional()?.ok_or_else(Problem::precondition_required)
    }

    /// The version that an order must still have, for a change that need not name one. What no
    /// version of ours matches is refused where versions are compared: after what does not exist.
    pub(crate) fn expected(self) -> Option<u64> {
        match self {
            IfMatch::Missing => None,
            IfMatch::Version(version) => Some(version),
            IfMatch::Nothing => Some(u64::MAX),
        }
    }

    /// The version, for a change that may create.
    pub(crate) fn optional(self) -> Result<Option<u64>, Problem> {
        match self {
            IfMatch::Missing => Ok(None),
            IfMatch::Version(version) => Ok(Some(version)),
            IfMatch::Nothing => Err(Problem::version_conflict()),
        }
    }
}

/// The version of one strong tag, written exactly as [`of`] writes it.
fn version(text: &str) -> Option<u64> {
    let version = text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (of(version) == text.trim()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_our_own_tag_names_a_version() {
        let read = |text: &str| {
            IfMatch::of(&TestRequest::get().insert_header((IF_MATCH, text)).to_http_request())
        };
        assert_eq!(read("\"7\""), IfMatch::Version(7));
        for text in ["*", "W/\"7\"", "7", "\"07\"", "\"+7\"", "\"7\", \"8\"", "\"x\"", ""] {
            assert_eq!(read(text), IfMatch::Nothing, "{text}");
        }
        assert_eq!(IfMatch::of(&TestRequest::get().to_http_request()), IfMatch::Missing);
    }
}
