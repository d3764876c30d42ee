//! What the unit tests share: the test vectors and the throw-away keys beside them.

use serde_json::Value;

use crate::keys::{MerchantKey, MerchantKeyTexts};
use crate::rsa::Rsa;

/// One vector file.
pub(crate) fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A text member.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

/// The keys that the vectors name.
pub(crate) fn keys() -> Value {
    vectors(include_str!("../tests/vectors/keys.json"))
}

/// A key that signs, by its name in `keys.json`.
pub(crate) fn signing_key(name: &str) -> MerchantKey {
    let keys = keys();
    let key = &keys[name];
    let texts = MerchantKeyTexts {
        serial: Some(text(key, "serial_no")),
        private_key: text(key, "private_key_pkcs8_pem"),
        certificate: None,
    };
    MerchantKey::parse(&Rsa, texts).unwrap()
}
