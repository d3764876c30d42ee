-- I15 to I20: the ledger, by itself and from what happened: recharges that WeChat Pay took money for, wallets
-- and points as buyers and backends used them, and WeChat Pay's own account.
SELECT 'I16 a transfer sums to zero: ' || t.name || ' ' || u.unit
FROM transfers t CROSS JOIN (VALUES ('fen'), ('points')) AS u (unit)
WHERE (SELECT coalesce(sum(e.amount), 0) FROM entries e WHERE e.transfer = t.name AND e.unit = u.unit) <> 0
UNION ALL
SELECT 'I16 a transfer moves something: ' || t.name
FROM transfers t WHERE (SELECT count(*) FROM entries e WHERE e.transfer = t.name) < 2
UNION ALL
SELECT 'I17 a balance is the sum of its entries: ' || a.account || ' of ' || a.buyer_id
FROM accounts a
WHERE a.balance <> (SELECT coalesce(sum(e.amount), 0) FROM entries e
                    WHERE (e.buyer_id, e.account, e.unit) = (a.buyer_id, a.account, a.unit))
UNION ALL
SELECT 'I17 each balance follows the one before: ' || x.transfer
FROM (SELECT e.transfer, e.balance_after,
             sum(e.amount) OVER (PARTITION BY e.buyer_id, e.account, e.unit ORDER BY e.seq) AS summed
      FROM entries e WHERE e.buyer_id IS NOT NULL) x
WHERE x.balance_after <> x.summed
UNION ALL
SELECT 'I17 nobody has less than nothing, and nobody owes less than nothing: ' || e.transfer
FROM entries e
WHERE e.buyer_id IS NOT NULL
  AND CASE e.account WHEN 'buyer_receivable' THEN e.balance_after > 0 ELSE e.balance_after < 0 END
UNION ALL
-- Nothing is given back in the merchant console here.
SELECT 'I18 nobody owes anything: ' || e.transfer FROM entries e WHERE e.account = 'buyer_receivable'
UNION ALL
SELECT 'a recharge grants what was offered: ' || o.order_number
FROM orders o LEFT JOIN the_packages g ON g.id = o.lines->0->>'sku_id'
WHERE o.purpose = 'recharge'
  AND (o.total_fen, o.recharge->>'credit', (o.recharge->>'principal')::bigint, (o.recharge->>'bonus')::bigint)
      IS DISTINCT FROM (g.price_fen, g.credit, g.principal, g.bonus)
UNION ALL
-- By WeChat Pay: money that it took and that settles is credited, with its bonus, once; other money is not.
SELECT 'I19 a recharge is credited once with its bonus: ' || o.order_number || ' ' || c.credited || ' for '
       || coalesce(m.n, 0) || ' times paid'
FROM orders o JOIN the_packages g ON g.id = o.lines->0->>'sku_id'
LEFT JOIN LATERAL (SELECT count(*) AS n FROM money m WHERE m.order_id = o.id AND m.settled > 0) m ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(e.amount), 0) AS credited
    FROM transfers t JOIN entries e ON e.transfer = t.name
    WHERE t.order_id = o.id AND e.buyer_id = o.buyer_id AND e.account = g.credit
      AND (t.name LIKE 'settled:%' OR t.name LIKE 'bonus:%')) c
WHERE o.purpose = 'recharge'
  AND c.credited <> CASE WHEN coalesce(m.n, 0) > 0 THEN g.principal + g.bonus ELSE 0 END
UNION ALL
-- From nothing: what was paid ahead with its bonus, less the share of what of it goes back, less what was
-- paid from it, and what of that came back.
SELECT 'I20 a buyer has what they paid ahead and did not use: ' || b.id || ' has ' || b.has || ' ' || b.credit
       || ', and paid ahead ' || b.ahead || ', used ' || b.used || ', had back ' || b.back
