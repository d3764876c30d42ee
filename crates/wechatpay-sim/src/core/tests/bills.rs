//! Bills: when there is one, what is in it, and how it is fetched.

use std::io::Read;

use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;

use super::*;
use crate::core::settings::bills::{
    BillBeforeNine, BillDateRefused, BillEmpty, BillRefundStatus, DownloadPath,
};

pub(super) const DAY: &str = "bill_date=2026-11-21";
const CREATING: &str = "400 STATEMENT_CREATING 账单正在生成中，请稍后再试";
const EMPTY: &str = "400 NO_STATEMENT_EXIST 账单文件不存在";

impl World {
    /// Goes to a time of Beijing.
    pub(super) fn at(&mut self, then: OffsetDateTime) {
        assert!(then >= self.business);
        self.business = then;
    }
}

/// Of 21 November at 10:00, and seen on the 22nd at 10:00.
fn with_a_payment(settings: Settings) -> World {
    let mut world = World::with(settings);
    world.paid("T00001");
    world.at(datetime!(2026-11-22 10:00 +8));
    world
}

#[test]
fn a_day_has_a_bill_from_ten_o_clock_of_the_next_on() {
    let mut world = World::new();
    world.paid("T00001");
    for (then, expected) in [
        (START, "400 PARAM_ERROR 参数错误"),
        (datetime!(2026-11-21 23:59:59 +8), "400 PARAM_ERROR 参数错误"),
        (datetime!(2026-11-22 00:00 +8), CREATING),
        (datetime!(2026-11-22 09:59:59 +8), CREATING),
        (datetime!(2026-11-22 10:00 +8), "200"),
        (datetime!(2027-02-21 23:59 +8), "200"),
        (datetime!(2027-02-22 00:00 +8), "400 PARAM_ERROR 参数错误"),
    ] {
        world.at(then);
        assert_eq!(said(&world.bill("trade", DAY)), expected, "{then}");
        assert_eq!(said(&world.bill("fundflow", DAY)), expected, "{then}");
    }
}

#[test]
fn what_is_said_before_is_a_setting() {
    let settings = Settings {
        bill_before_nine: BillBeforeNine::NoStatementExist,
        bill_date_refused: BillDateRefused::InvalidRequest,
        bill_ready_s: 11 * 3_600,
        ..Settings::default()
    };
    let mut world = World::with(settings);
    world.paid("T00001");
    for (then, expected) in [
        (START, "400 INVALID_REQUEST 账单日期不正确"),
        (datetime!(2026-11-22 08:59:59 +8), EMPTY),
        (datetime!(2026-11-22 09:00 +8), CREATING),
        (datetime!(2026-11-22 10:59:59 +8), CREATING),
        (datetime!(2026-11-22 11:00 +8), "200"),
    ] {
        world.at(then);
        assert_eq!(said(&world.bill("trade", DAY)), expected, "{then}");
    }
}

#[test]
fn a_day_without_a_line_has_no_bill() {
    let mut world = with_a_payment(Settings::default());
    for empty in [
        "bill_date=2026-11-20",
        "bill_date=2026-11-21&bill_type=REFUND",
        "bill_date=2026-11-21&bill_type=RECHARGE_REFUND",
    ] {
        assert_eq!(said(&world.bill("trade", empty)), EMPTY, "{empty}");
    }
    for account in ["OPERATION", "FEES"] {
        let empty = format!("{DAY}&account_type={account}");
        assert_eq!(said(&world.bill("fundflow", &empty)), EMPTY, "{account}");
    }
    world.set(json!({"bill_empty": "not_found"}));
    let gone = world.bill("trade", "bill_date=2026-11-20");
    assert_eq!(said(&gone), EMPTY.replace("400", "404"));
    assert!(header(&gone.headers, "Wechatpay-Signature").is_none());
    let customised = world.bill("trade", "bill_date=2026-11-21&bill_type=ALL_SPECIAL");
    assert_eq!(said(&customised), "403 NO_AUTH 没有账单下载权限");
}

