-- I10, I13: refunds never exceed what was paid, and each belongs to money.
SELECT 'I10 refunds never exceed what was paid: ' || p.out_trade_no || ' ' || sum(r.amount_fen)
       || ' of ' || coalesce(p.paid_fen, 0)
FROM refunds r JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no
WHERE r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected')
GROUP BY p.out_trade_no, p.paid_fen HAVING sum(r.amount_fen) > coalesce(p.paid_fen, 0)
UNION ALL
SELECT 'I10 what is reserved is what is owed: ' || p.out_trade_no || ' ' || p.refund_reserved_fen
FROM payments p
WHERE p.refund_reserved_fen <> (
    SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
    WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no
      AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected'))
UNION ALL
SELECT 'I12 a live order''s settlement is not refunded by itself: ' || r.out_refund_no
FROM refunds r JOIN settlements s ON s.order_id = r.order_id AND s.payment_no = r.payment_no
WHERE r.kind = 'surplus'
