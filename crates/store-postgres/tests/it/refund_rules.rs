//! Every rule of money that goes back stands in the schema too.

use crate::schema::all_are_stopped;
use crate::support;
use domain::OutRefundNo;
use domain::fact::RefundProgress;
use domain::order::{Command, RefundAnswer};
use domain::refund::Asker;
use store_postgres::Isolation;
use testkit::conformance::{Stores, deciding};
use testkit::sample;

/// Each row: what a bug of ours might try, and the constraint that stops it.
const OF_REFUNDS: &[(&str, &str)] = &[
    ("UPDATE payments SET refund_reserved_fen = -1", "payments_refund_reserved"),
    ("UPDATE payments SET refund_reserved_fen = 501", "payments_refund_reserved"),
    ("UPDATE payments SET refund_reserved_fen = 99", "what is reserved is what its refunds say"),
    (
        "UPDATE refunds SET status = 'requested' WHERE status = 'awaiting_approval'; \
             UPDATE refunds SET status = 'declined' WHERE status = 'awaiting_approval'; \
             UPDATE payments SET refund_reserved_fen = 0",
        "what is reserved is what its refunds say",
    ),
    ("UPDATE refunds SET status = 'owed'", "does not follow"),
    ("UPDATE refunds SET status = 'processing' WHERE status = 'succeeded'", "succeeded is final"),
    ("UPDATE refunds SET status = 'processing' WHERE status = 'closed'", "closed is final"),
    (
        "UPDATE refunds SET status = 'abnormal' WHERE status = 'settled_offline'",
        "settled_offline is final",
    ),
    ("UPDATE refunds SET status = 'requested' WHERE status = 'declined'", "does not follow"),
    ("UPDATE refunds SET status = 'requested' WHERE status = 'processing'", "does not follow"),
    ("UPDATE refunds SET status = 'rejected' WHERE status = 'processing'", "does not follow"),
    ("UPDATE refunds SET status = 'withdrawn' WHERE status = 'sending'", "does not follow"),
    (
        "UPDATE refunds SET status = 'settled_offline' WHERE status = 'processing'",
        "does not follow",
    ),
    ("UPDATE refunds SET amount_fen = 1", "how much a refund is stays"),
    ("UPDATE refunds SET lines = '[1]'", "how much a refund is stays"),
    (
        "UPDATE refunds SET amount_fen = 1, status = 'succeeded', succeeded_at = now() \
             WHERE status = 'processing'",
        "how much a refund is stays",
    ),
    (
        "UPDATE refunds SET amount_fen = 1, refund_id = '5', status = 'processing' WHERE status = 'requested'",
        "how much a refund is stays",
    ),
    (
        "UPDATE refunds SET amount_fen = 1, refund_id = '5', status = 'processing', asked_fen = 7, \
             asked_lines = lines WHERE status = 'requested'",
        "how much a refund is stays",
    ),
    (
        "UPDATE refunds SET amount_fen = 1, refund_id = '5', status = 'processing', \
             asked_fen = amount_fen, asked_lines = lines WHERE status = 'requested'",
        "what is reserved is what its refunds say",
    ),
    (
        "UPDATE refunds SET refund_id = '5', status = 'processing', asked_fen = amount_fen \
             WHERE status = 'requested'",
        "how much a refund is stays",
    ),
    ("UPDATE refunds SET out_refund_no = 'another'", "what a refund is about stays"),
    ("UPDATE refunds SET owed_fen = 5", "what a refund is about stays"),
    ("UPDATE refunds SET kind = 'surplus'", "what a refund is about stays"),
    (
        "UPDATE refunds SET refund_id = 'X' WHERE status = 'processing'",
        "a recorded refund_id stays",
    ),
    ("UPDATE refunds SET status = 'requested' WHERE kind = 'external'", "does not follow"),
    ("UPDATE refunds SET sent_at = now() WHERE kind = 'external'", "refunds_external"),
    ("UPDATE refunds SET refund_id = '5' WHERE status = 'requested'", "refunds_refund_id"),
    ("UPDATE refunds SET refund_id = NULL WHERE status = 'processing'", "refunds_refund_id"),
    ("UPDATE refunds SET succeeded_at = NULL WHERE status = 'succeeded'", "refunds_succeeded_at"),
    ("UPDATE refunds SET succeeded_at = now() WHERE status = 'abnormal'", "refunds_succeeded_at"),
    ("UPDATE refunds SET note = NULL WHERE status = 'settled_offline'", "refunds_settled_offline"),
    ("UPDATE refunds SET settled_at = now() WHERE status = 'abnormal'", "refunds_settled_offline"),
    ("UPDATE refunds SET refused_code = NULL WHERE status = 'rejected'", "refunds_refused_code"),
    ("UPDATE refunds SET refused_code = 'X' WHERE status = 'sending'", "refunds_refused_code"),
    ("UPDATE refunds SET sent_at = NULL WHERE status = 'sending'", "refunds_sent_at"),
    ("UPDATE refunds SET sent_at = now() WHERE status = 'declined'", "refunds_sent_at"),
    ("UPDATE refunds SET applied_at = now() WHERE status = 'abnormal'", "refunds_applied"),
    (
        "UPDATE refunds SET applied_at = now(), applied_to = 'USER_BANK_CARD' WHERE status = 'rejected'",
        "refunds_applied",
    ),
    (
        "UPDATE refunds SET applied_at = now(), applied_to = '6225' WHERE status = 'abnormal'",
        "refunds_applied_to",
    ),
    (
        "UPDATE refunds SET refused_applied_at = now() WHERE status = 'rejected'",
        "refunds_applied_again",
    ),
    (
        "UPDATE refunds SET applied_before = 'EITHER' WHERE status = 'rejected'",
        "refunds_applied_again",
    ),
    (
        "UPDATE refunds SET applied_at = now(), applied_to = 'USER_BANK_CARD', \
             applied_before = '6225' WHERE status = 'abnormal'",
        "refunds_applied_before",
    ),
    ("UPDATE refunds SET asked_by = 'nobody'", "refunds_asked_by_check"),
    ("DELETE FROM refunds", "rows of refunds stay"),
    (
        "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object('out_refund_no', \
             out_refund_no || '-3', 'refund_no', 9))).* FROM refunds r WHERE replaces IS NOT NULL",
        "refunds_one_replacement",
    ),
    (
        "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object('out_refund_no', \
             out_refund_no || '-X', 'refund_no', 9, 'replaces', 'nobodys'))).* \
             FROM refunds r WHERE status = 'requested' AND replaces IS NULL",
        "refunds_replaces",
    ),
    ("UPDATE stock_holds SET returned_quantity = 2", "stock_holds"),
    ("UPDATE stock_holds SET status = 'released' WHERE status = 'committed'", "a hold ends once"),
    ("UPDATE stock_holds SET quantity = 7", "what is held stays"),
    (
        "UPDATE orders SET version = version + 1, payment_status = 'paid' \
             WHERE payment_status = 'partially_refunded'",
        "does not follow partially_refunded",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_refunds_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let client = guard.database.client().await;
    // Each asked for alone, so that a row of every state is there.
    for (n, to) in (1..).zip([
        "awaiting_approval",
        "declined",
        "requested",
        "sending",
        "unknown",
        "processing",
        "abnormal",
        "closed",
        "succeeded",
        "rejected",
        "settled_offline",
        "external",
    ]) {
        refund_in(&stores, n, to).await;
    }
    all_are_stopped(&client, OF_REFUNDS).await;
}

/// A paid order whose first refund got to this state.
async fn refund_in(stores: &Stores, n: u64, state: &str) {
    let at = |seconds| sample::start().plus_seconds(seconds);
    let mut order = testkit::conformance::refunds::paid_order(stores, n).await;
    let mut clock = 100;
    if state == "external" {
        let ask = sample::refund_ask(Some(100), Asker::Service);
        let known = deciding(&order, &ask, sample::intent("only decided"));
        let (known, number) =
            (known.order.unwrap().order, OutRefundNo::parse("CONSOLE-1").unwrap());
        let mut there = known;
        there.refunds[0].out_refund_no = number.clone();
        let fact = sample::refund_fact(&there, &number, RefundProgress::Processing);
        stores.step(&order, &Command::RecordRefund(fact), at(clock)).await;
        return;
    }
    let asker = if matches!(state, "awaiting_approval" | "declined") {
        order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at(50)).await;
        Asker::Buyer
    } else {
        Asker::Service
    };
    order = stores.step(&order, &sample::refund_ask(Some(100), asker), at(clock)).await;
    let number = order.refunds[0].out_refund_no.clone();
    let out_refund_no = || number.clone();
    let send = Command::SendRefund { out_refund_no: out_refund_no() };
    let called = |answer| Command::RecordRefundCall { out_refund_no: out_refund_no(), answer };
    let says = |progress| Command::RecordRefund(sample::refund_fact(&order, &number, progress));
    let refused = called(RefundAnswer::Refused { code: "NO_AUTH".to_owned() });
    let commands = match state {
        "awaiting_approval" | "requested" => vec![],
        "declined" => vec![Command::DeclineRefund { out_refund_no: out_refund_no() }],
        "sending" => vec![send],
        "unknown" => vec![send, called(RefundAnswer::Unknown)],
        "processing" => vec![send, says(RefundProgress::Processing)],
        "abnormal" => vec![send, says(RefundProgress::Abnormal)],
        "closed" => vec![send, says(RefundProgress::Closed)],
        "succeeded" => vec![send, says(RefundProgress::Succeeded { at: at(300) })],
        "rejected" => vec![send, refused, sample::no_refund(&number)],
        "settled_offline" => vec![
            send,
            says(RefundProgress::Abnormal),
            Command::SettleRefundOffline {
                out_refund_no: out_refund_no(),
                note: "by hand".to_owned(),
            },
        ],
        other => panic!("no way to {other}"),
    };
    for command in commands {
        clock += 100;
        order = stores.step(&order, &command, at(clock)).await;
    }
    assert!(
        format!("{:?}", order.refunds[0].state.status()).to_lowercase() == state.replace('_', ""),
        "{state}"
    );
}
