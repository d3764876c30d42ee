//! A recharge is one order per key, placed as the package is offered now.

use super::RechargeRequest;
use crate::mocks::{MockGateway, MockIds, MockOrders, MockPackages, desk, ready};
use crate::samples::{epoch, keyed, now, order};
use crate::{Checkedout, CheckoutError, Keyed, Paydesk};
use domain::changeset::{Changeset, Refusal};
use domain::order::{Order, OrderStatus, Purpose};
use domain::payment::{Credential, TradeType};
use domain::ports::{CommitAnswer, Loaded, PayParams};
use domain::recharge::{Credit, PackageId, Promise, RechargePackage};
use domain::{Fen, OrderId};
use std::sync::{Arc, Mutex};

fn package() -> RechargePackage {
    RechargePackage {
        id: PackageId::parse("plus").unwrap(),
        title: "充一百送二十".to_owned(),
        price: Fen::new(10_000),
        promise: Promise { credit: Credit::Wallet, principal: 10_000, bonus: 2_000 },
        version: 3,
        set_at: now(),
    }
}

fn request() -> RechargeRequest {
    RechargeRequest {
        buyer: order().buyer.unwrap(),
        package_id: package().id,
        expected_version: None,
        trade_type: TradeType::Native,
        client_ip: None,
    }
}

type Written = Arc<Mutex<Vec<Changeset>>>;

/// A desk whose store answers commits with `answers`, keeps what landed and shows it by its key.
fn desk_of(offered: Option<RechargePackage>, answers: Vec<CommitAnswer>) -> (Paydesk, Written) {
    let written = Written::default();
    let landed = Arc::new(Mutex::new(Vec::<Changeset>::new()));
    let mut orders = MockOrders::new();
    orders.expect_epoch().returning(|| ready(Ok(epoch())));
    let it = Arc::clone(&landed);
    orders.expect_replay().returning(move |scope| {
        let landed = it.lock().unwrap();
        let mut keys = landed.iter().filter_map(|changeset| changeset.replay.clone());
        ready(Ok(keys.rfind(|key| key.scope == *scope)))
    });
    let it = Arc::clone(&landed);
    orders.expect_load().returning(move |_| {
        let last = it.lock().unwrap().iter().filter_map(|c| c.order.clone()).next_back();
        let loaded = |value| Loaded { value, store_now: now(), epoch: epoch() };
        ready(Ok(last.map(|write| loaded(write.order))))
    });
    let (kept, it, mut answers) = (Arc::clone(&written), landed, answers.into_iter());
    orders.expect_commit().returning(move |changeset| {
        kept.lock().unwrap().push(changeset.clone());
        // Recording what WeChat Pay answered always lands.
        let answer = answers.next().unwrap_or(CommitAnswer::Committed);
        if let CommitAnswer::Committed | CommitAnswer::AlreadyCommitted = answer {
            it.lock().unwrap().push(changeset);
        }
        ready(answer)
    });
    let mut gateway = MockGateway::new();
    gateway.expect_compose_prepay().returning(|_| "{}".to_owned());
    gateway.expect_prepay().returning(|_| ready(Ok(Credential::CodeUrl("weixin://x".to_owned()))));
    gateway.expect_pay_params().returning(|payment| {
        payment.credential().map(|_| PayParams::Native { code_url: "weixin://x".to_owned() })
    });
    let mut desk = desk(orders, gateway, now());
    let mut packages = MockPackages::new();
    packages
        .expect_package()
        .returning(move |id| ready(Ok(offered.clone().filter(|package| package.id == *id))));
    desk.packages = Arc::new(packages);
    let mut ids = MockIds::new();
    ids.expect_jitter().return_const(0u64);
    ids.expect_call().return_const(1u64);
    let mut numbers = 7_u64..;
    ids.expect_order_entropy().returning(move || numbers.next().unwrap());
    let fresh = OrderId::parse("00000000-0000-0000-0000-000000000002").unwrap();
    ids.expect_order_id().return_const(fresh);
    desk.ids = Arc::new(ids);
    (desk, written)
}

fn placed(written: &Written) -> Vec<Order> {
    let written = written.lock().unwrap();
    let orders = written.iter().filter_map(|changeset| changeset.order.clone());
    orders.filter(|write| write.expected_version.is_none()).map(|write| write.order).collect()
}

