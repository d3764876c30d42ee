//! What WeChat has to be told of an order's packages, and what is left of it given what it knows.

use super::moment::Moment;
use super::refund_samples::{paid, payable};
use super::samples::{
    TOTAL, accepted, after, cash_on_delivery, placed_directly, ship, start, start_payment, success,
};
use crate::Timestamp;
use crate::job::{JobChange, JobId, SHIPPING_DEADLINE_S, next_report};
use crate::order::{Command, Order, ShippingStep};
use crate::pace::Pace;
use crate::payment::TradeType;
use crate::shipment::{LogisticsType, Package, ShipmentDraft};
use crate::shipping_info::{
    DeliveryMode, RecordedPackage, ShippingInfo, ShippingRecord, ShippingState,
};

fn later() -> Timestamp {
    start().plus_seconds(600)
}

/// Handed over without a carrier.
fn hand_over(logistics_type: LogisticsType, item_desc: &str, is_all_delivered: bool) -> Command {
    let item_desc = item_desc.to_owned();
    let package = Package { express_company: None, tracking_no: None, item_desc, contact: None };
    Command::Ship(ShipmentDraft { logistics_type, packages: vec![package], is_all_delivered })
}

fn sent(commands: &[Command]) -> Order {
    commands.iter().fold(paid(), |order, command| Moment::at(start()).play(&order, command))
}

/// What WeChat knows when nothing was told.
fn nothing() -> ShippingRecord {
    ShippingRecord {
        state: ShippingState::ToBeShipped,
        is_finished: false,
        times_finished: 0,
        delivery_mode: None,
        logistics_type: None,
        packages: Vec::new(),
    }
}

/// What WeChat knows once it was told so.
fn knowing(info: &ShippingInfo) -> ShippingRecord {
    let is_finished = info.is_all_delivered;
    let package = |package: &Package| RecordedPackage {
        express_company: package.express_company.clone(),
        tracking_no: package.tracking_no.clone(),
        item_desc: package.item_desc.clone(),
        upload_time: Timestamp::from_seconds(info.upload_time.seconds()),
    };
    ShippingRecord {
        state: if is_finished { ShippingState::Shipped } else { ShippingState::ToBeShipped },
        is_finished,
        times_finished: i64::from(is_finished),
        delivery_mode: Some(info.delivery_mode),
        logistics_type: Some(info.logistics_type),
        packages: info.packages.iter().map(package).collect(),
    }
}

fn told(order: &Order, known: &ShippingRecord) -> ShippingInfo {
    let step = order.shipping_duty().unwrap().step(known, later());
    let ShippingStep::Tell(info) = step else { panic!("not told: {step:?}") };
    info
}

/// Mode, whether it is all, and the numbers.
fn shape(info: &ShippingInfo) -> (DeliveryMode, bool, Vec<&str>) {
    let number = |package: &'_ Package| package.tracking_no.is_some();
    assert_eq!(info.packages.iter().all(number), info.logistics_type == LogisticsType::Express);
    let numbers = info.packages.iter().filter_map(|package| package.tracking_no.as_deref());
    (info.delivery_mode, info.is_all_delivered, numbers.collect())
}

#[test]
fn one_package_is_told_as_one() {
    let order = sent(&[ship("SF-1", true)]);
    let info = told(&order, &nothing());
    assert_eq!(shape(&info), (DeliveryMode::Unified, true, vec!["SF-1"]));
    assert_eq!(info.transaction_id.as_str(), "T-1");
    assert_eq!(info.payer.as_str(), "o-alice");
    assert_eq!(info.upload_time, later());
    let duty = order.shipping_duty().unwrap();
    assert_eq!(duty.appid.as_str(), "wxd678efh567hg6787");
}

#[test]
fn what_comes_in_parts_is_told_whole_each_time() {
    let first = sent(&[ship("SF-1", false)]);
    let one = told(&first, &nothing());
    assert_eq!(shape(&one), (DeliveryMode::Split, false, vec!["SF-1"]));
    let both = sent(&[ship("SF-1", false), ship("SF-2", true)]);
    let two = told(&both, &knowing(&one));
    assert_eq!(shape(&two), (DeliveryMode::Split, true, vec!["SF-1", "SF-2"]));
    let duty = both.shipping_duty().unwrap();
    assert_eq!(duty.step(&knowing(&two), later()), ShippingStep::Over);
}

#[test]
fn what_is_known_is_not_told_again_in_whatever_order_it_stands() {
    let order = sent(&[ship("SF-1", false), ship("SF-2", true)]);
    let info = told(&order, &nothing());
    let mut known = knowing(&info);
    known.packages.reverse();
    let duty = order.shipping_duty().unwrap();
    assert_eq!(duty.step(&known, later()), ShippingStep::Over);
    known.packages[0].tracking_no = Some("SF-9".to_owned());
    assert!(matches!(duty.step(&known, later()), ShippingStep::Tell(_)), "corrected");
    known.times_finished = 2;
    assert!(matches!(duty.step(&known, later()), ShippingStep::GiveUp(_)), "once");
}

#[test]
fn parts_of_which_the_last_is_missing_are_not_all() {
    let order = sent(&[ship("SF-1", false)]);
    let mut known = knowing(&told(&order, &nothing()));
    let duty = order.shipping_duty().unwrap();
    assert_eq!(duty.step(&known, later()), ShippingStep::Over);
    known.is_finished = true;
    assert!(matches!(duty.step(&known, later()), ShippingStep::Tell(_)), "it says that it is all");
}

