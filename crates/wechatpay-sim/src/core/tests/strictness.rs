//! Who is let in, in which order the doors are, and the published requests.

use super::*;
use crate::keys::keyring::RsaKeyring;

const REQUESTS: &str = include_str!("../../../tests/vectors/v3_request_signature.json");
const KEYS: &str = include_str!("../../../tests/vectors/keys.json");

fn with_header(mut request: ApiRequest, name: &str, value: Option<&str>) -> ApiRequest {
    request.headers.retain(|(have, _)| have != name);
    request.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    request
}

fn reauthorized(request: ApiRequest, from: &str, to: &str) -> ApiRequest {
    let header = request.header("authorization").unwrap().replace(from, to);
    with_header(request, "authorization", Some(&header))
}

#[test]
fn each_unsigned_request_is_told_why() {
    let native = || signed("POST", NATIVE, &native_body("T00001").to_string());
    let certificates = || signed("GET", "/v3/certificates", "");
    let now = START.unix_timestamp();
    let ill_formed =
        "401 SIGN_ERROR Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
    let skewed = "401 SIGN_ERROR Http头Authorization中的timestamp与发起请求的时间不得超过5分钟";
    let serial = "401 SIGN_ERROR 商户证书序列号有误。请使用签名私钥匹配的证书序列号";
    let wrong = "401 SIGN_ERROR 签名错误";
    let stamp = |at: i64| (format!("timestamp=\"{now}\""), format!("timestamp=\"{at}\""));
    let (from, past) = stamp(now - 301);
    let (_, future) = stamp(now + 301);
    let (_, milliseconds) = stamp(now * 1000);
    let (_, edge) = stamp(now - 299);
    let mut other_body = native();
    other_body.body.push(b' ');
    let mut other_query = query("T00001");
    other_query.target.push_str("&x=1");
    for (request, expected) in [
        (with_header(native(), "authorization", None), "401 SIGN_ERROR 签名信息错误，验签失败"),
        (
            with_header(native(), "authorization", Some("Bearer x")),
            "401 SIGN_ERROR 签名信息错误，验签失败",
        ),
        (with_header(certificates(), "authorization", None), ill_formed),
        (
            reauthorized(native(), "WECHATPAY2-SHA256-RSA2048", "Basic"),
            "401 SIGN_ERROR HTTP头Authorization认证类型不正确",
        ),
        (reauthorized(native(), ",nonce_str", ", nonce_str"), ill_formed),
        (reauthorized(native(), &from, &past), skewed),
        (reauthorized(native(), &from, &future), skewed),
        (reauthorized(native(), &from, &milliseconds), skewed),
        (reauthorized(native(), &from, &edge), wrong),
        (reauthorized(native(), MERCHANT_SERIAL, "4F7A"), serial),
        (reauthorized(native(), MCHID, "1900000110"), serial),
        (reauthorized(native(), "NONCE", "OTHER"), wrong),
        (other_body, wrong),
        (other_query, wrong),
        (
            with_header(certificates(), "user-agent", None),
            "400 INVALID_REQUEST Http头缺少Accept或User-Agent",
        ),
        (
            with_header(certificates(), "accept", None),
            "400 INVALID_REQUEST Http头缺少Accept或User-Agent",
        ),
    ] {
        let mut world = World::new();
        let answer = world.answer(&request);
        assert_eq!(said(&answer), expected);
        assert!(header(&answer.headers, "Wechatpay-Signature").is_none(), "errors are unsigned");
        assert!(header(&answer.headers, "Request-ID").is_some());
        assert_eq!(world.pay.ledger(START)["trades"], json!([]), "and nothing has happened");
    }
}

#[test]
fn the_doors_stand_in_the_documented_order() {
    let mut world = World::new();
    let nothing =
        with_header(signed("POST", "/v3/pay/transactions/miniapp", ""), "authorization", None);
    let answer = world.answer(&nothing);
    assert_eq!((answer.status, answer.body.len()), (404, 0));
    let wrong_method = with_header(signed("PUT", NATIVE, ""), "authorization", None);
    let answer = world.answer(&wrong_method);
    assert_eq!((answer.status, answer.body.len()), (405, 0));
    let old_and_bad = reauthorized(
        reauthorized(signed("POST", NATIVE, "not json"), "NONCE", "OTHER"),
        &START.unix_timestamp().to_string(),
        "1",
    );
    assert!(said(&world.answer(&old_and_bad)).contains("5分钟"), "time before signature");
    let bad = reauthorized(signed("POST", NATIVE, "not json"), "NONCE", "OTHER");
    assert!(said(&world.answer(&bad)).starts_with("401"), "signature before body");
    assert!(
        said(&world.answer(&signed("POST", NATIVE, "not json"))).starts_with("400 PARAM_ERROR")
    );
}

