//! Which endpoints are called and answered, read from where they are written.
//!
//! Paths with `{}` for whatever varies, without their query.

use std::collections::BTreeMap;

/// Only these are WeChat Pay v3's.
const OURS: &str = "/v3/";

/// Of `target.rs`: the path of each constant and function, with the name of it.
pub(super) fn called(text: &str) -> BTreeMap<String, String> {
    let constants: BTreeMap<&str, &str> = text.lines().filter_map(constant).collect();
    let mut found: BTreeMap<String, String> =
        constants.iter().map(|(name, path)| ((*path).to_owned(), (*name).to_owned())).collect();
    let mut function = "";
    for line in text.lines() {
        if line.starts_with("#[cfg(test)]") {
            break;
        }
        if let Some((_, rest)) = line.split_once("fn ") {
            function = rest.split('(').next().unwrap_or_default();
        }
        let Some((_, rest)) = line.split_once("format!(\"") else { continue };
        let template = rest.split(['"', '?']).next().unwrap_or_default();
        let path = constants
            .iter()
            .fold(template.to_owned(), |path, (name, of)| path.replace(&format!("{{{name}}}"), of));
        found.insert(path, function.to_owned());
    }
    found.retain(|path, _| path.starts_with(OURS));
    found
}

/// `pub(crate) const REFUNDS: &str = "/v3/refund/domestic/refunds";`
fn constant(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once("const ")?;
    let (name, rest) = rest.split_once(": &str = \"")?;
    Some((name, rest.strip_suffix("\";")?))
}

/// Of `route.rs`: method and path of each arm.
pub(super) fn answered(text: &str) -> Vec<(String, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for line in code.lines() {
        open.extend(line.split('[').skip(1).filter_map(path));
        let Some((_, rest)) = line.split_once("(\"") else { continue };
        let method = rest.split('"').next().unwrap_or_default();
        found.extend(open.drain(..).map(|path| (method.to_owned(), path)));
    }
    found.retain(|(_, path)| path.starts_with(OURS));
    found
}

/// `"v3", "refund", number] …`
fn path(text: &str) -> Option<String> {
    let (segments, _) = text.split_once(']')?;
    let of = |segment: &str| match segment.trim().strip_prefix('"') {
        Some(literal) => format!("/{}", literal.trim_end_matches('"')),
        None => "/{}".to_owned(),
    };
    segments.starts_with('"').then(|| segments.split(", ").map(of).collect())
}

/// `/v3/a/{id}` as the code has it.
pub(super) fn anonymous(path: &str) -> String {
    let of =
        |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(of).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_through_constants() {
        let text = "pub(crate) fn close(n: &str) -> String {\n    format!(\"/v3/t/{}/close?x={}\", n)\n}\nfn one(n: &str) \
                    {\n    format!(\"{ALL}/{}\", n)\n}\npub(crate) const ALL: &str = \"/v3/all\";\nconst B: &str = \"/sns\";\n";
        let found = called(text);
        let found: Vec<(&str, &str)> =
            found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(found, [("/v3/all", "ALL"), ("/v3/all/{}", "one"), ("/v3/t/{}/close", "close")]);
    }

    #[test]
    fn routes_are_read_over_several_lines() {
        let text = "        [\"v3\", \"a\"] | [\"v3\", \"b\", id] => {\n            (\"GET\", Self::A)\n        }\n        \
                    [\"v3\", \"c\"] => (\"POST\", Self::C),\n        [\"sns\", \"d\"] => (\"GET\", Self::D),\n";
        let expected = [("GET", "/v3/a"), ("GET", "/v3/b/{}"), ("POST", "/v3/c")];
        let found = answered(text);
        assert_eq!(found, expected.map(|(method, path)| (method.to_owned(), path.to_owned())));
    }
}
