//! A shop in which much has happened: every rule of the books has rows that it is about.

use crate::conformance::adopted::making_again;
use crate::conformance::coupons::{give, placement, terms};
use crate::conformance::ledger;
use crate::conformance::refunds::paid_order;
use crate::conformance::{Stores, deciding, placing};
use crate::sample;
use domain::buyer::NewItem;
use domain::card::CardOwner;
use domain::case::{CaseKind, CaseOpening};
use domain::cash::{CashReceipt, Courier};
use domain::changeset::{Changeset, InboxEntry, InboxStatus, ReplayRecord};
use domain::fact::{RefundProgress, Trade};
use domain::job::{JobChange, JobId, JobKind};
use domain::order::{
    CancelCause, Command, CompletedBy, Order, PlacedMethod, Placement, RefundAnswer,
};
use domain::payment::TradeType;
use domain::ports::{AddItemAnswer, CommitAnswer, Finish};
use domain::recharge::Credit;
use domain::refund::Asker;
use domain::{Fen, OrderNumber, OutRefundNo, OutTradeNo, Timestamp};

/// Has it happen in empty stores, through the ports.
pub async fn fill(stores: &Stores) {
    let shop = Shop { stores };
    shop.unpaid().await;
    shop.fulfilled().await;
    shop.at_the_door().await;
    shop.surplus().await;
    shop.refunded().await;
    shop.troubled_refunds().await;
    shop.cancelled().await;
    shop.refunded_by_lines().await;
    shop.ahead().await;
    shop.wallets().await;
    shop.coupons().await;
    shop.notices().await;
    shop.set_aside().await;
}

struct Shop<'a> {
    stores: &'a Stores,
}

fn at(seconds: i64) -> Timestamp {
    sample::start().plus_seconds(seconds)
}

