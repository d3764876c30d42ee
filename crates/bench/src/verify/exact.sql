-- Orders that were to be paid and are: once, by their own transaction, in full, with their stock sold once
-- and one event for the merchant.
SELECT count(*)
FROM bench_paid b JOIN bench_orders USING (k) JOIN orders o ON o.id = order_id
WHERE o.payment_status = 'paid'
  AND (SELECT count(*) FROM settlements s
       WHERE s.order_id = o.id AND s.kind = 'wechat' AND s.amount_fen = o.total_fen) = 1
  AND (SELECT count(*) FROM payments p
       WHERE p.order_id = o.id AND p.status = 'paid' AND p.paid_fen = o.total_fen
         AND p.transaction_id = bench_transaction(b.k)) = 1
  AND (SELECT count(*) FROM stock_moves m WHERE m.order_id = o.id AND m.kind = 'commit') = 1
  AND (SELECT count(*) FROM outbox e WHERE e.order_id = o.id AND e.type = 'order.paid') = 1
  AND NOT EXISTS (SELECT FROM stock_holds h
                  WHERE h.order_id = o.id AND h.status <> 'committed')
