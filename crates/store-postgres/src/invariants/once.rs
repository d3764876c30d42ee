//! What happens once and has its name among the effects, and keys that lead somewhere.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I25a",
        "every settlement has its effect, and every such effect its settlement",
        "SELECT 'settled:' || s.order_id FROM settlements s \
         WHERE NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'settled:' || s.order_id) \
         UNION ALL SELECT e.effect_key FROM effects e WHERE e.effect_key LIKE 'settled:%' \
         AND NOT EXISTS (SELECT 1 FROM settlements s WHERE 'settled:' || s.order_id = e.effect_key)"
    ),
    rule!(
        "I25b",
        "every cancelled order has its effect, and every such effect its cancelled order",
        "SELECT 'cancelled:' || o.id FROM orders o WHERE o.status = 'cancelled' \
         AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'cancelled:' || o.id) \
         AND NOT (o.purpose = 'external' AND o.lines = '[]') \
         UNION ALL SELECT e.effect_key FROM effects e WHERE e.effect_key LIKE 'cancelled:%' \
         AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.status = 'cancelled' \
             AND 'cancelled:' || o.id = e.effect_key)"
    ),
    rule!(
        "I25c",
        "every surplus payment has its effect, and every such effect its surplus payment",
        "SELECT 'surplus:' || p.out_trade_no FROM payments p WHERE p.status = 'surplus' \
         AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'surplus:' || p.out_trade_no) \
         UNION ALL SELECT e.effect_key FROM effects e WHERE e.effect_key LIKE 'surplus:%' \
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.status = 'surplus' \
             AND 'surplus:' || p.out_trade_no = e.effect_key)"
    ),
    rule!(
        "I25d",
        "every refund that the payer has got has its effect, and every such effect its refund",
        "SELECT 'refunded:' || r.out_refund_no FROM refunds r \
         WHERE r.status IN ('succeeded', 'settled_offline') \
         AND NOT EXISTS (SELECT 1 FROM effects e WHERE e.effect_key = 'refunded:' || r.out_refund_no) \
         UNION ALL SELECT e.effect_key FROM effects e WHERE e.effect_key LIKE 'refunded:%' \
         AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.status IN ('succeeded', 'settled_offline') \
             AND 'refunded:' || r.out_refund_no = e.effect_key)"
    ),
    rule!(
        "I26",
        "a key leads to an order and a payment that are there",
        "SELECT i.route FROM idempotency i WHERE (i.order_id IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = i.order_id)) \
         OR (i.payment_no IS NOT NULL AND NOT EXISTS (SELECT 1 FROM payments p \
             WHERE p.order_id = i.order_id AND p.payment_no = i.payment_no))"
    ),
];