#[test]
fn the_answer_is_signed_and_the_file_is_not() {
    let mut world = with_a_payment(Settings::default());
    let mut asked = signed("GET", &format!("/v3/bill/tradebill?{DAY}"), "");
    asked.headers.push(("host".to_owned(), "127.0.0.1:8081".to_owned()));
    let answer = world.answer(&asked);
    assert!(verified(&answer.headers, &answer.body).is_some());
    let body = body_of(&answer);
    assert_eq!(body["hash_type"], "SHA1");
    let url = body["download_url"].as_str().unwrap();
    let token = url.strip_prefix("http://127.0.0.1:8081/v3/billdownload/file?token=").unwrap();
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let target = url.strip_prefix("http://127.0.0.1:8081").unwrap();
    let file = world.answer(&signed("GET", target, ""));
    assert_eq!(file.status, 200);
    assert!(file.headers.iter().all(|(name, _)| !name.starts_with("Wechatpay")), "{file:?}");
    assert!(header(&file.headers, "Request-ID").is_some());
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &file.body);
    assert_eq!(body["hash_value"], hex::encode(hash));
    asked.headers.last_mut().unwrap().1 = "evil.example/?".to_owned();
    let answer = body_of(&world.answer(&asked));
    assert!(answer["download_url"].as_str().unwrap().starts_with("https://api.mch.weixin.qq.com/"));
}

#[test]
fn a_gzip_file_hides_the_same_bill() {
    let mut world = with_a_payment(Settings::default());
    let plain = world.bill("trade", DAY);
    let packed = world.bill("trade", &format!("{DAY}&tar_type=GZIP"));
    let (hash, same) =
        (body_of(&plain)["hash_value"].clone(), body_of(&packed)["hash_value"].clone());
    assert_eq!(hash, same, "of the uncompressed bill");
    let (plain, packed) = (world.fetched(&plain), world.fetched(&packed));
    assert!(header(&packed.headers, "Content-Encoding").is_none());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[test]
fn a_token_is_good_for_five_minutes_and_for_who_signs() {
    let mut world = with_a_payment(Settings::default());
    let answer = world.bill("trade", DAY);
    let first = world.fetched(&answer).body;
    world.later(Duration::seconds(299));
    assert_eq!(world.fetched(&answer).body, first, "as often as one likes");
    let url = body_of(&answer)["download_url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix("https://api.mch.weixin.qq.com").unwrap();
    let mut bare = signed("GET", target, "");
    bare.headers.retain(|(name, _)| name != "authorization");
    assert!(said(&world.answer(&bare)).starts_with("401 SIGN_ERROR Http头Authorization值格式错误"));
    let other = target.replace("/v3/billdownload/file", "/v3/bill/downloadurl");
    assert_eq!(world.answer(&signed("GET", &other, "")).body, first, "the other documented path");
    world.later(Duration::seconds(1));
    let late = world.fetched(&answer);
    assert!(said(&late).starts_with("400 INVALID_REQUEST"), "{}", said(&late));
    let none = world.answer(&signed("GET", "/v3/billdownload/file", ""));
    assert_eq!(body_of(&none)["detail"]["field"], "token");
    world.set(json!({"bill_token_s": 30, "bill_download_path": "downloadurl"}));
    assert_eq!(world.pay.settings().bill_download_path, DownloadPath::Downloadurl);
    let answer = world.bill("trade", DAY);
    assert!(String::from_utf8_lossy(&answer.body).contains("/v3/bill/downloadurl?token="));
    world.later(Duration::seconds(30));
    assert_eq!(world.fetched(&answer).status, 400);
}

#[test]
fn what_was_hashed_is_what_is_fetched_whatever_is_changed_meanwhile() {
    let mut world = with_a_payment(Settings::default());
    let answer = world.bill("trade", DAY);
    world.set(json!({"bill_bom": "utf8", "bill_line_end": "lf", "bill_fee_rate_bp": 100}));
    let file = world.fetched(&answer);
    let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &file.body));
    assert_eq!(body_of(&answer)["hash_value"], hash);
    world.pay.reset();
    assert_eq!(world.fetched(&answer).status, 400, "a reset forgets it");
}

