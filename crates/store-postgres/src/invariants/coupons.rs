//! Coupons: each with one order at a time, spent and given back with the money.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I23a",
        "a coupon serves one order at a time",
        "SELECT u.coupon_id || ' ' || u.grant_no FROM coupon_uses u \
         WHERE u.status IN ('held', 'used') \
         GROUP BY u.buyer_id, u.coupon_id, u.grant_no HAVING count(*) > 1"
    ),
    rule!(
        "I23b",
        "a buyer's coupon is where the orders say, and in their hand when no order has it",
        "SELECT g.coupon_id || ' ' || g.grant_no FROM coupon_grants g \
         LEFT JOIN coupon_uses u ON u.buyer_id = g.buyer_id AND u.coupon_id = g.coupon_id \
             AND u.grant_no = g.grant_no AND u.status IN ('held', 'used') \
         WHERE g.status <> coalesce(u.status, 'issued') OR g.order_id IS DISTINCT FROM u.order_id \
         UNION ALL SELECT u.coupon_id || ' ' || u.grant_no FROM coupon_uses u \
         WHERE NOT EXISTS (SELECT 1 FROM coupon_grants g WHERE g.buyer_id = u.buyer_id \
             AND g.coupon_id = u.coupon_id AND g.grant_no = u.grant_no)"
    ),
    rule!(
        "I23c",
        "an order's coupon is held until it is settled, spent then, back when it is cancelled, or somebody looks into it",
        "SELECT o.order_number FROM coupon_uses u JOIN orders o ON o.id = u.order_id \
         LEFT JOIN settlements s ON s.order_id = o.id \
         WHERE u.status <> CASE WHEN o.status = 'cancelled' AND s.order_id IS NULL THEN 'released' \
             WHEN o.status = 'cancelled' THEN 'returned' \
             WHEN s.order_id IS NULL THEN 'held' ELSE 'used' END \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'coupon' AND c.subject = o.order_number)"
    ),
    rule!(
        "I23d",
        "an order has the coupon that it was priced with, of its own buyer, and a discount only with one",
        "SELECT o.order_number FROM orders o LEFT JOIN coupon_uses u ON u.order_id = o.id \
         WHERE o.checkout->>'coupon_id' IS DISTINCT FROM u.coupon_id \
            OR u.buyer_id <> o.buyer_id OR (u.order_id IS NULL AND o.discount_fen > 0)"
    ),
    rule!(
        "I23e",
        "nobody has two coupons of one number, and numbers are counted from one",
        "SELECT g.coupon_id || ' of ' || g.buyer_id FROM coupon_grants g \
         GROUP BY g.buyer_id, g.coupon_id HAVING count(*) <> max(g.grant_no)"
    ),
    rule!(
        "I25e",
        "every coupon that was spent or came back has its effect, and every such effect its coupon",
        "SELECT 'coupon_used:' || u.order_id FROM coupon_uses u WHERE u.status IN ('used', 'returned') \
         AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'coupon_used:' || u.order_id) \
         UNION ALL SELECT 'coupon_back:' || u.order_id FROM coupon_uses u \
         WHERE u.status IN ('released', 'returned') \
         AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'coupon_back:' || u.order_id) \
         UNION ALL SELECT e.effect_key FROM effects e WHERE e.effect_key LIKE 'coupon\\_%' \
         AND NOT EXISTS (SELECT 1 FROM coupon_uses u \
             WHERE (e.effect_key = 'coupon_used:' || u.order_id AND u.status IN ('used', 'returned')) \
                OR (e.effect_key = 'coupon_back:' || u.order_id AND u.status IN ('released', 'returned')))"
    ),
];
