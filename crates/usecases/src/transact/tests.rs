//! Each answer of the store, given precisely once, and what is made of it.

use crate::mocks::{self, Dozing, MockEvents, MockGateway, MockLedger, MockOrders, desk, ready};
use crate::overheard::Overheard;
use crate::samples::{now, order, paid, refund_fact, store};
use crate::{Target, TransactError};
use domain::case::CaseKind;
use domain::catalogue::SkuId;
use domain::changeset::{Audit, Changeset, InboxEntry, InboxStatus, Intent, Refusal};
use domain::coupon::{CouponHold, CouponHoldStatus, CouponId, GrantId};
use domain::fact::RefundProgress;
use domain::ledger::{Account, Balances, BuyerAccount, Entry, Unit};
use domain::order::{CancelCause, Command, Decision, Order, OrderStatus, PayerResult, Purpose};
use domain::payment::{ClosingCause, PaymentState};
use domain::ports::{Clock, CommitAnswer, Committed, OrderKey, StoreError};
use domain::recharge::{Credit, Promise};
use domain::refund::{RefundKind, RefundState};
use domain::{CommandId, OutRefundNo};
use std::sync::{Arc, Mutex};
use tracing::Level;

fn intent(inbox: bool) -> Intent {
    let entry = InboxEntry {
        source: "test",
        event_id: "EV-1".to_owned(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: String::new(),
        status: InboxStatus::Applied,
        out_trade_no: None,
    };
    Intent {
        command_id: CommandId::of_notice(&entry),
        audit: Audit { actor: "test".into(), cause: "test".into(), request_id: None },
        inbox: inbox.then_some(entry),
        fence: None,
        replay: None,
    }
}

async fn run(orders: MockOrders, order: &Order, inbox: bool) -> Result<Order, TransactError> {
    let desk = desk(orders, MockGateway::new(), now());
    let target = Target::anybodys(OrderKey::Id(order.id));
    Ok(desk.transact(&target, &paid(order), &intent(inbox)).await?.order)
}

#[tokio::test]
async fn a_conflict_is_decided_again_on_what_is_there_now() {
    let open = order();
    let mut moved = open.clone();
    moved.version = 5;
    let (orders, written) =
        store(vec![open.clone(), moved], vec![CommitAnswer::Conflict, CommitAnswer::Committed]);
    let after = run(orders, &open, false).await.unwrap();
    assert_eq!((after.status, after.version), (OrderStatus::Ready, 6));
    let expected: Vec<_> = written
        .lock()
        .unwrap()
        .iter()
        .map(|c| c.order.as_ref().unwrap().expected_version)
        .collect();
    assert_eq!(expected, [Some(1), Some(5)]);
}

#[tokio::test]
async fn after_an_unknown_commit_the_store_is_asked_before_anything_is_decided_again() {
    let open = order();
    let unknown = || CommitAnswer::OutcomeUnknown("cut".to_owned());
    // By us or by a twin of ours: what is there now says, and it is read again.
    let mut theirs = open.clone();
    theirs.version = 9;
    let (mut orders, written) = store(vec![open.clone(), theirs.clone()], vec![unknown()]);
    orders.expect_committed().times(1).returning(|_| ready(Ok(true)));
    assert_eq!(run(orders, &open, false).await.unwrap(), theirs);
    assert_eq!(written.lock().unwrap().len(), 1, "it was there: nothing is written twice");

    let (mut orders, written) = store(vec![open.clone()], vec![unknown(), CommitAnswer::Committed]);
    orders.expect_committed().times(1).returning(|_| ready(Ok(false)));
    run(orders, &open, false).await.unwrap();
    let ids: Vec<_> = written.lock().unwrap().iter().map(|c| c.command_id.clone()).collect();
    assert_eq!(ids[0], ids[1], "again under the same name");
}

#[tokio::test]
async fn a_store_that_cannot_say_is_an_error_not_a_guess() {
    let open = order();
    let answers = vec![CommitAnswer::OutcomeUnknown("cut".to_owned())];
    let (mut orders, _) = store(vec![open.clone()], answers);
    let down = StoreError::Unavailable("down".to_owned());
    orders.expect_committed().return_once(move |_| ready(Err(down)));
    assert!(matches!(run(orders, &open, false).await, Err(TransactError::Store(_))));
}

#[tokio::test]
async fn a_settlement_refused_by_stock_goes_on_without_it_and_opens_a_case() {
    let open = order();
    let refusal = Refusal::Stock(SkuId::parse("tea").unwrap());
    let answers = vec![CommitAnswer::GuardRefused(refusal), CommitAnswer::Committed];
    let (orders, written) = store(vec![open.clone()], answers);
    assert_eq!(run(orders, &open, false).await.unwrap().status, OrderStatus::Ready);
    let written = written.lock().unwrap();
    assert!(!written[0].stock.is_empty());
    assert!(written[1].stock.is_empty());
    assert_eq!(written[1].cases.len(), 1);
}

/// A sample order that holds a coupon.
fn with_coupon() -> Order {
    let mut order = order();
    let coupon_id = CouponId::parse("ten-off").unwrap();
    let grant = GrantId { coupon_id, no: 1 };
    order.coupon = Some(CouponHold { grant, status: CouponHoldStatus::Held });
    order
}

#[tokio::test]
async fn a_settlement_refused_by_its_coupon_goes_on_without_it_and_opens_a_case() {
    let open = with_coupon();
    let gone = || CommitAnswer::GuardRefused(Refusal::Coupon(CouponId::parse("ten-off").unwrap()));
    let no_stock = CommitAnswer::GuardRefused(Refusal::Stock(SkuId::parse("tea").unwrap()));
    let answers = vec![gone(), no_stock, CommitAnswer::Committed];
    let (orders, written) = store(vec![open.clone()], answers);
    let settled = run(orders, &open, false).await.unwrap();
    assert_eq!(settled.status, OrderStatus::Ready);
    assert_eq!(settled.coupon.unwrap().status, CouponHoldStatus::Held, "it stays as it is");
    let written = std::mem::take(&mut *written.lock().unwrap());
    let parts: Vec<(bool, bool)> =
        written.iter().map(|c| (!c.coupons.is_empty(), !c.stock.is_empty())).collect();
    assert_eq!(parts, [(true, true), (false, true), (false, false)]);
    let kinds: Vec<CaseKind> = written[2].cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [CaseKind::Stock, CaseKind::Coupon]);

    let (orders, _) = store(vec![open.clone()], vec![gone(), gone()]);
    let refused = run(orders, &open, false).await;
    assert!(matches!(refused, Err(TransactError::Refused(Refusal::Coupon(_)))), "asked once");
}

