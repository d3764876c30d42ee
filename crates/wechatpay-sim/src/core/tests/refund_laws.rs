//! What holds of refunds however things come: random histories, each played by two hands.
//!
//! One looks at every instant at which the core says that something happens by itself, the other only when it does
//! something. They must see the same truth: that is what "exact" means of `next_due`.

use super::*;
use crate::core::refund::{Refund, RefundStatus};

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Whether somebody looks between what happens.
#[derive(Clone, Copy, PartialEq)]
enum Hand {
    Attentive,
    Absent,
}

const ORDERS: u64 = 3;

fn play(seed: u64, hand: Hand) -> World {
    let mut dice = Dice(seed);
    let spacing = [0, 1, 60][usize::try_from(dice.roll(3)).unwrap()];
    let mut world = World::with(Settings { refund_spacing_s: spacing, ..Settings::default() });
    for step in 0..40 {
        act(&mut world, &mut dice, step);
        check(&mut world, seed);
        let span: [i64; 6] = [0, 1, 5_000, 61_000, 86_400_000, 300_000_000];
        let ms = span[usize::try_from(dice.roll(6)).unwrap()];
        pass(&mut world, Duration::milliseconds(ms), hand);
        check(&mut world, seed);
    }
    world.pay.set_faults(crate::core::faults::Faults::default());
    pass(&mut world, Duration::days(8), hand);
    check(&mut world, seed);
    world
}

fn act(world: &mut World, dice: &mut Dice, step: i32) {
    let order = format!("T0000{}", dice.roll(ORDERS));
    let refund = format!("R{}", dice.roll(12));
    match dice.roll(12) {
        0..=1 => world.paid_if_new(&order),
        2..=5 => {
            let fen = i64::try_from(1 + dice.roll(60)).unwrap();
            let body = refund_body(&order, &refund, fen).to_string();
            world.exchange(&signed("POST", REFUNDS, &body));
        }
        6 => {
            let outcome = ["success", "abnormal", "closed"][usize::try_from(dice.roll(3)).unwrap()];
            world.settle(&refund, outcome).ok();
        }
        7 => {
            let balances = ["enough", "short_refuses", "short_waits"];
            let balance = balances[usize::try_from(dice.roll(3)).unwrap()];
            world.set(json!({"merchant_balance": balance}));
        }
        8 => {
            let values = [
                json!("closed"),
                json!("processing"),
                json!({"outcome": "abnormal", "after_ms": 1}),
            ];
            let value = values[usize::try_from(dice.roll(3)).unwrap()].clone();
            world.faults(json!([{"times": 1, "action": "refund_ends", "value": value}]));
        }
        9 | 10 => send_to_a_card(world),
        _ => {
            let ms = 1 + dice.roll(200_000);
            world.faults(json!([{"match": {"path": REFUNDS}, "times": 1 + step % 2, "action": "late", "value": ms}]));
        }
    }
}

/// The first one that is `ABNORMAL`.
fn send_to_a_card(world: &mut World) {
    let stranded = |one: &&Refund| one.status() == RefundStatus::Abnormal;
    let Some(refund) = world.pay.refunds().find(stranded) else { return };
    let target = format!("{REFUNDS}/{}/apply-abnormal-refund", refund.refund_id);
    let number = &refund.form.out_refund_no;
    let body = json!({"out_refund_no": number, "type": "MERCHANT_BANK_CARD"});
    let mut request = signed("POST", &target, &body.to_string());
    request.headers.push(("wechatpay-serial".to_owned(), PUBLIC_KEY_ID.to_owned()));
    world.exchange(&request);
}

impl World {
    fn paid_if_new(&mut self, number: &str) {
        if self.pay.trade_of(number).is_none() {
            self.paid(number);
        }
    }
}

fn pass(world: &mut World, span: Duration, hand: Hand) {
    let until = world.business + span;
    while hand == Hand::Attentive
        && let Some(due) = world.pay.next_due().filter(|due| *due <= until)
    {
        if due > world.business {
            // A moment before nothing has happened yet.
            world.business = due - Duration::milliseconds(1);
            assert!(world.due().is_empty(), "not before its time");
        }
        world.business = due.max(world.business);
        for delivery in world.due() {
            let end =
                crate::core::notice::AttemptEnd::Answered { status: 204, body: String::new() };
            world.pay.record(delivery.id, end);
        }
    }
    world.business = until;
}

