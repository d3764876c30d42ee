//! JSON as a value, parsed within limits.
//!
//! May not accept what two parsers could understand differently: names that occur twice are
//! refused (a signature, a log and a handler would each pick another one).

use super::{ARRAY_MAX, DEPTH_MAX, whole};
use crate::problem::FieldError;
use core::fmt;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A JSON value. What a client sends may be secret or personal: `Debug` hides it.
#[derive(Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    Array(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json(…)")
    }
}

impl Json {
    /// Parses one value and nothing after it. A whole number is an integer however it is spelled.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Json, FieldError> {
        // A fault is named where it stands in what was sent, not in the other spelling.
        Json::parse_plain(&whole::spelled_plainly(bytes))
            .map_err(|error| Json::parse_plain(bytes).err().unwrap_or(error))
    }

    fn parse_plain(bytes: &[u8]) -> Result<Json, FieldError> {
        let fault = RefCell::new(None);
        let seed = Seed { depth: 1, path: Path::Root, fault: &fault };
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let parsed =
            seed.deserialize(&mut deserializer).and_then(|json| deserializer.end().map(|()| json));
        parsed.map_err(|error| {
            fault.take().unwrap_or_else(|| {
                let place = format!("line {} column {}", error.line(), error.column());
                FieldError::new("", "invalid_json", format!("not JSON at {place}"))
            })
        })
    }

    /// Its one canonical text: names sorted, no white space.
    pub(crate) fn canonical(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        match self {
            Json::Null => text.push_str("null"),
            Json::Bool(true) => text.push_str("true"),
            Json::Bool(false) => text.push_str("false"),
            Json::Number(number) => text.push_str(&number.to_string()),
            Json::Text(value) => write_text(value, text),
            Json::Array(elements) => {
                text.push('[');
                for (index, element) in elements.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    element.write(text);
                }
                text.push(']');
            }
            Json::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    write_text(name, text);
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }
}

fn write_text(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}

/// Where in the body we are.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Member(Path::Root, name) => f.write_str(name),
            Path::Member(parent, name) => write!(f, "{parent}.{name}"),
            Path::Element(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    path: Path<'a>,
    fault: &'a RefCell<Option<FieldError>>,
}

impl Seed<'_> {
    fn refuse<E: Error>(&self, code: &'static str, message: String) -> E {
        self.fault.replace(Some(FieldError::new(self.path.to_string(), code, message)));
        E::custom(code)
    }

    fn is_within_depth<E: Error>(&self) -> Result<(), E> {
        if self.depth > DEPTH_MAX {
            return Err(self.refuse("too_deep", format!("nested deeper than {DEPTH_MAX}")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| self.refuse("wrong_type", "not a number that JSON has".to_owned()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        self.is_within_depth()?;
        let mut elements = Vec::new();
        loop {
            let path = Path::Element(&self.path, elements.len());
            let depth = self.depth.saturating_add(1);
            let seed = Seed { depth, path, fault: self.fault };
            let Some(element) = access.next_element_seed(seed)? else { break };
            if elements.len() >= ARRAY_MAX {
                let message = format!("more than {ARRAY_MAX} elements");
                return Err(self.refuse("too_long", message));
            }
            elements.push(element);
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        self.is_within_depth()?;
        let mut members = BTreeMap::new();
        while let Some(name) = access.next_key::<String>()? {
            let path = Path::Member(&self.path, &name);
            let depth = self.depth.saturating_add(1);
            let seed = Seed { depth, path, fault: self.fault };
            if members.contains_key(&name) {
                return Err(seed.refuse("duplicate_field", "given more than once".to_owned()));
            }
            let value = access.next_value_seed(seed)?;
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn depth_is_refused_one_beyond_the_limit() {
        assert!(Json::parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        let error = Json::parse(nested(DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(error.code, "too_deep");
    }

    #[test]
    fn an_array_is_refused_one_beyond_the_limit() {
        let array = |n: usize| format!("{{\"a\":[{}]}}", vec!["1"; n].join(","));
        assert!(Json::parse(array(ARRAY_MAX).as_bytes()).is_ok());
        let error = Json::parse(array(ARRAY_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!((error.field.as_str(), error.code), ("a", "too_long"));
    }

    #[test]
    fn a_doubled_name_is_named() {
        let error = Json::parse(br#"{"a":{"b":[{"c":1,"c":1}]}}"#).unwrap_err();
        assert_eq!((error.field.as_str(), error.code), ("a.b[0].c", "duplicate_field"));
    }

    #[test]
    fn what_is_not_one_json_value_is_refused() {
        for text in ["", "{", "{}{}", "{'a':1}", "nul", "\"\\ud800\"", "[1,]", "01", "NaN"] {
            assert_eq!(Json::parse(text.as_bytes()).unwrap_err().code, "invalid_json", "{text}");
        }
        assert_eq!(Json::parse(b"\"\xff\"").unwrap_err().code, "invalid_json");
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(|n| Json::Number(n.into())),
            ".{0,8}".prop_map(Json::Text),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                prop::collection::btree_map(".{0,4}", inner, 0..6).prop_map(Json::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_text_is_json_and_says_the_same(json in any_json()) {
            let text = json.canonical();
            prop_assert_eq!(Json::parse(text.as_bytes()).unwrap(), json);
        }

        #[test]
        fn order_and_white_space_do_not_change_the_canonical_text(json in any_json()) {
            let value: serde_json::Value = serde_json::from_str(&json.canonical()).unwrap();
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(Json::parse(spaced.as_bytes()).unwrap().canonical(), json.canonical());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _either = Json::parse(&bytes).is_ok();
        }
    }
}
