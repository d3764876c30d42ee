//! Asking for refunds: what is answered, what is refused, and what the order says then.

use super::*;
use crate::core::settings::{MerchantBalance, RefundDiffers, RefundTooSoon, Spelling};

const NOT_PAID: &str = "404 RESOURCE_NOT_EXISTS 原订单不存在";

fn paid() -> World {
    paid_with(Settings::default())
}

fn paid_with(settings: Settings) -> World {
    let mut world = World::with(settings);
    world.paid("T00001");
    world
}

#[test]
fn a_refund_is_accepted_seen_and_ends() {
    let mut world = paid();
    let id = world.ledger()["trades"][0]["transaction_id"].clone();
    world.later(Duration::seconds(10));
    let accepted = body_of(&world.refund(&refund_body("T00001", "R1", 30)));
    let refund_id = accepted["refund_id"].as_str().unwrap();
    assert!(refund_id.starts_with("5030") && refund_id.len() == 28, "{refund_id}");
    let processing = json!({
        "refund_id": refund_id, "out_refund_no": "R1", "transaction_id": id,
        "out_trade_no": "T00001", "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
        "create_time": "2026-11-21T10:00:10+08:00", "status": "PROCESSING",
        "funds_account": "AVAILABLE",
        "amount": {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30,
            "settlement_total": 100, "settlement_refund": 30, "discount_refund": 0,
            "currency": "CNY"}
    });
    assert_eq!(accepted, processing);
    world.later(Duration::seconds(4));
    assert_eq!(body_of(&world.query_refund("R1")), processing);
    world.later(Duration::seconds(3));
    let mut success = processing;
    success["status"] = json!("SUCCESS");
    success["success_time"] = json!("2026-11-21T10:00:15+08:00");
    assert_eq!(body_of(&world.query_refund("R1")), success, "then, not when somebody looked");
    assert_eq!(said(&world.query_refund("R2")), "404 RESOURCE_NOT_EXISTS 退款单不存在");
}

#[test]
fn answers_are_signed_and_refusals_are_not() {
    let mut world = paid();
    let accepted = world.refund(&refund_body("T00001", "R1", 30));
    assert!(verified(&accepted.headers, &accepted.body).is_some());
    let seen = world.query_refund("R1");
    assert!(verified(&seen.headers, &seen.body).is_some());
    let refused = world.query_refund("R2");
    assert!(header(&refused.headers, "Wechatpay-Signature").is_none());
    let mut bare = query_refund("R1");
    bare.headers.retain(|(name, _)| name != "user-agent");
    assert_eq!(said(&world.answer(&bare)), "400 INVALID_REQUEST Http头缺少Accept或User-Agent");
    let mut bare = query_refund("R1");
    bare.headers.retain(|(name, _)| name != "authorization");
    assert!(said(&world.answer(&bare)).starts_with("401 SIGN_ERROR Http头Authorization值格式错误"));
    assert_eq!(world.query_refund("R%2F1").status, 400, "no refund can have such a number");
    assert_eq!(world.query_refund("R%7C1").status, 404);
}

#[test]
fn an_order_says_refund_from_the_first_one_on_for_ever() {
    let mut world = paid();
    world.refund(&refund_body("T00001", "R1", 1));
    let seen = body_of(&world.query("T00001"));
    assert_eq!((&seen["trade_state"], &seen["amount"]["total"]), (&json!("REFUND"), &json!(100)));
    assert_eq!(seen["payer"]["openid"].as_str().map(str::len), Some(28), "it was paid");
    world.settle("R1", "closed").unwrap();
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "REFUND");
    assert_eq!(said(&world.close("T00001")), "400 ORDER_PAID 该订单已支付");
    let again = world.prepay(NATIVE, &native_body("T00001"));
    assert_eq!(said(&again), "400 ORDER_PAID 该订单已支付");
    let refused = world.user_tries("T00001", json!({"unfaithful": true})).unwrap_err();
    assert_eq!(refused.code, "order_paid");
}

#[test]
fn only_what_is_paid_is_refunded() {
    let mut world = paid();
    world.prepay(NATIVE, &native_body("T00002"));
    world.prepay(NATIVE, &native_body("T00003"));
    world.close("T00003");
    for number in ["T00002", "T00003", "T00004"] {
        assert_eq!(said(&world.refund(&refund_body(number, "R1", 1))), NOT_PAID, "{number}");
    }
    let mut by_id = refund_body("T00001", "R1", 1);
    by_id.as_object_mut().unwrap().remove("out_trade_no");
    by_id["transaction_id"] = json!("4200000000000000000000000000");
    assert_eq!(said(&world.refund(&by_id)), NOT_PAID);
    by_id["transaction_id"] = world.ledger()["trades"][0]["transaction_id"].clone();
    assert_eq!(body_of(&world.refund(&by_id))["out_trade_no"], "T00001");
}

