//! Money that goes back: every state of a refund, its number, and what follows for the order.

use super::Stores;
use super::listing::everybodys;
use crate::sample;
use domain::card::CardOwner;
use domain::changeset::Refusal;
use domain::fact::{Evidence, RefundAtWechat, RefundFact, RefundProgress, RefundStatement, Trade};
use domain::job::JobId;
use domain::names::RefundId;
use domain::order::{
    CancelCause, Command, HORIZON_S, Order, OrderStatus, PaymentStatus, RefundAnswer, RefundAsk,
    RefundOf,
};
use domain::ports::{CommitAnswer, OrderKey, OrderList};
use domain::refund::{Asker, Destination, RefundState, RefundStatus};
use domain::stock::HoldStatus;
use domain::{Fen, OutRefundNo, OutTradeNo, Timestamp};
use std::collections::BTreeSet;

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

/// A paid order of 500 fen.
pub async fn paid_order(stores: &Stores, n: u64) -> Order {
    let order = stores.open_order(n).await;
    let paid = sample::success(&order, &format!("T-{n}"));
    stores.step(&order, &paid, at(10)).await
}

fn last(order: &Order) -> OutRefundNo {
    order.refunds.last().expect("a refund").out_refund_no.clone()
}

/// Gives commands about one refund, minutes apart, and remembers every state that was stored.
struct Story<'a> {
    stores: &'a Stores,
    order: Order,
    now_s: i64,
    seen: BTreeSet<RefundStatus>,
}

impl Story<'_> {
    async fn give(&mut self, command: &Command) {
        self.now_s += 100;
        // Compares all of the order with what was decided.
        self.order = self.stores.step(&self.order, command, at(self.now_s)).await;
        self.seen.extend(self.order.refunds.iter().map(|refund| refund.state.status()));
    }

    async fn ask(&mut self, amount_fen: i64, by: Asker) -> OutRefundNo {
        self.give(&sample::refund_ask(Some(amount_fen), by)).await;
        last(&self.order)
    }

    async fn send(&mut self, number: &OutRefundNo) {
        self.give(&Command::SendRefund { out_refund_no: number.clone() }).await;
    }

    async fn called(&mut self, number: &OutRefundNo, answer: RefundAnswer) {
        self.give(&Command::RecordRefundCall { out_refund_no: number.clone(), answer }).await;
    }

    async fn apply(&mut self, number: &OutRefundNo, to: CardOwner) {
        let out_refund_no = number.clone();
        self.give(&Command::ApplyAbnormal { out_refund_no, to, as_approver: true }).await;
    }

    /// The last application.
    async fn refused(&mut self, number: &OutRefundNo) {
        let applied = self.order.refund(number).and_then(|refund| refund.applied);
        let refused = Command::RecordApplicationRefused {
            applied_at: applied.expect("it was applied for").at,
            code: "PARAM_ERROR".to_owned(),
            said: sample::refund_fact(&self.order, number, RefundProgress::Abnormal),
        };
        self.give(&refused).await;
    }

    /// Nothing came of the last application.
    async fn unheard(&mut self, number: &OutRefundNo) {
        self.now_s += HORIZON_S;
        self.heard(number, RefundProgress::Abnormal).await;
    }

    fn destination(&self, number: &OutRefundNo) -> Option<Destination> {
        self.order.refund(number)?.applied?.destination()
    }

    async fn heard(&mut self, number: &OutRefundNo, progress: RefundProgress) {
        let fact = sample::refund_fact(&self.order, number, progress);
        self.give(&Command::RecordRefund(fact)).await;
    }
}

