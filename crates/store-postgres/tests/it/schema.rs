//! What Postgres's own catalogue says about the schema.

use crate::support;
use domain::fact::Trade;
use domain::order::{Command, PlacedMethod, Placement};
use domain::payment::TradeType;
use domain::ports::CommitAnswer;
use store_postgres::Isolation;
use testkit::sample;
use tokio_postgres::Client;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_indexes_that_the_queries_need_are_there() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let indexes = guard
        .database
        .query_text("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'")
        .await
        .join("\n");
    for needed in [
        "ON public.orders USING btree (payment_status, created_at)",
        "ON public.orders USING btree (status, created_at)",
        "ON public.orders USING btree (buyer_id, status)",
        "ON public.orders USING btree (created_at DESC, id DESC)",
        "ON public.orders USING btree (buyer_id, created_at DESC, id DESC)",
        "UNIQUE INDEX orders_number ON public.orders",
        "UNIQUE INDEX payments_out_trade_no ON public.payments USING btree (mchid, out_trade_no)",
        "UNIQUE INDEX payments_transaction_id ON public.payments USING btree (mchid, transaction_id)",
        "ON public.jobs USING btree (due_at) WHERE (parked_at IS NULL)",
        "ON public.jobs USING btree (due_at) WHERE ((wanted_at < 'infinity'::timestamp with time zone) AND (parked_at IS NULL))",
        "ON public.orders USING btree (merchant_ref) WHERE (merchant_ref IS NOT NULL)",
        "ON public.orders USING btree (order_number) WHERE (status = 'delivered'::text)",
        "ON public.payments USING btree (transaction_id) WHERE (transaction_id IS NOT NULL)",
        "ON public.cases USING btree (opened_at DESC, id DESC)",
        "ON public.refunds USING btree (out_refund_no)",
        "ON public.refunds USING btree (refund_id) WHERE (refund_id IS NOT NULL)",
        "INDEX refunds_live ON public.refunds USING btree (created_at) WHERE",
    ] {
        assert!(indexes.contains(needed), "missing: {needed}\n{indexes}");
    }
}

/// A plan for each call costs as much as the rows; a later `CREATE OR REPLACE` without the setting drops it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_payment_goes_through_is_planned_once_a_connection() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let planned = "SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
                   AND 'plan_cache_mode=force_generic_plan' = ANY (proconfig) ORDER BY 1";
    let planned = guard.database.query_text(planned).await;
    assert_eq!(planned, ["paydesk_commit", "paydesk_place_together"]);
}