/// The laws that hold at every instant.
fn check(world: &mut World, seed: u64) {
    world.visit(|pay, ports| pay.catch_up(ports));
    for trade in world.pay.trades() {
        let crate::core::trade::TradeState::Success(payment) = &trade.state else { continue };
        let of_it: Vec<_> = payment
            .refunds
            .numbers
            .iter()
            .map(|number| world.pay.refund_of(number).unwrap())
            .collect();
        let sum = |wanted: fn(RefundStatus) -> bool| -> i64 {
            let counted = of_it.iter().filter(|refund| wanted(refund.status()));
            counted.map(|refund| refund.money.refund_fen).sum()
        };
        let requested = sum(|status| status != RefundStatus::Closed);
        assert!(requested <= payment.total_fen, "seed {seed}: more than was paid");
        assert_eq!(payment.refunds.requested_fen, requested, "seed {seed}");
        assert_eq!(
            payment.refunds.refunded_fen,
            sum(|status| status == RefundStatus::Success),
            "seed {seed}"
        );
        assert_eq!(trade.state_name() == "REFUND", !of_it.is_empty(), "seed {seed}");
    }
    for refund in world.pay.refunds() {
        let states: Vec<_> = refund.changes.iter().map(|(_, status)| status.name()).collect();
        // However often it was sent to a card that did not take it.
        let story = states.join(" ").replace("ABNORMAL PROCESSING ABNORMAL", "ABNORMAL");
        let legal = [
            "",
            "SUCCESS",
            "CLOSED",
            "ABNORMAL",
            "ABNORMAL SUCCESS",
            "ABNORMAL PROCESSING",
            "ABNORMAL PROCESSING SUCCESS",
        ];
        assert!(legal.contains(&story.as_str()), "seed {seed}: {states:?}");
        let times: Vec<_> = refund.changes.iter().map(|(at, _)| *at).collect();
        assert!(
            times.is_sorted() && times.iter().all(|at| *at >= refund.created_at),
            "seed {seed}"
        );
        let on_its_way = refund.status() == RefundStatus::Processing;
        assert_eq!(refund.plan.is_some(), on_its_way, "seed {seed}: a plan until it ends");
    }
}

/// What is true of orders and refunds, without numbers that chance has given.
fn truth(world: &mut World) -> Value {
    let members = |of: &Value, names: &[&str]| -> Value {
        names.iter().map(|name| of[*name].clone()).collect()
    };
    let ledger = world.ledger();
    let trades = ledger["trades"].as_array().unwrap().iter();
    let refunds = ledger["refunds"].as_array().unwrap().iter();
    let of_trade = ["out_trade_no", "trade_state", "refund_requested_fen", "refunded_fen"];
    let of_refund = [
        "out_refund_no",
        "out_trade_no",
        "refund_fen",
        "payer_refund_fen",
        "created_at",
        "changes",
    ];
    json!([
        trades.map(|trade| members(trade, &of_trade)).collect::<Vec<_>>(),
        refunds.map(|refund| members(refund, &of_refund)).collect::<Vec<_>>(),
        ledger["calls"]
    ])
}

#[test]
fn refunds_never_exceed_what_was_paid_and_end_once_whoever_looks() {
    let (mut refunds, mut closed, mut abnormal, mut sent) = (0, 0, 0, 0);
    for seed in 0..200 {
        let (mut attentive, mut absent) = (play(seed, Hand::Attentive), play(seed, Hand::Absent));
        let seen = truth(&mut attentive);
        assert_eq!(seen, truth(&mut absent), "seed {seed}");
        refunds += attentive.pay.refunds().count();
        let ended = |world: &World, status| {
            world.pay.refunds().filter(|one| one.status() == status).count()
        };
        closed += ended(&attentive, RefundStatus::Closed);
        abnormal += ended(&attentive, RefundStatus::Abnormal);
        sent += attentive.pay.refunds().filter(|one| one.sent_to.is_some()).count();
    }
    assert!(
        refunds > 500 && closed > 50 && abnormal > 2 && sent > 20,
        "{refunds} {closed} {abnormal} {sent}: histories worth playing"
    );
}
