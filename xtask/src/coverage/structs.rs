//! The members of a serialised struct, as they are on the wire, read from its text.
//!
//! Reads what rustfmt has written: one member a line. A struct inside is looked for in the same file.

use std::collections::BTreeMap;

/// How deep structs may lie in one another.
const DEPTH_MAX: usize = 6;

/// Structs of one file by name.
pub(super) struct Structs(BTreeMap<String, Vec<Field>>);

struct Field {
    name: String,
    /// `Option<[Promotion; 1]>`.
    kind: String,
    is_flat: bool,
}

impl Structs {
    pub(super) fn of(text: &str) -> Self {
        let mut all: BTreeMap<String, Vec<Field>> = BTreeMap::new();
        let mut open: Option<String> = None;
        let mut attributes = String::new();
        for line in text.lines() {
            if let Some(name) = opened(line) {
                all.insert(name.clone(), Vec::new());
                open = Some(name);
            } else if line == "}" {
                open = None;
            } else if line.trim_start().starts_with("#[") {
                attributes.push_str(line);
                continue;
            } else if let Some(fields) = open.as_ref().and_then(|name| all.get_mut(name)) {
                fields.extend(field(line, &attributes));
            }
            if !line.trim_start().starts_with("///") {
                attributes.clear();
            }
        }
        Self(all)
    }

    /// `amount.total`, `data[].serial_no`, …; `None` if there is no such struct.
    pub(super) fn members(&self, name: &str) -> Option<Vec<String>> {
        self.0.contains_key(name).then(|| {
            let mut found = Vec::new();
            self.walk(name, "", DEPTH_MAX, &mut found);
            found
        })
    }

    fn walk(&self, name: &str, before: &str, depth: usize, found: &mut Vec<String>) {
        for field in self.0.get(name).into_iter().flatten() {
            let inside = words(&field.kind).find(|word| self.0.contains_key(*word));
            let many = field.kind.contains("Vec<") || field.kind.contains('[');
            let path = format!("{before}{}{}", field.name, if many { "[]" } else { "" });
            match inside {
                Some(inside) if depth > 0 => {
                    let before = if field.is_flat { before.to_owned() } else { format!("{path}.") };
                    self.walk(inside, &before, depth.saturating_sub(1), found);
                }
                Some(_) | None => found.push(path),
            }
        }
    }
}

/// `pub(crate) struct Name<'a> {`
fn opened(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("struct ").filter(|_| line.ends_with('{'))?;
    words(rest).next().map(str::to_owned)
}

/// `    pub(crate) r#type: &'static str,`
fn field(line: &str, attributes: &str) -> Option<Field> {
    let text = line.trim().strip_suffix(',').filter(|text| !text.starts_with("//"))?;
    let (name, kind) = text.split_once(": ")?;
    let name = name.rsplit(' ').next()?.trim_start_matches("r#");
    let renamed = attributes.split_once("rename = \"").and_then(|(_, rest)| rest.split('"').next());
    let name = renamed.unwrap_or(name).to_owned();
    Some(Field { name, kind: kind.to_owned(), is_flat: attributes.contains("flatten") })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_the_wire() {
        let text = "#[derive(Serialize)]\npub(crate) struct A<'a> {\n    /// Said: so.\n    pub(crate) id: &'a str,\n    \
                    #[serde(flatten)]\n    names: Names,\n    #[serde(skip_serializing_if = \"Option::is_none\")]\n    \
                    detail: Option<[Part; 1]>,\n    r#type: String,\n    list: Vec<Part>,\n    \
                    #[serde(rename = \"X\")]\n    x: i64,\n}\n\nstruct Names {\n    one: i64,\n}\n\n#[derive(X)]\nstruct \
                    Part {\n    sum: i64,\n}\n";
        let expected = ["id", "one", "detail[].sum", "type", "list[].sum", "X"];
        assert_eq!(Structs::of(text).members("A").unwrap(), expected);
        assert_eq!(Structs::of(text).members("B"), None);
    }
}
