//! Percent-decoding, query strings and the rules for a `notify_url`.
//!
//! MAY NOT re-encode anything: what was sent is what was signed.

/// Decodes `%XX` of a path segment; `None` if it is ill-formed or not UTF-8.
pub fn decode_segment(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = [rest.next()?, rest.next()?];
        bytes.extend(hex::decode(pair).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The first value of `name` in a query string, decoded (`+` is a blank).
pub fn query_value(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| decode_segment(&value.replace('+', " ")))
}

/// Why a `notify_url` is refused, if it is (`v3.md` §6.4).
///
/// Private addresses and plain `http` are allowed here: a sandbox whose receivers need a public domain would be none.
pub fn notify_url_issue(url: &str) -> Option<&'static str> {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Some("notify_url must be an absolute http or https URL");
    };
    if url.contains('?') {
        return Some("notify_url must not carry query parameters");
    }
    if url.contains('#') {
        return Some("notify_url must not carry a fragment");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("notify_url must not contain blanks or non-ASCII characters");
    }
    match rest.split_once('/') {
        Some((authority, _)) if !authority.is_empty() && !authority.starts_with(':') => None,
        Some(_) => Some("notify_url has no host"),
        None => Some("notify_url has no path"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_decode_or_are_refused() {
        assert_eq!(decode_segment("A%7CB*C_1-2").as_deref(), Some("A|B*C_1-2"));
        for bad in ["%", "%7", "%zz", "%FF"] {
            assert_eq!(decode_segment(bad), None, "{bad}");
        }
    }

    #[test]
    fn query_values_are_found_and_decoded() {
        let query = "appid=wx1&js_code=a%2Bb+c&empty=";
        assert_eq!(query_value(query, "js_code").as_deref(), Some("a+b c"));
        assert_eq!(query_value(query, "empty").as_deref(), Some(""));
        assert_eq!(query_value(query, "js"), None);
    }

    #[test]
    fn notify_urls_are_judged() {
        for good in ["https://pay.example.com/notify", "http://127.0.0.1:8080/n/1"] {
            assert_eq!(notify_url_issue(good), None, "{good}");
        }
        for bad in [
            "ftp://a/b",
            "/notify",
            "https://a.com/n?x=1",
            "https://a.com/n#x",
            "https://a.com",
            "https:///n",
            "https://a.com/付",
            "https://a.com/a b",
        ] {
            assert!(notify_url_issue(bad).is_some(), "{bad}");
        }
    }
}
