//! The ledger: what moves with an order, once and whole, and what does not move at all.

use super::{Stores, deciding_at, placing};
use crate::sample;
use domain::case::CaseKind;
use domain::changeset::{Changeset, Refusal, ReplayRecord};
use domain::fact::RefundProgress;
use domain::ledger::{Account, Balances, BuyerAccount, House, Transfer, TransferKind, Unit};
use domain::order::{
    CancelCause, Command, Order, OrderStatus, PaymentStatus, Placement, RechargePurchase,
    WalletPayment,
};
use domain::payment::TradeType;
use domain::ports::{CommitAnswer, EntryList, OrderKey, PutAnswer};
use domain::recharge::{Credit, PackageId, Promise, RechargePackage};
use domain::refund::{Asker, RefundStatus};
use domain::{Fen, OrderId, OrderNumber, Timestamp, UserId};
use std::collections::BTreeSet;
use uuid::Uuid;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

/// A package of 500 fen.
pub fn package(credit: Credit, principal: i64, bonus: i64) -> RechargePackage {
    RechargePackage {
        id: PackageId::parse("ahead").unwrap(),
        title: "充值".to_owned(),
        price: Fen::new(500),
        promise: Promise { credit, principal, bonus },
        version: 1,
        set_at: sample::start(),
    }
}

/// A payment from the wallet, as it is recorded.
pub fn wallet_payment() -> WalletPayment {
    WalletPayment { mchid: sample::mchid(), appid: sample::appid() }
}

/// A recharge of `buyer` that waits for its money.
pub async fn recharge(stores: &Stores, n: u64, buyer: UserId, package: RechargePackage) -> Order {
    let purchase = RechargePurchase {
        id: OrderId::new(Uuid::from_u64_pair(2, n)),
        number: OrderNumber::compose(sample::start(), Some(buyer), 1_000 + n),
        buyer,
        package,
        pay_deadline: sample::start().plus_seconds(1_800),
        payment: sample::new_payment(TradeType::Jsapi),
    };
    let body = |_: &domain::payment::Terms| "{\"body\":1}".to_owned();
    let events = purchase.decide(sample::start(), &sample::epoch(), &body).unwrap();
    let intent = sample::intent(&format!("recharge-{n}"));
    let changeset =
        Changeset::of(None, events, purchase.guards(), intent, sample::start()).unwrap();
    assert_eq!(stores.orders.commit(changeset).await, CommitAnswer::Committed);
    stores.orders.load(&OrderKey::Id(purchase.id)).await.unwrap().unwrap().value
}

/// A buyer with this much in the wallet and as many points, by recharges of 500 fen each.
pub async fn rich(stores: &Stores, n: u64, wallet: i64, points: i64) -> UserId {
    let buyer = stores.buyer(n).await;
    for (no, credit, principal) in [(0, Credit::Wallet, wallet), (1, Credit::Points, points)] {
        if principal > 0 {
            let order = recharge(stores, n * 10 + no, buyer, package(credit, principal, 0)).await;
            let paid = sample::success(&order, &format!("T-ahead-{n}-{no}"));
            stores.step(&order, &paid, at(1)).await;
        }
    }
    buyer
}

pub(super) async fn balances(stores: &Stores, buyer: UserId) -> Balances {
    stores.ledger.balances(buyer).await.unwrap().expect("a buyer")
}

/// Kind, amount and balance of every entry, newest first.
pub(super) async fn entries(
    stores: &Stores,
    buyer: UserId,
    account: BuyerAccount,
) -> Vec<(TransferKind, i64, i64)> {
    let query = EntryList {
        buyer,
        account,
        before: None,
        created_from: None,
        created_to: None,
        limit: 100,
    };
    let page = stores.ledger.entries(&query).await.unwrap();
    page.entries.iter().map(|e| (e.kind, e.amount, e.balance_after)).collect()
}

