-- After a sale: what is sold is what WeChat Pay took money for, and nothing else is gone from the shelf.
SELECT 'sold is what WeChat Pay took money for: ' || s.id || ' sold ' || s.sold || ', paid for '
       || coalesce(p.n, 0)
FROM skus s LEFT JOIN (
    SELECT l->>'sku_id' AS sku_id, sum((l->>'quantity')::bigint) AS n
    FROM money m
    JOIN settlements t ON t.order_id = m.order_id AND t.payment_no = m.payment_no
    JOIN orders o ON o.id = m.order_id, jsonb_array_elements(o.lines) l
    WHERE o.status <> 'cancelled'
    GROUP BY 1) p ON p.sku_id = s.id
WHERE s.sold <> coalesce(p.n, 0)
UNION ALL
SELECT 'nothing is held when all is at rest: ' || s.id || ' ' || s.held FROM skus s WHERE s.held <> 0
UNION ALL
SELECT 'an order is worth its goods: ' || o.order_number || ' ' || o.total_fen || ' for ' || g.fen
FROM orders o CROSS JOIN LATERAL (
    SELECT sum((l->>'quantity')::bigint * s.price_fen) AS fen
    FROM jsonb_array_elements(o.lines) l JOIN skus s ON s.id = l->>'sku_id') g
WHERE o.total_fen IS DISTINCT FROM g.fen
UNION ALL
-- Who paid has either an order or their money, by what the buyers and WeChat Pay say alone.
SELECT 'who paid has an order or the money back: ' || p.out_trade_no || ', ' || m.taken_fen || ' taken, '
       || m.back_fen || ' back'
FROM told_paid p JOIN money m USING (out_trade_no)
LEFT JOIN orders o ON o.id = m.order_id AND m.settled = 1 AND o.status <> 'cancelled'
WHERE o.id IS NULL AND m.back_fen <> m.taken_fen
