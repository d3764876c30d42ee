//! Orders: what settled them, what they cost, and how they came where they are.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I2a",
        "an order has at most one settlement",
        "SELECT o.order_number FROM orders o WHERE \
         (SELECT count(*) FROM settlements s WHERE s.order_id = o.id) > 1"
    ),
    rule!(
        "I2b",
        "a payment settles at most one order",
        "SELECT p.out_trade_no FROM payments p WHERE \
         (SELECT count(*) FROM settlements s WHERE s.order_id = p.order_id \
          AND s.payment_no = p.payment_no) > 1"
    ),
    rule!(
        "I3a",
        "what counts as paid has its settlement",
        "SELECT o.order_number FROM orders o WHERE o.payment_status <> 'unpaid' \
         AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.order_id = o.id)"
    ),
    rule!(
        "I3b",
        "what has a settlement counts as paid",
        "SELECT o.order_number FROM orders o JOIN settlements s ON s.order_id = o.id \
         WHERE o.payment_status = 'unpaid' OR o.paid_at IS NULL"
    ),
    rule!(
        "I3c",
        "cash settles what is paid at the door, in full, and nothing that was paid online is kept beside it",
        "SELECT o.order_number FROM orders o JOIN settlements s ON s.order_id = o.id \
         WHERE (s.kind = 'cod') <> (o.payment_method = 'cod') \
         OR (s.kind = 'cod' AND (s.amount_fen <> o.total_fen OR s.courier IS NULL \
             OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status = 'paid')))"
    ),
    rule!(
        "I3d",
        "cash is locked while an online payment of the order is not over, and no longer",
        "SELECT o.order_number FROM orders o WHERE o.converting <> (o.payment_method = 'cod' \
         AND o.payment_status = 'unpaid' AND EXISTS (SELECT 1 FROM payments p \
             WHERE p.order_id = o.id AND (p.status IN ('created', 'payable', 'unknown', 'closing') \
                 OR (p.status = 'rejected' AND NOT p.reject_proven))))"
    ),
    rule!(
        "I6a",
        "an order's total is its lines minus its discount plus its fees",
        "SELECT o.order_number FROM orders o WHERE o.total_fen <> \
         o.items_fen - o.discount_fen + o.delivery_fen + o.rush_fen"
    ),
    rule!(
        "I6b",
        "an order's lines add up to its items and its discount",
        "SELECT o.order_number FROM orders o CROSS JOIN LATERAL ( \
             SELECT coalesce(sum((l->>'amount_fen')::bigint), 0) AS amount, \
                    coalesce(sum((l->>'discount_fen')::bigint), 0) AS discount, \
                    coalesce(bool_and((l->>'amount_fen')::bigint = \
                        (l->>'unit_price_fen')::bigint * (l->>'quantity')::bigint), true) AS exact \
             FROM jsonb_array_elements(o.lines) l) t \
         WHERE o.purpose = 'goods' AND (t.amount <> o.items_fen OR t.discount <> o.discount_fen \
             OR NOT t.exact)"
    ),
    rule!(
        "I6c",
        "money is between one fen and the limit; nothing is paid only where nothing is owed, online or at the door",
        "SELECT o.order_number FROM orders o WHERE o.total_fen NOT BETWEEN 0 AND 1000000000 \
             OR (o.total_fen = 0) <> (o.payment_method = 'free') \
                AND NOT (o.total_fen = 0 AND o.payment_method = 'cod') \
         UNION ALL SELECT p.out_trade_no FROM payments p \
         WHERE p.amount_fen NOT BETWEEN 1 AND 1000000000 \
         UNION ALL SELECT r.out_refund_no FROM refunds r \
         WHERE r.amount_fen NOT BETWEEN 1 AND 1000000000"
    ),
    rule!(
        "I7a",
        "an order is placed once, first of all",
        "SELECT o.order_number FROM orders o WHERE 1 <> (SELECT count(*) FROM audit a, \
             jsonb_array_elements(a.events) e WHERE a.order_id = o.id AND e->>'event' = 'placed') \
         OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.order_id = o.id AND a.seq = 1 \
             AND a.events->0->>'event' = 'placed')"
    ),
    rule!(
        "I7b",
        "an order is cancelled, delivered and completed at most once, and stays it",
        "SELECT o.order_number FROM orders o CROSS JOIN LATERAL ( \
             SELECT count(*) FILTER (WHERE e->>'event' = 'cancelled') AS cancelled, \
                    count(*) FILTER (WHERE e->>'event' = 'delivered') AS delivered, \
                    count(*) FILTER (WHERE e->>'event' = 'completed') AS completed \
             FROM audit a, jsonb_array_elements(a.events) e WHERE a.order_id = o.id) n \
         WHERE n.cancelled > 1 OR n.delivered > 1 OR n.completed > 1 \
            OR (n.cancelled = 1 AND o.status <> 'cancelled') \
            OR (n.completed = 1 AND o.status <> 'completed') \
            OR (n.delivered = 1 AND o.status NOT IN ('delivered', 'completed'))"
    ),
    rule!(
        "I7c",
        "the times of an order are those of its states",
        "SELECT o.order_number FROM orders o WHERE \
         (o.cancelled_at IS NULL) <> (o.status <> 'cancelled') \
         OR (o.completed_at IS NULL) <> (o.status <> 'completed') \
         OR (o.status = 'delivered' AND o.delivered_at IS NULL)"
    ),
    rule!(
        "I9a",
        "every payment of a cancelled order has ended",
        "SELECT p.out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id \
         WHERE o.status = 'cancelled' AND (p.status IN ('created', 'payable', 'unknown', 'closing') \
             OR (p.status = 'rejected' AND NOT p.reject_proven))"
    ),
    rule!(
        "I9b",
        "a cancelled order that was paid gives all of it back, or somebody looks into it",
        "SELECT o.order_number FROM orders o JOIN settlements s ON s.order_id = o.id \
         JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         WHERE o.status = 'cancelled' AND p.refund_reserved_fen < p.paid_fen \
         AND NOT EXISTS (SELECT 1 FROM refunds r JOIN cases c ON c.subject = r.out_refund_no \
             WHERE r.order_id = o.id AND c.kind = 'refund_abnormal')"
    ),
];
