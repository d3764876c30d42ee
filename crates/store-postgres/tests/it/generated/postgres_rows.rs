//! The rows of Postgres, one line each, as `memory_rows.rs` shows those of the memory store.

use tokio_postgres::Client;

/// All tables, whatever they are called.
pub const RESET: &str = "DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(tablename, ', ') \
    FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_\\_%'); END $$";

const ALL: &str = "\
    SELECT 'effect ' || effect_key FROM effects \
    UNION ALL SELECT concat_ws(' ', 'inbox', source, event_id, event_type, fact_hash, status, \
        coalesce(out_trade_no, '-')) FROM inbox \
    UNION ALL SELECT concat_ws(' ', 'outbox', o.order_number, x.version, x.seq - x.version * 1024, x.type, \
        coalesce(x.subject, '-')) FROM outbox x JOIN orders o ON o.id = x.order_id \
    UNION ALL SELECT concat_ws(' ', 'audit', coalesce(o.order_number, '-'), coalesce(a.seq, 0), a.actor, \
        a.cause, coalesce(a.request_id, '-')) FROM audit a LEFT JOIN orders o ON o.id = a.order_id \
    UNION ALL SELECT concat_ws(' ', 'case', c.kind, c.subject, c.status, CASE WHEN c.kind = 'stuck' THEN '-' \
        ELSE (extract(epoch FROM c.opened_at) * 1000000)::bigint::text END, \
        coalesce(o.order_number, '-'), c.detail) FROM cases c LEFT JOIN orders o ON o.id = c.order_id \
    UNION ALL SELECT concat_ws(' ', 'job', kind || ':' || subject, 'due', \
        (extract(epoch FROM due_at) * 1000000)::bigint, attempts, \
        CASE WHEN lease_until IS NULL THEN 'false' ELSE 'true' END, \
        coalesce((extract(epoch FROM hastened_at) * 1000000)::bigint::text, '-'), \
        CASE WHEN wanted_at IS NULL THEN 'no' WHEN wanted_at = 'infinity' THEN 'in turn' \
             ELSE 'first' END, coalesce(parked_why, '-')) FROM jobs \
    UNION ALL SELECT concat_ws(' ', 'move', o.order_number, m.line_no, m.kind, m.sku_id, m.quantity) \
        FROM stock_moves m JOIN orders o ON o.id = m.order_id \
    UNION ALL SELECT concat_ws(' ', 'sku', id, price_fen, price_version, stocked, available, held, sold) \
        FROM skus \
    UNION ALL SELECT concat_ws(' ', 'item', i.buyer_id, i.id, i.sku_id, i.quantity, CASE \
        WHEN i.captured_by IS NULL THEN '-' ELSE coalesce(o.order_number, '?') END) \
        FROM purchase_list_items i LEFT JOIN orders o ON o.id = i.captured_by \
    UNION ALL SELECT concat_ws(' ', 'key', principal, key, coalesce(order_id::text, '-'), \
        coalesce(payment_no::text, '-'), CASE WHEN reused THEN 'true' ELSE 'false' END, fingerprint) \
        FROM idempotency \
    UNION ALL SELECT concat_ws(' ', 'transfer', t.name, t.kind, coalesce(o.order_number, '-')) \
        FROM transfers t LEFT JOIN orders o ON o.id = t.order_id \
    UNION ALL SELECT concat_ws(' ', 'posted', transfer, account, unit, coalesce(buyer_id::text, '-'), amount) \
        FROM entries \
    UNION ALL SELECT concat_ws(' ', 'account', buyer_id, account, unit, balance, entries) FROM accounts \
    UNION ALL SELECT concat_ws(' ', 'entry', buyer_id, account, unit, seq, amount, balance_after) \
        FROM entries WHERE buyer_id IS NOT NULL \
    UNION ALL SELECT concat_ws(' ', 'grant', g.buyer_id, g.coupon_id, g.grant_no, g.status, \
        coalesce(o.order_number, '-')) FROM coupon_grants g LEFT JOIN orders o ON o.id = g.order_id";

pub async fn all(client: &Client) -> Vec<String> {
    let rows = client.query(ALL, &[]).await.expect("rows");
    rows.iter().map(|row| row.get(0)).collect()
}