/// Each row: what a bug of ours might try, and the constraint that stops it.
const OF_MONEY: &[(&str, &str)] = &[
    ("UPDATE skus SET available = -1, stocked = stocked - available - 1", "skus_available"),
    ("UPDATE skus SET available = available + 1", "skus_balance"),
    ("UPDATE orders SET version = version", "order version must rise by one"),
    ("UPDATE orders SET version = version + 1, status = 'sold'", "orders_status_check"),
    ("UPDATE orders SET version = version + 1, total_fen = total_fen + 1", "orders_sum"),
    ("UPDATE orders SET version = version + 1, payment_status = 'unpaid'", "stays paid"),
    ("UPDATE orders SET version = version + 1, paid_at = NULL", "orders_paid_at"),
    (
        "UPDATE orders SET version = version + 1, status = 'pending_payment'",
        "never waits for money again",
    ),
    ("UPDATE payments SET status = 'closed' WHERE status = 'paid'", "is final"),
    (
        "UPDATE payments SET transaction_id = 'X' WHERE status = 'paid'",
        "a recorded transaction stays",
    ),
    ("UPDATE payments SET success_at = NULL WHERE status = 'paid'", "payments_receipt"),
    ("UPDATE payments SET paid_fen = 1 WHERE status = 'paid'", "payments_settled_as_asked"),
    ("UPDATE payments SET receipt_appid = 'wx' WHERE status = 'paid'", "payments_settled_as_asked"),
    ("UPDATE payments SET refund_reserved_fen = paid_fen + 1", "payments_refund_reserved"),
    ("INSERT INTO settlements SELECT * FROM settlements", "settlements_pkey"),
    ("UPDATE settlements SET amount_fen = 1", "insert only"),
    (
        "INSERT INTO refunds SELECT mchid, no, order_id, nr, payment_no, 1, 'r', 'surplus', \
             'requested', created_at FROM payments, (VALUES ('A-S', 1), ('B-S', 2)) two (no, nr) \
             WHERE status = 'created'",
        "refunds_one_live_surplus",
    ),
    (
        "INSERT INTO settlements SELECT order_id, 'wechat', 1, amount_fen, now() FROM payments \
             WHERE status = 'created'",
        "a settled order is paid",
    ),
    (
        "UPDATE orders SET version = version + 1, status = 'ready', payment_status = 'paid', \
             paid_at = now() WHERE status = 'pending_payment'",
        "a paid order is settled",
    ),
    (
        "UPDATE orders SET version = version + 1, status = 'cancelled', cancelled_at = now(), \
             payment_status = 'refunded', paid_at = now() WHERE status = 'pending_payment'",
        "does not follow unpaid",
    ),
    ("UPDATE payments SET status = 'created' WHERE status = 'closed'", "does not follow closed"),
    ("UPDATE payments SET client_ip = '203.0.113.77'", "payments_client_ip"),
    ("UPDATE payments SET surplus_cause = 'late'", "payments_surplus"),
    ("UPDATE payments SET currency = NULL WHERE status = 'surplus'", "payments_receipt_whole"),
    (
        "UPDATE payments SET transaction_id = 'T-9', receipt_appid = appid, paid_fen = 1, \
             currency = 'CNY', success_at = now() WHERE status = 'created'",
        "payments_money",
    ),
    ("UPDATE payments SET amount_fen = 1 WHERE status = 'created'", "what was asked for stays"),
    ("UPDATE payments SET paid_fen = 600 WHERE status = 'surplus'", "what was received stays"),
    ("DELETE FROM payments", "rows of payments stay"),
    ("DELETE FROM orders", "rows of orders stay"),
    ("DELETE FROM effects", "rows of effects stay"),
    ("DELETE FROM audit", "insert only"),
    ("UPDATE stock_moves SET quantity = 9", "insert only"),
    (
        "INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at) \
             SELECT sku_id, 'release', quantity, order_id, line_no, actor, moved_at \
             FROM stock_moves WHERE kind = 'commit'",
        "stock_moves_once",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_money_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let order = stores.open_order(1).await;
    let paid = sample::success(&order, "T-1");
    stores.give(&order, &paid, sample::intent("pay")).await;
    // One that waits for its money, and one that was paid another way.
    stores.open_order(2).await;
    let order = stores.open_order(3).await;
    let start = Command::StartPayment(sample::new_payment(TradeType::Native));
    let order = stores.step(&order, &start, sample::start()).await;
    let order = stores.step(&order, &sample::says(&order, Trade::Closed), sample::start()).await;
    let again = Command::StartPayment(sample::new_payment(TradeType::Jsapi));
    let order = stores.step(&order, &again, sample::start()).await;
    let second = sample::says_of(
        order.payments[1].out_trade_no(),
        Trade::Success(sample::receipt("T-32", order.amounts.total)),
    );
    let order = stores.step(&order, &second, sample::start()).await;
    let third = sample::says_of(
        order.payments[2].out_trade_no(),
        Trade::Success(sample::receipt("T-33", order.amounts.total)),
    );
    stores.step(&order, &third, sample::start()).await;
    let client = guard.database.client().await;
    all_are_stopped(&client, OF_MONEY).await;
}

/// The same for shipping, completion and the other payments of an order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_a_buyers_path_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let at = sample::start();
    stores.open_order(1).await;
    let order = stores.open_order(2).await;
    let paid = stores.step(&order, &sample::success(&order, "T-2"), at).await;
    let client = guard.database.client().await;
    all_are_stopped(&client, &[
        ("UPDATE orders SET version = version + 1, payer_report = 'ok'", "orders_payer_report"),
        (
            "UPDATE orders SET version = version + 1, payer_report = 'yes', payer_reported_at = now()",
            "orders_payer_report_check",
        ),
        (
            "UPDATE orders SET version = version + 1, status = 'ready' WHERE paid_at IS NULL",
            "orders_paid_before_sent",
        ),
        ("UPDATE orders SET version = version + 1, shipments = '[{}]'", "what is sent is shipped"),
        (
            "UPDATE orders SET version = version + 1, status = 'shipped' WHERE status = 'ready'",
            "orders_shipments",
        ),
        ("UPDATE orders SET version = version + 1, delivered_at = now()", "orders_delivered_at"),
        (
            "UPDATE orders SET version = version + 1, status = 'delivered', shipments = '[{}]' \
             WHERE status = 'ready'",
            "orders_delivered_at",
        ),
        ("UPDATE orders SET version = version + 1, completed_at = now()", "orders_completed_at"),
        (
            "UPDATE orders SET version = version + 1, status = 'completed', shipments = '[{}]', \
             delivered_at = now() WHERE status = 'ready'",
            "orders_completed_at",
        ),
        (
            "INSERT INTO payments SELECT (jsonb_populate_record(p, \
             '{\"payment_no\": 2, \"out_trade_no\": \"ANOTHER-ONE\"}')).* \
             FROM payments p WHERE status = 'created'",
            "payments_one_open",
        ),
        (
            "INSERT INTO idempotency VALUES ('p', 'r', 'k', 'f', NULL, false, now(), 1)",
            "idempotency_payment",
        ),
    ]).await;
    let sent = Command::Ship(sample::shipment("SF-1", true));
    let shipped = stores.step(&paid, &sent, at).await;
    all_are_stopped(&client, &[
        (
            "UPDATE orders SET version = version + 1, status = 'ready', shipments = '[]' \
             WHERE status = 'shipped'",
            "are not called back",
        ),
        (
            "UPDATE orders SET version = version + 1, shipments = '[{}]' WHERE status = 'shipped'",
            "a recorded shipment stays",
        ),
    ]).await;
    stores.step(&shipped, &Command::Deliver, at).await;
    all_are_stopped(
        &client,
        &[(
            "UPDATE orders SET version = version + 1, status = 'shipped', delivered_at = NULL \
         WHERE status = 'delivered'",
            "are not called back",
        )],
    )
    .await;
}

