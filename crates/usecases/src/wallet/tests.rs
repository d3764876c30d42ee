//! Paying from the wallet: once per key, and what the ledger refuses is refused by name.

use crate::mocks::{MockGateway, desk};
use crate::samples::{keyed, living, now, order, store};
use crate::{ActError, Acted, Action, Target, TransactError};
use domain::UserId;
use domain::changeset::{Audit, Refusal};
use domain::ledger::BuyerAccount;
use domain::order::{OrderStatus, PaymentMethod, SettledBy};
use domain::payment::{PaymentStatus, WALLET_PAYMENT};
use domain::ports::{CommitAnswer, OrderKey};

fn action(key: &str) -> Action {
    let order = order();
    let buyer = order.buyer.unwrap();
    Action {
        target: Target::of_buyer(buyer, OrderKey::Id(order.id)),
        audit: Audit { actor: "buyer:7".into(), cause: "wallet-pay".into(), request_id: None },
        keyed: keyed(key),
    }
}

#[tokio::test]
async fn an_order_is_paid_once_per_key_and_once_for_all() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    let done = desk.pay_from_wallet(&action("one")).await.unwrap();
    assert!(matches!(done, Acted::Done(_)));
    let paid = done.order();
    assert_eq!((paid.status, paid.payment_method), (OrderStatus::Ready, PaymentMethod::Wallet));
    let settled = &paid.settlement.as_ref().unwrap().by;
    assert_eq!(*settled, SettledBy::Wallet { payment_no: WALLET_PAYMENT });
    assert_eq!(paid.payments[0].state.status(), PaymentStatus::Closing, "its job closes it");
    let again = desk.pay_from_wallet(&action("one")).await.unwrap();
    assert!(matches!(again, Acted::Replayed(_)));
    let other = desk.pay_from_wallet(&action("two")).await.unwrap();
    assert!(matches!(other, Acted::Done(_)), "it is paid, as was asked");
    let life = life.lock().unwrap();
    let settlements = life.events().iter().filter(|name| **name == "settled").count();
    assert_eq!((settlements, life.keys.len()), (1, 2));
    let taken = &life.written[0].transfers[0];
    assert_eq!(taken.name(), format!("settled:{}-W", order().number));
}

#[tokio::test]
async fn too_little_in_the_wallet_pays_nothing_and_keeps_no_key() {
    let short = CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Wallet));
    let (mut orders, written) = store(vec![order()], vec![short]);
    orders.expect_replay().returning(|_| crate::mocks::ready(Ok(None)));
    let desk = desk(orders, MockGateway::new(), now());
    let refused = desk.pay_from_wallet(&action("one")).await;
    let Err(ActError::Transact(TransactError::Refused(refusal))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(refusal, Refusal::Balance(BuyerAccount::Wallet));
    assert_eq!(written.lock().unwrap().len(), 1, "nothing is paid without its money");
}

#[tokio::test]
async fn a_key_of_another_request_and_another_buyers_order_are_refused() {
    let (orders, life) = living(order());
    let desk = desk(orders, MockGateway::new(), now());
    desk.pay_from_wallet(&action("one")).await.unwrap();
    let mut other = action("one");
    other.keyed.fingerprint = "another".to_owned();
    let refused = desk.pay_from_wallet(&other).await;
    assert!(matches!(refused, Err(ActError::KeyReused)), "{refused:?}");
    let stranger = UserId::parse("00000000-0000-0000-0000-000000000008").unwrap();
    let mut foreign = action("three");
    foreign.target = Target::of_buyer(stranger, OrderKey::Id(order().id));
    let refused = desk.pay_from_wallet(&foreign).await;
    let not_found = ActError::Transact(TransactError::NotFound);
    assert_eq!(refused.unwrap_err().to_string(), not_found.to_string());
    assert_eq!(life.lock().unwrap().written.len(), 1);
}
