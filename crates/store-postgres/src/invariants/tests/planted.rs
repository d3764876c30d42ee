//! What contradicts each rule, as a statement that brings it about.

/// A rule, and a statement after which it must find something.
pub(super) const PLANTED: &[(&str, &str)] = &[
    ("I2a", "INSERT INTO settlements SELECT * FROM settlements WHERE kind = 'free'"),
    ("I2b", "INSERT INTO settlements SELECT * FROM settlements WHERE kind = 'wechat'"),
    ("I3a", "DELETE FROM settlements"),
    (
        "I3b",
        "INSERT INTO settlements SELECT id, 'free', NULL, total_fen, now() FROM orders \
         WHERE status = 'pending_payment'",
    ),
    ("I3c", "UPDATE settlements SET kind = 'free' WHERE kind = 'cod'"),
    ("I3c", "UPDATE settlements SET amount_fen = amount_fen - 1 WHERE kind = 'cod'"),
    ("I3c", "UPDATE settlements SET courier = NULL WHERE kind = 'cod'"),
    (
        "I3c",
        "UPDATE payments p SET status = 'paid' FROM settlements s \
         WHERE s.order_id = p.order_id AND s.kind = 'cod'",
    ),
    ("I3d", "UPDATE orders SET converting = false WHERE converting"),
    ("I3d", "UPDATE orders SET converting = true WHERE payment_method = 'wechat'"),
    (
        "I3d",
        "UPDATE payments p SET status = 'closed' FROM orders o \
         WHERE o.id = p.order_id AND o.converting",
    ),
    ("I6a", "UPDATE orders SET rush_fen = rush_fen + 1"),
    (
        "I6b",
        "UPDATE orders SET lines = jsonb_set(lines, '{0,amount_fen}', '7') WHERE purpose = 'goods'",
    ),
    ("I6b", "UPDATE orders SET lines = jsonb_set(lines, '{0,quantity}', '7') WHERE total_fen > 0"),
    ("I6b", "UPDATE orders SET discount_fen = 1, rush_fen = 1 WHERE purpose = 'goods'"),
    ("I6c", "UPDATE refunds SET amount_fen = 0"),
    ("I6c", "UPDATE payments SET amount_fen = 1000000001"),
    ("I6c", "UPDATE orders SET payment_method = 'free' WHERE total_fen > 0"),
    ("I7a", "UPDATE audit SET events = '[{\"event\": \"settled\"}]' WHERE seq = 1"),
    ("I7a", "UPDATE audit SET events = events || '[{\"event\": \"placed\"}]' WHERE seq = 2"),
    ("I7b", "UPDATE orders SET status = 'ready' WHERE status = 'cancelled'"),
    ("I7b", "UPDATE orders SET status = 'delivered' WHERE status = 'completed'"),
    ("I7b", "UPDATE audit SET events = events || events WHERE events::text LIKE '%delivered%'"),
    ("I7c", "UPDATE orders SET cancelled_at = NULL WHERE status = 'cancelled'"),
    ("I7c", "UPDATE orders SET completed_at = now()"),
    ("I7d", "UPDATE payments SET status = 'created'"),
    ("I7e", "UPDATE payments SET out_trade_no = 'X' || out_trade_no"),
    ("I7e", "INSERT INTO payments SELECT * FROM payments"),
    (
        "I9a",
        "UPDATE payments p SET status = 'unknown' FROM orders o \
         WHERE o.id = p.order_id AND o.status = 'cancelled'",
    ),
    (
        "I9a",
        "UPDATE payments p SET status = 'rejected', reject_proven = false FROM orders o \
         WHERE o.id = p.order_id AND o.status = 'cancelled'",
    ),
    ("I9b", "UPDATE payments SET refund_reserved_fen = 0 WHERE status = 'paid'"),
    ("I1", "UPDATE payments SET status = 'closed' WHERE status = 'paid'"),
    ("I1", "DELETE FROM settlements WHERE kind = 'wechat'"),
    ("I4", "UPDATE payments SET status = 'closing' WHERE status = 'paid'"),
    ("I4", "UPDATE payments SET transaction_id = NULL WHERE status = 'paid'"),
    ("I5a", "UPDATE payments SET currency = 'USD' WHERE status = 'paid'"),
    ("I5a", "UPDATE payments SET receipt_appid = 'another' WHERE status = 'paid'"),
    ("I5a", "UPDATE payments SET paid_fen = paid_fen + 1 WHERE status = 'paid'"),
    ("I5b", "UPDATE settlements SET amount_fen = amount_fen - 1"),
    ("I5b", "UPDATE payments SET paid_fen = paid_fen - 1 WHERE status = 'paid'"),
    ("I5c", "UPDATE payments SET transaction_id = 'T' WHERE transaction_id IS NOT NULL"),
    ("I8", "UPDATE payments SET status = 'closed' WHERE status = 'paid'"),
    ("I8", "UPDATE payments SET status = 'closed' WHERE status = 'surplus'"),
    ("I8", "UPDATE payments SET transaction_id = 'another' WHERE status = 'paid'"),
    ("I12a", "UPDATE refunds SET kind = 'surplus' WHERE kind = 'requested'"),
    ("I12b", "UPDATE orders SET status = 'ready' WHERE status = 'cancelled'"),
    ("I12b", "UPDATE payments SET surplus_cause = 'late' WHERE surplus_cause = 'second'"),
    ("I12b", "UPDATE payments SET surplus_cause = 'mismatch' WHERE surplus_cause = 'second'"),
    ("I12b", "UPDATE payments SET surplus_cause = NULL WHERE status = 'surplus'"),
    ("I13a", "DELETE FROM refunds WHERE kind = 'surplus'"),
    ("I13a", "UPDATE refunds SET amount_fen = amount_fen - 1 WHERE kind = 'surplus'"),
    (
        "I13b",
        "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object('out_refund_no', \
         out_refund_no || '-again'))).* FROM refunds r WHERE kind = 'surplus'",
    ),
    ("I13c", "UPDATE refunds SET status = 'closed' WHERE kind = 'surplus'"),
    ("I13c", "UPDATE refunds SET status = 'rejected' WHERE kind = 'surplus'"),
    ("I13c", "UPDATE refunds SET status = 'withdrawn' WHERE kind = 'surplus'"),
    ("I13d", "DELETE FROM cases WHERE kind = 'surplus'"),
    ("I13d", "DELETE FROM cases WHERE kind = 'amount_mismatch'"),
    ("I13d", "DELETE FROM cases WHERE kind = 'refund_mismatch'"),
    ("I10a", "UPDATE refunds SET amount_fen = 501 WHERE status = 'processing'"),
    ("I10a", "UPDATE payments SET paid_fen = NULL"),
    ("I10b", "UPDATE payments SET refund_reserved_fen = refund_reserved_fen + 1"),
    ("I10b", "UPDATE refunds SET status = 'declined' WHERE status = 'sending'"),
    (
        "I10c",
        "UPDATE refunds SET lines = jsonb_set(lines, '{0,quantity}', '9') WHERE lines <> '[]'",
    ),
    (
        "I10c",
        "UPDATE refunds SET lines = jsonb_set(lines, '{0,amount_fen}', '9999') WHERE lines <> '[]'",
    ),
    ("I11a", "UPDATE refunds SET refund_id = 'R' WHERE refund_id IS NOT NULL"),
    ("I11b", "UPDATE refunds SET status = 'processing' WHERE status = 'closed'"),
    ("I11b", "UPDATE refunds SET amount_fen = 1 WHERE replaces IS NOT NULL"),
    ("I11b", "INSERT INTO refunds SELECT * FROM refunds WHERE replaces IS NOT NULL"),
    ("I11c", "UPDATE refunds SET sent_at = now() WHERE kind = 'external'"),
    ("I11c", "UPDATE refunds SET status = 'requested' WHERE kind = 'external'"),
    (
        "I14a",
        "UPDATE orders SET payment_status = 'paid' WHERE payment_status = 'partially_refunded'",
    ),
    ("I14a", "UPDATE orders SET payment_status = 'refunded' WHERE payment_status = 'paid'"),
    ("I14a", "UPDATE refunds SET status = 'abnormal' WHERE status = 'succeeded'"),
    ("I14b", "UPDATE refunds SET refund_id = NULL WHERE status = 'processing'"),
    ("I14b", "UPDATE refunds SET succeeded_at = NULL WHERE status = 'succeeded'"),
    ("I14b", "UPDATE refunds SET settled_at = NULL WHERE status = 'settled_offline'"),
    ("I14b", "UPDATE refunds SET refused_code = NULL WHERE status = 'rejected'"),
    ("I14b", "UPDATE refunds SET sent_at = NULL WHERE status = 'sending'"),
    ("I14c", "DELETE FROM cases WHERE kind = 'refund_abnormal'"),
    ("I14c", "DELETE FROM refunds WHERE replaces IS NOT NULL"),
    (
        "I15a",
        "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object('out_refund_no', n))).* \
         FROM refunds r, generate_series(1, 50) n WHERE status = 'sending'",
    ),
    (
        "I15b",
        "INSERT INTO refunds SELECT (jsonb_populate_record(r, jsonb_build_object('out_refund_no', \
         out_refund_no || '-again'))).* FROM refunds r WHERE status = 'sending'",
    ),
    ("I15c", "UPDATE refunds SET created_at = created_at + interval '365 days'"),
    ("I21a", "UPDATE skus SET available = available + 1"),
    ("I21a", "UPDATE skus SET sold = -1, available = stocked - held + 1"),
    ("I21b", "UPDATE skus SET stocked = stocked + 1, available = available + 1"),
    ("I21b", "DELETE FROM stock_moves WHERE kind = 'return'"),
    ("I21b", "UPDATE stock_moves SET quantity = 2 WHERE kind = 'commit'"),
    ("I21c", "UPDATE stock_holds SET quantity = quantity + 1 WHERE status = 'held'"),
    ("I21c", "UPDATE stock_holds SET returned_quantity = 0 WHERE returned_quantity > 0"),
    ("I22a", "UPDATE stock_holds SET status = 'released' WHERE status = 'committed'"),
    ("I22a", "DELETE FROM stock_moves WHERE kind = 'release'"),
    (
        "I22a",
        "INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at) \
        SELECT sku_id, 'release', quantity, order_id, line_no, actor, moved_at FROM stock_moves \
        WHERE kind = 'commit'",
    ),
    (
        "I22b",
        "UPDATE stock_holds h SET status = 'held' FROM orders o \
         WHERE o.id = h.order_id AND o.status = 'cancelled'",
    ),
    ("I22b", "UPDATE stock_holds SET returned_quantity = 0 WHERE returned_quantity > 0"),
    ("I22c", "UPDATE stock_holds SET status = 'held' WHERE status = 'committed'"),
    ("I22c", "UPDATE stock_holds SET returned_quantity = 1 WHERE status = 'committed'"),
    (
        "I22c",
        "UPDATE stock_holds h SET status = 'held' FROM orders o \
         WHERE o.id = h.order_id AND o.payment_method = 'cod' AND o.status = 'shipped'",
    ),
    ("I16", "UPDATE entries SET amount = amount + 1 WHERE account = 'sales'"),
    ("I16", "DELETE FROM entries WHERE account = 'wechat_clearing'"),
    ("I16", "INSERT INTO transfers VALUES ('made up', 'bonus', NULL, 'x', 'y', now())"),
    ("I17a", "UPDATE accounts SET balance = balance + 1"),
    ("I17a", "DELETE FROM entries WHERE account = 'wallet' AND seq = 1"),
    ("I17b", "UPDATE entries SET balance_after = balance_after + 1 WHERE account = 'points'"),
    ("I17b", "UPDATE entries SET seq = seq + 1 WHERE account = 'wallet' AND seq > 1"),
    ("I17c", "UPDATE entries SET balance_after = -1 WHERE account = 'wallet'"),
    ("I17c", "UPDATE entries SET balance_after = 1 WHERE account = 'buyer_receivable'"),
    ("I19", "DELETE FROM entries WHERE account = 'points' AND amount = 20"),
    (
        "I19",
        "INSERT INTO entries SELECT transfer, entry_no + 9, account, unit, buyer_id, amount, seq + 9, \
         balance_after, moved_at FROM entries WHERE transfer LIKE 'bonus:%' AND amount > 0",
    ),
    ("I19", "UPDATE orders SET payment_status = 'paid' WHERE purpose = 'recharge'"),
    ("I20a", "DELETE FROM entries WHERE account = 'wechat_clearing'"),
    ("I20a", "UPDATE entries SET amount = amount - 1 WHERE account = 'wallet' AND amount < 0"),
    ("I20b", "UPDATE entries SET transfer = 'x' || transfer WHERE transfer LIKE 'surplus:%'"),
    ("I14d", "UPDATE refunds SET status = 'processing' WHERE status = 'succeeded'"),
    ("I14d", "UPDATE refunds SET status = 'settled_offline' WHERE status = 'sending'"),
    ("I16", "UPDATE transfers SET entry_count = 3 WHERE entry_count = 2"),
    (
        "I17e",
        "WITH b AS (SELECT buyer_id, balance, entries FROM accounts WHERE account = 'wallet' LIMIT 1), \
         u AS (UPDATE accounts a SET balance = a.balance + 777, entries = a.entries + 1 FROM b \
             WHERE a.buyer_id = b.buyer_id AND a.account = 'wallet'), \
         t AS (INSERT INTO transfers VALUES ('bonus:1', 'bonus', NULL, 'x', 'y', now(), 2)) \
         INSERT INTO entries (transfer, entry_no, account, unit, buyer_id, amount, seq, balance_after, \
             moved_at) \
         SELECT 'bonus:1', 1, 'wallet', 'fen', b.buyer_id, 777, b.entries + 1, b.balance + 777, now() FROM b \
         UNION ALL SELECT 'bonus:1', 2, 'promotion', 'fen', NULL, -777, NULL, NULL, now() FROM b",
    ),
    ("I17e", "DELETE FROM settlements WHERE kind = 'wallet'"),
    ("I17e", "UPDATE transfers SET kind = 'bonus' WHERE kind = 'spend'"),
    (
        "I20c",
        "UPDATE entries SET account = 'promotion' WHERE transfer LIKE 'settled:%' AND account = 'sales'",
    ),
    (
        "I20c",
        "UPDATE entries SET account = 'promotion' WHERE transfer LIKE 'refunded:%' AND amount > 0 \
         AND buyer_id IS NULL",
    ),
    (
        "I20c",
        "UPDATE entries SET account = 'cash_in_transit' WHERE transfer LIKE 'refunded:%' AND amount < 0",
    ),
    (
        "I20c",
        "WITH t AS (INSERT INTO transfers VALUES ('settled:NOBODY', 'payment', NULL, 'x', 'y', now())) \
         INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at) \
         VALUES ('settled:NOBODY', 1, 'wechat_clearing', 'fen', -500, now()), \
                ('settled:NOBODY', 2, 'sales', 'fen', 500, now())",
    ),
    (
        "I20c",
        "WITH t AS (INSERT INTO transfers VALUES ('refunded:NOBODY', 'refund', NULL, 'x', 'y', now())) \
         INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at) \
         VALUES ('refunded:NOBODY', 1, 'wechat_clearing', 'fen', 500, now()), \
                ('refunded:NOBODY', 2, 'sales', 'fen', -500, now())",
    ),
    ("I20c", "UPDATE refunds SET amount_fen = amount_fen + 1 WHERE status = 'succeeded'"),
    (
        "I20d",
        "UPDATE payments p SET refund_reserved_fen = refund_reserved_fen + 1 FROM orders o \
         WHERE o.id = p.order_id AND o.purpose = 'recharge' AND p.status = 'paid'",
    ),
    (
        "I20d",
        "UPDATE entries SET amount = amount - 1 WHERE transfer LIKE 'reserved:%' AND buyer_id IS NOT NULL",
    ),
    ("I20d", "DELETE FROM entries WHERE transfer LIKE 'revoked:%'"),
    ("I20e", "INSERT INTO transfers VALUES ('gift:1', 'bonus', NULL, 'x', 'y', now())"),
    ("I20e", "UPDATE transfers SET order_id = NULL WHERE name LIKE 'reserved:%'"),
    ("I20e", "UPDATE transfers SET name = 'spend:x' WHERE name LIKE 'bonus:%'"),
    ("I23a", "UPDATE coupon_uses SET grant_no = 1, status = 'held'"),
    ("I23b", "UPDATE coupon_grants SET status = 'issued', order_id = NULL WHERE status = 'held'"),
    ("I23b", "UPDATE coupon_grants SET status = 'used' WHERE status = 'held'"),
    ("I23b", "UPDATE coupon_grants SET order_id = gen_random_uuid() WHERE status = 'used'"),
    ("I23b", "UPDATE coupon_uses SET grant_no = 99"),
    ("I23b", "DELETE FROM coupon_uses WHERE status = 'held'"),
    ("I23c", "UPDATE coupon_uses SET status = 'used' WHERE status = 'held'"),
    ("I23c", "UPDATE coupon_uses SET status = 'returned' WHERE status = 'used'"),
    ("I23c", "UPDATE coupon_uses SET status = 'held' WHERE status = 'released'"),
    ("I23c", "UPDATE coupon_uses SET status = 'used' WHERE status = 'returned'"),
    ("I23d", "DELETE FROM coupon_uses"),
    ("I23d", "UPDATE coupon_uses SET coupon_id = 'another'"),
    ("I23d", "UPDATE coupon_uses SET buyer_id = gen_random_uuid()"),
    (
        "I23d",
        "UPDATE orders SET discount_fen = 1, rush_fen = 1 WHERE checkout->>'coupon_id' IS NULL \
         AND items_fen > 0",
    ),
    ("I23e", "INSERT INTO coupon_grants SELECT * FROM coupon_grants WHERE status = 'issued'"),
    ("I23e", "DELETE FROM coupon_grants WHERE grant_no = 1"),
    (
        "I22d",
        "UPDATE stock_holds h SET returned_quantity = 0 FROM refunds r \
         WHERE r.order_id = h.order_id AND r.lines <> '[]'",
    ),
    ("I24a", "UPDATE purchase_list_items SET captured_by = gen_random_uuid()"),
    ("I24a", "UPDATE orders SET status = 'cancelled' WHERE status = 'pending_payment'"),
    ("I24b", "UPDATE purchase_list_items SET captured_by = NULL"),
    ("I25a", "DELETE FROM effects WHERE effect_key LIKE 'settled:%'"),
    ("I25a", "INSERT INTO effects VALUES ('settled:nobody', now())"),
    ("I25b", "DELETE FROM effects WHERE effect_key LIKE 'cancelled:%'"),
    ("I25b", "INSERT INTO effects VALUES ('cancelled:nobody', now())"),
    ("I25c", "DELETE FROM effects WHERE effect_key LIKE 'surplus:%'"),
    ("I25c", "INSERT INTO effects VALUES ('surplus:nobody', now())"),
    ("I25d", "DELETE FROM effects WHERE effect_key LIKE 'refunded:%'"),
    ("I25d", "INSERT INTO effects VALUES ('refunded:nobody', now())"),
    ("I25e", "DELETE FROM effects WHERE effect_key LIKE 'coupon_used:%'"),
    ("I25e", "DELETE FROM effects WHERE effect_key LIKE 'coupon_back:%'"),
    ("I25e", "INSERT INTO effects VALUES ('coupon_used:nobody', now())"),
    ("I25e", "INSERT INTO effects VALUES ('coupon_back:nobody', now())"),
    ("I26", "UPDATE idempotency SET order_id = gen_random_uuid() WHERE order_id IS NOT NULL"),
    ("I26", "UPDATE idempotency SET payment_no = 9 WHERE payment_no IS NOT NULL"),
    ("I28", "UPDATE inbox SET out_trade_no = 'nobody' WHERE status = 'applied'"),
    ("I28", "UPDATE payments SET status = 'unknown' WHERE status = 'paid'"),
    ("I31", "DELETE FROM cases WHERE kind = 'unknown_order'"),
    ("I32a", "UPDATE outbox SET seq = seq + 1"),
    ("I32a", "DELETE FROM outbox WHERE seq % 1024 = 0 AND type = 'payment.surplus'"),
    ("I32a", "UPDATE outbox SET version = version + 99, seq = seq + 99 * 1024"),
    ("I32b", "DELETE FROM outbox WHERE type = 'order.paid'"),
    ("I32b", "DELETE FROM outbox WHERE type = 'order.created'"),
    ("I32b", "INSERT INTO outbox SELECT * FROM outbox WHERE type = 'order.cancelled'"),
    ("I32b", "DELETE FROM outbox WHERE type = 'order.cod_collected'"),
    ("I32b", "DELETE FROM outbox WHERE type = 'order.cod_converted'"),
    ("I32c", "DELETE FROM outbox WHERE type = 'refund.succeeded'"),
    ("I32c", "INSERT INTO outbox SELECT * FROM outbox WHERE type = 'refund.requested'"),
    ("I32c", "UPDATE outbox SET subject = 'another' WHERE type = 'payment.surplus'"),
    ("I32d", "DELETE FROM outbox WHERE type = 'wallet.credited'"),
    ("I32d", "DELETE FROM outbox WHERE type = 'wallet.debited'"),
    ("I32d", "DELETE FROM outbox WHERE type = 'points.granted'"),
    ("I32d", "INSERT INTO outbox SELECT * FROM outbox WHERE type = 'wallet.debited'"),
    ("I32d", "UPDATE outbox SET type = 'wallet.debited' WHERE type = 'wallet.credited'"),
    ("I32d", "UPDATE outbox SET subject = 'another' WHERE type = 'points.granted'"),
    ("I34", "UPDATE outbox SET event_id = event_id || '0'"),
    ("I38a", "DELETE FROM audit WHERE seq = 2"),
    ("I38a", "DELETE FROM audit WHERE order_id IS NOT NULL"),
    ("I38a", "UPDATE orders SET version = version + 1"),
    ("I38b", "UPDATE audit SET actor = ''"),
    ("I38b", "UPDATE audit SET events = '[]' WHERE seq > 1"),
    ("I36a", "DELETE FROM jobs WHERE kind = 'follow_payment'"),
    ("I36b", "DELETE FROM jobs WHERE kind = 'follow_refund'"),
    ("I36c", "DELETE FROM jobs WHERE kind = 'expire_order'"),
    ("I36c", "DELETE FROM jobs WHERE kind = 'complete_order'"),
    (
        "I36c",
        "DELETE FROM jobs j USING orders o WHERE j.kind = 'expire_order' \
         AND j.subject = o.order_number AND o.payment_method = 'cod'",
    ),
    ("I36d", "DELETE FROM jobs WHERE kind = 'resolve_orphan'"),
    (
        "I36e",
        "UPDATE payments p SET status = 'closed' FROM orders o \
         WHERE o.id = p.order_id AND o.status = 'cancelling'",
    ),
    ("I37", "DELETE FROM cases WHERE kind = 'stuck'"),
];