#[tokio::test]
async fn other_refusals_are_answers() {
    let open = order();
    let answers = vec![CommitAnswer::GuardRefused(Refusal::Fenced)];
    let (orders, _) = store(vec![open.clone()], answers);
    let refused = run(orders, &open, false).await;
    assert!(matches!(refused, Err(TransactError::Refused(Refusal::Fenced))));
}

#[tokio::test]
async fn a_repeat_writes_its_inbox_row_alone() {
    let open = order();
    let (orders, _) = store(vec![open.clone()], vec![CommitAnswer::Committed]);
    let settled = run(orders, &open, false).await.unwrap();

    let (orders, written) = store(vec![settled.clone()], vec![CommitAnswer::Committed]);
    let again = run(orders, &settled, true).await.unwrap();
    assert_eq!(again.version, settled.version);
    let alone = written.lock().unwrap().remove(0);
    assert!(alone.order.is_none() && alone.events.is_empty());
    assert_eq!(alone.inbox.unwrap().status, InboxStatus::Duplicate);

    let (orders, written) = store(vec![settled.clone()], Vec::new());
    run(orders, &settled, false).await.unwrap();
    assert!(written.lock().unwrap().is_empty(), "nothing to write at all");
}

#[tokio::test]
async fn lost_races_end_after_a_bounded_number_of_tries() {
    let open = order();
    let answers = vec![CommitAnswer::Conflict; 12];
    let (orders, written) = store(vec![open.clone()], answers);
    assert!(matches!(run(orders, &open, false).await, Err(TransactError::Busy(_))));
    assert_eq!(written.lock().unwrap().len(), 12);
}