#[test]
fn one_number_is_one_refund() {
    let mut world = paid();
    world.paid("T00002");
    let body = refund_body("T00001", "R1", 30);
    let first = world.refund(&body);
    let spaced = world.answer(&signed("POST", REFUNDS, &format!(" {body} ")));
    assert_eq!(body_of(&spaced), body_of(&first), "the parameters count, not the bytes");
    for (pointer, value) in [
        ("/amount/refund", json!(31)),
        ("/out_trade_no", json!("T00002")),
        ("/reason", json!("其他")),
        ("/notify_url", json!("https://pay.example.com/other")),
    ] {
        let mut other = body.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        let refused = said(&world.refund(&other));
        assert!(refused.starts_with("400 INVALID_REQUEST 订单金额或退款金额与之前"), "{refused}");
    }
    world.later(Duration::days(400));
    let later = body_of(&world.refund(&body));
    assert_eq!(later["status"], "SUCCESS", "its state of now, whatever the rules of now");
    assert_eq!(world.ledger()["refunds"].as_array().unwrap().len(), 1);
    assert_eq!(world.ledger()["trades"][0]["refund_requested_fen"], 30);
}

#[test]
fn a_closed_refund_stays_closed_under_its_number() {
    let mut world = paid();
    let body = refund_body("T00001", "R1", 100);
    world.refund(&body);
    world.settle("R1", "closed").unwrap();
    assert_eq!(body_of(&world.refund(&body))["status"], "CLOSED");
    world.later(Duration::minutes(1));
    let anew = body_of(&world.refund(&refund_body("T00001", "R2", 100)));
    assert_eq!(anew["status"], "PROCESSING", "its amount is free again");
}

#[test]
fn not_more_than_was_paid_goes_back() {
    let settings = Settings { refund_spacing_s: 0, ..Settings::default() };
    let mut world = paid_with(settings);
    let too_much = "400 INVALID_REQUEST 退款金额大于可退金额";
    assert_eq!(said(&world.refund(&refund_body("T00001", "R1", 101))), too_much);
    assert_eq!(
        world.refund(&refund_body("T00001", "R1", 60)).status,
        200,
        "a refusal uses no number"
    );
    assert_eq!(said(&world.refund(&refund_body("T00001", "R2", 41))), too_much);
    assert_eq!(world.refund(&refund_body("T00001", "R2", 40)).status, 200);
    let none_left = said(&world.refund(&refund_body("T00001", "R3", 1)));
    assert_eq!(none_left, "400 INVALID_REQUEST 订单已全额退款");
    world.settle("R2", "abnormal").unwrap();
    assert_eq!(said(&world.refund(&refund_body("T00001", "R3", 1))), none_left, "still owed");
    let mut other_total = refund_body("T00001", "R4", 1);
    other_total["amount"]["total"] = json!(99);
    let refused = said(&world.refund(&other_total));
    assert_eq!(refused, "400 INVALID_REQUEST 请求参数与订单信息不一致");
}

#[test]
fn a_year_is_the_limit() {
    let mut world = paid();
    world.later(Duration::days(365));
    assert_eq!(world.refund(&refund_body("T00001", "R1", 1)).status, 200);
    world.later(Duration::minutes(1));
    let overdue = said(&world.refund(&refund_body("T00001", "R2", 1)));
    assert_eq!(overdue, "403 TRADE_OVERDUE 订单已经超过退款期限");
}

#[test]
fn fifty_are_the_limit_and_closed_ones_count() {
    let mut world = paid();
    for index in 0..50 {
        let number = format!("R{index}");
        assert_eq!(world.refund(&refund_body("T00001", &number, 1)).status, 200, "{index}");
        if index % 2 == 0 {
            world.settle(&number, "closed").unwrap();
        }
        world.later(Duration::minutes(1));
    }
    let refused = said(&world.refund(&refund_body("T00001", "R50", 1)));
    assert_eq!(refused, "400 INVALID_REQUEST 订单退款次数超过限制");
    assert_eq!(world.ledger()["trades"][0]["refund_requested_fen"], 25);
}

#[test]
fn a_further_refund_waits_a_minute() {
    for (as_set, refused) in [
        (RefundTooSoon::FrequencyLimited, "429 FREQUENCY_LIMITED"),
        (RefundTooSoon::InvalidRequest, "400 INVALID_REQUEST"),
    ] {
        let mut world = paid_with(Settings { refund_too_soon: as_set, ..Settings::default() });
        world.paid("T00002");
        world.refund(&refund_body("T00001", "R1", 1));
        world.later(Duration::seconds(59));
        let answer = world.refund(&refund_body("T00001", "R2", 1));
        assert!(said(&answer).starts_with(refused), "{}", said(&answer));
        assert_eq!(world.refund(&refund_body("T00002", "R3", 1)).status, 200, "another order");
        world.later(Duration::seconds(1));
        assert_eq!(world.refund(&refund_body("T00001", "R2", 1)).status, 200);
    }
    let mut world = paid();
    world.refund(&refund_body("T00001", "R1", 1));
    world.set(json!({"refund_spacing_s": 6}));
    world.later(Duration::seconds(6));
    assert_eq!(world.refund(&refund_body("T00001", "R2", 1)).status, 200);
}