#[test]
fn a_trade_bill_is_written_as_documented() {
    let mut world = World::new();
    let mut body = native_body("T00001");
    body["amount"]["total"] = json!(990);
    body["description"] = json!("苹果,梨\n和`枣");
    body["scene_info"] = json!({"payer_client_ip": "10.0.0.1", "device_id": "till 1"});
    world.prepay(NATIVE, &body);
    let trade = world.user_pays("T00001");
    world.later(Duration::seconds(3_605));
    let mut back = refund_body("T00001", "R1", 330);
    back["amount"]["total"] = json!(990);
    let refund = body_of(&world.refund(&back));
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("trade", DAY);
    let (id, openid) =
        (trade["transaction_id"].as_str().unwrap(), trade["openid"].as_str().unwrap());
    let refund_id = refund["refund_id"].as_str().unwrap();
    let goods = "`苹果\\ 梨\\n和`枣";
    let expected = [
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注".to_owned(),
        format!("`2026-11-21 10:00:00,`{APPID},`{MCHID},`0,`till 1,`{id},`T00001,`{openid},`NATIVE,`SUCCESS,`OTHERS,`CNY,`9.90,`0.00,`0,`0,`0.00,`0.00,`,`,{goods},`pd1.x,`0.05940,`0.60%,`9.90,`0.00,`"),
        format!("`2026-11-21 11:00:05,`{APPID},`{MCHID},`0,`till 1,`{id},`T00001,`{openid},`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,`{refund_id},`R1,`3.30,`0.00,`ORIGINAL,`SUCCESS,{goods},`pd1.x,`-0.01980,`0.60%,`0.00,`3.30,`"),
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额".to_owned(),
        "`2,`9.90,`3.30,`0.00,`0.03960,`9.90,`3.30".to_owned(),
        String::new(),
    ];
    assert_eq!(text.split("\r\n").collect::<Vec<_>>(), expected);
    let payments = world.bill_text("trade", &format!("{DAY}&bill_type=SUCCESS"));
    assert!(payments.ends_with("`1,`9.90,`0.00,`0.00,`0.05940,`9.90,`0.00\r\n"), "{payments}");
    let refunds = world.bill_text("trade", &format!("{DAY}&bill_type=REFUND"));
    let times = format!("`2026-11-21 11:00:05,`2026-11-21 11:00:10,`{refund_id},");
    assert!(refunds.contains(&times), "{refunds}");
    assert!(refunds.ends_with("`1,`0.00,`3.30,`0.00,`-0.01980,`0.00,`3.30\r\n"), "{refunds}");
}

/// The statuses of the refunds in a bill, by `out_refund_no`.
fn statuses(text: &str) -> Vec<(String, String)> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| lines[0].iter().position(|have| *have == name).unwrap();
    let (number, status) = (column("商户退款单号"), column("退款状态"));
    let details = &lines[1..lines.len() - 2];
    let pair = |line: &Vec<&str>| (line[number][1..].to_owned(), line[status][1..].to_owned());
    details.iter().map(pair).collect()
}

#[test]
fn a_refund_s_line_tells_its_status_of_the_morning_and_is_never_updated() {
    let settings = Settings { refund_takes_ms: 0, refund_spacing_s: 0, ..Settings::default() };
    let mut world = World::with(settings);
    world.paid("T00001");
    let day = 86_400_000;
    for (number, value) in [
        ("R50", json!("success")),
        ("R2", json!("closed")),
        ("R3", json!("abnormal")),
        ("R4", json!({"outcome": "success", "after_ms": day - 3_600_001})),
        ("R5", json!({"outcome": "success", "after_ms": day})),
    ] {
        world.faults(json!([{"times": 1, "action": "refund_ends", "value": value}]));
        assert_eq!(world.refund(&refund_body("T00001", number, 10)).status, 200);
    }
    world.at(datetime!(2026-11-22 10:00 +8));
    let query = format!("{DAY}&bill_type=REFUND");
    let before = world.bill_text("trade", &query);
    let expected = ["SUCCESS", "FAIL", "CHANGE", "SUCCESS", "PROCESSING"];
    let (numbers, seen): (Vec<String>, Vec<String>) = statuses(&before).into_iter().unzip();
    assert_eq!(seen, expected);
    assert_eq!(numbers, ["R50", "R2", "R3", "R4", "R5"], "of one moment, as they were accepted");
    world.settle("R3", "success").unwrap();
    world.later(Duration::days(3));
    assert_eq!(world.bill_text("trade", &query), before);
    world.set(json!({"bill_refund_status": "when_accepted"}));
    assert_eq!(world.pay.settings().bill_refund_status, BillRefundStatus::WhenAccepted);
    let accepted = statuses(&world.bill_text("trade", &query));
    assert_eq!(accepted[3], ("R4".to_owned(), "PROCESSING".to_owned()));
}

#[test]
fn a_refund_stands_in_the_bill_of_its_own_day() {
    let mut world = World::new();
    world.paid("T00001");
    world.at(datetime!(2026-11-23 00:00 +8));
    world.refund(&refund_body("T00001", "R1", 100));
    world.at(datetime!(2026-11-24 10:00 +8));
    assert_eq!(statuses(&world.bill_text("trade", DAY)), [("0".to_owned(), String::new())]);
    assert_eq!(said(&world.bill("trade", "bill_date=2026-11-22")), EMPTY, "not the day before");
    let of_the_day = world.bill_text("trade", "bill_date=2026-11-23");
    assert_eq!(statuses(&of_the_day), [("R1".to_owned(), "SUCCESS".to_owned())]);
}