/// How many milliseconds a command sleeps that loses so many races.
async fn slept_ms(lost: usize, all_the_jitter: bool) -> i64 {
    let mut answers = vec![CommitAnswer::Conflict; lost];
    answers.push(CommitAnswer::Committed);
    let (orders, _) = store(vec![order()], answers);
    let clock = Dozing::since(now());
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.clock = Arc::<Dozing>::clone(&clock);
    if all_the_jitter {
        desk.ids = mocks::all_the_jitter();
    }
    let target = Target::anybodys(OrderKey::Id(order().id));
    desk.transact(&target, &paid(&order()), &intent(false)).await.unwrap();
    clock.now().millis_since(now())
}

#[tokio::test]
async fn the_first_lost_race_is_run_again_at_once_and_every_other_after_a_longer_pause() {
    for (lost, at_least_ms, at_most_ms) in [(1, 0, 0), (2, 5, 10), (3, 15, 30), (4, 30, 60)] {
        assert_eq!(slept_ms(lost, false).await, at_least_ms, "{lost} lost");
        assert_eq!(slept_ms(lost, true).await, at_most_ms, "{lost} lost");
    }
}

/// What those who wait for news are told when the store answers `answer`, of which nobody knows
/// whether it was `found` afterwards.
async fn told(answer: CommitAnswer, found: bool) -> Vec<Committed> {
    let (mut orders, _) = store(vec![order()], vec![answer, CommitAnswer::Committed]);
    orders.expect_committed().returning(move |_| ready(Ok(found)));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (mut events, kept) = (MockEvents::new(), Arc::clone(&told));
    events.expect_committed().returning(move |news| kept.lock().unwrap().push(news.clone()));
    let mut desk = desk(orders, MockGateway::new(), now());
    desk.events = Arc::new(events);
    let target = Target::anybodys(OrderKey::Id(order().id));
    let cancel = Command::Cancel(CancelCause::Buyer);
    desk.transact(&target, &cancel, &intent(false)).await.unwrap();
    drop(desk);
    Arc::into_inner(told).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn what_is_durable_is_told_once_with_its_earliest_job() {
    let lost = || CommitAnswer::OutcomeUnknown("cut".to_owned());
    let expected = Committed { order: order().id, version: 2, next_due: Some(now()) };
    assert_eq!(told(CommitAnswer::Committed, false).await, std::slice::from_ref(&expected));
    assert_eq!(told(CommitAnswer::AlreadyCommitted, false).await, std::slice::from_ref(&expected));
    assert_eq!(told(lost(), true).await, std::slice::from_ref(&expected), "found afterwards");
    assert_eq!(told(lost(), false).await, [expected], "at the second try only");
}

#[tokio::test]
async fn money_that_its_order_cannot_take_is_loud() {
    let mut closed = order();
    closed.status = OrderStatus::Cancelled;
    closed.payments[0].state = PaymentState::Closed { why: ClosingCause::Cancelled, at: now() };
    for (order, alarms) in [(order(), 0), (closed, 1)] {
        let (orders, _) = store(vec![order.clone()], vec![CommitAnswer::Committed]);
        let overheard = Overheard::listen();
        run(orders, &order, false).await.unwrap();
        assert_eq!(overheard.count(Level::ERROR, "payment.surplus"), alarms, "{:?}", order.status);
    }
}

async fn refused_by_stock(command: &Command) -> Result<Order, TransactError> {
    let refusal = || CommitAnswer::GuardRefused(Refusal::Stock(SkuId::parse("tea").unwrap()));
    let (orders, _) = store(vec![order()], vec![refusal(), refusal()]);
    let desk = desk(orders, MockGateway::new(), now());
    let target = Target::anybodys(OrderKey::Id(order().id));
    Ok(desk.transact(&target, command, &intent(false)).await?.order)
}

/// Stock vetoes what has not happened yet; and it is not asked twice about what has.
#[tokio::test]
async fn what_ends_no_payment_may_be_refused_by_stock_and_money_only_until_it_takes_none() {
    for command in [Command::NoteReport(PayerResult::Ok), paid(&order())] {
        let refused = refused_by_stock(&command).await;
        assert!(matches!(refused, Err(TransactError::Refused(Refusal::Stock(_)))), "{refused:?}");
    }
}

/// A recharge of 100 fen that was paid; its buyer has spent it and owes 70 of it for a refund that was
/// made elsewhere.
fn owing(progress: RefundProgress) -> (Order, Command) {
    let mut ahead = order();
    ahead.purpose = Purpose::Recharge;
    ahead.holds.clear();
    ahead.recharge = Some(Promise { credit: Credit::Wallet, principal: 100, bonus: 0 });
    let played = |order: &Order, command: &Command| match order.decide(command, now()) {
        Ok(Decision::Record(events)) => order.clone().after(&events),
        other => panic!("{other:?}"),
    };
    let ahead = played(&ahead, &paid(&ahead));
    let number = OutRefundNo::stated("console-1").unwrap();
    let said = |order: &Order, progress| {
        Command::RecordRefund(refund_fact(order, &number, Some(progress)))
    };
    let ahead = played(&ahead, &said(&ahead, RefundProgress::Processing));
    (ahead.clone(), said(&ahead, progress))
}

#[tokio::test]
async fn what_comes_to_a_buyer_again_pays_what_the_buyer_owes_first() {
    let (ahead, closed) = owing(RefundProgress::Closed);
    let (orders, written) = store(vec![ahead.clone()], vec![CommitAnswer::Committed]);
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut ledger = MockLedger::new();
    let held = Balances { receivable_fen: -70, ..Balances::default() };
    ledger.expect_balances().returning(move |_| ready(Ok(Some(held))));
    desk.ledger = Arc::new(ledger);
    let target = Target::anybodys(OrderKey::Id(ahead.id));
    desk.transact(&target, &closed, &intent(false)).await.unwrap();
    let written = written.lock().unwrap();
    let [again] = written[0].transfers.as_slice() else { panic!("{:?}", written[0].transfers) };
    let buyer = |account| Account::Buyer(ahead.buyer.unwrap(), account);
    let amount_of = |account: Account| {
        again.entries().iter().find(|entry| entry.account == account).map(|entry| entry.amount)
    };
    assert_eq!(amount_of(buyer(BuyerAccount::Receivable(Unit::Fen))), Some(70));
    assert_eq!(amount_of(buyer(BuyerAccount::Wallet)), Some(30));
}

/// Between the look and the commit somebody paid.
#[tokio::test]
async fn a_debt_that_was_paid_meanwhile_is_looked_at_again() {
    let (ahead, closed) = owing(RefundProgress::Closed);
    let moved = Refusal::Balance(BuyerAccount::Receivable(Unit::Fen));
    let answers = vec![CommitAnswer::GuardRefused(moved), CommitAnswer::Committed];
    let (orders, written) = store(vec![ahead.clone()], answers);
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut ledger = MockLedger::new();
    let mut owed = vec![-70, -40].into_iter();
    ledger.expect_balances().returning(move |_| {
        let receivable_fen = owed.next().expect("one look more than was told");
        ready(Ok(Some(Balances { receivable_fen, ..Balances::default() })))
    });
    desk.ledger = Arc::new(ledger);
    let target = Target::anybodys(OrderKey::Id(ahead.id));
    desk.transact(&target, &closed, &intent(false)).await.unwrap();
    let written = written.lock().unwrap();
    let of_wallet = |changeset: &Changeset| {
        let entries = changeset.transfers.iter().flat_map(|transfer| transfer.entries());
        let wallet =
            |entry: &&Entry| matches!(entry.account, Account::Buyer(_, BuyerAccount::Wallet));
        entries.filter(wallet).map(|entry| entry.amount).sum::<i64>()
    };
    assert_eq!(written.iter().map(of_wallet).collect::<Vec<_>>(), [30, 60]);
}

/// What the ledger refuses `refused` times in a row of what WeChat Pay says: how often it was looked what the
/// buyer has, and what was written in the end.
async fn refused_by_the_ledger(of: BuyerAccount, refused: usize) -> (usize, Changeset) {
    let (ahead, closed) = owing(RefundProgress::Closed);
    let mut answers = vec![CommitAnswer::GuardRefused(Refusal::Balance(of)); refused];
    answers.push(CommitAnswer::Committed);
    let (orders, written) = store(vec![ahead.clone()], answers);
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut ledger = MockLedger::new();
    let looks = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&looks);
    ledger.expect_balances().returning(move |_| {
        *counted.lock().unwrap() += 1;
        ready(Ok(Some(Balances { receivable_fen: -70, ..Balances::default() })))
    });
    desk.ledger = Arc::new(ledger);
    let target = Target::anybodys(OrderKey::Id(ahead.id));
    desk.transact(&target, &closed, &intent(false)).await.unwrap();
    let last = written.lock().unwrap().last().unwrap().clone();
    let looks = *looks.lock().unwrap();
    (looks, last)
}