pub async fn a_refund_is_kept_in_every_state(stores: &Stores) {
    let order = paid_order(stores, 1).await;
    let mut story = Story { stores, order, now_s: 100, seen: BTreeSet::new() };

    // Refused, sent again by a person, and paid back another way in the end.
    let first = story.ask(100, Asker::Service).await;
    story.send(&first).await;
    story.called(&first, RefundAnswer::Unknown).await;
    story.send(&first).await;
    story.called(&first, RefundAnswer::Refused { code: "NO_AUTH".to_owned() }).await;
    story.give(&sample::no_refund(&first)).await;
    story.give(&Command::RetryRefund { out_refund_no: first.clone(), amount: None }).await;
    story.send(&first).await;
    story.heard(&first, RefundProgress::Processing).await;
    story.heard(&first, RefundProgress::Abnormal).await;
    // To a card in vain: refused at once, and never heard of again; each of them counts for itself.
    story.apply(&first, CardOwner::Merchant).await;
    story.refused(&first).await;
    assert_eq!(story.destination(&first), None);
    story.apply(&first, CardOwner::User).await;
    assert_eq!(story.destination(&first), Some(Destination::User));
    story.unheard(&first).await;
    story.apply(&first, CardOwner::Merchant).await;
    story.refused(&first).await;
    assert_eq!(story.destination(&first), Some(Destination::User));
    story.apply(&first, CardOwner::Merchant).await;
    story.unheard(&first).await;
    story.apply(&first, CardOwner::User).await;
    story.unheard(&first).await;
    assert_eq!(story.destination(&first), Some(Destination::Either));
    let note = "by bank transfer, 2026-11-21".to_owned();
    story.give(&Command::SettleRefundOffline { out_refund_no: first, note }).await;
    assert_eq!(story.order.payment_status(), PaymentStatus::PartiallyRefunded);

    // Closed, and begun again under another number.
    let second = story.ask(50, Asker::Operator).await;
    story.send(&second).await;
    story.heard(&second, RefundProgress::Closed).await;
    let third = last(&story.order);
    assert_eq!(story.order.refund(&third).unwrap().replaces, Some(second));
    story.send(&third).await;
    story.heard(&third, RefundProgress::Succeeded { at: at(story.now_s + 1) }).await;

    // From shipping on a buyer's wish waits for somebody.
    story.give(&Command::Ship(sample::shipment("SF-1", true))).await;
    let wish = story.ask(20, Asker::Buyer).await;
    story.give(&Command::WithdrawRefund { out_refund_no: wish }).await;
    let wish = story.ask(20, Asker::Buyer).await;
    story.give(&Command::DeclineRefund { out_refund_no: wish }).await;
    let wish = story.ask(350, Asker::Buyer).await;
    story.give(&Command::ApproveRefund { out_refund_no: wish.clone(), as_approver: false }).await;
    story.send(&wish).await;
    story.heard(&wish, RefundProgress::Succeeded { at: at(story.now_s + 1) }).await;
    assert_eq!(story.order.payment_status(), PaymentStatus::Refunded);
    assert_eq!(story.seen.len(), 12, "every state of a refund was met: {:?}", story.seen);

    // Each of its numbers leads to the order.
    for refund in &story.order.refunds {
        let key = OrderKey::OutRefundNo(refund.out_refund_no.clone());
        let found = stores.orders.load(&key).await.unwrap().expect("an order");
        assert_eq!(found.value, story.order);
        let ids = refund.refund_id().map(|id| id.as_str());
        for number in ids.into_iter().chain([refund.out_refund_no.as_str()]) {
            let query = OrderList { number: Some(number.to_owned()), ..everybodys() };
            let listed = stores.orders.list(&query).await.unwrap();
            assert_eq!(listed.orders, std::slice::from_ref(&story.order), "{number}");
        }
    }
    let nobodys = OrderKey::OutRefundNo(OutRefundNo::stored("nobodys".to_owned()));
    assert_eq!(stores.orders.load(&nobodys).await, Ok(None));
}

pub async fn a_refund_number_belongs_to_one_order(stores: &Stores) {
    let (one, other) = (paid_order(stores, 1).await, paid_order(stores, 2).await);
    let ask = Command::Refund(RefundAsk {
        what: RefundOf::Amount(Fen::new(100)),
        reason: "r".to_owned(),
        by: Asker::Service,
        out_refund_no: OutRefundNo::parse("SHOP-1"),
    });
    assert_eq!(stores.give(&one, &ask, sample::intent("a")).await, CommitAnswer::Committed);
    let before = stores.dump().await;
    let answer = stores.give(&other, &ask, sample::intent("b")).await;
    assert_eq!(answer, CommitAnswer::GuardRefused(Refusal::RefundNumberTaken));
    assert_eq!(stores.dump().await, before);
}

pub async fn what_was_sold_comes_back_once_when_its_order_is_cancelled(stores: &Stores) {
    let order = paid_order(stores, 1).await;
    let sku = order.lines[0].sku_id.clone();
    let level = || async { stores.catalogue.sku(&sku).await.unwrap().unwrap().stock };
    let cancel = Command::Cancel(CancelCause::Operator);
    let order = stores.step(&order, &cancel, at(20)).await;
    assert_eq!(order.status, OrderStatus::Cancelling);
    assert_eq!((level().await.available, level().await.sold), (99, 1), "not before it is accepted");
    let number = last(&order);
    let send = Command::SendRefund { out_refund_no: number.clone() };
    let order = stores.step(&order, &send, at(30)).await;
    let said = sample::refund_fact(&order, &number, RefundProgress::Processing);
    let order = stores.step(&order, &Command::RecordRefund(said), at(40)).await;
    assert_eq!(order.status, OrderStatus::Cancelled);
    let hold = &order.holds[0];
    assert_eq!((hold.status, hold.returned_quantity), (HoldStatus::Committed, hold.quantity));
    let now = level().await;
    assert_eq!((now.available, now.held, now.sold, now.stocked), (100, 0, 0, 100));
    // The payer has the money: the order was cancelled before, and says so now.
    let said = sample::refund_fact(&order, &number, RefundProgress::Succeeded { at: at(50) });
    let order = stores.step(&order, &Command::RecordRefund(said), at(50)).await;
    assert_eq!(order.payment_status(), PaymentStatus::Refunded);
    assert_eq!(level().await, now);
}