#[test]
fn a_coupon_is_ordered_and_not_settled() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_tries("T00001", json!({"coupon_fen": 30})).unwrap();
    world.refund(&refund_body("T00001", "R1", 50));
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("trade", DAY);
    assert!(text.ends_with("`2,`0.70,`0.35,`0.00,`0.00210,`1.00,`0.50\r\n"), "{text}");
}

#[test]
fn what_others_have_made_is_in_the_bill_too() {
    let mut world = World::new();
    let form = json!({"out_trade_no": "ERP001", "total_fen": 250, "notify_url": "https://a.b/c"});
    let form = serde_json::from_value(form).unwrap();
    world.visit(|pay, ports| pay.order_elsewhere(form, ports)).unwrap();
    world.user_pays("ERP001");
    let form = json!({"out_trade_no": "ERP001", "out_refund_no": "X1"});
    let form = serde_json::from_value(form).unwrap();
    world.visit(|pay, ports| pay.refund_elsewhere(form, ports)).unwrap();
    world.at(datetime!(2026-11-22 10:00 +8));
    let text = world.bill_text("trade", DAY);
    assert!(text.ends_with("`2,`2.50,`2.50,`0.00,`0.00000,`2.50,`2.50\r\n"), "{text}");
}

#[test]
fn half_a_bill_is_another_and_half_an_answer_verifies_nowhere() {
    let mut world = with_a_payment(Settings::default());
    world.faults(
        json!([{"match": {"path": "/v3/bill*"}, "times": 2, "after": 1, "action": "truncate"}]),
    );
    let answer = world.bill("trade", DAY);
    let half = world.fetched(&answer);
    assert_eq!(half.status, 200);
    let hash = hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &half.body));
    assert_ne!(body_of(&answer)["hash_value"], hash);
    let whole = {
        let broken = world.bill("trade", DAY);
        assert!(broken.status == 200 && verified(&broken.headers, &broken.body).is_none());
        assert_eq!(body_of(&broken), Value::Null, "a JSON that breaks off");
        world.fetched(&answer)
    };
    assert_eq!(whole.body[..half.body.len()], half.body);
    assert_eq!(half.body.len(), whole.body.len() / 2);
}

#[test]
fn a_notification_is_never_halved() {
    let mut world = World::new();
    world.faults(json!([{"action": "truncate"}, {"action": "drop"}]));
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_pays("T00001");
    assert!(world.due().is_empty(), "the next rule looks");
}

#[test]
fn faults_meet_bills_and_the_ledger_counts_them() {
    let mut world =
        with_a_payment(Settings { bill_empty: BillEmpty::NotFound, ..Settings::default() });
    world.faults(json!([
        {"match": {"path": "/v3/bill/tradebill"}, "times": 1, "action": "status",
         "value": {"status": 400, "code": "STATEMENT_CREATING"}},
        {"match": {"path": "/v3/bill/tradebill"}, "times": 1, "action": "corrupt_signature"},
        {"match": {"path": "/v3/billdownload/*"}, "times": 1, "action": "drop"},
        {"match": {"path": "/v3/billdownload/*"}, "times": 1, "action": "late", "value": 1_000},
    ]));
    assert_eq!(said(&world.bill("trade", DAY)), "400 STATEMENT_CREATING 沙箱注入的错误");
    let corrupt = world.bill("trade", DAY);
    assert!(corrupt.status == 200 && verified(&corrupt.headers, &corrupt.body).is_none());
    let url = body_of(&corrupt)["download_url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix("https://api.mch.weixin.qq.com").unwrap();
    assert_eq!(world.exchange(&signed("GET", target, "")), Exchange::hang_up());
    assert_eq!(world.fetched(&corrupt).status, 200, "a bill is never late: it changes nothing");
    world.bill("fundflow", "bill_date=2026-11-20");
    let calls = world.ledger()["calls"].clone();
    let of = |kind: &str| {
        let calls = calls.as_array().unwrap();
        let call = calls.iter().find(|call| call["kind"] == kind).unwrap();
        (call["count"].clone(), call["effective"].clone(), call["by_status"].clone())
    };
    assert_eq!(of("trade_bill"), (json!(2), json!(1), json!({"200": 1, "400": 1})));
    assert_eq!(of("download_bill"), (json!(2), json!(1), json!({"200": 1, "lost": 1})));
    assert_eq!(of("fund_flow_bill"), (json!(1), json!(0), json!({"404": 1})));
}
