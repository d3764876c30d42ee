-- I1, I2: every success at WeChat Pay settles exactly one order, or goes back in full, once.
SELECT 'I1 every success is settled or goes back: ' || m.out_trade_no || ' was paid, and no payment has this number'
FROM money m WHERE m.order_id IS NULL
UNION ALL
SELECT 'I1 every success is settled or goes back: ' || m.out_trade_no || ' was paid and is ' || m.status
FROM money m WHERE m.order_id IS NOT NULL AND m.settled + m.owed = 0 AND NOT m.refused
UNION ALL
SELECT 'I1 whoever paid was heard: ' || p.out_trade_no
FROM told_paid p WHERE NOT EXISTS (SELECT 1 FROM money m WHERE m.out_trade_no = p.out_trade_no)
UNION ALL
SELECT 'I1 surplus is back at WeChat Pay: ' || m.out_trade_no || ' took ' || m.taken_fen
       || ', and ' || m.back_fen || ' of it goes back, ' || m.by_bank_fen || ' by bank'
FROM money m WHERE m.settled = 0 AND m.owed > 0 AND m.back_fen + m.by_bank_fen <> m.taken_fen
UNION ALL
SELECT 'I12 never settled and refunded by itself: ' || m.out_trade_no
FROM money m WHERE m.settled > 0 AND m.owed > 0
UNION ALL
SELECT 'I2 one settlement: ' || m.out_trade_no || ' has ' || m.settled
FROM money m WHERE m.settled > 1
UNION ALL
SELECT 'I13 one refund in full: ' || m.out_trade_no || ' took ' || m.taken_fen || ' and owes '
       || m.owed || ' refunds of ' || m.owed_fen
FROM money m WHERE m.settled = 0 AND m.owed > 0 AND (m.owed <> 1 OR m.owed_fen <> m.taken_fen)
UNION ALL
SELECT 'I13 surplus is called so: ' || m.out_trade_no || ' is ' || m.status
FROM money m WHERE m.owed > 0 AND m.status <> 'surplus'
UNION ALL
SELECT 'I5 the transaction is WeChat Pay''s: ' || m.out_trade_no || ' ' || m.transaction_id
       || ', recorded ' || coalesce(m.recorded, 'none')
FROM money m WHERE m.order_id IS NOT NULL AND m.recorded IS DISTINCT FROM m.transaction_id
UNION ALL
SELECT 'I5 the facts are WeChat Pay''s: ' || m.out_trade_no
FROM money m WHERE m.order_id IS NOT NULL
  AND (m.paid_fen, m.recorded_mchid, m.receipt_appid)
      IS DISTINCT FROM (m.taken_fen, m.mchid, m.appid)
UNION ALL
-- The other way round: what is recorded as money was taken by WeChat Pay.
SELECT 'I4 no money that was never taken: ' || p.out_trade_no || ' is ' || p.status
FROM payments p
WHERE (p.status IN ('paid', 'surplus') OR p.transaction_id IS NOT NULL) AND p.trade_type <> 'WALLET'
  AND NOT EXISTS (SELECT 1 FROM money m WHERE m.out_trade_no = p.out_trade_no)
UNION ALL
SELECT 'I4 every settlement names a payment that was taken: ' || o.order_number
FROM settlements s JOIN orders o ON o.id = s.order_id
WHERE s.kind = 'wechat' AND NOT EXISTS (
    SELECT 1 FROM money m WHERE m.order_id = s.order_id AND m.payment_no = s.payment_no
       AND m.taken_fen = s.amount_fen)
UNION ALL
SELECT 'WeChat Pay was asked for nothing that we do not know: ' || t.out_trade_no
FROM trades t WHERE t.ordered_by = 'api'
  AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.out_trade_no = t.out_trade_no)
UNION ALL
-- R5: money under our merchant number that another system asked for.
SELECT 'R5 others'' money is not touched: ' || t.out_trade_no
FROM trades t WHERE t.ordered_by = 'elsewhere'
  AND (EXISTS (SELECT 1 FROM payments p WHERE p.out_trade_no = t.out_trade_no)
       OR EXISTS (SELECT 1 FROM wechat_refunds r WHERE r.out_trade_no = t.out_trade_no))
UNION ALL
SELECT 'I31 others'' money has a case: ' || t.out_trade_no
FROM trades t WHERE t.ordered_by = 'elsewhere' AND t.transaction_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM cases c
                  WHERE c.subject = t.out_trade_no AND c.kind = 'foreign' AND c.status = 'open')
  -- WeChat Pay's whole day of re-sends can pass in the trouble, none of them understood: only the bill
  -- would tell then.
  AND (EXISTS (SELECT 1 FROM inbox i WHERE i.out_trade_no = t.out_trade_no)
       OR NOT EXISTS (SELECT 1 FROM notices n
                      WHERE n.out_trade_no = t.out_trade_no AND n.state = 'given_up'))
