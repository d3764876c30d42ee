-- What was sent is told to WeChat, which keeps the money until then; or a person was told that it could not be.
SELECT 'WeChat knows what was shipped: ' || o.order_number
FROM orders o
JOIN settlements s ON s.order_id = o.id AND s.kind = 'wechat'
JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no AND p.trade_type = 'JSAPI'
WHERE o.shipments <> '[]'
  AND NOT EXISTS (SELECT 1 FROM shipping t WHERE t.transaction_id = p.transaction_id)
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'shipping_info' AND c.subject = o.order_number)
  -- It is tried again, or waits for what is sent last.
  AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'report_shipment' AND j.subject = o.order_number)
  -- Money that is back is not kept.
  AND coalesce((SELECT g.fen FROM given_back g WHERE g.out_trade_no = p.out_trade_no), 0) < p.paid_fen
UNION ALL
-- A case for every order would be no excuse.
SELECT 'WeChat knows of nothing that was shipped'
WHERE NOT EXISTS (SELECT 1 FROM shipping)
  AND 5 < (
    SELECT count(*) FROM orders o
    JOIN settlements s ON s.order_id = o.id AND s.kind = 'wechat'
    JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no AND p.trade_type = 'JSAPI'
    WHERE o.shipments <> '[]')
