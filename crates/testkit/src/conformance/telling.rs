//! What the outside hears: of buyers' accounts what moves in them for an order, once, in the same commit;
//! and of an order however much one commit tells.

use super::ledger::{package, recharge, rich, spending, wallet_payment};
use super::{Stores, deciding_at};
use crate::sample;
use domain::changeset::Changeset;
use domain::fact::{RefundProgress, Trade};
use domain::order::{CancelCause, Circumstances, Command, Decision, Order, OrderStatus, Placement};
use domain::outgoing::{Outgoing, OutgoingKind, TOLD_MAX};
use domain::ports::CommitAnswer;
use domain::recharge::Credit;
use domain::refund::{Asker, REFUNDS_MAX};
use domain::{Fen, OutRefundNo, Timestamp};

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

/// What is told of an order that is about an account.
async fn of_accounts(stores: &Stores, order: &Order) -> Vec<String> {
    let mut told = stores.told_of(order).await;
    told.retain(|told| told.starts_with("wallet.") || told.starts_with("points."));
    told
}

fn told(kind: &str, transfer: &str) -> String {
    format!("{kind} {transfer}")
}

pub async fn what_moves_in_a_buyers_account_is_told_once_with_its_transfer(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let ahead = recharge(stores, 1, buyer, package(Credit::Wallet, 600, 50)).await;
    assert!(of_accounts(stores, &ahead).await.is_empty(), "nothing has moved");
    let paid = deciding_at(at(1), &ahead, &sample::success(&ahead, "T-1"), sample::intent("paid"));
    assert_eq!(stores.orders.commit(paid.clone()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(paid).await, CommitAnswer::AlreadyCommitted);
    let number = ahead.number.as_str();
    let mut expected = vec![
        told("wallet.credited", &format!("bonus:{number}")),
        told("wallet.credited", &format!("settled:{number}")),
    ];
    assert_eq!(of_accounts(stores, &ahead).await, expected);

    let points = recharge(stores, 2, buyer, package(Credit::Points, 40, 7)).await;
    stores.step(&points, &sample::success(&points, "T-2"), at(2)).await;
    let of_points = points.number.as_str();
    let granted =
        ["bonus", "settled"].map(|what| told("points.granted", &format!("{what}:{of_points}")));
    assert_eq!(of_accounts(stores, &points).await, granted);

    let sku = stores.sku("tea", 500, 9).await;
    let placement = Placement {
        payment: None,
        wallet: Some(wallet_payment()),
        ..sample::placement(3, buyer, &[(&sku, 1)])
    };
    assert_eq!(stores.place(&placement, "bought").await, CommitAnswer::Committed);
    let bought = stores.load(&placement).await;
    let bought = stores.step(&bought, &sample::refund_ask(Some(120), Asker::Buyer), at(3)).await;
    let back = bought.refunds[0].out_refund_no.as_str();
    let of_goods = [
        told("wallet.credited", &format!("refunded:{back}")),
        told("wallet.debited", &format!("settled:{}-W", bought.number)),
    ];
    assert_eq!(of_accounts(stores, &bought).await, of_goods);

    // 270 fen are left; two fifths of what was paid go back, with as much of the bonus.
    let ahead = stores.again(&ahead).await;
    let ahead = stores.step(&ahead, &sample::refund_ask(Some(200), Asker::Operator), at(4)).await;
    let step = format!("{number}:{}", ahead.version);
    expected.push(told("wallet.debited", &format!("reserved:{step}")));
    expected.push(told("wallet.debited", &format!("revoked:{step}")));
    assert_eq!(of_accounts(stores, &ahead).await, expected);
    // Points that a backend spends belong to no order: nobody else has to be told.
    assert_eq!(stores.orders.commit(spending("s-1", buyer, 5)).await, CommitAnswer::Committed);
    assert_eq!(of_accounts(stores, &points).await, granted);
}

pub async fn of_what_is_owed_instead_only_what_was_taken_is_told(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let ahead = recharge(stores, 1, buyer, package(Credit::Points, 100, 20)).await;
    let ahead = stores.step(&ahead, &sample::success(&ahead, "T-1"), at(1)).await;
    let before = of_accounts(stores, &ahead).await;
    assert_eq!(before.len(), 2);
    let wallet = recharge(stores, 2, buyer, package(Credit::Wallet, 300, 0)).await;
    let wallet = stores.step(&wallet, &sample::success(&wallet, "T-2"), at(2)).await;
    let sku = stores.sku("tea", 250, 9).await;
    let placement = Placement {
        payment: None,
        wallet: Some(wallet_payment()),
        ..sample::placement(3, buyer, &[(&sku, 1)])
    };
    assert_eq!(stores.place(&placement, "bought").await, CommitAnswer::Committed);
    // All of both goes back in the merchant console: 50 fen are there, and all of the points.
    for (n, order) in [&ahead, &wallet].into_iter().enumerate() {
        let held = stores.ledger.balances(buyer).await.unwrap().unwrap();
        let elsewhere = OutRefundNo::parse(&format!("CONSOLE-{n}")).unwrap();
        let fact = sample::refund_made_elsewhere(order, &elsewhere, RefundProgress::Processing);
        let intent = sample::intent(&format!("console-{n}"));
        let changeset = deciding_at(at(9), order, &Command::RecordRefund(fact), intent);
        let covered = Changeset::covered(changeset, buyer, &held);
        assert_eq!(stores.orders.commit(covered).await, CommitAnswer::Committed);
    }
    assert_eq!(of_accounts(stores, &ahead).await, before, "nobody hears of points that are gone");
    let (number, wallet) = (wallet.number.clone(), stores.again(&wallet).await);
    let expected = [
        told("wallet.credited", &format!("settled:{number}")),
        told("wallet.debited", &format!("reserved:{number}:{}", wallet.version)),
    ];
    assert_eq!(of_accounts(stores, &wallet).await, expected);
    // Of the other 250 nothing moved in the wallet.
    let held = stores.ledger.balances(buyer).await.unwrap().unwrap();
    assert_eq!((held.wallet, held.receivable_fen), (0, -250));
}

/// The order with a refund of so much that an operator asks for and another person has to agree to.
async fn one_more_waits(stores: &Stores, order: &Order, fen: i64) -> Order {
    let (name, epoch) = (format!("ask-{}", order.version), sample::epoch());
    let given = Circumstances {
        actor: "operator:1",
        name: &name,
        approval_above: Fen::ZERO,
        ..Circumstances::ordinary(at(10), &epoch)
    };
    let ask = sample::refund_ask(Some(fen), Asker::Operator);
    let Ok(Decision::Record(events)) = order.decide_with(&ask, &given) else {
        panic!("refused {fen}");
    };
    let intent = sample::intent(&name);
    let changeset = Changeset::of(Some(order), events, Vec::new(), intent, at(10)).unwrap();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    stores.again(order).await
}

pub async fn what_one_commit_tells_takes_no_number_of_the_next(stores: &Stores) {
    rich(stores, 1, 600, 0).await;
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &Command::PayFromWallet(wallet_payment()), at(2)).await;
    let mut order = stores.step(&order, &sample::says(&order, Trade::Closed), at(3)).await;
    for _ in 1..REFUNDS_MAX {
        order = one_more_waits(stores, &order, 1).await;
    }
    let rest = order.refundable().get();
    let order = one_more_waits(stores, &order, rest).await;
    // The buyer does not wait for the operators: all fifty are back in the wallet, in one commit.
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(30)).await;
    assert_eq!(order.status, OrderStatus::Cancelled);
    let heard = |told: &[String], of: &str| told.iter().filter(|told| told.starts_with(of)).count();
    let told = stores.told_of(&order).await;
    let back = ["refund.succeeded", "wallet.credited"].map(|of| heard(&told, of));
    assert_eq!(back, [REFUNDS_MAX; 2]);
    // And what WeChat Pay takes after all is recorded, and goes back.
    let order = stores.step(&order, &sample::success(&order, "T-late"), at(40)).await;
    assert_eq!(order.refunds.len(), REFUNDS_MAX + 1);
    let told = stores.told_of(&order).await;
    assert_eq!(heard(&told, "payment.surplus"), 1);
    assert_eq!(heard(&told, "refund.requested"), REFUNDS_MAX + 1);
}

pub async fn as_much_as_a_version_has_numbers_for_is_told_and_no_more(stores: &Stores) {
    let order = stores.open_order(1).await;
    let fact = sample::success(&order, "T-1");
    let mut changeset = deciding_at(at(1), &order, &fact, sample::intent("paid"));
    let more = Outgoing { kind: OutgoingKind::CaseOpened, subject: None };
    changeset.outgoing.resize(usize::from(TOLD_MAX) + 1, more);
    let before = stores.dump().await;
    let answer = stores.orders.commit(changeset.clone()).await;
    assert!(matches!(answer, CommitAnswer::RolledBack(_)), "{answer:?}");
    assert_eq!(stores.dump().await, before, "nothing was written");
    changeset.outgoing.pop();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    let placed = 1;
    assert_eq!(stores.told_of(&order).await.len(), usize::from(TOLD_MAX) + placed);
    // The next one has numbers of its own.
    let order = stores.again(&order).await;
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(2)).await;
    let told = stores.told_of(&order).await;
    assert!(told.iter().any(|told| told.starts_with("refund.requested")), "{}", told.len());
}
