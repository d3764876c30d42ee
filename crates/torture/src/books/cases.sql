-- A case is for a person to look at: there is one for what needs eyes, and for nothing else.
SELECT 'a case that nothing explains: ' || c.kind || ' ' || c.subject || ', ' || c.status || ', ' || c.detail
FROM cases c
WHERE NOT CASE
    WHEN c.kind IN ('surplus', 'amount_mismatch') THEN EXISTS (
        SELECT 1 FROM payments p WHERE p.out_trade_no = c.subject AND p.status = 'surplus')
    WHEN c.kind = 'refund_abnormal' THEN EXISTS (
        SELECT 1 FROM refunds r WHERE r.out_refund_no = c.subject)
    -- Paid back by bank, or proven not to be there, and then WeChat Pay brought it after all.
    WHEN c.kind = 'refund_mismatch' THEN EXISTS (
        SELECT 1 FROM by_bank b JOIN wechat_refunds w USING (out_refund_no)
        WHERE b.out_refund_no = c.subject AND w.status = 'SUCCESS')
      OR EXISTS (
        SELECT 1 FROM refunds r JOIN wechat_refunds w USING (out_refund_no) JOIN orders o ON o.id = r.order_id
        JOIN audit a ON a.order_id = r.order_id CROSS JOIN jsonb_array_elements(a.events) e
        -- What was done in the belief that it came to nothing is about its order.
        WHERE c.subject IN (r.out_refund_no, o.order_number) AND w.status <> 'CLOSED'
          AND e->>'event' = 'refund_rejected' AND e->>'out_refund_no' = r.out_refund_no)
    -- Time jumps: an hour in which nobody knows of a refund is short.
    WHEN c.kind = 'stuck' THEN EXISTS (SELECT 1 FROM refunds r WHERE r.out_refund_no = c.subject)
    -- So is a day in which shipping management never answers.
    WHEN c.kind = 'shipping_info' THEN c.detail LIKE 'what was shipped could not be told to WeChat for a day%'
      AND EXISTS (SELECT 1 FROM orders o WHERE o.order_number = c.subject AND o.shipments <> '[]')
    WHEN c.kind IN ('unknown_order', 'foreign') THEN EXISTS (
        SELECT 1 FROM trades t WHERE t.out_trade_no = c.subject AND t.ordered_by = 'elsewhere')
    ELSE false END
UNION ALL
SELECT 'surplus money has its case: ' || p.out_trade_no
FROM payments p
WHERE p.status = 'surplus' AND NOT EXISTS (
    SELECT 1 FROM cases c WHERE c.subject = p.out_trade_no)
UNION ALL
SELECT 'a case ends with what it was about: ' || c.kind || ' ' || c.subject
FROM cases c
WHERE c.status = 'open' AND (
    (c.kind IN ('surplus', 'amount_mismatch') AND EXISTS (
        SELECT 1 FROM money m WHERE m.out_trade_no = c.subject AND EXISTS (
            SELECT 1 FROM refunds r WHERE r.order_id = m.order_id AND r.payment_no = m.payment_no
               AND r.status IN ('succeeded', 'settled_offline') AND r.amount_fen = m.taken_fen)))
    OR (c.kind = 'refund_abnormal' AND EXISTS (
        SELECT 1 FROM refunds r WHERE r.out_refund_no = c.subject AND r.status IN ('succeeded', 'settled_offline')
           -- What the merchant has or may have, the payer does not.
           AND NOT (r.status = 'succeeded' AND (r.applied_to IS NOT DISTINCT FROM 'MERCHANT_BANK_CARD'
               OR coalesce(r.applied_before, '') IN ('MERCHANT_BANK_CARD', 'EITHER'))))))
