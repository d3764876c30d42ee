//! Another payment of an order that exists.

use super::{Stores, deciding};
use crate::sample;
use domain::OutTradeNo;
use domain::changeset::{Changeset, ReplayRecord};
use domain::job::JobId;
use domain::order::{Circumstances, Command, Decision, Event, PrepayAnswer};
use domain::payment::{ClosingCause, Credential, PaymentState, TradeType};
use domain::ports::{CommitAnswer, OrderKey};

fn start() -> Command {
    Command::StartPayment(sample::new_payment(TradeType::Native))
}

pub async fn another_payment_is_committed_with_the_closing_of_the_first(stores: &Stores) {
    let order = stores.open_order(1).await;
    let answer = PrepayAnswer::Accepted(Credential::PrepayId("wx-1".to_owned()));
    let out_trade_no = sample::out_trade_no(&order);
    let accepted = Command::RecordPrepay { out_trade_no, answer };
    let payable = stores.step(&order, &accepted, sample::start()).await;
    let at = sample::start().plus_seconds(20);
    // `step` compares all of it with what was decided.
    let order = stores.step(&payable, &start(), at).await;
    let [first, second] = order.payments.as_slice() else { panic!("{:?}", order.payments) };
    assert_eq!(first.state, PaymentState::Closing { why: ClosingCause::Superseded });
    assert_eq!((second.no, &second.state), (2, &PaymentState::Created));
    assert_eq!((second.terms.trade_type().unwrap(), second.created_at), (TradeType::Native, at));
    let number = OutTradeNo::of_payment(&order.number, 2);
    let found = stores.orders.load(&OrderKey::OutTradeNo(number.clone())).await.unwrap();
    assert_eq!(found.map(|found| found.value), Some(order.clone()));
    let due = stores.jobs.claim(at.plus_seconds(3_600), 9, 0).await.unwrap();
    let due: Vec<JobId> = due.into_iter().map(|leased| leased.fence.job).collect();
    for payment in &order.payments {
        assert!(due.contains(&JobId::follow(payment.out_trade_no())), "{due:?}");
    }
    // Once more, and once more: each takes the place of the one before.
    let mut order = order;
    for no in 3..=5 {
        let kind = if no % 2 == 0 { TradeType::Native } else { TradeType::Jsapi };
        let next = Command::StartPayment(sample::new_payment(kind));
        order = stores.step(&order, &next, at).await;
        assert_eq!(order.open_payment().map(|payment| payment.no), Some(no));
    }
}

/// What each product asks for and gives is kept, and a fresh credential takes the place of the old one.
pub async fn every_way_to_pay_is_kept_with_its_credential(stores: &Stores) {
    let mut order = stores.open_order(1).await;
    let (id, url) = (
        |text: &str| Credential::PrepayId(text.to_owned()),
        |text: &str| Credential::H5Url(text.to_owned()),
    );
    let code = |text: &str| Credential::CodeUrl(text.to_owned());
    for (no, kind, given) in [
        (2, TradeType::H5, [url("https://first"), url("https://fresh")]),
        (3, TradeType::App, [id("wx-first"), id("wx-fresh")]),
        (4, TradeType::Native, [code("weixin://first"), code("weixin://fresh")]),
    ] {
        let start = Command::StartPayment(sample::new_payment(kind));
        order = stores.step(&order, &start, sample::start()).await;
        let payment = order.open_payment().unwrap();
        assert_eq!((payment.no, payment.terms.trade_type()), (no, Some(kind)));
        assert_eq!(payment.terms.client_ip.is_some(), kind == TradeType::H5);
        let out_trade_no = payment.out_trade_no().clone();
        for credential in given {
            let answer = PrepayAnswer::Accepted(credential.clone());
            let accepted = Command::RecordPrepay { out_trade_no: out_trade_no.clone(), answer };
            // `step` compares all of it with what was decided.
            order = stores.step(&order, &accepted, sample::start()).await;
            assert_eq!(order.open_payment().unwrap().credential(), Some(&credential));
        }
    }
}

pub async fn a_key_remembers_the_payment_that_it_offered(stores: &Stores) {
    let order = stores.open_order(1).await;
    let record = ReplayRecord { payment: Some(2), ..sample::replay("pay-again", Some(order.id)) };
    let mut intent = sample::intent("pay again");
    intent.replay = Some(record.clone());
    let answer = stores.orders.commit(deciding(&order, &start(), intent)).await;
    assert_eq!(answer, CommitAnswer::Committed);
    assert_eq!(stores.orders.replay(&record.scope).await, Ok(Some(record)));
}

/// No command of the domain does this; a store that let it pass would offer the buyer two.
pub async fn two_open_payments_of_one_order_are_never_written(stores: &Stores) {
    let order = stores.open_order(1).await;
    let now = sample::start();
    let epoch = sample::epoch();
    let given = Circumstances::ordinary(now, &epoch);
    let Ok(Decision::Record(mut events)) = order.decide_with(&start(), &given) else {
        panic!("the order can be paid")
    };
    events.retain(|event| !matches!(event, Event::PaymentClosing { .. }));
    assert_eq!(events.len(), 1, "the payment is started and the first one forgotten");
    let intent = sample::intent("wrong");
    let wrong = Changeset::of(Some(&order), events, Vec::new(), intent, now).unwrap();
    let before = stores.dump().await;
    let answer = stores.orders.commit(wrong).await;
    assert!(matches!(answer, CommitAnswer::RolledBack(_)), "{answer:?}");
    assert_eq!(stores.dump().await, before);
}
