-- I36, I37, I47: promised work is neither late, nor set aside, nor missing, nor left over.
SELECT 'I47 no overdue job: ' || j.kind || ' ' || j.subject || ' was due at ' || j.due_at
FROM jobs j, business b
WHERE j.parked_at IS NULL AND j.due_at < b.now - interval '10 seconds'
UNION ALL
SELECT 'I37 no job is set aside: ' || j.kind || ' ' || j.subject || ': ' || j.parked_why
FROM jobs j WHERE j.parked_at IS NOT NULL
UNION ALL
SELECT 'I36 every open order has its job: ' || o.order_number || ' is ' || o.status
FROM orders o
WHERE (o.status = 'pending_payment' AND NOT EXISTS (
          SELECT 1 FROM jobs j WHERE j.kind = 'expire_order' AND j.subject = o.order_number))
   -- What is to be paid at the door waits for its cash as long as it takes.
   OR (o.status = 'delivered' AND o.payment_status <> 'unpaid' AND NOT EXISTS (
          SELECT 1 FROM jobs j WHERE j.kind = 'complete_order' AND j.subject = o.order_number))
UNION ALL
SELECT 'I36 every live payment has its job: ' || p.out_trade_no || ' is ' || p.status
FROM payments p
WHERE (p.status IN ('created', 'payable', 'unknown', 'closing')
       OR (p.status = 'rejected' AND NOT p.reject_proven))
  AND NOT EXISTS (
    SELECT 1 FROM jobs j WHERE j.kind = 'follow_payment' AND j.subject = p.out_trade_no)
UNION ALL
SELECT 'I36 every live refund has its job: ' || r.out_refund_no || ' is ' || r.status
FROM refunds r
WHERE r.status IN ('requested', 'sending', 'unknown', 'processing', 'abnormal')
  AND NOT EXISTS (
    SELECT 1 FROM jobs j WHERE j.kind = 'follow_refund' AND j.subject = r.out_refund_no)
UNION ALL
SELECT 'I36 no job for what is not there: ' || j.kind || ' ' || j.subject
FROM jobs j
WHERE (j.kind IN ('expire_order', 'complete_order') AND NOT EXISTS (
          SELECT 1 FROM orders o WHERE o.order_number = j.subject))
   OR (j.kind = 'follow_payment' AND NOT EXISTS (
          SELECT 1 FROM payments p WHERE p.out_trade_no = j.subject))
   OR (j.kind = 'follow_refund' AND NOT EXISTS (
          SELECT 1 FROM refunds r WHERE r.out_refund_no = j.subject))
UNION ALL
SELECT 'the services look at their own books: nobody did'
WHERE NOT EXISTS (SELECT 1 FROM effects WHERE starts_with(effect_key, 'step:books:'))