#[test]
fn a_gone_account_refuses_every_refund_for_ever() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    let trade = world.user_tries("T00001", json!({"payer_account": "abnormal"})).unwrap();
    assert_eq!(trade["payer_account"], "abnormal");
    for _ in 0..3 {
        let refused = said(&world.refund(&refund_body("T00001", "R1", 1)));
        assert_eq!(refused, "403 USER_ACCOUNT_ABNORMAL 退款请求失败");
        assert_eq!(world.query_refund("R1").status, 404, "nothing was accepted");
        world.later(Duration::days(30));
    }
    assert_eq!(body_of(&world.query("T00001"))["trade_state"], "SUCCESS");
}

#[test]
fn an_empty_account_of_the_merchant_refuses_until_there_is_balance() {
    let balance = MerchantBalance::ShortRefuses;
    let mut world = paid_with(Settings { merchant_balance: balance, ..Settings::default() });
    let body = refund_body("T00001", "R1", 1);
    assert!(said(&world.refund(&body)).starts_with("403 NOT_ENOUGH"));
    world.set(json!({"merchant_balance": "enough"}));
    assert_eq!(world.refund(&body).status, 200, "the same number");
    let spelling = Spelling::Older;
    let mut world =
        paid_with(Settings { merchant_balance: balance, spelling, ..Settings::default() });
    assert!(said(&world.refund(&body)).starts_with("403 NOTENOUGH"));
}

#[test]
fn a_coupon_s_share_does_not_go_back_to_the_buyer() {
    let mut world = World::new();
    world.prepay(NATIVE, &native_body("T00001"));
    world.user_tries("T00001", json!({"coupon_fen": 30})).unwrap();
    let half = body_of(&world.refund(&refund_body("T00001", "R1", 50)));
    assert_eq!(
        half["amount"],
        json!({"total": 100, "refund": 50, "payer_total": 70, "payer_refund": 35,
            "settlement_total": 70, "settlement_refund": 35, "discount_refund": 15,
            "currency": "CNY"})
    );
    let coupon = &half["promotion_detail"][0];
    assert_eq!((&coupon["amount"], &coupon["refund_amount"]), (&json!(30), &json!(15)));
}

#[test]
fn the_accounts_that_were_asked_for_are_answered() {
    let mut world = paid();
    let mut body = refund_body("T00001", "R1", 50);
    body["funds_account"] = json!("UNSETTLED");
    body["amount"]["from"] = json!([{"account": "AVAILABLE", "amount": 50}]);
    let answer = body_of(&world.refund(&body));
    assert_eq!(answer["funds_account"], "UNSETTLED");
    assert_eq!(answer["amount"]["from"], body["amount"]["from"]);
}

#[test]
fn the_form_is_judged_first_and_with_its_pointer() {
    let mut world = World::new();
    let mut body = refund_body("T00001", "R1", 0);
    let refused = body_of(&world.refund(&body));
    assert_eq!(
        refused["detail"],
        json!({"field": "/amount/refund", "value": 0, "issue": "must not be less than 1", "location": "body"})
    );
    body["amount"]["refund"] = json!(1);
    assert_eq!(said(&world.refund(&body)), NOT_PAID);
    assert!(said(&world.answer(&signed("POST", REFUNDS, "[]"))).starts_with("400 PARAM_ERROR"));
}

#[test]
fn the_faq_s_name_for_other_parameters_is_a_setting() {
    let refund_differs = RefundDiffers::RefundFeeMismatch;
    let mut world = paid_with(Settings { refund_differs, ..Settings::default() });
    world.refund(&refund_body("T00001", "R1", 1));
    let refused = said(&world.refund(&refund_body("T00001", "R1", 2)));
    assert!(refused.starts_with("400 REFUND_FEE_MISMATCH"), "{refused}");
}

#[test]
fn calls_about_refunds_are_counted_by_both_numbers() {
    let mut world = paid();
    let body = refund_body("T00001", "R1", 1);
    world.refund(&body);
    world.refund(&body);
    world.query_refund("R1");
    world.query_refund("R2");
    let mut by_id = refund_body("T00001", "R3", 1);
    by_id.as_object_mut().unwrap().remove("out_trade_no");
    by_id["transaction_id"] = world.ledger()["trades"][0]["transaction_id"].clone();
    world.refund(&by_id);
    let counts = world.ledger()["calls"].as_array().unwrap().clone();
    let of_refunds: Vec<_> = counts
        .iter()
        .filter(|count| !count["out_refund_no"].is_null())
        .map(|count| {
            ["kind", "out_trade_no", "out_refund_no", "count", "effective"]
                .map(|member| count[member].clone())
        })
        .collect();
    assert_eq!(
        json!(of_refunds),
        json!([
            ["query_refund", null, "R2", 1, 0],
            ["query_refund", "T00001", "R1", 1, 1],
            ["refund", "T00001", "R1", 2, 2],
            ["refund", "T00001", "R3", 1, 0]
        ])
    );
}
