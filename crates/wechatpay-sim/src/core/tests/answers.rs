//! Which key signs what, the certificate list, login and pay parameters.

use super::*;
use crate::core::cipher::encrypt;
use crate::core::login::openid;
use crate::core::settings::Verification;

const AES: &str = include_str!("../../../tests/vectors/v3_aes_gcm.json");

/// Signs nothing, and would be noticed if it were asked to.
struct Elsewhere;

impl Keyring for Elsewhere {
    fn sign(&self, serial: &str, _message: &[u8]) -> Result<String, SigningFailed> {
        panic!("asked to sign with {serial}")
    }

    fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool {
        Tags.verify_merchant(serial, message, signature)
    }
}

#[test]
fn what_is_signed_later_is_the_same_to_the_byte() {
    for action in ["corrupt_signature", "probe", "truncate", "none"] {
        let rules = json!([{"action": action}]);
        let requests = [
            signed("POST", NATIVE, &native_body("T00001").to_string()),
            close("T00001"),
            query("T9"),
        ];
        let (mut now, mut later) = (World::new(), World::new());
        if action != "none" {
            now.faults(rules.clone());
            later.faults(rules);
        }
        for request in requests {
            let at = Moment { real: START, business: START };
            let mut ports = Ports { at, keyring: &Elsewhere, entropy: &mut later.entropy };
            let unsigned = later.pay.handle_unsigned(&request, &mut ports);
            assert_eq!(unsigned.signed(&Tags), now.exchange(&request), "{action}");
        }
    }
}

/// What cannot be signed is an error, and says nothing that should have been signed.
#[test]
fn an_answer_that_cannot_be_signed_is_an_error() {
    struct Keyless;
    impl Keyring for Keyless {
        fn sign(&self, serial: &str, _message: &[u8]) -> Result<String, SigningFailed> {
            Err(SigningFailed { serial: serial.to_owned() })
        }
        fn verify_merchant(&self, serial: &str, message: &[u8], signature: &str) -> bool {
            Tags.verify_merchant(serial, message, signature)
        }
    }
    let mut world = World::new();
    let request = signed("POST", NATIVE, &native_body("T00001").to_string());
    let at = Moment { real: START, business: START };
    let mut ports = Ports { at, keyring: &Keyless, entropy: &mut world.entropy };
    let answer = world.pay.handle(&request, &mut ports).answer.unwrap();
    assert_eq!(said(&answer), "500 SYSTEM_ERROR 系统错误");
    assert!(header(&answer.headers, "Wechatpay-Serial").is_none());
    assert!(header(&answer.headers, "Request-ID").is_some());
}

#[test]
fn answers_follow_the_mode_and_the_request() {
    for (mode, wanted, signer) in [
        (Verification::Certificate, None, CERTIFICATE_SERIAL),
        (Verification::Certificate, Some(PUBLIC_KEY_ID), CERTIFICATE_SERIAL),
        (Verification::Mixed, None, CERTIFICATE_SERIAL),
        (Verification::Mixed, Some(CERTIFICATE_SERIAL), CERTIFICATE_SERIAL),
        (Verification::Mixed, Some(PUBLIC_KEY_ID), PUBLIC_KEY_ID),
        (Verification::PublicKey, None, PUBLIC_KEY_ID),
        (Verification::PublicKey, Some(PUBLIC_KEY_ID), PUBLIC_KEY_ID),
    ] {
        let mut world = World::new();
        world.pay.set_verification(mode);
        for mut request in
            [signed("POST", NATIVE, &native_body("T00001").to_string()), close("T00001")]
        {
            request.headers.extend(wanted.map(|id| ("Wechatpay-Serial".to_owned(), id.to_owned())));
            let answer = world.answer(&request);
            assert!(matches!(answer.status, 200 | 204));
            assert_eq!(
                verified(&answer.headers, &answer.body).as_deref(),
                Some(signer),
                "{mode:?} {wanted:?}"
            );
            assert!(header(&answer.headers, "Request-ID").is_some());
            assert_eq!(
                header(&answer.headers, "Wechatpay-Signature-Type"),
                Some("WECHATPAY2-SHA256-RSA2048")
            );
        }
    }
}

