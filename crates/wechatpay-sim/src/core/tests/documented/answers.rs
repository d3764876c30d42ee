//! What is answered and notified: all that is documented, and nothing else.

use super::*;
use crate::core::notice::AttemptEnd;

/// Looks at what was said, and remembers which members were.
#[derive(Default)]
struct Listener(BTreeSet<(&'static str, String)>);

impl Listener {
    fn hear(&mut self, table: &'static str, body: &Value) {
        let rules = rules(table);
        for (member, value) in leaves(body) {
            let rule = rules.iter().find(|rule| rule.member == member);
            let rule = rule.unwrap_or_else(|| panic!("{table}: {member} is not documented"));
            assert!(rule.is_kept_by(value), "{table}: {rule:?} is said as {value}");
            self.0.insert((table, member));
        }
        let status = body["status"].as_str().or(body["refund_status"].as_str());
        for rule in rules {
            let is_there = !body.pointer(&rule.pointer()).unwrap_or(&Value::Null).is_null();
            match rule.when {
                "no" => {}
                "yes" => assert!(is_there, "{table}: {} is missing in {body}", rule.member),
                when => assert_eq!(is_there, status == Some(when), "{table}: {rule:?} in {body}"),
            }
        }
    }

    fn hear_answer(&mut self, table: &'static str, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{}", said(answer));
        let body = body_of(answer);
        self.hear(table, &body);
        body
    }

    fn hear_deliveries(&mut self, world: &mut World, table: &'static str) {
        let deliveries = world.due();
        assert!(!deliveries.is_empty(), "{table}");
        for delivery in deliveries {
            let body: Value = serde_json::from_slice(&delivery.body).unwrap();
            self.hear("§6.1 notification", &body);
            let plain = serde_json::from_str(&opened(&body["resource"]).unwrap()).unwrap();
            self.hear(table, &plain);
            let end = AttemptEnd::Answered { status: 204, body: String::new() };
            world.pay.record(delivery.id, end);
        }
    }

    /// The documented members of these tables that nobody has heard.
    fn unheard(&self, tables: &[&'static str]) -> Vec<String> {
        let all = tables
            .iter()
            .flat_map(|table| rules(table).into_iter().map(move |rule| (*table, rule)));
        let missing =
            all.filter(|(table, rule)| !self.0.contains(&(*table, rule.member.to_owned())));
        missing.map(|(table, rule)| format!("{table}: {}", rule.member)).collect()
    }
}

const UNPAID: &str = "answer of an order that is not paid";
const PAID: &str = "answer of a paid order";
const REFUNDED: &str = "refund answer";
const PREPAY_ID: &str = "prepay answer JSAPI and App";
const PAYMENT: &str = "§6.2 payment resource";
const REFUND: &str = "§6.2b refund resource";

#[test]
fn what_is_answered_and_notified_has_exactly_the_documented_members() {
    let mut world = World::new();
    let mut listener = Listener::default();
    a_payment_and_its_refunds(&mut world, &mut listener);
    other_products(&mut world, &mut listener);
    let certificates = world.answer(&signed("GET", "/v3/certificates", ""));
    listener.hear_answer("§4.1 certificates", &certificates);
    world.later(Duration::days(1));
    listener.hear_answer("bill announced", &world.bill("trade", "bill_date=2026-11-21"));
    let tables = [
        PREPAY_ID,
        "prepay answer Native",
        "prepay answer H5",
        UNPAID,
        PAID,
        PAYMENT,
        REFUND,
        REFUNDED,
        "§6.1 notification",
        "§4.1 certificates",
        "bill announced",
    ];
    assert_eq!(listener.unheard(&tables), never_said());
}

fn a_payment_and_its_refunds(world: &mut World, listener: &mut Listener) {
    let mut body = jsapi_body("T00001");
    body["scene_info"] = json!({"payer_client_ip": "14.23.150.211", "device_id": "0134670"});
    listener.hear_answer(PREPAY_ID, &world.prepay(JSAPI, &body));
    listener.hear_answer(UNPAID, &world.query("T00001"));
    world.user_tries("T00001", json!({"coupon_fen": 30})).unwrap();
    listener.hear_answer(PAID, &world.query("T00001"));
    listener.hear_deliveries(world, PAYMENT);

    let mut body = refund_body("T00001", "R00001", 50);
    body["amount"]["from"] = json!([{"account": "AVAILABLE", "amount": 50}]);
    listener.hear_answer(REFUNDED, &world.refund(&body));
    world.settle("R00001", "success").unwrap();
    listener.hear_answer(REFUNDED, &world.query_refund("R00001"));
    listener.hear_deliveries(world, REFUND);
    listener.hear_answer(PAID, &world.query("T00001"));
    world.later(Duration::minutes(2));
    world.refund(&refund_body("T00001", "R00002", 50));
    world.settle("R00002", "closed").unwrap();
    listener.hear_answer(REFUNDED, &world.query_refund("R00002"));
    listener.hear_deliveries(world, REFUND);
}

fn other_products(world: &mut World, listener: &mut Listener) {
    listener.hear_answer("prepay answer Native", &world.prepay(NATIVE, &native_body("T00002")));
    world.close("T00002");
    listener.hear_answer(UNPAID, &world.query("T00002"));
    let mut body = native_body("T00003");
    body["scene_info"] = json!({"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}});
    listener.hear_answer("prepay answer H5", &world.prepay(H5, &body));
    let mut body = native_body("T00004");
    body["appid"] = json!(MOBILE_APPID);
    listener.hear_answer(PREPAY_ID, &world.prepay(APP, &body));
}

/// The sandbox's coupons are for the whole order, and no refund gives a fee back.
fn never_said() -> Vec<String> {
    let below = |table: &str, names: &[&str]| -> Vec<String> {
        let of = |name| format!("{table}: promotion_detail[].goods_detail[].{name}");
        names.iter().map(of).collect()
    };
    let goods = ["goods_id", "quantity", "unit_price", "discount_amount", "goods_remark"];
    let mut expected = below(PAID, &goods);
    expected.extend(below(PAYMENT, &goods));
    expected.push(format!("{REFUNDED}: amount.refund_fee"));
    let returned = [
        "merchant_goods_id",
        "wechatpay_goods_id",
        "goods_name",
        "unit_price",
        "refund_amount",
        "refund_quantity",
    ];
    expected.extend(below(REFUNDED, &returned));
    expected
}