impl Shop<'_> {
    async fn step(&self, order: &Order, command: Command, seconds: i64) -> Order {
        self.stores.step(order, &command, at(seconds)).await
    }

    /// A recharge that waits, and one that was spent, paid back elsewhere and is owed.
    async fn ahead(&self) {
        let buyer = self.stores.buyer(80).await;
        let package = ledger::package(Credit::Points, 100, 20);
        ledger::recharge(self.stores, 80, buyer, package.clone()).await;
        let order = ledger::recharge(self.stores, 85, buyer, package.clone()).await;
        self.step(&order, sample::success(&order, "T-85"), 5).await;
        let order = ledger::recharge(self.stores, 81, buyer, package).await;
        let order = self.step(&order, sample::success(&order, "T-81"), 10).await;
        let elsewhere = OutRefundNo::parse("CONSOLE-81").unwrap();
        let progress = RefundProgress::Processing;
        let said =
            Command::RecordRefund(sample::refund_made_elsewhere(&order, &elsewhere, progress));
        let intent = sample::intent("console-81");
        let changeset = crate::conformance::deciding_at(at(20), &order, &said, intent);
        let spent = domain::ledger::Balances { points: 90, ..Default::default() };
        let answer = self.stores.orders.commit(changeset.covered(buyer, &spent)).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }

    /// Wallets that paid, and points that were spent.
    async fn wallets(&self) {
        let buyer = ledger::rich(self.stores, 82, 1_600, 0).await;
        let sku = self.stores.sku("sku-82", 500, 100).await;
        let placed = |n| Placement {
            payment: None,
            wallet: Some(ledger::wallet_payment()),
            ..sample::placement(n, buyer, &[(&sku, 1)])
        };
        assert_eq!(self.stores.place(&placed(82), "place-82").await, CommitAnswer::Committed);
        assert_eq!(self.stores.place(&placed(83), "place-83").await, CommitAnswer::Committed);
        let order = self.stores.load(&placed(82)).await;
        self.step(&order, sample::refund_ask(Some(100), Asker::Buyer), 30).await;
        let order = self.stores.load(&placed(83)).await;
        self.step(&order, Command::Cancel(CancelCause::Buyer), 30).await;
        let placement = sample::placement(84, buyer, &[(&sku, 1)]);
        assert_eq!(self.stores.place(&placement, "place-84").await, CommitAnswer::Committed);
        let order = self.stores.load(&placement).await;
        let order = self.step(&order, Command::PayFromWallet(ledger::wallet_payment()), 40).await;
        self.step(&order, sample::success(&order, "T-84"), 50).await;
        let buyer = ledger::rich(self.stores, 86, 0, 50).await;
        assert_eq!(ledger::spend(self.stores, "86", buyer, 20).await, CommitAnswer::Committed);
    }

    /// One that waits, one that captured a line and was placed under a key, one that is free.
    async fn unpaid(&self) {
        let order = self.stores.open_order(1).await;
        let start = Command::StartPayment(sample::new_payment(TradeType::Native));
        self.step(&order, start, 10).await;

        let buyer = self.stores.buyer(2).await;
        let sku = self.stores.sku("sku-2", 500, 100).await;
        let item = NewItem { sku_id: sku.id.clone(), quantity: 1 };
        let added = self.stores.book.add_item(buyer, item, 9).await.unwrap();
        let AddItemAnswer::Added(line) = added else { panic!("{added:?}") };
        let mut placement = sample::placement(2, buyer, &[(&sku, 1)]);
        placement.checkout.captured_items = vec![line.id];
        let mut intent = sample::intent("place-2");
        let key = sample::replay("key-2", Some(placement.id));
        intent.replay = Some(ReplayRecord { payment: Some(1), ..key });
        let answer = self.stores.orders.commit(placing(&placement, intent)).await;
        assert_eq!(answer, CommitAnswer::Committed);

        let gift = self.stores.sku("gift", 0, 100).await;
        let placement = sample::placement(3, self.stores.buyer(3).await, &[(&gift, 2)]);
        assert_eq!(self.stores.place(&placement, "place-3").await, CommitAnswer::Committed);
    }

    async fn fulfilled(&self) {
        for (n, completed) in [(10, false), (11, true)] {
            let order = paid_order(self.stores, n).await;
            let ship = Command::Ship(sample::shipment("SF-1", true));
            let order = self.step(&order, ship, 100).await;
            let order = self.step(&order, Command::Deliver, 200).await;
            if completed {
                self.step(&order, Command::Complete(CompletedBy::Buyer), 300).await;
            }
        }
    }

    /// Collected after an online payment came to nothing, being paid online, paid online, on its way, and
    /// refused.
    async fn at_the_door(&self) {
        let online = || Command::StartPayment(sample::new_payment(TradeType::Native));
        let order = self.brought(212).await;
        let order = self.step(&order, Command::Deliver, 100).await;
        let order = self.step(&order, online(), 110).await;
        let order = self.step(&order, sample::says(&order, Trade::Closed), 120).await;
        let courier = Courier::parse("王五").unwrap();
        let cash = CashReceipt { amount: order.amounts.total, courier };
        self.step(&order, Command::CollectCash(cash), 130).await;
        let order = self.brought(213).await;
        self.step(&order, online(), 110).await;
        let order = self.brought(214).await;
        let order = self.step(&order, online(), 110).await;
        self.step(&order, sample::success(&order, "T-214"), 120).await;
        self.brought(215).await;
        let order = self.brought(216).await;
        self.step(&order, Command::Cancel(CancelCause::Refused), 110).await;
    }

    async fn brought(&self, n: u64) -> Order {
        let buyer = self.stores.buyer(n).await;
        let sku = self.stores.sku(&format!("sku-{n}"), 500, 100).await;
        let method = PlacedMethod::CashOnDelivery;
        let placement =
            Placement { method, payment: None, ..sample::placement(n, buyer, &[(&sku, 1)]) };
        let answer = self.stores.place(&placement, &format!("place-{n}")).await;
        assert_eq!(answer, CommitAnswer::Committed);
        let order = self.stores.load(&placement).await;
        self.step(&order, Command::Ship(sample::shipment("SF-1", true)), 90).await
    }

    /// Late and back already, second, with another amount, refunded before we saw it, and lost.
    async fn surplus(&self) {
        let order = self.stores.open_order(20).await;
        let order = self.step(&order, Command::Cancel(CancelCause::Buyer), 10).await;
        let order = self.step(&order, sample::says(&order, Trade::Closed), 20).await;
        let order = self.step(&order, sample::success(&order, "T-20"), 30).await;
        self.paid_back(&order, 40).await;

        let order = self.stores.open_order(21).await;
        let start = Command::StartPayment(sample::new_payment(TradeType::Native));
        let order = self.step(&order, start, 10).await;
        for (no, transaction) in [(2, "T-21"), (1, "T-22")] {
            let number = OutTradeNo::of_payment(&order.number, no);
            let receipt = sample::receipt(transaction, order.amounts.total);
            let order = self.stores.again(&order).await;
            self.step(&order, sample::says_of(&number, Trade::Success(receipt)), 30).await;
        }

        let order = self.stores.open_order(22).await;
        let less = sample::receipt("T-23", Fen::new(400));
        self.step(&order, sample::says(&order, Trade::Success(less)), 30).await;

        let order = self.stores.open_order(23).await;
        let seen = sample::receipt("T-24", order.amounts.total);
        self.step(&order, sample::says(&order, Trade::Refunded(seen)), 30).await;

        let number = OrderNumber::compose(sample::start(), None, 24);
        let answer = self.stores.orders.commit(making_again(24, &number, "again")).await;
        assert_eq!(answer, CommitAnswer::Committed);
    }

    fn last(order: &Order) -> OutRefundNo {
        order.refunds.last().unwrap().out_refund_no.clone()
    }

    async fn heard(&self, order: &Order, progress: RefundProgress, seconds: i64) -> Order {
        let fact = sample::refund_fact(order, &Shop::last(order), progress);
        self.step(order, Command::RecordRefund(fact), seconds).await
    }

    async fn sent(&self, order: &Order, seconds: i64) -> Order {
        let send = Command::SendRefund { out_refund_no: Shop::last(order) };
        self.step(order, send, seconds).await
    }

    async fn paid_back(&self, order: &Order, seconds: i64) -> Order {
        let order = self.sent(order, seconds).await;
        let done = RefundProgress::Succeeded { at: at(seconds + 1) };
        self.heard(&order, done, seconds + 2).await
    }

    async fn asked(&self, order: &Order, fen: i64, by: Asker, seconds: i64) -> Order {
        self.step(order, sample::refund_ask(Some(fen), by), seconds).await
    }

    /// Some of it back, some on its way, some not decided.
    async fn refunded(&self) {
        let order = paid_order(self.stores, 30).await;
        let order = self.asked(&order, 100, Asker::Service, 100).await;
        let order = self.paid_back(&order, 110).await;
        let order = self.asked(&order, 50, Asker::Service, 200).await;
        let order = self.sent(&order, 210).await;
        let order = self.heard(&order, RefundProgress::Processing, 220).await;
        let order = self.step(&order, Command::Ship(sample::shipment("SF-1", true)), 230).await;
        let order = self.asked(&order, 10, Asker::Buyer, 240).await;
        let out_refund_no = Shop::last(&order);
        let order = self.step(&order, Command::DeclineRefund { out_refund_no }, 250).await;
        let order = self.asked(&order, 20, Asker::Buyer, 260).await;
        assert_eq!(order.refunds.len(), 4);
        let order = paid_order(self.stores, 31).await;
        let order = self.asked(&order, 500, Asker::Service, 100).await;
        self.sent(&order, 110).await;
    }

    /// Refused, closed and begun again, paid back by hand, made elsewhere.
    async fn troubled_refunds(&self) {
        let order = paid_order(self.stores, 40).await;
        let order = self.asked(&order, 100, Asker::Service, 100).await;
        let order = self.sent(&order, 200).await;
        let out_refund_no = Shop::last(&order);
        let answer = RefundAnswer::Refused { code: "NO_AUTH".to_owned() };
        let called = Command::RecordRefundCall { out_refund_no: out_refund_no.clone(), answer };
        let order = self.step(&order, called, 210).await;
        let order = self.step(&order, sample::no_refund(&out_refund_no), 220).await;
        let order = self.asked(&order, 100, Asker::Service, 300).await;
        let order = self.sent(&order, 400).await;
        let order = self.heard(&order, RefundProgress::Closed, 410).await;
        assert!(order.refunds.last().unwrap().replaces.is_some());
        let order = self.asked(&order, 50, Asker::Service, 500).await;
        let order = self.sent(&order, 600).await;
        let order = self.heard(&order, RefundProgress::Abnormal, 610).await;
        let applied = Command::ApplyAbnormal {
            out_refund_no: Shop::last(&order),
            to: CardOwner::User,
            as_approver: true,
        };
        let order = self.step(&order, applied, 612).await;
        let refused = Command::RecordApplicationRefused {
            applied_at: order.refunds.last().and_then(|refund| refund.applied).unwrap().at,
            code: "PARAM_ERROR".to_owned(),
            said: sample::refund_fact(&order, &Shop::last(&order), RefundProgress::Abnormal),
        };
        let order = self.step(&order, refused, 614).await;
        let note = "by hand".to_owned();
        let by_hand = Command::SettleRefundOffline { out_refund_no: Shop::last(&order), note };
        let order = self.step(&order, by_hand, 620).await;

        // As WeChat Pay would tell of it: made in the merchant's console.
        let mut there = self.wished(&order);
        let number = OutRefundNo::parse("CONSOLE-1").unwrap();
        there.refunds.last_mut().unwrap().out_refund_no = number.clone();
        let fact = sample::refund_fact(&there, &number, RefundProgress::Processing);
        self.step(&order, Command::RecordRefund(fact), 700).await;
    }

    /// The order as it would be if 30 fen were asked back.
    fn wished(&self, order: &Order) -> Order {
        let ask = sample::refund_ask(Some(30), Asker::Service);
        deciding(order, &ask, sample::intent("only decided")).order.unwrap().order
    }

    /// One piece of two back with its money, and the other not asked for.
    async fn refunded_by_lines(&self) {
        let buyer = self.stores.buyer(55).await;
        let sku = self.stores.sku("sku-55", 500, 100).await;
        let placement = sample::placement(55, buyer, &[(&sku, 2)]);
        assert_eq!(self.stores.place(&placement, "place-55").await, CommitAnswer::Committed);
        let order = self.stores.load(&placement).await;
        let order = self.step(&order, sample::success(&order, "T-55"), 10).await;
        let order = self.step(&order, sample::refund_lines(&[(1, 1)], Asker::Service), 20).await;
        self.paid_back(&order, 30).await;
    }

    /// One on its way, one that was never paid, one whose money goes back.
    async fn cancelled(&self) {
        let order = self.stores.open_order(50).await;
        self.step(&order, Command::Cancel(CancelCause::Buyer), 10).await;
        let order = self.stores.open_order(51).await;
        let order = self.step(&order, Command::Cancel(CancelCause::Operator), 10).await;
        self.step(&order, sample::says(&order, Trade::Closed), 20).await;
        let order = paid_order(self.stores, 52).await;
        let order = self.step(&order, Command::Cancel(CancelCause::Operator), 100).await;
        let order = self.sent(&order, 110).await;
        self.heard(&order, RefundProgress::Processing, 120).await;
    }

    /// One in the hand, one held, one spent, one back from a cancelled order, and one with its money.
    async fn coupons(&self) {
        let buyer = self.stores.buyer(180).await;
        give(self.stores, &terms("off", 100, 9), buyer, 5).await;
        let id = terms("off", 100, 9).id;
        let coupon = self.stores.coupons.coupon(&id).await.unwrap().unwrap();
        let mut orders = Vec::new();
        for (n, no) in (180..).zip(1..=4) {
            let placement = placement(self.stores, n, buyer, (&coupon, no)).await;
            let answer = self.stores.place(&placement, &format!("place-{n}")).await;
            assert_eq!(answer, CommitAnswer::Committed);
            orders.push(self.stores.load(&placement).await);
        }
        let success = |order: &Order, t: &str| sample::success(order, t);
        self.step(&orders[1], success(&orders[1], "T-181"), 10).await;
        let order = self.step(&orders[2], Command::Cancel(CancelCause::Buyer), 10).await;
        self.step(&order, sample::says(&order, Trade::Closed), 20).await;
        let order = self.step(&orders[3], success(&orders[3], "T-183"), 10).await;
        let order = self.step(&order, Command::Cancel(CancelCause::Buyer), 20).await;
        let order = self.sent(&order, 30).await;
        self.heard(&order, RefundProgress::Processing, 40).await;
    }

    /// One that was applied, and one of a number that nobody knows.
    async fn notices(&self) {
        let order = self.stores.open_order(60).await;
        let number = sample::out_trade_no(&order);
        let mut intent = sample::intent("notice");
        intent.inbox = Some(entry("EV-1", InboxStatus::Applied, &number));
        let paid = sample::success(&order, "T-60");
        let answer = self.stores.give(&order, &paid, intent).await;
        assert_eq!(answer, CommitAnswer::Committed);

        let unknown = OutTradeNo::parse("NOBODY-KNOWS-IT").unwrap();
        let mut intent = sample::intent("orphan");
        intent.inbox = Some(entry("EV-2", InboxStatus::Orphan, &unknown));
        let mut orphan = Changeset::without_order(intent, at(10));
        orphan.jobs = vec![JobChange::Ensure { id: JobId::orphan(&unknown), due_at: at(130) }];
        orphan.cases = vec![CaseOpening {
            kind: CaseKind::UnknownOrder,
            subject: unknown.as_str().to_owned(),
            detail: "unknown".to_owned(),
        }];
        assert_eq!(self.stores.orders.commit(orphan).await, CommitAnswer::Committed);
    }

    async fn set_aside(&self) {
        let claimed = self.stores.jobs.claim(at(9_999), 1, 60_000).await.unwrap();
        let [job] = claimed.as_slice() else { panic!("{claimed:?}") };
        assert_ne!(job.fence.job.kind, JobKind::CompleteOrder);
        let finish = Finish::Park("it fails and fails".to_owned());
        assert_eq!(self.stores.jobs.finish(&job.fence, finish).await, Ok(true));
    }
}

fn entry(event_id: &str, status: InboxStatus, number: &OutTradeNo) -> InboxEntry {
    InboxEntry {
        source: "wechat_pay_v3",
        event_id: event_id.to_owned(),
        event_type: "TRANSACTION.SUCCESS".to_owned(),
        fact_hash: "hash".to_owned(),
        status,
        out_trade_no: Some(number.clone()),
    }
}