/// Money is recorded whatever the ledger holds: a balance that never keeps still is a case in the end.
#[tokio::test]
async fn a_fact_looks_so_often_for_what_the_buyer_has_and_is_recorded_without_it_then() {
    for of in [BuyerAccount::Wallet, BuyerAccount::Receivable(Unit::Fen)] {
        let (looks, written) = refused_by_the_ledger(of, 6).await;
        assert_eq!((looks, written.transfers.len()), (7, 1), "{of:?}");
        assert!(written.cases.iter().all(|case| case.kind != CaseKind::Ledger), "{of:?}");
        let (looks, written) = refused_by_the_ledger(of, 7).await;
        assert_eq!((looks, written.transfers.len()), (7, 0), "{of:?}");
        assert!(written.cases.iter().any(|case| case.kind == CaseKind::Ledger), "{of:?}");
    }
}

/// Nobody is refused because somebody paid what was owed at that moment.
#[tokio::test]
async fn what_a_person_says_is_said_again_to_a_debt_that_changed_meanwhile() {
    let (mut ahead, _) = owing(RefundProgress::Closed);
    ahead.refunds[0].state = RefundState::AwaitingApproval;
    ahead.refunds[0].kind = RefundKind::Requested;
    let out_refund_no = ahead.refunds[0].out_refund_no.clone();
    let moved = Refusal::Balance(BuyerAccount::Receivable(Unit::Fen));
    let answers = vec![CommitAnswer::GuardRefused(moved), CommitAnswer::Committed];
    let (orders, written) = store(vec![ahead.clone()], answers);
    let mut desk = desk(orders, MockGateway::new(), now());
    let mut ledger = MockLedger::new();
    let held = Balances { receivable_fen: -70, ..Balances::default() };
    ledger.expect_balances().returning(move |_| ready(Ok(Some(held))));
    desk.ledger = Arc::new(ledger);
    let target = Target::anybodys(OrderKey::Id(ahead.id));
    let decline = Command::DeclineRefund { out_refund_no };
    desk.transact(&target, &decline, &intent(false)).await.unwrap();
    assert_eq!(written.lock().unwrap().len(), 2);
}
