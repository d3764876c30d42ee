//! The members of a JSON object, taken one by one; every error is kept with its path.
//!
//! May not be left half read: [`Fields::finish`] refuses what nobody asked for.

mod objects;

use super::Json;
use crate::problem::FieldError;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;

/// The members that are left, and what was wrong so far.
pub(crate) struct Fields {
    members: BTreeMap<String, Json>,
    errors: Vec<FieldError>,
}

/// How long a text may be, in characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextRule {
    /// At least.
    pub(crate) min: usize,
    /// At most.
    pub(crate) max: usize,
}

impl Fields {
    /// The members of one object.
    pub(crate) fn new(members: BTreeMap<String, Json>) -> Fields {
        Fields { members, errors: Vec::new() }
    }

    /// Notes an error.
    pub(crate) fn refuse(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, code, message));
    }

    /// Everything that was wrong, and every member that nobody asked for.
    pub(crate) fn finish(mut self) -> Result<(), Vec<FieldError>> {
        for name in self.members.keys() {
            self.errors.push(FieldError::new(name.as_str(), "unknown_field", "not a field here"));
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    /// Leaves members unread: which of them belong here depends on one that is wrong.
    pub(crate) fn pass_over(&mut self, names: &[&str]) {
        self.members.retain(|name, _| !names.contains(&name.as_str()));
    }

    /// Whether there is a member of this name; a `null` counts as absent.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|json| *json != Json::Null)
    }

    /// The member of this name; a `null` counts as absent.
    fn take(&mut self, name: &str) -> Option<Json> {
        self.members.remove(name).filter(|json| *json != Json::Null)
    }

    fn require(&mut self, name: &str) -> Option<Json> {
        let found = self.take(name);
        if found.is_none() {
            self.refuse(name, "required", "is required");
        }
        found
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &str, rule: TextRule) -> Option<String> {
        let json = self.require(name)?;
        self.as_text(name, json, rule)
    }

    /// A text that may be absent.
    pub(crate) fn optional_text(&mut self, name: &str, rule: TextRule) -> Option<String> {
        let json = self.take(name)?;
        self.as_text(name, json, rule)
    }

    fn as_text(&mut self, name: &str, json: Json, rule: TextRule) -> Option<String> {
        let Json::Text(text) = json else {
            self.refuse(name, "wrong_type", "must be a string");
            return None;
        };
        match check_text(&text, rule) {
            Ok(()) => Some(text),
            Err((code, message)) => {
                self.refuse(name, code, message);
                None
            }
        }
    }

    /// A text that `parse` understands and that must be there.
    pub(crate) fn parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let json = self.require(name)?;
        self.as_parsed(name, json, parse, what)
    }

    /// A text that `parse` understands and that may be absent.
    pub(crate) fn optional_parsed<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let json = self.take(name)?;
        self.as_parsed(name, json, parse, what)
    }

    fn as_parsed<T>(
        &mut self,
        name: &str,
        json: Json,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<T> {
        let Json::Text(text) = json else {
            self.refuse(name, "wrong_type", "must be a string");
            return None;
        };
        let parsed = parse(&text);
        if parsed.is_none() {
            self.refuse(name, "invalid", format!("must be {what}"));
        }
        parsed
    }

    /// A whole number that must be there.
    pub(crate) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let json = self.require(name)?;
        self.as_integer(name, &json, &range)
    }

    /// A whole number that may be absent.
    pub(crate) fn optional_integer(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let json = self.take(name)?;
        self.as_integer(name, &json, &range)
    }

    fn as_integer(&mut self, name: &str, json: &Json, range: &RangeInclusive<i64>) -> Option<i64> {
        let number = if let Json::Number(number) = json {
            number
        } else {
            self.refuse(name, "wrong_type", "must be an integer");
            return None;
        };
        if number.is_f64() {
            self.refuse(name, "wrong_type", "must be an integer");
            return None;
        }
        let value = number.as_i64().filter(|value| range.contains(value));
        if value.is_none() {
            let (min, max) = (range.start(), range.end());
            self.refuse(name, "out_of_range", format!("must be from {min} to {max}"));
        }
        value
    }

    /// Whole numbers, at most `max` of them, that must be there.
    pub(crate) fn integers(&mut self, name: &str, max: usize) -> Option<Vec<i64>> {
        let Json::Array(elements) = self.require(name)? else {
            self.refuse(name, "wrong_type", "must be an array of integers");
            return None;
        };
        if elements.len() > max {
            self.refuse(name, "too_long", format!("at most {max} elements"));
            return None;
        }
        let elements = elements.iter().enumerate().map(|(index, element)| {
            self.as_integer(&format!("{name}[{index}]"), element, &(i64::MIN..=i64::MAX))
        });
        // Every element is looked at, so that every wrong one is named.
        let read: Vec<Option<i64>> = elements.collect();
        read.into_iter().collect()
    }

    /// `true` or `false`; `false` when absent.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Json::Bool(value)) => value,
            Some(
                Json::Null | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_),
            ) => {
                self.refuse(name, "wrong_type", "must be true or false");
                false
            }
        }
    }
}

/// Whether a text is one that people write: not blank where it may not be empty, not too long,
/// and without characters that change how others read what stands beside them.
pub(crate) fn check_text(text: &str, rule: TextRule) -> Result<(), (&'static str, String)> {
    let length = text.chars().count();
    if length > rule.max {
        return Err(("too_long", format!("at most {} characters", rule.max)));
    }
    if length < rule.min || (rule.min > 0 && text.trim().is_empty()) {
        return Err(("too_short", format!("at least {} visible character(s)", rule.min)));
    }
    if text.chars().any(is_control) {
        return Err(("control_character", "contains a control character".to_owned()));
    }
    Ok(())
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of
/// writing around.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_in_characters() {
        let rule = TextRule { min: 1, max: 3 };
        assert!(check_text("茶茶茶", rule).is_ok());
        assert_eq!(check_text("茶茶茶茶", rule).unwrap_err().0, "too_long");
        assert_eq!(check_text("", rule).unwrap_err().0, "too_short");
        assert_eq!(check_text("  ", rule).unwrap_err().0, "too_short");
        for bad in ["a\0", "a\nb", "\u{202e}a", "\u{2066}a", "\u{7f}"] {
            assert_eq!(check_text(bad, rule).unwrap_err().0, "control_character", "{bad:?}");
        }
    }
}
