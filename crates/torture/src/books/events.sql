-- I25, I32, I38: every event once, in its order; and one row of the trail for every version.
-- An event's place is its order's version, times 1 024, and its place in that commit.
SELECT 'I33 events stand in the order of their versions: ' || o.order_number || ' version ' || e.version
FROM outbox e JOIN orders o ON o.id = e.order_id
GROUP BY o.order_number, o.version, e.version
HAVING min(e.seq) <> e.version * 1024 OR max(e.seq) <> e.version * 1024 + count(*) - 1
    OR e.version > o.version
UNION ALL
SELECT 'I38 one row of the trail for every version: ' || o.order_number || ' at ' || o.version
FROM orders o LEFT JOIN audit a ON a.order_id = o.id
GROUP BY o.order_number, o.version
HAVING count(a.seq) <> o.version OR min(a.seq) <> 1 OR max(a.seq) <> o.version
UNION ALL
SELECT 'I32 every event once: ' || o.order_number || ' has ' || e.n || ' ' || e.type
FROM orders o JOIN (
    SELECT order_id, type, subject, count(*) AS n FROM outbox
    -- Several parcels, several cases, several tries to bring the money.
    WHERE type NOT IN ('order.shipped', 'case.opened', 'case.resolved', 'refund.abnormal')
    GROUP BY order_id, type, subject) e ON e.order_id = o.id
WHERE e.n > 1
UNION ALL
SELECT 'I32 every event that has to be: ' || o.order_number || ' lacks ' || x.type
FROM orders o
CROSS JOIN LATERAL (VALUES
    ('order.created', true),
    ('order.paid', o.payment_status <> 'unpaid'),
    ('order.cancelled', o.status = 'cancelled'),
    ('order.shipped', o.shipments <> '[]'),
    ('order.delivered', o.status IN ('delivered', 'completed') AND o.purpose = 'goods'),
    ('order.completed', o.status = 'completed' AND o.purpose = 'goods'),
    ('order.cod_collected', EXISTS (
        SELECT 1 FROM settlements s WHERE s.order_id = o.id AND s.kind = 'cod'))) AS x (type, has_to_be)
WHERE x.has_to_be <> EXISTS (SELECT 1 FROM outbox e WHERE e.order_id = o.id AND e.type = x.type)
UNION ALL
SELECT 'I32 surplus is an event: ' || p.out_trade_no
FROM payments p
WHERE (p.status = 'surplus') <> EXISTS (
    SELECT 1 FROM outbox e
    WHERE e.order_id = p.order_id AND e.type = 'payment.surplus' AND e.subject = p.out_trade_no)
UNION ALL
SELECT 'I32 a refund is an event: ' || r.out_refund_no || ' lacks or has ' || x.type
FROM refunds r
CROSS JOIN LATERAL (VALUES
    ('refund.requested', r.kind <> 'external'),
    ('refund.succeeded', r.status IN ('succeeded', 'settled_offline')),
    ('refund.closed', r.status = 'closed')) AS x (type, has_to_be)
WHERE x.has_to_be <> EXISTS (
    SELECT 1 FROM outbox e
    WHERE e.order_id = r.order_id AND e.type = x.type AND e.subject = r.out_refund_no)
UNION ALL
SELECT 'I32 what moves in a wallet is told as often, and so are points that are given: '
       || coalesce(m.name, e.subject) || ' ' || coalesce(m.n, 0) || ' ' || coalesce(m.told, e.type) || ', told '
       || coalesce(e.n, 0)
FROM (SELECT t.order_id, t.name, count(*) AS n,
             CASE WHEN e.account = 'points' THEN 'points.granted' WHEN e.amount > 0 THEN 'wallet.credited'
                  ELSE 'wallet.debited' END AS told
      FROM transfers t JOIN entries e ON e.transfer = t.name
      WHERE t.order_id IS NOT NULL AND (e.account = 'wallet' OR (e.account = 'points' AND e.amount > 0))
      GROUP BY 1, 2, 4) m
FULL JOIN (SELECT order_id, type, subject, count(*) AS n FROM outbox
           WHERE type LIKE 'wallet.%' OR type LIKE 'points.%' GROUP BY 1, 2, 3) e
    ON e.order_id = m.order_id AND e.type = m.told AND e.subject = m.name
WHERE coalesce(m.n, 0) <> coalesce(e.n, 0)
UNION ALL
-- What PostgreSQL has acknowledged is there, whatever was stopped, frozen or killed since.
SELECT 'an acknowledged commit stays: ' || a.command_id
FROM acknowledged a WHERE NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = a.command_id)
UNION ALL
SELECT 'an acknowledged order stays: ' || a.order_id || ', ' || a.command_id
FROM acknowledged a
WHERE a.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = a.order_id)
