//! What the merchant signs: requests (v3 §2) and pay parameters (v3 §7.2).
//!
//! Pure: time and nonce arrive as arguments. Signs the bytes that are sent, never a second
//! rendering of them.

use crate::keys::MerchantKey;
use crate::scheme::CannotSign;

/// The scheme token of `Authorization`.
const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// The variable parts of a signature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp<'a> {
    /// Unix seconds.
    pub(crate) seconds: i64,
    /// A fresh nonce.
    pub(crate) nonce: &'a str,
}

/// The five lines of a request, each ended by a newline, the last one included.
pub(crate) fn request_message(method: &str, target: &str, stamp: Stamp<'_>, body: &str) -> String {
    format!("{method}\n{target}\n{}\n{}\n{body}\n", stamp.seconds, stamp.nonce)
}

/// The value of `Authorization`.
pub(crate) fn authorization(
    mchid: &str,
    key: &MerchantKey,
    stamp: Stamp<'_>,
    message: &str,
) -> Result<String, CannotSign> {
    let signature = key.sign(message.as_bytes())?;
    let Stamp { seconds, nonce } = stamp;
    let serial = key.serial();
    Ok(format!(
        "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
         timestamp=\"{seconds}\",serial_no=\"{serial}\""
    ))
}

/// The four lines of pay parameters. The fourth is `prepay_id=…` for JSAPI and mini programs, and the bare id for App.
pub(crate) fn pay_message(appid: &str, stamp: Stamp<'_>, fourth: &str) -> String {
    format!("{appid}\n{}\n{}\n{fourth}\n", stamp.seconds, stamp.nonce)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rsa::Rsa;
    use crate::scheme::SignatureScheme as _;
    use crate::testing::{keys, signing_key, text, vectors};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::Value;

    const REQUESTS: &str = include_str!("../tests/vectors/v3_request_signature.json");
    const PAY_PARAMS: &str = include_str!("../tests/vectors/v3_client_pay_params.json");

    #[test]
    fn every_published_and_generated_request_is_signed_to_the_byte() {
        let file = vectors(REQUESTS);
        for vector in file["vectors"].as_array().unwrap() {
            let name = text(vector, "name");
            let key = signing_key(text(vector, "key"));
            if vector["method"].is_null() {
                let signature = key.sign(text(vector, "message").as_bytes()).unwrap();
                assert_eq!(signature, text(vector, "signature"), "{name}");
                continue;
            }
            let seconds = text(vector, "timestamp").parse().unwrap();
            let stamp = Stamp { seconds, nonce: text(vector, "nonce_str") };
            let (method, url) = (text(vector, "method"), text(vector, "url"));
            let message = request_message(method, url, stamp, text(vector, "body"));
            assert_eq!(message, text(vector, "message"), "{name}");
            let header = authorization(text(vector, "mchid"), &key, stamp, &message).unwrap();
            assert_eq!(header, text(vector, "authorization"), "{name}");
        }
    }

    #[test]
    fn pay_parameters_are_signed_to_the_byte() {
        let file = vectors(PAY_PARAMS);
        for vector in file["vectors"].as_array().unwrap() {
            let params = &vector["params"];
            let prepay_id = text(vector, "prepay_id");
            // App signs the bare id; what is made of it is compared in `pay_params.rs`.
            let package = match text(vector, "kind") {
                "app" => prepay_id.to_owned(),
                _ => format!("prepay_id={prepay_id}"),
            };
            let field =
                |a: &str, b: &str| params[a].as_str().or(params[b].as_str()).unwrap().to_owned();
            let nonce = field("nonceStr", "noncestr");
            let seconds = field("timeStamp", "timestamp").parse().unwrap();
            let message =
                pay_message(text(vector, "appid"), Stamp { seconds, nonce: &nonce }, &package);
            assert_eq!(message, text(vector, "message"));
            let signature = signing_key(text(vector, "key")).sign(message.as_bytes()).unwrap();
            assert_eq!(signature, text(vector, "signature"));
        }
    }

    #[test]
    fn no_nearly_right_text_has_the_signature() {
        for file in [vectors(REQUESTS), vectors(PAY_PARAMS)] {
            for vector in file["negative"].as_array().unwrap() {
                refuse(vector);
            }
        }
    }

    fn refuse(vector: &Value) {
        let keys = keys();
        let pem = text(&keys[text(vector, "key")], "public_key_spki_pem");
        let key = Rsa.public_key(pem).unwrap();
        let message = text(vector, "message").as_bytes();
        let signature = STANDARD.decode(text(vector, "signature")).unwrap();
        assert!(!Rsa.verifies(&key, message, &signature), "{}", text(vector, "name"));
    }
}
