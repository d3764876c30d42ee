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
  AND NOT (p.status IN ('closed', 'surplus') OR (p.status = 'rejected' AND p.reject_proven))
UNION ALL
SELECT 'I44 every payment comes to an end: ' || p.out_trade_no || ' is ' || p.status
FROM payments p WHERE p.status IN ('created', 'payable', 'unknown', 'closing')
   OR (p.status = 'rejected' AND NOT p.reject_proven)
UNION ALL
SELECT 'I7 nothing is sent that is not paid: ' || o.order_number || ' is ' || o.status
FROM orders o
WHERE o.status IN ('ready', 'shipped', 'delivered', 'completed') AND o.payment_status = 'unpaid'
UNION ALL
SELECT 'I24 captured lines belong to an open order: ' || i.buyer_id || ' ' || i.id
FROM purchase_list_items i
WHERE i.captured_by IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM orders o WHERE o.id = i.captured_by
       AND o.status IN ('pending_payment', 'cancelling') AND o.payment_status = 'unpaid')
UNION ALL
SELECT 'R6 a number is ordered once at WeChat Pay: ' || c.out_trade_no || ' took effect '
       || c.effective || ' times and is not known'
FROM calls c
WHERE c.kind = 'prepay' AND c.effective > 0
  AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.out_trade_no = c.out_trade_no)