/// Two refunds of one line, one piece each: both are back, and the third piece is still sold.
pub async fn goods_come_back_when_their_money_is_back_once_per_refund(stores: &Stores) {
    let buyer = stores.buyer(1).await;
    let sku = stores.sku("tea", 500, 10).await;
    let placement = sample::placement(1, buyer, &[(&sku, 3)]);
    assert_eq!(stores.place(&placement, "place").await, CommitAnswer::Committed);
    let order = stores.load(&placement).await;
    let at = |seconds| sample::start().plus_seconds(seconds);
    let mut order = stores.step(&order, &sample::success(&order, "T-1"), at(1)).await;
    for n in 1..=2_u32 {
        let clock = i64::from(n) * 1_000;
        let ask = sample::refund_lines(&[(1, 1)], Asker::Service);
        order = stores.step(&order, &ask, at(clock)).await;
        let refund = order.refunds.last().unwrap().clone();
        assert_eq!((refund.lines[0].quantity, refund.amount.get()), (1, 500));
        let number = refund.out_refund_no;
        let send = Command::SendRefund { out_refund_no: number.clone() };
        order = stores.step(&order, &send, at(clock + 1)).await;
        let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
        assert_eq!(level.sold, 3 - i64::from(n - 1), "the money is not back yet");
        let done = RefundProgress::Succeeded { at: at(clock + 2) };
        let done = Command::RecordRefund(sample::refund_fact(&order, &number, done));
        order = stores.step(&order, &done, at(clock + 3)).await;
        let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
        assert_eq!((level.sold, level.available), (3 - i64::from(n), 7 + i64::from(n)));
        assert_eq!(order.holds[0].returned_quantity, n);
    }
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(5_000)).await;
    let number = order.refunds.last().unwrap().out_refund_no.clone();
    let send = Command::SendRefund { out_refund_no: number.clone() };
    let order = stores.step(&order, &send, at(5_001)).await;
    let accepted =
        Command::RecordRefund(sample::refund_fact(&order, &number, RefundProgress::Processing));
    let order = stores.step(&order, &accepted, at(5_002)).await;
    assert_eq!((order.status, order.holds[0].returned_quantity), (OrderStatus::Cancelled, 3));
    let level = stores.catalogue.sku(&sku.id).await.unwrap().unwrap().stock;
    assert_eq!((level.sold, level.available), (0, 10), "each piece came back once");
}

pub async fn a_refund_that_ends_frees_its_amount(stores: &Stores) {
    let mut order = paid_order(stores, 1).await;
    order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(20)).await;
    // All of it, again and again: each time the one before has freed it.
    for round in 0..3 {
        order = stores.step(&order, &sample::refund_ask(None, Asker::Buyer), at(30 + round)).await;
        assert_eq!(order.refundable(), Fen::ZERO);
        let out_refund_no = last(&order);
        let no = Command::DeclineRefund { out_refund_no };
        order = stores.step(&order, &no, at(30 + round)).await;
        assert_eq!(order.refundable(), Fen::new(500));
    }
    assert_eq!(order.refunds.len(), 3);
}

/// What WeChat Pay says of a refund that was made in the merchant console, or by another system.
fn said_elsewhere(order: &Order, number: &str, amount_fen: i64, of: &OutTradeNo) -> Command {
    let receipt = order.payments[0].receipt().expect("a paid payment");
    let said = RefundStatement {
        refund_id: RefundId::new(format!("5{number}")),
        transaction_id: receipt.transaction_id.clone(),
        out_trade_no: of.clone(),
        amount: Fen::new(amount_fen),
        progress: RefundProgress::Processing,
    };
    let number = OutRefundNo::stated(number).expect("a number");
    let evidence = Evidence::Query { request_id: None };
    let known = RefundAtWechat::Known(said);
    Command::RecordRefund(RefundFact::attested(evidence, sample::mchid(), number, known))
}

