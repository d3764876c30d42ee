-- I10 to I14, I45: refunds here and at WeChat Pay are the same, once each, and never more than was paid.
SELECT 'I10 refunds never exceed what was paid: ' || p.out_trade_no || ' ' || sum(r.amount_fen)
       || ' of ' || coalesce(p.paid_fen, 0)
FROM live_refunds r JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no
GROUP BY p.out_trade_no, p.paid_fen HAVING sum(r.amount_fen) > coalesce(p.paid_fen, 0)
UNION ALL
SELECT 'I10 WeChat Pay never gives back more than it took: ' || t.out_trade_no
FROM trades t JOIN given_back g USING (out_trade_no) WHERE g.fen > coalesce(t.paid_fen, 0)
UNION ALL
SELECT 'I10 what is reserved is what is owed: ' || p.out_trade_no || ' ' || p.refund_reserved_fen
FROM payments p
WHERE p.refund_reserved_fen <> (
    SELECT coalesce(sum(r.amount_fen), 0) FROM live_refunds r
    WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no)
UNION ALL
SELECT 'I11 WeChat Pay has no refund that we do not know: ' || w.out_refund_no || ' ' || w.refund_fen
FROM wechat_refunds w
WHERE NOT EXISTS (
    SELECT 1 FROM refunds r JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no
    WHERE r.out_refund_no = w.out_refund_no AND r.amount_fen = w.refund_fen
      AND p.out_trade_no = w.out_trade_no)
UNION ALL
SELECT 'I45 every refund comes to an end: ' || r.out_refund_no || ' is ' || r.status
FROM refunds r WHERE r.status IN ('requested', 'sending', 'unknown', 'processing')
UNION ALL
SELECT 'I14 a refund is what WeChat Pay says: ' || r.out_refund_no || ' is ' || r.status || ', there '
       || coalesce(w.status, 'unknown')
FROM refunds r JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no
LEFT JOIN wechat_refunds w USING (out_refund_no)
WHERE r.status IN ('succeeded', 'abnormal', 'closed', 'rejected') AND p.trade_type <> 'WALLET'
  AND (w.status, w.refund_id) IS DISTINCT FROM
      (CASE r.status WHEN 'succeeded' THEN 'SUCCESS' WHEN 'abnormal' THEN 'ABNORMAL'
                     WHEN 'closed' THEN 'CLOSED' END, r.refund_id)
UNION ALL
SELECT 'what goes back to a wallet is none of WeChat Pay''s, and there at once: ' || r.out_refund_no || ' ' || r.status
FROM refunds r JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no
WHERE p.trade_type = 'WALLET'
  AND (r.status NOT IN ('succeeded', 'awaiting_approval', 'declined', 'withdrawn')
       OR EXISTS (SELECT 1 FROM wechat_refunds w WHERE w.out_refund_no = r.out_refund_no)
       OR EXISTS (SELECT 1 FROM calls c WHERE c.out_refund_no = r.out_refund_no))
UNION ALL
SELECT 'I12 a live order''s settlement is not refunded by itself: ' || r.out_refund_no
FROM refunds r JOIN settlements s ON s.order_id = r.order_id AND s.payment_no = r.payment_no
WHERE r.kind = 'surplus'
UNION ALL
SELECT 'I14 an order is as refunded as its refunds: ' || o.order_number || ' is ' || o.payment_status
       || ', ' || coalesce(d.fen, 0) || ' of ' || o.total_fen
FROM orders o JOIN settlements s ON s.order_id = o.id
LEFT JOIN LATERAL (
    SELECT sum(r.amount_fen) AS fen FROM refunds r
    WHERE r.order_id = s.order_id AND r.payment_no = s.payment_no
      AND r.status IN ('succeeded', 'settled_offline')) d ON true
WHERE o.payment_status <> CASE WHEN coalesce(d.fen, 0) = 0 THEN 'paid'
                               WHEN d.fen < s.amount_fen THEN 'partially_refunded'
                               ELSE 'refunded' END
UNION ALL
SELECT 'I10 the payer never has more back than they paid: ' || p.out_trade_no || ' ' || back.fen || ' of ' || p.paid_fen
FROM payments p
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT sum(w.refund_fen) FROM wechat_refunds w
                     WHERE w.out_trade_no = p.out_trade_no AND w.status = 'SUCCESS'), 0)
         + coalesce((SELECT sum(b.fen) FROM by_bank b
                     WHERE b.order_id = p.order_id AND b.payment_no = p.payment_no), 0) AS fen) back
WHERE back.fen > coalesce(p.paid_fen, 0)
  -- Paid back by bank while it was still on its way: a person knows.
  AND NOT EXISTS (SELECT 1 FROM cases c JOIN by_bank b ON b.out_refund_no = c.subject
                  WHERE c.kind = 'refund_mismatch' AND c.status = 'open'
                    AND b.order_id = p.order_id AND b.payment_no = p.payment_no)
UNION ALL
SELECT 'I14 WeChat Pay has nothing that nobody approved: ' || r.out_refund_no || ' is ' || r.status
FROM refunds r JOIN wechat_refunds w USING (out_refund_no)
WHERE r.status IN ('awaiting_approval', 'declined', 'withdrawn')
UNION ALL
SELECT 'I14 what was paid back by bank WeChat Pay did not bring: ' || r.out_refund_no
FROM refunds r JOIN wechat_refunds w USING (out_refund_no)
WHERE r.status = 'settled_offline' AND w.status NOT IN ('ABNORMAL', 'CLOSED')
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'refund_mismatch' AND c.subject = r.out_refund_no)
UNION ALL
SELECT 'I11 WeChat Pay is asked for no refund that we do not know: ' || c.out_refund_no
FROM calls c
WHERE c.kind = 'refund' AND NOT EXISTS (
    SELECT 1 FROM refunds r WHERE r.out_refund_no = c.out_refund_no AND r.sent_at IS NOT NULL)
UNION ALL
SELECT 'I11 what came to nothing has one in its place: ' || o.out_refund_no || ' ' || o.status
FROM refunds r JOIN refunds o ON o.out_refund_no = r.replaces
WHERE r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected')
  AND (o.status NOT IN ('closed', 'rejected', 'withdrawn')
       OR EXISTS (SELECT 1 FROM wechat_refunds w
                  WHERE w.out_refund_no = o.out_refund_no AND w.status <> 'CLOSED'))
  -- Proven not to be there, and there after all: a person is told when both are out.
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'refund_mismatch' AND c.subject = o.out_refund_no)
UNION ALL
-- By the trail, which the program writes and never changes. What replaces another was approved with it.
SELECT 'two people say yes to much money: ' || r.out_refund_no || ', asked for by ' || r.actor
FROM live_refunds r JOIN business b ON r.amount_fen > b.approval_above_fen
WHERE r.asked_by = 'operator' AND (r.sent_at IS NOT NULL OR r.status = 'succeeded') AND r.replaces IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM audit a, jsonb_array_elements(a.events) e
    WHERE a.order_id = r.order_id AND a.actor <> r.actor
      AND e->>'event' = 'refund_approved' AND e->>'out_refund_no' = r.out_refund_no)
UNION ALL
SELECT 'a yes or no comes from somebody who may say it: ' || (e->>'out_refund_no') || ' ' || a.actor
FROM audit a, jsonb_array_elements(a.events) e
WHERE (e->>'event' = 'refund_declined' AND a.actor NOT LIKE 'operator:%')
   OR (e->>'event' = 'refund_settled_offline' AND a.actor NOT LIKE 'operator:%')
