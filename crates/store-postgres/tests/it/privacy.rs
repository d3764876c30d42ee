//! Personal data stays where it is needed.

use crate::support;
use domain::card::CardOwner;
use domain::cash::{CashReceipt, Courier};
use domain::fact::RefundProgress;
use domain::order::{
    Command, CompletedBy, Order, PayerResult, PlacedMethod, Placement, RefundAsk, RefundOf,
};
use domain::payment::TradeType;
use domain::ports::CommitAnswer;
use domain::refund::Asker;
use domain::{Fen, OutRefundNo};
use store_postgres::Isolation;
use testkit::conformance::Stores;
use testkit::sample;

/// Which tables hold `text` somewhere.
fn tables_with<'a>(dump: &'a str, text: &str) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    let mut table = "";
    for line in dump.lines() {
        if !line.starts_with('{') && !line.is_empty() {
            table = line;
        } else if line.contains(text) && found.last() != Some(&table) {
            found.push(table);
        }
    }
    found
}

/// How money was paid back another way may name somebody, and their account.
const NOTE: &str = "李四 6222 0000 1111";

async fn paid_back_by_hand(stores: &Stores, order: &Order) {
    let number = OutRefundNo::parse("REFUND-1").unwrap();
    let ask = Command::Refund(RefundAsk {
        what: RefundOf::Amount(Fen::new(100)),
        reason: "r".to_owned(),
        by: Asker::Service,
        out_refund_no: Some(number.clone()),
    });
    let order = stores.step(order, &ask, sample::start()).await;
    let send = Command::SendRefund { out_refund_no: number.clone() };
    let order = stores.step(&order, &send, sample::start()).await;
    let said = sample::refund_fact(&order, &number, RefundProgress::Abnormal);
    let order = stores.step(&order, &Command::RecordRefund(said), sample::start()).await;
    let apply = Command::ApplyAbnormal {
        out_refund_no: number.clone(),
        to: CardOwner::User,
        as_approver: true,
    };
    let order = stores.step(&order, &apply, sample::start()).await;
    let refused = Command::RecordApplicationRefused {
        applied_at: sample::start(),
        code: "PARAM_ERROR".to_owned(),
        said: sample::refund_fact(&order, &number, RefundProgress::Abnormal),
    };
    let order = stores.step(&order, &refused, sample::start()).await;
    let note = NOTE.to_owned();
    let by_hand = Command::SettleRefundOffline { out_refund_no: number, note };
    stores.step(&order, &by_hand, sample::start()).await;
}

/// Who takes cash has a name.
const COURIER: &str = "王五六七";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_cash_is_named_in_its_settlement_alone() {
    let (stores, _guard) = support::make(Isolation::ReadCommitted).await;
    let (buyer, sku) = (stores.buyer(9).await, stores.sku("sku-9", 500, 9).await);
    let method = PlacedMethod::CashOnDelivery;
    let placement =
        Placement { method, payment: None, ..sample::placement(9, buyer, &[(&sku, 1)]) };
    assert_eq!(stores.place(&placement, "place-9").await, CommitAnswer::Committed);
    let mut order = stores.load(&placement).await;
    let courier = Courier::parse(COURIER).unwrap();
    for command in [
        Command::Ship(sample::shipment("SF-9", true)),
        Command::Deliver,
        Command::CollectCash(CashReceipt { amount: order.amounts.total, courier }),
    ] {
        order = stores.step(&order, &command, sample::start()).await;
    }
    assert_eq!(tables_with(&stores.dump().await, COURIER), ["settlements"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_of_an_order_names_nobody() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let order = stores.open_order(1).await;
    let at = sample::start();
    let mut order = stores.step(&order, &Command::NoteReport(PayerResult::Ok), at).await;
    for command in [
        Command::StartPayment(sample::new_payment(TradeType::H5)),
        sample::success(&order, "T-1"),
        Command::Ship(sample::shipment("SF-123456", true)),
        Command::Deliver,
        Command::Complete(CompletedBy::Operator),
    ] {
        order = stores.step(&order, &command, at).await;
    }
    paid_back_by_hand(&stores, &order).await;
    let dump = stores.dump().await;
    let address = sample::address();
    for personal in [sample::CONTACT, "SF-123456", &address.name, &address.phone, &address.detail] {
        assert_eq!(tables_with(&dump, personal), ["orders"], "{personal}");
    }
    assert_eq!(tables_with(&dump, NOTE), ["refunds"]);
    assert_eq!(tables_with(&dump, sample::CLIENT_IP), ["payments"]);
    // And yet the trail says what happened.
    let told = guard
        .database
        .query_text(
            "SELECT string_agg(e::text, E'\\n' ORDER BY a.seq, n) FROM audit a, \
             jsonb_array_elements(a.events) WITH ORDINALITY AS one (e, n) WHERE a.seq > 1",
        )
        .await
        .remove(0);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(
        told,
        [
            r#"{"event": "payer_reported", "result": "ok"}"#,
            r#"{"why": "superseded", "event": "payment_closing", "payment_no": 1}"#,
            r#"{"event": "payment_started", "amount_fen": 500, "payment_no": 2, "trade_type": "H5"}"#,
            r#"{"event": "payment_paid", "currency": "CNY", "amount_fen": 500, "payment_no": 1, "success_at": "2026-11-21T02:00:03Z", "transaction_id": "T-1"}"#,
            r#"{"by": "wechat", "event": "settled", "amount_fen": 500, "stock_refused": false}"#,
            r#"{"why": "superseded", "event": "payment_closing", "payment_no": 2}"#,
            r#"{"event": "shipped", "packages": 1, "logistics_type": 1, "is_all_delivered": true}"#,
            r#"{"event": "delivered"}"#,
            r#"{"by": "operator", "event": "completed"}"#,
            r#"{"kind": "requested", "event": "refund_requested", "status": "requested", "asked_by": "service", "amount_fen": 100, "payment_no": 1, "out_refund_no": "REFUND-1"}"#,
            r#"{"event": "refund_sending", "out_refund_no": "REFUND-1"}"#,
            r#"{"event": "refund_abnormal", "refund_id": "5REFUND-1", "out_refund_no": "REFUND-1"}"#,
            r#"{"to": "USER_BANK_CARD", "event": "refund_applied", "out_refund_no": "REFUND-1"}"#,
            r#"{"event": "refund_processing", "refund_id": "5REFUND-1", "out_refund_no": "REFUND-1"}"#,
            r#"{"code": "PARAM_ERROR", "event": "refund_application_refused", "out_refund_no": "REFUND-1"}"#,
            r#"{"event": "refund_abnormal", "refund_id": "5REFUND-1", "out_refund_no": "REFUND-1"}"#,
            r#"{"event": "refund_settled_offline", "out_refund_no": "REFUND-1"}"#,
        ]
    );
}
