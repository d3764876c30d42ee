-- Refunds by lines: the parts of a line are at most what was paid for it, all of them all of it, and goods
-- come back once, with the money.
SELECT 'an order adds up: ' || o.order_number
FROM orders o
CROSS JOIN LATERAL (
    SELECT sum((l->>'unit_price_fen')::bigint * (l->>'quantity')::bigint) AS items_fen,
           sum((l->>'discount_fen')::bigint) AS discount_fen
    FROM jsonb_array_elements(o.lines) l) x
WHERE o.total_fen <> o.items_fen - o.discount_fen + o.delivery_fen + o.rush_fen
   OR (o.items_fen, o.discount_fen) IS DISTINCT FROM (x.items_fen, x.discount_fen)
UNION ALL
SELECT 'a refund of goods is worth its parts: ' || r.out_refund_no || ' ' || r.amount_fen || ' for ' || p.fen
FROM refunds r JOIN orders o ON o.id = r.order_id
CROSS JOIN LATERAL (SELECT sum((l->>'amount_fen')::bigint) AS fen FROM jsonb_array_elements(r.lines) l) p
WHERE r.lines <> '[]' AND r.amount_fen NOT IN (p.fen, p.fen + o.delivery_fen + o.rush_fen)
UNION ALL
SELECT 'no more goods of a line go back than it has, nor more money: ' || o.order_number || ' line ' || x.line_no
       || ', ' || x.n || ' of ' || x.quantity || ', ' || x.fen || ' of ' || x.payable
FROM (
    SELECT r.order_id, (b->>'line_no')::bigint AS line_no, (b->>'quantity')::bigint AS quantity,
           (b->>'amount_fen')::bigint - (b->>'discount_fen')::bigint AS payable,
           sum((l->>'quantity')::bigint) AS n, sum((l->>'amount_fen')::bigint) AS fen
    FROM live_refunds r JOIN orders s ON s.id = r.order_id
    CROSS JOIN jsonb_array_elements(r.lines) l
    JOIN jsonb_array_elements(s.lines) b ON b->>'line_no' = l->>'line_no'
    GROUP BY 1, 2, 3, 4) x JOIN orders o ON o.id = x.order_id
WHERE x.n > x.quantity OR x.fen > x.payable OR (x.n = x.quantity AND x.fen <> x.payable)
UNION ALL
SELECT 'goods come back with their money, once: ' || r.out_refund_no || ' ' || r.status || ' line '
       || (l->>'line_no') || ', ' || m.n || ' of ' || (l->>'quantity')
FROM refunds r JOIN orders o ON o.id = r.order_id
CROSS JOIN jsonb_array_elements(r.lines) l
CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.quantity), 0) AS n FROM stock_moves m
    WHERE m.order_id = r.order_id AND m.out_refund_no = r.out_refund_no
      AND m.line_no = (l->>'line_no')::bigint) m
WHERE CASE WHEN r.status NOT IN ('succeeded', 'settled_offline') THEN m.n <> 0
           -- The end of its order may have brought them back first.
           WHEN o.status = 'cancelled' THEN m.n NOT IN (0, (l->>'quantity')::bigint)
           ELSE m.n <> (l->>'quantity')::bigint END
UNION ALL
SELECT 'goods come back with a refund that is for them: ' || m.out_refund_no
FROM stock_moves m
WHERE m.out_refund_no IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM refunds r, jsonb_array_elements(r.lines) l
    WHERE r.out_refund_no = m.out_refund_no AND r.order_id = m.order_id
      AND (l->>'line_no')::bigint = m.line_no)