#[test]
fn the_time_of_a_report_is_later_than_that_of_the_one_before() {
    let order = sent(&[ship("SF-1", false), ship("SF-2", true)]);
    let mut known = knowing(&told(&sent(&[ship("SF-1", false)]), &nothing()));
    assert_eq!(told(&order, &known).upload_time, later().plus_seconds(1));
    known.packages[0].upload_time = later().plus_seconds(-1);
    assert_eq!(told(&order, &known).upload_time, later());
    known.packages[0].upload_time = later().plus_seconds(50);
    assert_eq!(told(&order, &known).upload_time, later().plus_seconds(51));
}

#[test]
fn what_has_arrived_or_went_back_is_not_told() {
    let duty = sent(&[ship("SF-1", true)]).shipping_duty().unwrap();
    for state in [
        ShippingState::Received,
        ShippingState::ToBeSettled,
        ShippingState::Complete,
        ShippingState::Refunded,
    ] {
        let known = ShippingRecord { state, ..nothing() };
        assert_eq!(duty.step(&known, later()), ShippingStep::Over, "{state:?}");
    }
}

#[test]
fn without_a_carrier_it_is_one_package_and_told_when_all_of_it_was_handed_over() {
    let pickup = LogisticsType::SelfPickup;
    let part = sent(&[hand_over(pickup, "茶", false)]);
    assert_eq!(part.shipping_duty(), None, "such a report is the last");
    let all = sent(&[hand_over(pickup, "茶", false), hand_over(pickup, "杯", true)]);
    let info = told(&all, &nothing());
    assert_eq!((info.delivery_mode, info.logistics_type), (DeliveryMode::Unified, pickup));
    assert_eq!(info.packages.len(), 1);
    assert_eq!(info.packages[0].item_desc, "茶; 杯");
    let duty = all.shipping_duty().unwrap();
    assert_eq!(duty.step(&knowing(&info), later()), ShippingStep::Over);
    let long = sent(&[hand_over(pickup, &"长".repeat(120), false), hand_over(pickup, "杯", true)]);
    assert_eq!(told(&long, &nothing()).packages[0].item_desc.chars().count(), 120);
}

#[test]
fn beside_express_nothing_else_is_told() {
    let order = sent(&[ship("SF-1", false), hand_over(LogisticsType::SelfPickup, "杯", true)]);
    let info = told(&order, &nothing());
    assert_eq!(shape(&info), (DeliveryMode::Split, true, vec!["SF-1"]));
}

#[test]
fn only_what_was_paid_inside_wechat_is_told_and_only_once_it_is_on_its_way() {
    assert_eq!(paid().shipping_duty(), None, "not shipped");
    let native = {
        let order = after(placed_directly(), &start_payment(TradeType::Native), start());
        let order = after(order.clone(), &accepted(&order, 1), start());
        after(order.clone(), &success(&order, 1, "T-1", TOTAL), start())
    };
    let native = Moment::at(start()).play(&native, &ship("SF-1", true));
    assert_eq!(native.shipping_duty(), None, "paid by QR code");
    let at_the_door = Moment::at(start()).play(&cash_on_delivery(), &ship("SF-1", true));
    assert_eq!(at_the_door.shipping_duty(), None, "not paid");
}

/// Whether a command promises the report.
fn promises(order: &Order, command: &Command) -> bool {
    let id = JobId::report(&order.number);
    let due = JobChange::Ensure { id, due_at: start() };
    Moment::at(start()).written(order, command).jobs.contains(&due)
}

#[test]
fn each_shipment_of_what_was_paid_inside_wechat_promises_a_report() {
    let order = paid();
    assert!(promises(&order, &ship("SF-1", false)));
    let part = Moment::at(start()).play(&order, &ship("SF-1", false));
    assert!(promises(&part, &ship("SF-2", true)));
    assert!(!promises(&payable(), &success(&payable(), 1, "T-1", TOTAL)), "not shipped yet");
    assert!(!promises(&order, &hand_over(LogisticsType::SelfPickup, "茶", false)));
}

#[test]
fn what_is_paid_when_it_is_on_its_way_is_reported_then() {
    let order = Moment::at(start()).play(&cash_on_delivery(), &ship("SF-1", true));
    let order = after(order, &start_payment(TradeType::Jsapi), start());
    let order = after(order.clone(), &accepted(&order, 1), start());
    let paid = success(&order, 1, "T-1", TOTAL);
    assert!(promises(&order, &paid));
    let settled_at = start().plus_seconds(90);
    let duty = after(order, &paid, settled_at).shipping_duty().unwrap();
    assert_eq!(duty.since, settled_at, "until then there was nothing to tell");
}

#[test]
fn a_report_is_tried_less_and_less_often_and_for_a_day() {
    let wait = |age_s: i64| {
        let now = start().plus_seconds(age_s);
        next_report(start(), now, Pace::DESIGNED).map(|at| at.seconds_since(now))
    };
    for (age_s, expected) in [
        (-100, 5),
        (0, 5),
        (29, 5),
        (30, 30),
        (599, 30),
        (600, 300),
        (3_599, 300),
        (3_600, 1_800),
        (SHIPPING_DEADLINE_S - 1, 1_800),
    ] {
        assert_eq!(wait(age_s), Some(expected), "{age_s} s");
    }
    assert_eq!(wait(SHIPPING_DEADLINE_S), None, "then a person looks");
}
