//! Members that are arrays: of texts, or of objects, each of which is read like a body of its own.

use super::Fields;
use crate::json_body::Json;
use core::ops::RangeInclusive;

impl Fields {
    /// Objects, as many as `count` says, that must be there. Every error is named with the path
    /// of its object.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        count: RangeInclusive<usize>,
        read: impl Fn(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Json::Array(elements) = self.require(name)? else {
            self.refuse(name, "wrong_type", "must be an array of objects");
            return None;
        };
        if !count.contains(&elements.len()) {
            let (min, max) = (count.start(), count.end());
            self.refuse(name, "out_of_range", format!("must be {min} to {max} elements"));
            return None;
        }
        let elements = elements.into_iter().enumerate().map(|(index, element)| {
            let path = format!("{name}[{index}]");
            let Json::Object(members) = element else {
                self.refuse(&path, "wrong_type", "must be an object");
                return None;
            };
            let mut fields = Fields::new(members);
            let value = read(&mut fields);
            for mut error in fields.finish().err().unwrap_or_default() {
                error.field = format!("{path}.{}", error.field);
                self.errors.push(error);
            }
            value
        });
        // Every element is looked at, so that every wrong one is named.
        let read: Vec<Option<T>> = elements.collect();
        read.into_iter().collect()
    }

    /// Texts that `parse` understands, as many as `count` says, that must be there.
    pub(crate) fn parsed_list<T>(
        &mut self,
        name: &str,
        count: RangeInclusive<usize>,
        parse: impl Fn(&str) -> Option<T>,
        what: &str,
    ) -> Option<Vec<T>> {
        let Json::Array(elements) = self.require(name)? else {
            self.refuse(name, "wrong_type", "must be an array of strings");
            return None;
        };
        if !count.contains(&elements.len()) {
            let (min, max) = (count.start(), count.end());
            self.refuse(name, "out_of_range", format!("must be {min} to {max} elements"));
            return None;
        }
        let elements = elements.into_iter().enumerate().map(|(index, element)| {
            self.as_parsed(&format!("{name}[{index}]"), element, &parse, what)
        });
        let read: Vec<Option<T>> = elements.collect();
        read.into_iter().collect()
    }

    /// `true` or `false`; `default` when absent.
    pub(crate) fn flag_or(&mut self, name: &str, default: bool) -> bool {
        if self.members.get(name).is_none_or(|json| *json == Json::Null) {
            self.members.remove(name);
            return default;
        }
        self.flag(name)
    }
}
