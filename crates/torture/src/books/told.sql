-- I41, I42: whatever a client was told is true in the end.
SELECT 'I42 an order that was named is there: ' || t.order_number
FROM told_orders t WHERE NOT EXISTS (
    SELECT 1 FROM orders o WHERE o.order_number = t.order_number)
UNION ALL
SELECT 'I41 said to be paid, and is not: ' || t.order_number
FROM told_orders t JOIN orders o USING (order_number)
WHERE t.said_paid AND o.payment_status = 'unpaid'
UNION ALL
SELECT 'I7 said to be cancelled, and is not: ' || t.order_number || ' is ' || o.status
FROM told_orders t JOIN orders o USING (order_number)
WHERE t.said_cancelled AND o.status <> 'cancelled'
UNION ALL
SELECT 'I42 a refund that was named is there: ' || t.out_refund_no
FROM told_refunds t WHERE NOT EXISTS (
    SELECT 1 FROM refunds r WHERE r.out_refund_no = t.out_refund_no)
UNION ALL
SELECT 'I14 said to have ended so, and did not: ' || t.out_refund_no || ' was said to be ' || t.said || ' and is '
       || r.status
FROM told_refunds t JOIN refunds r USING (out_refund_no)
WHERE t.said IS NOT NULL AND r.status <> t.said
UNION ALL
SELECT 'I26 a key is about the order that it named: ' || k.key
FROM told_keys k JOIN idempotency i USING (key) JOIN orders o ON o.id = i.order_id
WHERE o.order_number <> k.order_number
UNION ALL
SELECT 'I26 a key that had an order is remembered: ' || k.key
FROM told_keys k
WHERE NOT EXISTS (SELECT 1 FROM idempotency i WHERE i.key = k.key)
UNION ALL
-- However often a request was sent, and whatever became of its answers: it is one refund.
SELECT 'I26 a request for a refund is one refund: ' || r.out_refund_no || ' was asked for by nobody'
FROM refunds r JOIN ask_reasons a ON a.text = r.reason
WHERE r.replaces IS NULL AND NOT EXISTS (
    SELECT 1 FROM told_asks t WHERE t.out_refund_no = r.out_refund_no)