pub(super) async fn sum_of(stores: &Stores, account: &str, unit: Unit) -> i64 {
    let trial = stores.ledger.trial_balance().await.unwrap();
    assert_eq!(trial.differences, Vec::<String>::new());
    let found = trial.lines.iter().find(|line| line.account == account && line.unit == unit);
    found.map_or(0, |line| line.sum)
}

/// One piece for 500 fen, from the wallet.
async fn from_the_wallet(stores: &Stores, n: u64, buyer: UserId) -> Placement {
    let sku = stores.sku(&format!("sku-{n}"), 500, 100).await;
    Placement {
        payment: None,
        wallet: Some(wallet_payment()),
        ..sample::placement(n, buyer, &[(&sku, 1)])
    }
}

pub async fn a_recharge_is_credited_once_with_its_bonus(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let order = recharge(stores, 1, buyer, package(Credit::Points, 50, 7)).await;
    assert_eq!(balances(stores, buyer).await, Balances::default());
    let paid = sample::success(&order, "T-1");
    let changeset = deciding_at(at(10), &order, &paid, sample::intent("paid"));
    assert_eq!(stores.orders.commit(changeset.clone()).await, CommitAnswer::Committed);
    assert_eq!(stores.orders.commit(changeset.clone()).await, CommitAnswer::AlreadyCommitted);
    // The same news under another name, decided before the first was there.
    let twin = Changeset { command_id: sample::intent("twin").command_id, ..changeset };
    assert_eq!(stores.orders.commit(twin).await, CommitAnswer::Conflict);
    let order = stores.again(&order).await;
    assert_eq!(
        (order.status, order.payment_status()),
        (OrderStatus::Completed, PaymentStatus::Paid)
    );
    assert_eq!(balances(stores, buyer).await.points, 57);
    let expected = [(TransferKind::Bonus, 7, 57), (TransferKind::Recharge, 50, 50)];
    assert_eq!(entries(stores, buyer, BuyerAccount::Points).await, expected);
    assert_eq!(sum_of(stores, "wechat_clearing", Unit::Fen).await, -500);
    assert_eq!(sum_of(stores, "sales", Unit::Fen).await, 500);
    assert_eq!(sum_of(stores, "promotion", Unit::Points).await, -57);
}

pub async fn a_wallet_pays_in_one_commit_or_not_at_all(stores: &Stores) {
    let poor = rich(stores, 1, 499, 0).await;
    let placement = from_the_wallet(stores, 11, poor).await;
    let before = stores.dump().await;
    let answer = stores.place(&placement, "too-dear").await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Wallet)));
    assert_eq!(stores.dump().await, before, "nothing was written");

    let buyer = rich(stores, 2, 1_200, 0).await;
    let placement = from_the_wallet(stores, 12, buyer).await;
    let mut intent = sample::intent("bought");
    let key = sample::replay("key", Some(placement.id));
    intent.replay =
        Some(ReplayRecord { payment: Some(domain::payment::WALLET_PAYMENT), ..key.clone() });
    let answer = stores.orders.commit(placing(&placement, intent.clone())).await;
    assert_eq!(answer, CommitAnswer::Committed);
    assert_eq!(stores.orders.replay(&key.scope).await.unwrap(), intent.replay);
    let order = stores.load(&placement).await;
    let expected = placing(&placement, sample::intent("bought")).order.unwrap().order;
    assert_eq!(order, expected);
    assert_eq!((order.status, order.payment_status()), (OrderStatus::Ready, PaymentStatus::Paid));
    let expected = [(TransferKind::Payment, -500, 700), (TransferKind::Recharge, 1_200, 1_200)];
    assert_eq!(entries(stores, buyer, BuyerAccount::Wallet).await, expected);
    let sku = stores.catalogue.sku(&order.lines[0].sku_id).await.unwrap().unwrap();
    assert_eq!((sku.stock.held, sku.stock.sold), (0, 1));
}

