//! Query parameters, read as strictly as bodies, and the cursors of lists.
//!
//! May not ignore a parameter: one that nobody asked for is a misspelled filter.

use crate::json_body::{TextRule, check_text};
use crate::problem::{FieldError, Problem};
use actix_web::web;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::ops::RangeInclusive;
use domain::catalogue::SkuId;
use domain::{CaseId, OrderId, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The most entries of one page.
pub(crate) const LIMIT_MAX: u32 = 100;
/// The entries of a page when nothing is said.
const LIMIT_DEFAULT: u32 = 20;

/// The most characters of an API key's id.
const KEY_ID_MAX: usize = 64;

/// Parameters that are left, and what was wrong so far. Has no `Debug`: anything may be in a URL.
pub(crate) struct Query {
    pairs: BTreeMap<String, String>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Splits a query string.
    pub(crate) fn parse(text: &str) -> Result<Query, Problem> {
        let decoded = web::Query::<Vec<(String, String)>>::from_query(text);
        let Ok(web::Query(decoded)) = decoded else {
            return Err(Problem::invalid([FieldError::new("", "invalid", "not a query string")]));
        };
        let mut query = Query { pairs: BTreeMap::new(), errors: Vec::new() };
        for (name, value) in decoded {
            if query.pairs.insert(name.clone(), value).is_some() {
                query.errors.push(FieldError::new(name, "duplicate_field", "given more than once"));
            }
        }
        Ok(query)
    }

    /// Refuses everything that was wrong, and what nobody asked for.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for name in self.pairs.keys() {
            let error = FieldError::new(name.as_str(), "unknown_field", "not a parameter here");
            self.errors.push(error);
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }

    /// A parameter that `parse` understands.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let text = self.pairs.remove(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.errors.push(FieldError::new(name, "invalid", format!("must be {what}")));
        }
        parsed
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let what = format!("an integer from {} to {}", range.start(), range.end());
        let parse = |text: &str| {
            let is_plain = text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|number| is_plain && range.contains(number))
        };
        self.parsed(name, parse, &what)
    }

    /// `limit`.
    pub(crate) fn limit(&mut self) -> u32 {
        self.integer("limit", 1..=LIMIT_MAX).unwrap_or(LIMIT_DEFAULT)
    }

    /// A number or a name that is looked for as it is.
    pub(crate) fn text(&mut self, name: &str, max: usize) -> Option<String> {
        let rule = TextRule { min: 1, max };
        let parse = |text: &str| check_text(text, rule).is_ok().then(|| text.to_owned());
        self.parsed(name, parse, &format!("1 to {max} characters that can be seen"))
    }

    /// An instant.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, Timestamp::parse_rfc3339, "an RFC 3339 time (write + as %2B)")
    }

    /// `cursor`.
    pub(crate) fn cursor<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.parsed("cursor", read, "the next_cursor of the page before")
    }
}

/// The cursor after this order.
pub(crate) fn order_cursor(created_at: Timestamp, id: OrderId) -> String {
    instant_cursor(created_at, id.get())
}

/// Reads [`order_cursor`].
pub(crate) fn read_order_cursor(text: &str) -> Option<(Timestamp, OrderId)> {
    read_instant_cursor(text).map(|(at, id)| (at, OrderId::new(id)))
}

/// The cursor after this case.
pub(crate) fn case_cursor(opened_at: Timestamp, id: CaseId) -> String {
    instant_cursor(opened_at, id.get())
}

/// Reads [`case_cursor`].
pub(crate) fn read_case_cursor(text: &str) -> Option<(Timestamp, CaseId)> {
    read_instant_cursor(text).map(|(at, id)| (at, CaseId::new(id)))
}

/// The cursor after this move of stock.
pub(crate) fn stock_cursor(at: Timestamp, id: Uuid) -> String {
    instant_cursor(at, id)
}

/// Reads [`stock_cursor`].
pub(crate) fn read_stock_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    read_instant_cursor(text)
}

fn instant_cursor(at: Timestamp, id: Uuid) -> String {
    let mut bytes = at.micros().to_be_bytes().to_vec();
    bytes.extend_from_slice(id.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Every text of its form is a place in the list, so that the document can say what a cursor is: an
/// instant that we cannot hold is the nearest one that we can.
fn read_instant_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (micros, id) = bytes.split_first_chunk::<8>()?;
    let id = Uuid::from_slice(id).ok()?;
    Some((Timestamp::from_micros(i64::from_be_bytes(*micros)), id))
}

/// Reads the cursor after an API key: its id.
pub(crate) fn read_key_cursor(text: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let fits = (1..=KEY_ID_MAX).contains(&text.len()) && text.bytes().all(is_plain);
    fits.then(|| text.to_owned())
}

/// Reads the cursor after a SKU: its id.
pub(crate) fn read_sku_cursor(text: &str) -> Option<SkuId> {
    SkuId::parse(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_limit_is_one_to_a_hundred() {
        let limit = |text: &str| {
            let mut query = Query::parse(text).unwrap();
            let limit = query.limit();
            query.finish().map(|()| limit).ok()
        };
        assert_eq!(limit(""), Some(LIMIT_DEFAULT));
        assert_eq!(limit("limit=1"), Some(1));
        assert_eq!(limit("limit=100"), Some(100));
        for bad in
            ["limit=0", "limit=101", "limit=", "limit=+5", "limit=x", "limit=1&limit=1", "limt=5"]
        {
            assert_eq!(limit(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_an_instant_that_we_cannot_hold_is_a_place_at_the_end() {
        for micros in [i64::MIN, i64::MAX] {
            let text = URL_SAFE_NO_PAD.encode([&micros.to_be_bytes()[..], &[7; 16]].concat());
            let (at, _) = read_order_cursor(&text).unwrap();
            assert_eq!(at, Timestamp::from_micros(micros));
        }
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(micros in 0i64..250_000_000_000_000_000, id in any::<u128>()) {
            let at = (Timestamp::from_micros(micros), OrderId::new(Uuid::from_u128(id)));
            let text = order_cursor(at.0, at.1);
            let mut query = Query::parse(&format!("cursor={text}")).unwrap();
            prop_assert_eq!(query.cursor(read_order_cursor), Some(at));
        }

        #[test]
        fn a_foreign_cursor_is_refused(text in "[0-9a-zA-Z_=-]{0,31}") {
            let mut query = Query::parse(&format!("cursor={text}")).unwrap();
            prop_assert_eq!(query.cursor(read_order_cursor), None);
            prop_assert!(query.finish().is_err());
        }
    }
}
