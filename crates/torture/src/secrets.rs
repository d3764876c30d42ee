//! What may be seen in no log, in no encoding: keys, tokens, openids, and everything personal.
//!
//! Buyers carry marks that are recognised anywhere; what is made during the run is added as it is seen.

use crate::crowd::office::Keys;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) const NAME: &str = "金丝雀一号";
pub(crate) const PHONE: &str = "13912345678";
pub(crate) const REGION: &str = "Canary Region 7151";
pub(crate) const DETAIL: &str = "金丝雀路 7152 号";
pub(crate) const REMARK: &str = "canary-remark-7153";
pub(crate) const COURIER: &str = "金丝雀信使七一五五";
/// Every buyer's login code begins like this.
pub(crate) const LOGIN_CODE: &str = "canary-code-7154-";

const OF_EVERY_BUYER: [(&str, &str); 7] = [
    ("name", NAME),
    ("phone", PHONE),
    ("region", REGION),
    ("detail", DETAIL),
    ("remark", REMARK),
    ("login code", LOGIN_CODE),
    ("courier", COURIER),
];
/// Shorter ones would be found where they are not.
const LENGTH_MIN: usize = 6;
/// So many bytes at the end of a secret are looked for first: a table of whole ones fills the memory.
const ENDING: usize = 16;
/// How much of a line is shown.
const SHOWN: usize = 160;

/// All that is secret, with what it is.
#[derive(Clone, Debug)]
pub(crate) struct Secrets(Arc<Mutex<BTreeMap<String, &'static str>>>);

impl Secrets {
    /// The marks of every buyer, and the merchant's keys.
    pub(crate) fn of(merchant: &Value, keys: &Keys) -> Secrets {
        let secrets = Secrets(Arc::default());
        for (what, text) in OF_EVERY_BUYER {
            secrets.add(what, text);
        }
        for (what, member) in [("app secret", "app_secret"), ("APIv3 key", "api_v3_key")] {
            secrets.add(what, merchant[member].as_str().unwrap_or_default());
        }
        let pem = merchant["merchant_private_key_pem"].as_str().unwrap_or_default();
        secrets.add("private key", pem.lines().nth(3).unwrap_or_default());
        secrets.add("operator's key", &keys.operator);
        secrets.add("approver's key", &keys.approver);
        secrets.add("backend's key", &keys.service);
        secrets
    }

    /// One more.
    pub(crate) fn add(&self, what: &'static str, text: &str) {
        if text.len() >= LENGTH_MIN {
            self.lock().insert(text.to_owned(), what);
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// What looks for all there are now.
    pub(crate) fn searcher(&self) -> Result<Searcher> {
        let secrets = self.lock().clone();
        let mut by_ending: BTreeMap<Vec<u8>, Vec<(Vec<u8>, &'static str)>> = BTreeMap::new();
        for (text, what) in &secrets {
            for form in forms(text) {
                let from = form.len().saturating_sub(ENDING);
                let ending = form.get(from..).unwrap_or_default().to_vec();
                by_ending.entry(ending).or_default().push((form, *what));
            }
        }
        let endings = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(by_ending.keys())?;
        Ok(Searcher { endings, forms: by_ending.into_values().collect() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, &'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for many secrets at once: for their last bytes, and where these are, for all of one.
pub(crate) struct Searcher {
    endings: AhoCorasick,
    /// Those with each ending.
    forms: Vec<Vec<(Vec<u8>, &'static str)>>,
}

impl Searcher {
    /// What of it is in a log: what it is, and the line.
    pub(crate) fn seen_in(&self, log: &[u8]) -> Vec<String> {
        let mut seen = BTreeMap::new();
        for found in self.endings.find_overlapping_iter(log) {
            let before = log.get(..found.end()).unwrap_or_default();
            let all = self.forms.get(found.pattern().as_usize()).into_iter().flatten();
            for (_, what) in all.filter(|(form, _)| before.ends_with(form)) {
                // One line of each kind says enough.
                seen.entry(*what)
                    .or_insert_with(|| format!("{what} in: {}", line_at(log, found.start())));
            }
        }
        seen.into_values().collect()
    }
}

/// Every form in which `text` would be recognised.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let hex = hex::encode(bytes);
    let percent = |upper: bool| {
        let one = |b: &u8| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(b) => char::from(*b).to_string(),
            b if upper => format!("%{b:02X}"),
            b => format!("%{b:02x}"),
        };
        bytes.iter().map(one).collect::<String>()
    };
    let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let mut forms = vec![text.to_owned(), hex.to_uppercase(), hex, escaped];
    forms.extend([percent(true), percent(false), percent(true).replace("%20", "+")]);
    // Inside other text it may begin at any of three places of a group of three bytes.
    for before in 0..3_usize {
        let padded = [&vec![0_u8; before][..], bytes].concat();
        let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push(encoded.get(from..to).unwrap_or_default().to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms.into_iter().filter(|form| form.len() >= LENGTH_MIN).map(String::into_bytes).collect()
}

fn line_at(log: &[u8], at: usize) -> String {
    let before = log.get(..at).unwrap_or_default();
    let from = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line = log.get(from..).unwrap_or_default().split(|byte| *byte == b'\n').next();
    let line = String::from_utf8_lossy(line.unwrap_or_default()).into_owned();
    // What is shown must not show it again in full; the log itself is kept.
    line.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secrets() -> Secrets {
        let pem = "-----BEGIN\nline-one\nline-two\nline-three-of-the-key\n";
        let merchant = json!({"app_secret": "app-secret-1", "api_v3_key": "v3-key-2",
            "merchant_private_key_pem": pem});
        let [operator, approver, service] =
            ["pk_operator", "pk_approver", "pk_service"].map(str::to_owned);
        Secrets::of(&merchant, &Keys { operator, approver, service })
    }

    #[test]
    fn a_secret_is_seen_in_every_encoding() {
        let url: String = NAME.bytes().map(|b| format!("%{b:02X}")).collect();
        for sentence in [
            NAME.to_owned(),
            hex::encode(NAME),
            hex::encode(NAME).to_uppercase(),
            url.to_lowercase(),
            url,
            STANDARD_NO_PAD.encode(format!("{{\"name\":\"{NAME}\"}}")),
            STANDARD_NO_PAD.encode(format!("{{\"names\":\"{NAME}\"}}")),
            URL_SAFE_NO_PAD.encode(format!("{{\"names \":\"{NAME}\"}}")),
            "\\u91d1\\u4e1d\\u96c0\\u4e00\\u53f7".to_owned(),
        ] {
            let log = format!("good line\n…{sentence}…\nanother");
            let seen = secrets().searcher().unwrap().seen_in(log.as_bytes());
            assert_eq!(seen.len(), 1, "{sentence}");
            assert!(seen[0].starts_with("name in: …"), "{}", seen[0]);
        }
    }

    #[test]
    fn what_was_added_is_seen_and_what_is_not_secret_is_not() {
        let secrets = secrets();
        secrets.add("openid", "oABC123456");
        secrets.add("too short", "abc");
        let log = "abc 1900000109 oABC123456 line-three-of-the-key";
        let seen = secrets.searcher().unwrap().seen_in(log.as_bytes());
        let kinds: Vec<&str> = seen.iter().filter_map(|line| line.split(" in").next()).collect();
        assert_eq!(kinds, ["openid", "private key"]);
        assert!(secrets.searcher().unwrap().seen_in(b"nothing of it").is_empty());
    }
}