pub async fn what_was_not_sent_gives_way_to_what_was_made_elsewhere(stores: &Stores) {
    let order = stores.open_order(1).await;
    let order = stores.step(&order, &Command::Cancel(CancelCause::Buyer), at(10)).await;
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), at(20)).await;
    let order = stores.step(&order, &sample::success(&order, "T-1"), at(30)).await;
    let ours = sample::out_trade_no(&order);
    // All of it goes back by itself; a part is paid back elsewhere, twice: one chain, never two alive.
    let order = stores.step(&order, &said_elsewhere(&order, "C-1", 100, &ours), at(40)).await;
    let order = stores.step(&order, &said_elsewhere(&order, "C-2", 150, &ours), at(50)).await;
    let made: Vec<_> = order.refunds.iter().map(|r| (r.state.status(), r.amount.get())).collect();
    let (withdrawn, elsewhere) = (RefundStatus::Withdrawn, RefundStatus::Processing);
    let rest = (RefundStatus::Requested, 250);
    assert_eq!(
        made,
        [(withdrawn, 500), (elsewhere, 100), (withdrawn, 400), (elsewhere, 150), rest]
    );
}

pub async fn a_refund_whose_number_is_anothers_begins_again(stores: &Stores) {
    let order = paid_order(stores, 1).await;
    let mut story = Story { stores, order, now_s: 100, seen: BTreeSet::new() };
    let ours = sample::out_trade_no(&story.order);
    let taken = story.ask(200, Asker::Operator).await;
    story.send(&taken).await;
    // Sent again after a crash: written down with its time.
    story.send(&taken).await;
    let other = OutTradeNo::parse("another-system-1").expect("a number");
    story.give(&said_elsewhere(&story.order, taken.as_str(), 200, &other)).await;
    assert!(matches!(story.order.refunds[0].state, RefundState::Rejected { .. }));
    story.give(&Command::RetryRefund { out_refund_no: taken.clone(), amount: None }).await;
    let again = last(&story.order);
    assert_ne!(again, taken);
    // It was sent, refused, asked for once more; and then somebody was quicker.
    story.send(&again).await;
    story.called(&again, RefundAnswer::Refused { code: "NO_AUTH".to_owned() }).await;
    let not_exist = RefundFact::attested(
        Evidence::Query { request_id: None },
        sample::mchid(),
        again.clone(),
        RefundAtWechat::NotExist,
    );
    story.give(&Command::RecordRefund(not_exist)).await;
    story.give(&Command::RetryRefund { out_refund_no: again.clone(), amount: None }).await;
    story.give(&said_elsewhere(&story.order, "C-1", 500, &ours)).await;
    let refund = story.order.refund(&again).expect("the refund");
    assert_eq!(refund.state, RefundState::Withdrawn);
    assert!(refund.sent_at.is_some(), "that it was sent is not forgotten");
}

pub async fn every_live_refund_has_a_job_and_the_sweep_finds_one_that_has_none(stores: &Stores) {
    let mut order = paid_order(stores, 1).await;
    order = stores.step(&order, &sample::refund_ask(Some(100), Asker::Service), at(20)).await;
    let number = last(&order);
    let job = JobId::refund(&number);
    let states: [Option<Command>; 4] = [
        None,
        Some(Command::SendRefund { out_refund_no: number.clone() }),
        Some(Command::RecordRefundCall {
            out_refund_no: number.clone(),
            answer: RefundAnswer::Unknown,
        }),
        Some(Command::RecordRefund(sample::refund_fact(
            &order,
            &number,
            RefundProgress::Processing,
        ))),
    ];
    for (n, command) in states.into_iter().enumerate() {
        let now = at(30 + i64::try_from(n).unwrap());
        if let Some(command) = command {
            order = stores.step(&order, &command, now).await;
        }
        assert!(stores.jobs.sweep(now, 100).await.unwrap().is_empty(), "it was promised");
        stores.lose_job(&job).await;
        let found = stores.jobs.sweep(now, 100).await.unwrap();
        assert_eq!(found, std::slice::from_ref(&job), "{:?}", order.refunds[0].state);
        assert!(stores.jobs.sweep(now, 100).await.unwrap().is_empty());
    }
    let said = sample::refund_fact(&order, &number, RefundProgress::Succeeded { at: at(50) });
    order = stores.step(&order, &Command::RecordRefund(said), at(60)).await;
    assert!(matches!(order.refunds[0].state, RefundState::Succeeded { .. }));
    assert!(stores.jobs.sweep(at(70), 100).await.unwrap().is_empty(), "it is over");
}