/// The same for what is paid at the door.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_cash_on_delivery_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let at = sample::start();
    let mut orders = Vec::new();
    for n in 1..=2 {
        let (buyer, sku) = (stores.buyer(n).await, stores.sku(&format!("s-{n}"), 500, 9).await);
        let method = PlacedMethod::CashOnDelivery;
        let placement =
            Placement { method, payment: None, ..sample::placement(n, buyer, &[(&sku, 1)]) };
        assert_eq!(stores.place(&placement, &format!("p-{n}")).await, CommitAnswer::Committed);
        let order = stores.load(&placement).await;
        let order = stores.step(&order, &Command::Ship(sample::shipment("SF-1", true)), at).await;
        let online = Command::StartPayment(sample::new_payment(TradeType::Native));
        orders.push(stores.step(&order, &online, at).await);
    }
    let order = stores.step(&orders[0], &Command::Deliver, at).await;
    let client = guard.database.client().await;
    let collected = "UPDATE orders SET version = version + 1, payment_status = 'paid', paid_at = now(), \
        converting = false WHERE status = 'delivered'; INSERT INTO settlements (order_id, kind, \
        amount_fen, settled_at, courier) SELECT id, 'cod'";
    all_are_stopped(
        &client,
        &[
            (&format!("{collected}, total_fen, now(), 'x' FROM orders WHERE status = 'delivered'"), "not over"),
            (&format!("{collected}, 1, now(), 'x' FROM orders WHERE status = 'delivered'"), "what the order costs"),
            (
                &format!("{collected}, total_fen, now(), NULL FROM orders WHERE status = 'delivered'"),
                "settlements_courier",
            ),
            ("UPDATE orders SET version = version + 1, converting = false", "is not over"),
            ("UPDATE orders SET version = version + 1, payment_method = 'wechat', converting = false", "stays"),
            (
                "UPDATE orders SET version = version + 1, status = 'cancelled', cancelled_at = now(), \
                 cancel_cause = 'buyer', converting = false WHERE status = 'shipped'",
                "are not called back",
            ),
            (
                "UPDATE orders SET version = version + 1, status = 'cancelled', cancelled_at = now(), \
                 cancel_cause = 'refused', delivered_at = NULL WHERE status = 'delivered'",
                "are not called back",
            ),
            ("UPDATE orders SET version = version + 1, cancel_cause = 'lost'", "orders_cancel_cause_check"),
            ("UPDATE payments SET status = 'closing', closing_cause = 'why'", "payments_closing_cause_check"),
        ],
    )
    .await;
    stores.step(&order, &sample::success(&order, "T-1"), at).await;
    all_are_stopped(
        &client,
        &[(
            "UPDATE orders SET version = version + 1, converting = true WHERE paid_at IS NOT NULL",
            "orders_converting",
        )],
    )
    .await;
}