/// Only unpaid orders are too many.
pub async fn a_wallet_pays_beside_as_many_open_orders_as_there_may_be(stores: &Stores) {
    let buyer = rich(stores, 1, 500, 0).await;
    let sku = stores.sku("tea", 500, 99).await;
    for n in 2..2 + u64::from(domain::order::OPEN_ORDERS_MAX) {
        let placement = sample::placement(n, buyer, &[(&sku, 1)]);
        let answer = stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }
    let paid = Placement {
        payment: None,
        wallet: Some(wallet_payment()),
        ..sample::placement(10, buyer, &[(&sku, 1)])
    };
    assert_eq!(stores.place(&paid, "place-10").await, CommitAnswer::Committed);
    assert_eq!(balances(stores, buyer).await.wallet, 0);
}

pub async fn an_open_order_is_paid_from_the_wallet_and_what_wechat_pay_takes_then_is_surplus(
    stores: &Stores,
) {
    let order = stores.open_order(1).await;
    let buyer = order.buyer.unwrap();
    let ahead = recharge(stores, 1, buyer, package(Credit::Wallet, 600, 0)).await;
    let order = {
        let pay = Command::PayFromWallet(wallet_payment());
        let answer = stores.give(&order, &pay, sample::intent("too-early")).await;
        assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Wallet)));
        stores.step(&ahead, &sample::success(&ahead, "T-ahead"), at(1)).await;
        stores.step(&order, &pay, at(2)).await
    };
    assert_eq!(order.settled_payment().unwrap().no, domain::payment::WALLET_PAYMENT);
    let late = stores.step(&order, &sample::success(&order, "T-late"), at(3)).await;
    assert_eq!(late.refunds.len(), 1);
    assert_eq!(balances(stores, buyer).await.wallet, 100);
    assert_eq!(sum_of(stores, "refunds_payable", Unit::Fen).await, 500);
    assert_eq!(sum_of(stores, "sales", Unit::Fen).await, 500);
}

pub async fn what_goes_back_to_the_wallet_is_there_at_once(stores: &Stores) {
    let buyer = rich(stores, 1, 500, 0).await;
    let placement = from_the_wallet(stores, 1, buyer).await;
    stores.place(&placement, "bought").await;
    let order = stores.load(&placement).await;
    let order = stores.step(&order, &sample::refund_ask(Some(120), Asker::Buyer), at(5)).await;
    assert_eq!(order.refunds[0].state.status(), RefundStatus::Succeeded);
    assert_eq!(balances(stores, buyer).await.wallet, 120);
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(6)).await;
    assert_eq!(order.status, OrderStatus::Cancelled);
    assert_eq!(order.payment_status(), PaymentStatus::Refunded);
    assert_eq!(balances(stores, buyer).await.wallet, 500);
    assert_eq!(sum_of(stores, "sales", Unit::Fen).await, 0);
    let sku = stores.catalogue.sku(&order.lines[0].sku_id).await.unwrap().unwrap();
    assert_eq!((sku.stock.sold, sku.stock.available), (0, 100));
}

