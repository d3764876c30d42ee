//! What Postgres's own catalogue says about the schema.

use crate::support;
use store_postgres::Isolation;

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
    ] {
        assert!(indexes.contains(needed), "missing: {needed}\n{indexes}");
    }
}

/// Each row: what a bug of ours might try, and the constraint that stops it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rule_of_money_stands_in_the_schema_too() {
    let (stores, guard) = support::make(Isolation::ReadCommitted).await;
    let order = stores.open_order(1).await;
    let paid = testkit::sample::success(&order, "T-1");
    stores.give(&order, &paid, testkit::sample::intent("pay")).await;
    let client = guard.database.client().await;
    for (attempt, stopped_by) in [
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
        ("UPDATE payments SET status = 'closed'", "is final"),
        ("UPDATE payments SET transaction_id = 'T-2'", "a recorded transaction stays"),
        ("UPDATE payments SET success_at = NULL", "payments_receipt"),
        ("UPDATE payments SET paid_fen = paid_fen - 1", "payments_settled_as_asked"),
        ("UPDATE payments SET receipt_appid = 'wx-other'", "payments_settled_as_asked"),
        ("UPDATE payments SET refund_reserved_fen = paid_fen + 1", "payments_refund_reserved"),
        ("INSERT INTO settlements SELECT * FROM settlements", "settlements_pkey"),
        ("UPDATE settlements SET amount_fen = 1", "insert only"),
        (
            "INSERT INTO refunds SELECT mchid, no, order_id, nr, payment_no, 1, 'r', 'surplus', \
             'requested', created_at FROM payments, (VALUES ('A-S', 1), ('B-S', 2)) two (no, nr)",
            "refunds_one_live_surplus",
        ),
        ("DELETE FROM audit", "insert only"),
        ("UPDATE stock_moves SET quantity = 9", "insert only"),
        (
            "INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at) \
             SELECT sku_id, 'release', quantity, order_id, line_no, actor, moved_at \
             FROM stock_moves WHERE kind = 'commit'",
            "stock_moves_once",
        ),
    ] {
        let error = client.batch_execute(attempt).await.expect_err(attempt);
        let said = error.as_db_error().map(ToString::to_string).unwrap_or_default();
        let constraint = error.as_db_error().and_then(|e| e.constraint()).unwrap_or_default();
        assert!(
            said.contains(stopped_by) || constraint == stopped_by,
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