/// The same of the ledger.
const OF_LEDGER: &[(&str, &str)] = &[
    ("UPDATE entries SET amount = 1", "insert only"),
    ("DELETE FROM transfers", "insert only"),
    (
        "INSERT INTO transfers VALUES ('made up', 'bonus', NULL, 'a', 'b', now())",
        "a transfer sums to zero",
    ),
    (
        "INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at) \
             SELECT min(name), 9, 'sales', 'fen', 1, now() FROM transfers",
        "a transfer sums to zero",
    ),
    (
        "INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at) \
             SELECT min(t.name), 8 + n, 'sales', 'fen', CASE n WHEN 1 THEN 7 ELSE -7 END, now() \
             FROM transfers t, generate_series(1, 2) n GROUP BY n",
        "a transfer has the entries that it was made of",
    ),
    (
        "INSERT INTO entries (transfer, entry_no, account, unit, buyer_id, amount, seq, balance_after, \
             moved_at) SELECT transfer, 9, account, unit, buyer_id, 1, seq + 1, 1, now() FROM entries \
             WHERE account = 'wallet'",
        "a balance goes on where the one before ended",
    ),
    ("UPDATE accounts SET balance = -1", "accounts_balance"),
    ("UPDATE accounts SET balance = balance + 1", "an account holds what its entries say"),
    ("DELETE FROM accounts", "rows of accounts stay"),
    ("UPDATE payments SET trade_type = 'WALLET' WHERE status = 'created'", "payments_wallet"),
    (
        "UPDATE orders SET version = version + 1, purpose = 'recharge' WHERE purpose = 'goods'",
        "orders_recharge",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_the_ledger_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    testkit::conformance::ledger::rich(&stores, 9, 500, 0).await;
    stores.open_order(1).await;
    let client = guard.database.client().await;
    all_are_stopped(&client, OF_LEDGER).await;
}

/// A unique index is checked row by row: the payment in whose place another comes must make room
/// first, in whatever order the two are handed in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_are_written_in_the_order_of_their_numbers() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    stores.open_order(1).await;
    let client = guard.database.client().await;
    let newest_first = "SELECT paydesk_write_payments(jsonb_build_array( \
        to_jsonb(p) || '{\"payment_no\": 2, \"out_trade_no\": \"ANOTHER-ONE\"}', \
        to_jsonb(p) || '{\"status\": \"closing\", \"closing_cause\": \"superseded\"}')) \
        FROM payments p";
    client.batch_execute(newest_first).await.unwrap();
    let stored = guard
        .database
        .query_text("SELECT payment_no || ' ' || status FROM payments ORDER BY payment_no")
        .await;
    assert_eq!(stored, ["1 closing", "2 created"]);
}

pub async fn all_are_stopped(client: &Client, attempts: &[(&str, &str)]) {
    for (attempt, stopped_by) in attempts {
        let error = client.batch_execute(attempt).await.expect_err(attempt);
        let said = error.as_db_error().map(ToString::to_string).unwrap_or_default();
        let constraint = error.as_db_error().and_then(|e| e.constraint()).unwrap_or_default();
        assert!(
            said.contains(stopped_by) || constraint == *stopped_by,
            "{attempt}: {said} ({constraint})"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrating_again_or_together_changes_nothing() {
    let guard = support::guard(Isolation::ReadCommitted).await;
    let url = guard.database.url();
    let both = tokio::join!(store_postgres::migrate(&url), store_postgres::migrate(&url));
    assert_eq!(both, (Ok(()), Ok(())));
}