pub async fn a_recharge_that_goes_back_is_taken_from_its_buyer_when_it_is_reserved(
    stores: &Stores,
) {
    let buyer = stores.buyer(1).await;
    let order = recharge(stores, 1, buyer, package(Credit::Wallet, 500, 50)).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    assert_eq!(balances(stores, buyer).await.wallet, 550);
    // A third of it, and its share of the bonus; then the operator thinks again.
    let order = stores.step(&order, &sample::refund_ask(Some(200), Asker::Operator), at(2)).await;
    assert_eq!(balances(stores, buyer).await.wallet, 330);
    let no = order.refunds[0].out_refund_no.clone();
    let order =
        stores.step(&order, &Command::SendRefund { out_refund_no: no.clone() }, at(3)).await;
    let answer = domain::order::RefundAnswer::Refused { code: "NO_AUTH".to_owned() };
    let refused = Command::RecordRefundCall { out_refund_no: no.clone(), answer };
    let order = stores.step(&order, &refused, at(4)).await;
    let order = stores.step(&order, &sample::no_refund(&no), at(5)).await;
    assert_eq!(
        balances(stores, buyer).await.wallet,
        550,
        "nothing went back, so it is there again"
    );
    // All of it this time, and it comes through.
    let order = stores.step(&order, &sample::refund_ask(None, Asker::Operator), at(6)).await;
    assert_eq!(balances(stores, buyer).await, Balances::default());
    let no = order.refunds[1].out_refund_no.clone();
    let order =
        stores.step(&order, &Command::SendRefund { out_refund_no: no.clone() }, at(200)).await;
    let done = sample::refund_fact(&order, &no, RefundProgress::Succeeded { at: at(300) });
    stores.step(&order, &Command::RecordRefund(done), at(300)).await;
    for (account, unit) in [("wechat_clearing", Unit::Fen), ("refunds_payable", Unit::Fen)] {
        assert_eq!(sum_of(stores, account, unit).await, 0, "{account}");
    }
    assert_eq!(sum_of(stores, "promotion", Unit::Fen).await, 0);
}

pub async fn a_recharge_that_was_spent_is_not_asked_back_but_what_was_paid_back_elsewhere_is_owed(
    stores: &Stores,
) {
    let buyer = stores.buyer(1).await;
    let order = recharge(stores, 1, buyer, package(Credit::Points, 100, 20)).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    assert_eq!(spend(stores, "spend-1", buyer, 90).await, CommitAnswer::Committed);
    let ask = sample::refund_ask(None, Asker::Operator);
    let answer = stores.give(&order, &ask, sample::intent("ask")).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points)));
    // In the merchant console nobody asks us.
    let elsewhere = domain::OutRefundNo::parse("CONSOLE-1").unwrap();
    let fact = sample::refund_made_elsewhere(&order, &elsewhere, RefundProgress::Processing);
    let command = Command::RecordRefund(fact);
    let changeset = deciding_at(at(9), &order, &command, sample::intent("console"));
    let held = balances(stores, buyer).await;
    assert_eq!(held.points, 30);
    let answer = stores.orders.commit(changeset.clone()).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points)));
    let covered = changeset.covered(buyer, &held);
    assert_eq!(stores.orders.commit(covered).await, CommitAnswer::Committed);
    let expected = Balances { receivable_points: -90, ..Balances::default() };
    assert_eq!(balances(stores, buyer).await, expected);
    let cases = stores.cases.cases(&everything()).await.unwrap().cases;
    let cases: BTreeSet<_> = cases.iter().map(|case| (case.kind, case.subject.as_str())).collect();
    let expected =
        [(CaseKind::Ledger, order.number.as_str()), (CaseKind::RefundMismatch, "CONSOLE-1")];
    assert_eq!(cases, BTreeSet::from(expected), "what is owed, and that it was made elsewhere");
}

fn everything() -> domain::ports::CaseList {
    domain::ports::CaseList {
        kind: None,
        status: None,
        subject: None,
        opened_from: None,
        opened_to: None,
        after: None,
        limit: 100,
    }
}

/// Points that are spent.
pub(super) fn spending(name: &str, buyer: UserId, points: i64) -> Changeset {
    let from = Account::Buyer(buyer, BuyerAccount::Points);
    let to = Account::House(House::Sales, Unit::Points);
    let mut changeset = Changeset::without_order(sample::intent(name), sample::start());
    let entries = [(from, -points), (to, points)];
    let name = format!("spend:{name}");
    changeset.transfers.extend(Transfer::new(name, TransferKind::Spend, &entries));
    changeset
}

/// Spends points under the name `spend:<name>`.
pub async fn spend(stores: &Stores, name: &str, buyer: UserId, points: i64) -> CommitAnswer {
    stores.orders.commit(spending(name, buyer, points)).await
}

