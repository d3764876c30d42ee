-- Orders that were to be paid and are: once, by their own transaction, in full, with their stock sold once
-- and one event for the merchant. Counted per table and joined: looked up one by one it takes minutes.
WITH settled AS MATERIALIZED (
    SELECT order_id, count(*) AS times, sum(amount_fen) AS fen
    FROM settlements WHERE kind = 'wechat' GROUP BY order_id),
paid AS MATERIALIZED (
    SELECT order_id, count(*) AS times, sum(paid_fen) AS fen, min(transaction_id) AS transaction_id
    FROM payments WHERE status = 'paid' GROUP BY order_id),
sold AS MATERIALIZED (
    SELECT order_id, count(*) AS times FROM stock_moves WHERE kind = 'commit' GROUP BY order_id),
told AS MATERIALIZED (
    SELECT order_id, count(*) AS times FROM outbox WHERE type = 'order.paid' GROUP BY order_id),
held AS MATERIALIZED (
    SELECT order_id, count(*) FILTER (WHERE status <> 'committed') AS still
    FROM stock_holds GROUP BY order_id)
SELECT count(*)
FROM bench_paid
JOIN bench_orders b USING (k)
JOIN orders o ON o.id = b.order_id
JOIN settled ON settled.order_id = o.id
JOIN paid ON paid.order_id = o.id
JOIN sold ON sold.order_id = o.id
JOIN told ON told.order_id = o.id
JOIN held ON held.order_id = o.id
WHERE o.payment_status = 'paid' AND held.still = 0
  AND (settled.times, paid.times, sold.times, told.times) = (1, 1, 1, 1)
  AND (settled.fen, paid.fen) = (o.total_fen, o.total_fen)
  AND paid.transaction_id = bench_transaction(b.k)