#[test]
fn certificates_are_listed_encrypted_unless_given_up() {
    let mut world = World::new();
    let newer = PlatformCertificate {
        serial: "77".repeat(20),
        ..account().platform_certificates[0].clone()
    };
    world.pay.add_platform_certificate(newer);
    let answer = world.answer(&signed("GET", "/v3/certificates", ""));
    assert_eq!(verified(&answer.headers, &answer.body), Some("77".repeat(20)), "the newest signs");
    let list = body_of(&answer);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert_eq!(list["data"][0]["serial_no"], CERTIFICATE_SERIAL);
    assert_eq!(list["data"][0]["effective_time"], "2026-11-21T10:00:00+08:00");
    assert_eq!(opened(&list["data"][0]["encrypt_certificate"]).as_deref(), Some("PEM"));
    for target in ["/v3/certificates?algorithm_type=RSA", "/v3/certificates?algorithm_type=ALL"] {
        assert_eq!(world.answer(&signed("GET", target, "")).status, 200);
    }
    assert_eq!(world.answer(&signed("GET", "/v3/certificates?algorithm_type=DES", "")).status, 400);
    world.pay.set_verification(Verification::PublicKey);
    let gone = world.answer(&signed("GET", "/v3/certificates", ""));
    assert!(said(&gone).starts_with("404 RESOURCE_NOT_EXISTS"));
}

#[test]
fn ciphertexts_are_those_of_the_vectors() {
    let file: Value = serde_json::from_str(AES).unwrap();
    let mut tried = 0;
    for vector in file["vectors"].as_array().unwrap() {
        let text = |name: &str| vector[name].as_str().unwrap();
        let Ok(key) = <[u8; 32]>::try_from(text("key").as_bytes()) else { continue };
        let made =
            encrypt(&key, text("nonce"), text("associated_data"), text("plaintext").as_bytes());
        assert_eq!(made.as_deref(), Some(text("ciphertext")), "{}", text("name"));
        tried += 1;
    }
    assert!(tried >= 3);
    assert_eq!(encrypt(API_V3_KEY, "short", "", b"x"), None);
}

#[test]
fn login_knows_the_app_and_its_secret() {
    let mut world = World::new();
    let mut login = |query: &str| {
        let target = format!("/sns/jscode2session?{query}");
        let request =
            ApiRequest { method: "GET".to_owned(), target, headers: Vec::new(), body: Vec::new() };
        let answer = world.answer(&request);
        assert_eq!(answer.status, 200);
        assert!(header(&answer.headers, "Wechatpay-Signature").is_none());
        body_of(&answer)
    };
    let good = format!("appid={APPID}&secret=secret&js_code=alice&grant_type=authorization_code");
    assert_eq!(login(&good)["openid"], openid(APPID, "alice"));
    assert_eq!(login(&good)["openid"], openid(APPID, "alice"), "any number of times");
    for (from, to, errcode) in [
        (APPID, "wx0", 40_013),
        ("secret=secret", "secret=x", 40_125),
        ("alice", "", 40_029),
        ("&js_code=alice", "", 40_029),
        ("authorization_code", "client_credential", 40_002),
    ] {
        assert_eq!(login(&good.replace(from, to))["errcode"], errcode, "{to}");
    }
}

#[test]
fn pay_parameters_are_verified_like_the_app_does() {
    let mut world = World::new();
    let prepaid = body_of(&world.prepay(JSAPI, &jsapi_body("T00001")));
    let package = format!("prepay_id={}", prepaid["prepay_id"].as_str().unwrap());
    let verify = |world: &mut World, change: &[(&str, &str)]| {
        let message = format!("{APPID}\n1795226400\nN1\n{package}\n");
        let mut params = json!({
            "appId": APPID, "timeStamp": "1795226400", "nonceStr": "N1", "package": package,
            "signType": "RSA", "paySign": tag(MERCHANT_SERIAL, message.as_bytes())
        });
        for (name, value) in change {
            params[*name] = json!(value);
        }
        let params = serde_json::from_value(params).unwrap();
        world.visit(|pay, ports| pay.verify_pay_params(&params, ports.at, ports.keyring))
    };
    assert_eq!(verify(&mut world, &[]), Ok("T00001".to_owned()));
    for (name, value, why) in [
        ("signType", "MD5", "signType"),
        ("timeStamp", "1795226400000", "timeStamp"),
        ("nonceStr", "", "nonceStr"),
        ("package", "wx123", "package"),
        ("package", "prepay_id=wx123", "paySign"),
        ("paySign", "AAAA", "paySign"),
        ("appId", "wx0", "paySign"),
    ] {
        let refused = verify(&mut world, &[(name, value)]).unwrap_err();
        assert!(refused.contains(why), "{name}: {refused}");
    }
    let unknown =
        tag(MERCHANT_SERIAL, format!("{APPID}\n1795226400\nN1\nprepay_id=wx1\n").as_bytes());
    let refused = verify(&mut world, &[("package", "prepay_id=wx1"), ("paySign", &unknown)]);
    assert_eq!(refused, Err("prepay_id does not exist".to_owned()));
    world.later(Duration::hours(2));
    assert_eq!(verify(&mut world, &[]), Err("prepay_id has expired".to_owned()));
    world.later(Duration::hours(-2));
    world.user_pays("T00001");
    assert!(verify(&mut world, &[]).unwrap_err().contains("SUCCESS"));
}
