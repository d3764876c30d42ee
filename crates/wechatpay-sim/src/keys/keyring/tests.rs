//! The published and generated signature vectors, and WeChat Pay's own verification vectors made again.

use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PrivateKeyParts;
use serde_json::Value;

use super::*;

const KEYS: &str = include_str!("../../../tests/vectors/keys.json");
const REQUESTS: &str = include_str!("../../../tests/vectors/v3_request_signature.json");
const ANSWERS: &str = include_str!("../../../tests/vectors/v3_verify.json");
const SEALED: &str = include_str!("../../../tests/vectors/v3_oaep.json");
const PAY_PARAMS: &str = include_str!("../../../tests/vectors/v3_client_pay_params.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}

/// Every key of the vectors, as merchant and as signer, under its name and its serial.
fn keyring() -> RsaKeyring {
    let mut keyring = RsaKeyring::default();
    for (name, key) in json(KEYS).as_object().unwrap() {
        let Some(pem) = key.get("private_key_pkcs8_pem").and_then(Value::as_str) else { continue };
        for serial in [name.as_str(), text(key, "serial_no")] {
            keyring.add_merchant(serial, pem).unwrap();
            keyring.add_signer(serial, pem).unwrap();
        }
    }
    keyring
}

#[test]
fn signatures_are_made_and_verified_as_published() {
    let keyring = keyring();
    for file in [REQUESTS, PAY_PARAMS] {
        for vector in json(file)["vectors"].as_array().unwrap() {
            let (key, message) = (text(vector, "key"), text(vector, "message").as_bytes());
            let signature = text(vector, "signature");
            assert!(keyring.verify_merchant(key, message, signature), "{}", vector["name"]);
            assert_eq!(keyring.sign(key, message).unwrap(), signature, "{}", vector["name"]);
        }
    }
}

#[test]
fn wrong_messages_do_not_verify() {
    let keyring = keyring();
    for file in [REQUESTS, PAY_PARAMS] {
        for vector in json(file)["negative"].as_array().unwrap() {
            let (key, message) = (text(vector, "key"), text(vector, "message").as_bytes());
            assert!(
                !keyring.verify_merchant(key, message, text(vector, "signature")),
                "{}",
                vector["name"]
            );
        }
    }
    for undecodable in ["", "*", "WECHATPAY/SIGNTEST/x"] {
        assert!(!keyring.verify_merchant("merchant", b"x", undecodable));
    }
    assert!(!keyring.verify_merchant("nobody", b"x", "AAAA"));
}

#[test]
fn what_wechat_pay_sends_is_signed_as_in_the_vectors() {
    let keyring = keyring();
    let file = json(ANSWERS);
    // The published one of the Go SDK comes without its private key: it can be verified but not made again.
    let ours =
        file["vectors"].as_array().unwrap().iter().filter(|one| one.get("message").is_some());
    for vector in ours {
        let header = |name: &str| {
            let headers = vector["headers"].as_object().unwrap();
            let found = headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
            found.unwrap().1.as_str().unwrap().to_owned()
        };
        let message = text(vector, "message").as_bytes();
        let signature = keyring.sign(&header("Wechatpay-Serial"), message).unwrap();
        assert_eq!(signature, header("Wechatpay-Signature"), "{}", vector["name"]);
    }
}

#[test]
fn an_unknown_serial_never_signs() {
    assert!(RsaKeyring::default().sign("nobody", b"x").is_err());
}

#[test]
fn what_was_sealed_is_opened_as_in_the_vectors() {
    let keyring = keyring();
    let file = json(SEALED);
    let sha1 = OaepDigest::Sha1;
    for vector in file["vectors"].as_array().unwrap() {
        let (plaintext, ciphertext) = (text(vector, "plaintext"), text(vector, "ciphertext"));
        for key in [text(vector, "key"), text(vector, "serial")] {
            let opened = keyring.open(key, ciphertext, sha1);
            assert_eq!(opened.as_deref(), Some(plaintext.as_bytes()), "{key}");
        }
        assert_eq!(keyring.open("platform_certificate_2", ciphertext, sha1), None);
        assert_eq!(keyring.open("nobody", ciphertext, sha1), None);
        assert_eq!(keyring.open(text(vector, "key"), ciphertext, OaepDigest::Sha256), None);
    }
    for undecodable in ["", "*", "AAAA"] {
        assert_eq!(keyring.open("wechatpay_public_key", undecodable, sha1), None);
    }
}

#[test]
fn the_other_digest_is_opened_only_when_asked_for() {
    let file = json(SEALED);
    let negatives = file["negative"].as_array().unwrap();
    let sealed = negatives.iter().find(|one| one["name"] == "sha256_oaep").unwrap();
    let open = |digest| keyring().open(text(sealed, "key"), text(sealed, "ciphertext"), digest);
    assert_eq!(open(OaepDigest::Sha1), None);
    assert!(open(OaepDigest::Sha256).is_some());
}

#[test]
fn no_private_key_shows_itself() {
    let shown = format!("{:?}", keyring());
    let key = RsaPrivateKey::from_pkcs8_pem(text(&json(KEYS)["merchant"], "private_key_pkcs8_pem"));
    let secret = format!("{:?}", key.unwrap().d());
    assert!(!shown.contains(&secret) && shown.contains("Opener"));
}
