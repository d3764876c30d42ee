//! Reads the members of a JSON body strictly and says which one is wrong.
//!
//! MAY NOT know any particular body. Each refusal is a `PARAM_ERROR` whose `detail` points at the member
//! (`v3.md` §8.1). `null` is never accepted: an optional member is left out ("不需要的参数不传").

use serde_json::{Map, Value};

use crate::core::refusal::Refusal;

/// A JSON object and where it is in the body.
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    pointer: String,
    members: &'a Map<String, Value>,
}

/// The whole body as a JSON object.
pub fn parse_body(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(Refusal::body_field("", Some(&other), "the body must be a JSON object")),
        Err(_) => Err(Refusal::body_field("", None, "the body is not valid JSON in UTF-8")),
    }
}

impl<'a> Fields<'a> {
    /// The top of a body.
    pub fn root(members: &'a Map<String, Value>) -> Self {
        Self { pointer: String::new(), members }
    }

    /// Refuses every member that is not in `allowed`.
    pub fn only(&self, allowed: &[&str]) -> Result<(), Refusal> {
        match self.members.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, value)) => {
                Err(Refusal::body_field(&self.at(name), Some(value), "unknown member"))
            }
        }
    }

    /// A string of 1 to `max` characters.
    pub fn text(&self, name: &str, max: usize) -> Result<&'a str, Refusal> {
        let value = self.required(name)?;
        match self.optional_text(name, max)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(Refusal::body_field(&self.at(name), Some(value), "must not be empty")),
        }
    }

    /// A string of at most `max` characters, if present.
    pub fn optional_text(&self, name: &str, max: usize) -> Result<Option<&'a str>, Refusal> {
        let Some(value) = self.members.get(name) else { return Ok(None) };
        let Value::String(text) = value else {
            return Err(Refusal::body_field(&self.at(name), Some(value), "must be a string"));
        };
        if text.chars().count() > max {
            let issue = format!("must not be longer than {max} characters");
            return Err(Refusal::body_field(&self.at(name), Some(value), &issue));
        }
        Ok(Some(text))
    }

    /// A whole number of at least `min`.
    pub fn int(&self, name: &str, min: i64) -> Result<i64, Refusal> {
        self.required(name)?;
        self.optional_int(name, min)?.ok_or_else(|| self.missing(name))
    }

    /// A whole number of at least `min`, if present.
    pub fn optional_int(&self, name: &str, min: i64) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.members.get(name) else { return Ok(None) };
        let Some(number) = value.as_i64() else {
            return Err(Refusal::body_field(&self.at(name), Some(value), "must be an integer"));
        };
        if number < min {
            let issue = format!("must not be less than {min}");
            return Err(Refusal::body_field(&self.at(name), Some(value), &issue));
        }
        Ok(Some(number))
    }

    /// A boolean, if present.
    pub fn optional_bool(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(other) => {
                Err(Refusal::body_field(&self.at(name), Some(other), "must be a boolean"))
            }
        }
    }

    /// An object.
    pub fn object(&self, name: &str) -> Result<Self, Refusal> {
        self.required(name)?;
        self.optional_object(name)?.ok_or_else(|| self.missing(name))
    }

    /// An object, if present.
    pub fn optional_object(&self, name: &str) -> Result<Option<Self>, Refusal> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self { pointer: self.at(name), members })),
            Some(other) => {
                Err(Refusal::body_field(&self.at(name), Some(other), "must be an object"))
            }
        }
    }

    /// The elements of an array with their pointers, if present.
    pub fn optional_array(&self, name: &str) -> Result<Option<Vec<(String, &'a Value)>>, Refusal> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let at = self.at(name);
                let place = |(index, item)| (format!("{at}/{index}"), item);
                Ok(Some(items.iter().enumerate().map(place).collect()))
            }
            Some(other) => {
                Err(Refusal::body_field(&self.at(name), Some(other), "must be an array"))
            }
        }
    }

    /// An element of an array as an object.
    pub fn element(pointer: &str, value: &'a Value) -> Result<Self, Refusal> {
        let Value::Object(members) = value else {
            return Err(Refusal::body_field(pointer, Some(value), "must be an object"));
        };
        Ok(Self { pointer: pointer.to_owned(), members })
    }

    /// A refusal about this member, with its value.
    pub fn refuse(&self, name: &str, issue: &str) -> Refusal {
        Refusal::body_field(&self.at(name), self.members.get(name), issue)
    }

    /// Bytes of the object in compact JSON.
    pub fn compact_len(&self) -> usize {
        serde_json::to_string(self.members).map_or(usize::MAX, |text| text.len())
    }

    fn required(&self, name: &str) -> Result<&'a Value, Refusal> {
        self.members.get(name).ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> Refusal {
        Refusal::body_field(&self.at(name), None, "is required")
    }

    fn at(&self, name: &str) -> String {
        // JSON Pointer (RFC 6901) escapes these two.
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }
}