#[tokio::test]
async fn one_order_per_key_with_what_is_offered_now_frozen_in_it() {
    let (desk, written) = desk_of(Some(package()), vec![CommitAnswer::Committed]);
    let got = desk.recharge(&request(), &keyed("one")).await.unwrap().unwrap();
    let Checkedout::Placed(offer) = got else { panic!("{got:?}") };
    assert_eq!(offer.pay_params, Some(PayParams::Native { code_url: "weixin://x".to_owned() }));
    let order = placed(&written).remove(0);
    assert_eq!((order.purpose, order.status), (Purpose::Recharge, OrderStatus::PendingPayment));
    assert_eq!((order.amounts.total, order.recharge), (Fen::new(10_000), Some(package().promise)));
    assert_eq!(order.buyer, Some(request().buyer));
    let again = desk.recharge(&request(), &keyed("one")).await.unwrap().unwrap();
    let Checkedout::Replayed { offer, reused: false } = again else { panic!("{again:?}") };
    assert_eq!(offer.order.number, order.number);
    assert_eq!(placed(&written).len(), 1);
}

#[tokio::test]
async fn what_is_not_offered_is_not_bought() {
    let (desk, written) = desk_of(None, Vec::new());
    assert!(desk.recharge(&request(), &keyed("one")).await.unwrap().is_none());
    assert!(written.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_package_that_is_not_what_the_buyer_was_shown_is_not_bought() {
    let (desk, written) = desk_of(Some(package()), vec![CommitAnswer::Committed]);
    let shown = |version| RechargeRequest { expected_version: Some(version), ..request() };
    for version in [2, 4] {
        let refused = desk.recharge(&shown(version), &keyed("one")).await;
        let Err(CheckoutError::PackageChanged(amounts)) = refused else { panic!("{refused:?}") };
        assert_eq!((amounts.items, amounts.total), (Fen::new(10_000), Fen::new(10_000)));
    }
    assert!(written.lock().unwrap().is_empty(), "a refusal has no effect");
    let got = desk.recharge(&shown(3), &keyed("one")).await;
    assert!(matches!(got, Ok(Some(Checkedout::Placed(_)))), "{got:?}");
    // The key is answered before anything else: what was bought stays bought.
    let again = desk.recharge(&shown(3), &keyed("one")).await;
    assert!(matches!(again, Ok(Some(Checkedout::Replayed { .. }))), "{again:?}");
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let (desk, written) = desk_of(Some(package()), vec![CommitAnswer::Committed]);
    desk.recharge(&request(), &keyed("one")).await.unwrap();
    let other = Keyed { fingerprint: "another".to_owned(), ..keyed("one") };
    let refused = desk.recharge(&request(), &other).await;
    assert!(matches!(refused, Err(CheckoutError::KeyReused)), "{refused:?}");
    assert_eq!(placed(&written).len(), 1);
}

#[tokio::test]
async fn a_number_that_is_taken_is_drawn_anew_and_a_sixth_open_order_is_refused() {
    let taken = CommitAnswer::GuardRefused(Refusal::NumberTaken);
    let (desk, written) = desk_of(Some(package()), vec![taken, CommitAnswer::Committed]);
    desk.recharge(&request(), &keyed("one")).await.unwrap();
    let numbers: Vec<_> = placed(&written).into_iter().map(|order| order.number).collect();
    assert_ne!(numbers[0], numbers[1]);

    let sixth = CommitAnswer::GuardRefused(Refusal::TooManyOpenOrders);
    let (desk, _) = desk_of(Some(package()), vec![sixth]);
    let refused = desk.recharge(&request(), &keyed("one")).await;
    assert!(matches!(refused, Err(CheckoutError::TooManyOpenOrders)), "{refused:?}");
}

#[tokio::test]
async fn a_twin_that_placed_it_is_the_answer() {
    let (desk, written) = desk_of(Some(package()), vec![CommitAnswer::AlreadyCommitted]);
    let got = desk.recharge(&request(), &keyed("one")).await;
    assert!(
        matches!(got, Ok(Some(Checkedout::Replayed { .. })) | Err(CheckoutError::InProgress)),
        "{got:?}"
    );
    assert_eq!(placed(&written).len(), 1);
}