#[test]
fn payment_calls_do_not_look_for_a_user_agent() {
    let mut world = World::new();
    let request = signed("POST", NATIVE, &native_body("T00001").to_string());
    let request = with_header(with_header(request, "user-agent", None), "accept", None);
    assert_eq!(world.answer(&request).status, 200);
}

#[test]
fn the_form_is_judged_after_the_merchant() {
    let mut world = World::new();
    let mut body = native_body("T00001");
    body["mchid"] = json!("1900000110");
    body["amount"]["total"] = json!(0);
    assert_eq!(
        said(&world.prepay(NATIVE, &body)),
        "400 PARAM_ERROR http header中的mchid与post payload中的mchid不匹配"
    );
    body["mchid"] = json!(MCHID);
    let refused = body_of(&world.prepay(NATIVE, &body));
    assert_eq!(
        refused["detail"],
        json!({"field": "/amount/total", "value": 0, "issue": "must not be less than 1", "location": "body"})
    );
    body["amount"]["total"] = json!(1);
    body["appid"] = json!("wx0");
    assert!(said(&world.prepay(NATIVE, &body)).starts_with("400 APPID_MCHID_NOT_MATCH"));
    let request = signed("POST", NATIVE, &native_body("T00001").to_string());
    let plain = with_header(request.clone(), "content-type", Some("text/plain"));
    assert!(said(&world.answer(&plain)).starts_with("400 INVALID_REQUEST"));
    let nobodys = with_header(request, "wechatpay-serial", Some("nobody's"));
    assert!(said(&world.answer(&nobodys)).starts_with("400 PARAM_ERROR"));
}

#[test]
fn a_query_names_its_merchant_in_the_url() {
    let mut world = World::new();
    for (target, location) in [
        ("/v3/pay/transactions/out-trade-no/T00001", "query"),
        ("/v3/pay/transactions/out-trade-no/T00001?mchid=1", "query"),
        ("/v3/pay/transactions/out-trade-no/T1?mchid=1900000109", "url"),
    ] {
        let refused = body_of(&world.answer(&signed("GET", target, "")));
        assert_eq!(refused["code"], "PARAM_ERROR", "{target}");
        assert_eq!(refused["detail"]["location"], location, "{target}");
    }
}

/// The published and generated requests, with RSA, against the whole of `handle`.
#[test]
fn the_vectors_are_let_in_and_their_negatives_are_not() {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let mut keyring = RsaKeyring::default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pem = |name: &str| text(&keys[name]["private_key_pkcs8_pem"]);
    keyring.add_merchant(MERCHANT_SERIAL, &pem("merchant")).unwrap();
    keyring.add_signer(CERTIFICATE_SERIAL, &pem("platform_certificate_1")).unwrap();
    let file: Value = serde_json::from_str(REQUESTS).unwrap();
    let mut seen = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        if vector["key"] != "merchant" {
            continue;
        }
        let mut world = World::new();
        let signed_at = text(&vector["timestamp"]).parse().unwrap();
        let real = OffsetDateTime::from_unix_timestamp(signed_at).unwrap();
        let mut call = |request: &ApiRequest, skew_s: i64| {
            let at = Moment { real: real + Duration::seconds(skew_s), business: START };
            let mut ports = Ports { at, keyring: &keyring, entropy: &mut world.entropy };
            said(&world.pay.handle(request, &mut ports).answer.unwrap())
        };
        let mut request =
            signed(&text(&vector["method"]), &text(&vector["url"]), &text(&vector["body"]));
        request = with_header(request, "authorization", vector["authorization"].as_str());
        seen.push(format!("{}: {}", vector["name"], call(&request, 0)));
        for negative in file["server_rule_negatives"].as_array().unwrap() {
            let (skew, refused) = match negative["timestamp_offset_seconds"].as_i64() {
                Some(offset) => (-offset, request.clone()),
                None => {
                    (0, with_header(request.clone(), "authorization", negative["header"].as_str()))
                }
            };
            let known = !call(&request, 0).starts_with("404");
            assert!(!known || call(&refused, skew).starts_with("401 SIGN_ERROR"), "{negative}");
        }
    }
    assert_eq!(
        seen,
        [
            "\"query_by_out_trade_no\": 404 ORDER_NOT_EXIST 订单不存在",
            "\"close_order\": 204",
            "\"path_with_encoded_pipe\": 404 ORDER_NOT_EXIST 订单不存在",
            "\"prepay_native_utf8\": 200",
            "\"refund_create\": 404 RESOURCE_NOT_EXISTS 原订单不存在",
            "\"bill_download\": 400 INVALID_REQUEST 账单下载地址已失效，请重新申请账单",
        ]
    );
}