pub async fn a_transfer_moves_once_under_its_name(stores: &Stores) {
    let buyer = rich(stores, 1, 0, 10).await;
    assert_eq!(spend(stores, "a", buyer, 4).await, CommitAnswer::Committed);
    assert_eq!(spend(stores, "a", buyer, 4).await, CommitAnswer::AlreadyCommitted);
    let again = Changeset { command_id: sample::intent("b").command_id, ..spending("a", buyer, 4) };
    let answer = stores.orders.commit(again).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::TransferTaken("spend:a".to_owned())));
    let answer = spend(stores, "c", buyer, 7).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::Balance(BuyerAccount::Points)));
    assert_eq!(balances(stores, buyer).await.points, 6);
    let found = stores.ledger.entry(buyer, BuyerAccount::Points, "spend:a").await.unwrap();
    let found = found.expect("it was spent");
    assert_eq!((found.kind, found.amount, found.balance_after), (TransferKind::Spend, -4, 6));
    assert_eq!(stores.ledger.entry(buyer, BuyerAccount::Wallet, "spend:a").await.unwrap(), None);
}

pub async fn entries_are_shown_newest_first_and_go_on_where_they_ended(stores: &Stores) {
    let buyer = rich(stores, 1, 0, 100).await;
    for no in 1..=6 {
        assert_eq!(spend(stores, &format!("s{no}"), buyer, no).await, CommitAnswer::Committed);
    }
    let mut query = EntryList {
        buyer,
        account: BuyerAccount::Points,
        before: None,
        created_from: None,
        created_to: None,
        limit: 3,
    };
    let mut amounts = Vec::new();
    loop {
        let page = stores.ledger.entries(&query).await.unwrap();
        amounts.extend(page.entries.iter().map(|entry| (entry.seq, entry.amount)));
        query.before = page.entries.last().map(|entry| entry.seq);
        if !page.more {
            break;
        }
    }
    assert_eq!(amounts, [(7, -6), (6, -5), (5, -4), (4, -3), (3, -2), (2, -1), (1, 100)]);
    query.before = None;
    query.created_from = Some(at(1));
    let page = stores.ledger.entries(&query).await.unwrap();
    assert_eq!(page.entries.len(), 1, "the recharge alone came later than the start");
    let stranger = stores.buyer(9).await;
    let nothing = stores.ledger.entries(&EntryList { buyer: stranger, ..query }).await.unwrap();
    assert!(nothing.entries.is_empty() && !nothing.more);
    assert_eq!(stores.ledger.balances(sample::user(77)).await.unwrap(), None);
}

pub async fn a_recharge_package_is_changed_at_its_version_only(stores: &Stores) {
    let audit = sample::audit("put");
    let put = |package: RechargePackage, expected| {
        let audit = audit.clone();
        async move { stores.packages.put_package(&package, expected, &audit).await.unwrap() }
    };
    let first = package(Credit::Points, 50, 5);
    assert_eq!(stores.packages.packages().await.unwrap(), []);
    assert_eq!(put(first.clone(), Some(1)).await, PutAnswer::NotFound);
    assert_eq!(put(first.clone(), None).await, PutAnswer::Created(first.clone()));
    assert_eq!(put(first.clone(), None).await, PutAnswer::VersionMoved);
    let dearer = RechargePackage { price: Fen::new(700), version: 2, ..first.clone() };
    assert_eq!(put(dearer.clone(), Some(2)).await, PutAnswer::VersionMoved);
    assert_eq!(put(dearer.clone(), Some(1)).await, PutAnswer::Changed(dearer.clone()));
    let other = RechargePackage { id: PackageId::parse("B").unwrap(), ..first.clone() };
    assert_eq!(put(other.clone(), None).await, PutAnswer::Created(other.clone()));
    assert_eq!(stores.packages.packages().await.unwrap(), [other, dearer.clone()]);
    assert_eq!(stores.packages.package(&first.id).await.unwrap(), Some(dearer));
}
