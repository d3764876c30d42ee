-- Orders that were to be paid and are: once, by their own transaction, in full, with their stock sold once
-- and one event for the merchant. One pass over the rows of all tables, counted per order: joined, or looked
-- up one by one, this takes minutes whenever the planner guesses wrongly.
SELECT count(*) FROM (
    SELECT order_id FROM (
        SELECT order_id, 'wanted' AS what FROM bench_paid JOIN bench_orders USING (k)
        UNION ALL
        SELECT id, 'paid' FROM orders WHERE payment_status = 'paid'
        UNION ALL
        SELECT order_id, CASE WHEN kind = 'wechat' AND amount_fen = total_fen
                              THEN 'settled' ELSE 'wrong' END
        FROM settlements JOIN orders ON id = order_id
        UNION ALL
        SELECT order_id, CASE WHEN paid_fen = amount_fen AND transaction_id = bench_transaction(k)
                              THEN 'received' ELSE 'wrong' END
        FROM payments JOIN bench_orders USING (order_id) WHERE status = 'paid'
        UNION ALL
        SELECT order_id, 'sold' FROM stock_moves WHERE kind = 'commit'
        UNION ALL
        SELECT order_id, 'told' FROM outbox WHERE type = 'order.paid'
        UNION ALL
        SELECT order_id, 'unsold' FROM stock_holds WHERE status <> 'committed') seen
    GROUP BY order_id
    HAVING array_agg(what ORDER BY what) = ARRAY['paid', 'received', 'settled', 'sold', 'told', 'wanted']
) exact