FROM (
    SELECT u.id, k.credit,
           coalesce((SELECT sum(a.balance) FROM accounts a
                     WHERE a.buyer_id = u.id AND a.account = k.credit), 0) AS has,
           coalesce((SELECT sum(g.principal - g.principal * r.fen / g.price_fen + g.bonus - g.bonus * r.fen / g.price_fen)
                     FROM orders o JOIN settlements s ON s.order_id = o.id
                     JOIN the_packages g ON g.id = o.lines->0->>'sku_id' AND g.credit = k.credit
                     CROSS JOIN LATERAL (
                         SELECT coalesce(sum(l.amount_fen), 0)::bigint AS fen FROM live_refunds l
                         WHERE l.order_id = s.order_id AND l.payment_no = s.payment_no) r
                     WHERE o.buyer_id = u.id AND o.purpose = 'recharge'), 0) AS ahead,
           CASE k.credit
               WHEN 'wallet' THEN coalesce((SELECT sum(s.amount_fen) FROM settlements s
                   JOIN orders o ON o.id = s.order_id WHERE o.buyer_id = u.id AND s.kind = 'wallet'), 0)
               ELSE coalesce((SELECT sum(t.points) FROM told_spends t WHERE t.user_id = u.id), 0) END AS used,
           CASE k.credit
               WHEN 'wallet' THEN coalesce((SELECT sum(r.amount_fen) FROM refunds r
                   JOIN settlements s ON s.order_id = r.order_id AND s.payment_no = r.payment_no
                   JOIN orders o ON o.id = r.order_id
                   WHERE o.buyer_id = u.id AND s.kind = 'wallet' AND r.status = 'succeeded'), 0)
               ELSE 0 END AS back
    FROM buyers u CROSS JOIN (VALUES ('wallet'), ('points')) AS k (credit)) b
WHERE b.has <> b.ahead - b.used + b.back
UNION ALL
SELECT 'I26 points are spent as often as it was said: ' || coalesce(e.buyer_id, t.user_id) || ' '
       || coalesce(e.n, 0) || ' times, said ' || coalesce(t.n, 0)
FROM (SELECT e.buyer_id, count(*) AS n FROM transfers t JOIN entries e ON e.transfer = t.name
      WHERE t.kind = 'spend' AND e.buyer_id IS NOT NULL GROUP BY e.buyer_id) e
FULL JOIN (SELECT t.user_id, count(*) AS n FROM told_spends t GROUP BY t.user_id) t ON t.user_id = e.buyer_id
WHERE coalesce(e.n, 0) <> coalesce(t.n, 0)
UNION ALL
SELECT 'I4 a wallet pays an order once, and all of it: ' || o.order_number
FROM orders o JOIN settlements s ON s.order_id = o.id
WHERE (s.kind = 'wallet' OR o.payment_method = 'wallet')
  AND (SELECT array_agg(p.amount_fen || ' ' || p.status || ' ' || p.trade_type) FROM payments p
       WHERE p.order_id = o.id AND p.status = 'paid')
      IS DISTINCT FROM ARRAY[o.total_fen || ' paid WALLET']
UNION ALL
SELECT 'I4 a wallet pays what it settles: ' || p.out_trade_no
FROM payments p
WHERE p.trade_type = 'WALLET' AND NOT EXISTS (
    SELECT 1 FROM settlements s WHERE s.order_id = p.order_id AND s.kind = 'wallet'
      AND s.payment_no = p.payment_no AND s.amount_fen = p.paid_fen)
UNION ALL
-- The house's account at WeChat Pay is what WeChat Pay took from us and has given back.
SELECT 'I20 the clearing account is WeChat Pay''s: ' || x.here || ' here, ' || x.there || ' there'
FROM (SELECT (SELECT coalesce(-sum(e.amount), 0) FROM entries e WHERE e.account = 'wechat_clearing') AS here,
             (SELECT coalesce(sum(m.taken_fen), 0) FROM money m)
             - (SELECT coalesce(sum(w.refund_fen), 0) FROM wechat_refunds w
                JOIN refunds r USING (out_refund_no)
                WHERE w.status = 'SUCCESS' AND r.status <> 'settled_offline') AS there) x
WHERE x.here <> x.there
UNION ALL
SELECT 'I20 cash is what was taken at the door and paid back by bank: ' || x.here || ' here, ' || x.there
FROM (SELECT (SELECT coalesce(sum(e.amount), 0) FROM entries e WHERE e.account = 'cash_in_transit') AS here,
             (SELECT coalesce(sum(b.fen), 0) FROM by_bank b)
             - (SELECT coalesce(sum(t.amount_fen), 0)
                FROM (SELECT DISTINCT c.order_number, c.amount_fen FROM told_cash c) t) AS there) x
WHERE x.here <> x.there
