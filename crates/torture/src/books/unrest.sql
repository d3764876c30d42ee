-- What is still moving. $1: the ledger's notifications, $2: business time, both JSON.
SELECT 'order ' || o.order_number || ' ' || o.status
FROM orders o WHERE o.status IN ('pending_payment', 'cancelling')
UNION ALL
SELECT 'payment ' || p.out_trade_no || ' ' || p.status
FROM payments p WHERE p.status IN ('created', 'payable', 'unknown', 'closing')
   OR (p.status = 'rejected' AND NOT p.reject_proven)
UNION ALL
SELECT 'notification ' || (n->>'out_trade_no')
FROM jsonb_array_elements($1::text::jsonb) n WHERE n->>'state' = 'pending' AND n->>'ordered_by' <> 'elsewhere'
UNION ALL
SELECT 'refund ' || r.out_refund_no || ' ' || r.status
FROM refunds r WHERE r.status IN ('requested', 'sending', 'unknown', 'processing')
UNION ALL
SELECT 'job ' || j.kind || ' ' || j.subject
FROM jobs j
WHERE j.parked_at IS NULL
  AND (j.due_at <= ($2::text::jsonb #>> '{}')::timestamptz OR j.lease_until > clock_timestamp())
   OR (j.parked_at IS NULL AND j.kind = 'resolve_orphan')
UNION ALL
SELECT 'notification ' || i.event_id || ' is stored for later'
FROM inbox i
WHERE i.status IN ('received', 'verified') AND NOT EXISTS (
    SELECT 1 FROM jsonb_array_elements($1::text::jsonb) n
    WHERE n->>'id' = i.event_id AND n->>'state' = 'given_up')
