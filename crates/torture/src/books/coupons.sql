-- I23: a coupon is given as often as it was said, serves one order at a time, and is back when that order
-- ended without it. By the orders, which say what they were priced with.
SELECT 'I23 coupons are given as it was said: ' || coalesce(g.buyer_id, t.user_id) || ' has '
       || coalesce(g.n, 0) || ' of ' || coalesce(g.coupon_id, t.coupon_id) || ', said ' || coalesce(t.n, 0)
FROM (SELECT buyer_id, coupon_id, count(*) AS n FROM coupon_grants GROUP BY 1, 2) g
FULL JOIN (SELECT user_id, coupon_id, sum(quantity) AS n FROM told_issues GROUP BY 1, 2) t
    ON t.user_id = g.buyer_id AND t.coupon_id = g.coupon_id
WHERE coalesce(g.n, 0) <> coalesce(t.n, 0)
UNION ALL
SELECT 'I23 nobody gets more than the limit: ' || g.buyer_id || ' has ' || count(*) || ' of ' || g.coupon_id
FROM coupon_grants g JOIN the_coupons c ON c.id = g.coupon_id
GROUP BY g.buyer_id, g.coupon_id, c.limit_ HAVING count(*) > c.limit_
UNION ALL
SELECT 'I23 a coupon is with the orders that are not cancelled, and with no other: ' || x.buyer_id || ' ' || x.coupon_id
       || ', ' || x.live || ' orders, ' || x.out || ' of ' || x.all_ || ' out'
FROM (
    SELECT g.buyer_id, g.coupon_id, count(*) AS all_, count(*) FILTER (WHERE g.status <> 'issued') AS out,
           (SELECT count(*) FROM orders o WHERE o.buyer_id = g.buyer_id AND o.status <> 'cancelled'
              AND o.checkout->>'coupon_id' = g.coupon_id) AS live
    FROM coupon_grants g GROUP BY g.buyer_id, g.coupon_id) x
WHERE x.live <> x.out
UNION ALL
SELECT 'I23 an order has the coupon that it was priced with: ' || o.order_number
FROM orders o LEFT JOIN coupon_uses u ON u.order_id = o.id
WHERE o.checkout->>'coupon_id' IS DISTINCT FROM u.coupon_id OR u.buyer_id <> o.buyer_id
   OR (u.status = 'used') <> (o.payment_status <> 'unpaid' AND o.status <> 'cancelled')
   OR (u.status IN ('released', 'returned')) <> (o.status = 'cancelled')
UNION ALL
SELECT 'I23 one coupon is with one order: ' || u.buyer_id || ' ' || u.coupon_id || ' ' || u.grant_no
FROM coupon_uses u WHERE u.status IN ('held', 'used')
GROUP BY u.buyer_id, u.coupon_id, u.grant_no HAVING count(*) > 1
UNION ALL
-- The terms as the shop was opened with; every price here is a multiple of ten.
SELECT 'a discount is what its coupon promises: ' || o.order_number || ' ' || o.discount_fen
FROM orders o LEFT JOIN the_coupons c ON c.id = o.checkout->>'coupon_id'
WHERE o.discount_fen <> CASE
    WHEN c.id IS NULL THEN 0
    WHEN o.items_fen < c.threshold_fen THEN -1
    WHEN c.percent IS NULL THEN least(c.amount_fen, o.items_fen)
    ELSE least(c.cap_fen, o.items_fen * c.percent / 100) END
