-- I3, I9: what an order says agrees with its settlement and its payments; nothing is left open.
SELECT 'I3 paid means settled once: ' || o.order_number || ' is ' || o.payment_status
FROM orders o
WHERE (o.payment_status <> 'unpaid')
   <> EXISTS (SELECT 1 FROM settlements s WHERE s.order_id = o.id)
UNION ALL
SELECT 'I5 settled for its total: ' || o.order_number || ' ' || s.amount_fen || ' of ' || o.total_fen
FROM orders o JOIN settlements s ON s.order_id = o.id WHERE s.amount_fen <> o.total_fen
UNION ALL
SELECT 'I5 a payment asks for its order''s total: ' || p.out_trade_no
FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.amount_fen <> o.total_fen
UNION ALL
SELECT 'I2 the settling payment is the one that is paid: ' || o.order_number
FROM orders o JOIN payments p ON p.order_id = o.id
WHERE (p.status = 'paid') <> EXISTS (
    SELECT 1 FROM settlements s WHERE s.order_id = o.id AND s.payment_no = p.payment_no)
UNION ALL
SELECT 'I44 every order comes to an end: ' || o.order_number || ' is ' || o.status
FROM orders o WHERE o.status IN ('pending_payment', 'cancelling')
UNION ALL
SELECT 'I9 cancelled means that every payment has ended: ' || p.out_trade_no || ' is ' || p.status
FROM orders o JOIN payments p ON p.order_id = o.id
WHERE o.status = 'cancelled'
  AND NOT (p.status IN ('closed', 'surplus', 'paid') OR (p.status = 'rejected' AND p.reject_proven))
UNION ALL
SELECT 'I9 cancelled means that what was settled goes back: ' || o.order_number
FROM orders o JOIN payments p ON p.order_id = o.id
LEFT JOIN given_back g ON g.out_trade_no = p.out_trade_no
WHERE o.status = 'cancelled' AND p.status = 'paid' AND p.trade_type <> 'WALLET'
  AND coalesce(g.fen, 0) + (
    SELECT coalesce(sum(b.fen), 0) FROM by_bank b
    WHERE b.order_id = p.order_id AND b.payment_no = p.payment_no AND NOT b.is_there_too) <> p.paid_fen
UNION ALL
SELECT 'I9 cancelled means that what a wallet paid is in it again: ' || o.order_number
FROM orders o JOIN payments p ON p.order_id = o.id
WHERE o.status = 'cancelled' AND p.trade_type = 'WALLET' AND p.paid_fen <> (
    SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
    WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.status = 'succeeded')
UNION ALL
-- WeChat Pay had closed it by then, or had never heard of it. The moment after a jump of time is left
-- out: a service that does not know of it yet writes the time before. So is what was ordered only around
-- our closing, past the deadline and the minute (ten at the designed pace) after it: what is on its way
-- when time jumps over all of that arrives later than anything can without a jump.
SELECT 'I9 closed means that WeChat Pay had closed it: ' || p.out_trade_no || ' at ' || p.closed_at
       || ', there ' || coalesce(t.closed_at::text, 'never')
FROM payments p JOIN trades t USING (out_trade_no)
WHERE p.status = 'closed' AND t.created_at < p.closed_at
  AND NOT (p.closed_at > p.time_expire + interval '60 seconds'
           AND t.created_at > p.closed_at - interval '20 seconds')
  AND (t.closed_at IS NULL OR t.closed_at > p.closed_at + interval '2 seconds')
  AND NOT EXISTS (SELECT 1 FROM jumps j
                  WHERE p.closed_at BETWEEN j.at - interval '2 seconds' AND j.at + interval '20 seconds')
UNION ALL
SELECT 'I44 every payment comes to an end: ' || p.out_trade_no || ' is ' || p.status
FROM payments p WHERE p.status IN ('created', 'payable', 'unknown', 'closing')
   OR (p.status = 'rejected' AND NOT p.reject_proven)
UNION ALL
SELECT 'I24 captured lines belong to an open order: ' || i.buyer_id || ' ' || i.id
FROM purchase_list_items i
WHERE i.captured_by IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM orders o WHERE o.id = i.captured_by
       AND o.status IN ('pending_payment', 'cancelling') AND o.payment_status = 'unpaid')
