//! The scripts: one canonical run of each flow, with everything else still.
//!
//! A script says what its people do, and how it may end. The first ending is that of a run without
//! faults; the others are those that time alone can bring about: a payer who comes too late.

use super::client::Client;
use crate::setup::{Setup, Variant};
use crate::time::SECOND;
use domain::order::OrderStatus;
use domain::payment::TradeType;
use std::future::Future;
use std::pin::Pin;
use wechatpay_sim::core::settings::Verification;

/// What its people do; one client for each of them.
type Plays = fn(Vec<Client>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One script.
pub struct Script {
    /// As it is given on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    /// How it may end, the end of a run without faults first.
    pub endings: &'static [&'static str],
    variant: Variant,
    people: u32,
    plays: Plays,
}

const PAID: &str = "ready, paid by jsapi";
const PAID_BY_CODE: &str = "ready, paid by native";
const CANCELLED: &str = "cancelled";
const SURPLUS: &str = "cancelled, jsapi surplus";

/// Every script.
pub const ALL: &[Script] = &[
    Script {
        name: "paid",
        about: "a checkout is paid, and WeChat Pay says so",
        endings: &[PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(paid(people)),
    },
    Script {
        name: "paid-unsaid",
        about: "a checkout is paid, no notification ever comes, and a query finds it",
        endings: &[PAID],
        variant: Variant::NoNotifications,
        people: 1,
        plays: |people| Box::pin(paid(people)),
    },
    Script {
        name: "reported",
        about: "a checkout is paid unsaid, and the payer's client reports it",
        endings: &[PAID],
        variant: Variant::NoNotifications,
        people: 1,
        plays: |people| Box::pin(reported(people)),
    },
    Script {
        name: "placed-first",
        about: "an order is placed, and its payment asked for later, as a code",
        endings: &[PAID_BY_CODE, PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(placed_first(people)),
    },
    Script {
        name: "switched-first-paid",
        about: "the payer opens a code on a second device while the first payment is being paid",
        endings: &[PAID, PAID_BY_CODE],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(switched_first_paid(people)),
    },
    Script {
        name: "switched-second-paid",
        about: "the payer opens a code on a second device, and pays that",
        endings: &[PAID_BY_CODE, PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(switched_second_paid(people)),
    },
    Script {
        name: "switched-both-paid",
        about: "both payments of one order are paid, the first one against the rules",
        endings: &[
            "ready, paid by jsapi, native surplus",
            "ready, paid by native, jsapi surplus",
            PAID,
        ],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(switched_both_paid(people)),
    },
    Script {
        name: "cancelled",
        about: "an unpaid order is cancelled",
        endings: &[CANCELLED],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(cancelled(people)),
    },
    Script {
        name: "cancelled-at-once",
        about: "an order is cancelled as soon as a payment was asked for; then the payer tries to pay",
        endings: &[CANCELLED, "cancelled, native surplus", PAID_BY_CODE],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(cancelled_at_once(people)),
    },
    Script {
        name: "cancelled-while-paying",
        about: "the payer pays while the order is being cancelled",
        endings: &[PAID, CANCELLED, SURPLUS],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(cancelled_while_paying(people)),
    },
    Script {
        name: "cancelled-while-paying-unsaid",
        about: "the payer pays while the order is being cancelled, and no notification comes",
        endings: &[PAID, CANCELLED, SURPLUS],
        variant: Variant::NoNotifications,
        people: 1,
        plays: |people| Box::pin(cancelled_while_paying(people)),
    },
    Script {
        name: "expired",
        about: "nobody pays, and the deadline passes",
        endings: &[CANCELLED],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(expired(people)),
    },
    Script {
        name: "paid-in-the-last-second",
        about: "the payer pays in the last second before the deadline",
        endings: &[PAID, CANCELLED],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(paid_in_the_last_second(people)),
    },
    Script {
        name: "paid-in-the-last-second-unsaid",
        about: "the payer pays in the last second before the deadline, and no notification comes",
        endings: &[PAID, CANCELLED],
        variant: Variant::NoNotifications,
        people: 1,
        plays: |people| Box::pin(paid_in_the_last_second(people)),
    },
    Script {
        name: "paid-after-its-end",
        about: "money comes for an order that was cancelled, against the rules",
        endings: &[SURPLUS, PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(paid_after_its_end(people)),
    },
    Script {
        name: "fulfilled",
        about: "an order is paid, shipped, delivered and confirmed",
        endings: &["completed, paid by jsapi"],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(fulfilled(people)),
    },
    Script {
        name: "free",
        about: "an order costs nothing",
        endings: &["ready, free"],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(free(people)),
    },
    Script {
        name: "replaced",
        about: "an open order makes way for another checkout of its lines, which is paid",
        endings: &["cancelled + ready, paid by jsapi"],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(replaced(people)),
    },
    Script {
        name: "twice-one-key",
        about: "a checkout comes twice at once under one key",
        endings: &[PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(twice_one_key(people)),
    },
    Script {
        name: "twice-two-keys",
        about: "a checkout comes twice at once under two keys",
        endings: &[PAID],
        variant: Variant::Whole,
        people: 1,
        plays: |people| Box::pin(twice_two_keys(people)),
    },
    Script {
        name: "last-piece",
        about: "two buyers want the last piece; one gets and pays it",
        endings: &[PAID],
        variant: Variant::Whole,
        people: 2,
        plays: |people| Box::pin(last_piece(people)),
    },
];

/// The script of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Script> {
    ALL.iter().find(|script| script.name == name)
}

impl Script {
    /// How many people take part.
    #[must_use]
    pub fn people(&self) -> u32 {
        self.people
    }

    /// The world it plays in, made from the tamest one.
    #[must_use]
    pub fn setup(&self, tame: Setup) -> Setup {
        Setup {
            variant: self.variant,
            nodes: 2,
            clocks: vec![(0, 0); 2],
            // There is one of what is scarce, however many want it.
            buyers: 1,
            purchases: 1,
            lease_ms: 10_000,
            idle: 5 * SECOND,
            // Certificates, so that keys are fetched and can change.
            verification: Verification::Certificate,
            ..tame
        }
    }

    /// Its people do what they do.
    pub(super) async fn play(&self, people: Vec<Client>) {
        (self.plays)(people).await;
    }
}

/// One of the people.
fn the(people: Vec<Client>) -> Option<Client> {
    people.into_iter().next()
}

async fn paid(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn reported(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    let report = buyer.report(&seen.number);
    buyer.insist(report).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn placed_first(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(placed) = buyer.check_out(item, None).await else { return };
    let Some(seen) = placed.seen else { return };
    buyer.wait(2_000).await;
    let payment = buyer.payment(&seen.number, TradeType::Native);
    let Some(said) = buyer.insist(payment).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_by_code(&said).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_first_paid(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(first) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = first.seen.clone() else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let answer = buyer.beside(code);
    buyer.wait(1).await;
    let is_paid = buyer.pay(&first);
    let second = buyer.answered(answer).await;
    // Closed already: then there is the code.
    if let Some(second) = second.filter(|_| !is_paid) {
        buyer.pay_by_code(&second).await;
    }
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_second_paid(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(first) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = first.seen else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let Some(second) = buyer.insist(code).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_by_code(&second).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn switched_both_paid(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(first) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let (Some(seen), Some(number)) = (first.seen, first.out_trade_no) else { return };
    buyer.wait(1_000).await;
    let code = buyer.payment(&seen.number, TradeType::Native);
    let Some(second) = buyer.insist(code).await else { return };
    buyer.wait(1_000).await;
    buyer.pay_against_the_rules(number.as_str());
    buyer.pay_by_code(&second).await;
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn cancelled(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 900, |seen| seen.status == OrderStatus::Cancelled).await;
}

async fn cancelled_at_once(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(placed) = buyer.check_out(item, None).await else { return };
    let Some(seen) = placed.seen else { return };
    let payment = buyer.payment(&seen.number, TradeType::Native);
    let said = buyer.ask_once(payment).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 1_200, |seen| seen.status == OrderStatus::Cancelled).await;
    if let Some(said) = said {
        buyer.pay(&said);
    }
}

async fn cancelled_while_paying(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen.clone() else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    let answer = buyer.beside(cancellation);
    buyer.wait(3).await;
    buyer.pay(&said);
    buyer.answered(answer).await;
    buyer
        .look_until(&seen.number, 900, |seen| {
            seen.paid || seen.status == OrderStatus::Cancelled
        })
        .await;
}

async fn expired(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    buyer.check_out(item, Some(TradeType::Jsapi)).await;
}

async fn paid_in_the_last_second(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen.clone() else { return };
    buyer.wait_for_the_deadline(&seen, 500).await;
    buyer.pay(&said);
    buyer
        .look_until(&seen.number, 900, |seen| {
            seen.paid || seen.status == OrderStatus::Cancelled
        })
        .await;
}

async fn paid_after_its_end(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    let Some(seen) = said.seen else { return };
    buyer.wait(1_000).await;
    let cancellation = buyer.cancellation(&seen.number);
    buyer.insist(cancellation).await;
    buyer.look_until(&seen.number, 900, |seen| seen.status == OrderStatus::Cancelled).await;
    if let Some(number) = said.out_trade_no {
        buyer.pay_against_the_rules(number.as_str());
    }
}

async fn fulfilled(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let Some(said) = buyer.check_out(item, Some(TradeType::Jsapi)).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    if buyer.look_until(&seen.number, 200, |seen| seen.paid).await.is_none() {
        return;
    }
    for step in [Client::shipment, Client::delivery, Client::confirmation] {
        buyer.wait(5_000).await;
        let request = step(&mut buyer, &seen.number);
        buyer.insist(request).await;
    }
}

async fn free(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("gift") else { return };
    buyer.check_out(item, Some(TradeType::Jsapi)).await;
}

async fn replaced(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    if buyer.check_out(item, Some(TradeType::Jsapi)).await.is_none() {
        return;
    }
    buyer.wait(1_000).await;
    let replacement = buyer.replacement(item, Some(TradeType::Jsapi));
    let Some(said) = buyer.insist(replacement).await else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn twice_one_key(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let request = buyer.checkout(item, Some(TradeType::Jsapi));
    let other = buyer.beside(request.clone());
    let Some(said) = buyer.insist(request).await else { return };
    let again = buyer.answered(other).await;
    buyer.same_order(&said, again.as_ref());
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn twice_two_keys(people: Vec<Client>) {
    let Some(mut buyer) = the(people) else { return };
    let Some(item) = buyer.list("tea") else { return };
    let requests =
        [buyer.checkout(item, Some(TradeType::Jsapi)), buyer.checkout(item, Some(TradeType::Jsapi))];
    let [one, other] = requests;
    let other = buyer.beside(other);
    let said = buyer.insist(one).await;
    let again = buyer.answered(other).await;
    let Some(said) = said.or(again) else { return };
    buyer.wait(1_000).await;
    buyer.pay(&said);
    let Some(seen) = said.seen else { return };
    buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
}

async fn last_piece(people: Vec<Client>) {
    let mut people = people.into_iter();
    let (Some(mut one), Some(mut other)) = (people.next(), people.next()) else { return };
    let (Some(item), Some(same)) = (one.list("cup"), other.list("cup")) else { return };
    let request = other.checkout(same, Some(TradeType::Jsapi));
    let theirs = other.beside(request);
    let ours = one.check_out(item, Some(TradeType::Jsapi)).await;
    let theirs = other.answered(theirs).await;
    one.wait(1_000).await;
    for (buyer, said) in [(&one, ours), (&other, theirs)] {
        let Some(said) = said else { continue };
        buyer.pay(&said);
        let Some(seen) = said.seen else { continue };
        buyer.look_until(&seen.number, 200, |seen| seen.paid).await;
    }
}
