-- Cash on delivery: cash is what was said to be taken, never beside online money, and goods that were not
-- taken are back.
SELECT 'cash is kept as it was said: ' || coalesce(o.order_number, t.order_number) || ' '
       || coalesce(s.amount_fen::text, 'none') || ', said ' || coalesce(t.amount_fen::text, 'none')
FROM (SELECT * FROM settlements WHERE kind = 'cod') s JOIN orders o ON o.id = s.order_id
FULL JOIN (SELECT DISTINCT c.order_number, c.amount_fen FROM told_cash c) t ON t.order_number = o.order_number
WHERE (s.amount_fen, o.total_fen) IS DISTINCT FROM (t.amount_fen, t.amount_fen)
UNION ALL
SELECT 'cash is never kept beside online money: ' || o.order_number || ', ' || m.out_trade_no || ' took '
       || m.taken_fen || ', ' || m.back_fen || ' back'
FROM settlements s JOIN orders o ON o.id = s.order_id JOIN money m ON m.order_id = o.id
WHERE s.kind = 'cod' AND (m.settled > 0 OR (m.back_fen + m.by_bank_fen <> m.taken_fen AND NOT m.refused))
UNION ALL
SELECT 'cash is taken where it was to be paid: ' || o.order_number || ' is ' || o.payment_method || ', '
       || o.status
FROM settlements s JOIN orders o ON o.id = s.order_id
WHERE s.kind = 'cod' AND (o.payment_method <> 'cod' OR o.status NOT IN ('delivered', 'completed'))
UNION ALL
SELECT 'nothing is on its way to another payment for good: ' || o.order_number
FROM orders o WHERE o.converting
UNION ALL
SELECT 'what is sent unpaid is paid at the door: ' || o.order_number || ' is ' || o.payment_method
FROM orders o
WHERE o.status IN ('ready', 'shipped', 'delivered', 'completed') AND o.payment_status = 'unpaid'
  AND (o.payment_method <> 'cod' OR o.status = 'completed')
UNION ALL
SELECT 'what was not taken at the door is on the shelf again: ' || o.order_number
FROM orders o JOIN stock_holds h ON h.order_id = o.id
WHERE o.status = 'cancelled' AND o.shipments <> '[]'
  AND (h.status <> 'committed' OR h.returned_quantity <> h.quantity)
