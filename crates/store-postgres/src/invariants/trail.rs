//! Notifications, events for the outside and the audit: nothing happens that is not told, once.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I28",
        "a payment's notification that counts as applied is in a payment",
        "SELECT i.event_id FROM inbox i WHERE i.status = 'applied' \
         AND i.event_type = 'TRANSACTION.SUCCESS' AND NOT EXISTS (SELECT 1 FROM payments p \
             WHERE p.out_trade_no = i.out_trade_no AND p.status IN ('paid', 'surplus'))"
    ),
    rule!(
        "I31",
        "news of a number that nobody knows has a case, or its payment came",
        "SELECT i.event_id FROM inbox i WHERE i.status = 'orphan' \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.subject = i.out_trade_no \
             AND c.kind IN ('unknown_order', 'foreign')) \
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.out_trade_no = i.out_trade_no)"
    ),
    rule!(
        "I32a",
        "the events of one version of an order are numbered without gaps",
        "SELECT o.order_number FROM orders o JOIN (SELECT x.order_id, x.version, \
             min(x.seq) AS first, max(x.seq) AS last, count(*) AS n FROM outbox x \
             GROUP BY x.order_id, x.version) v ON v.order_id = o.id \
         WHERE v.first NOT IN (v.version * 1024, v.version * 16) \
            OR v.last <> v.first + v.n - 1 OR v.n > 1024 \
            OR v.version > o.version"
    ),
    rule!(
        "I32b",
        "each thing that happens to an order is told once: placed, paid, collected, converted, cancelled, delivered, completed",
        "SELECT o.order_number || ' ' || t.type FROM orders o CROSS JOIN (VALUES \
             ('placed', 'order.created'), ('settled', 'order.paid'), ('cancelled', 'order.cancelled'), \
             ('converted', 'order.cod_converted'), ('shipped', 'order.shipped'), ('delivered', 'order.delivered'), \
             ('completed', 'order.completed')) t (event, type) \
         WHERE (SELECT count(*) FROM audit a, jsonb_array_elements(a.events) e \
                WHERE a.order_id = o.id AND e->>'event' = t.event) \
            <> (SELECT count(*) FROM outbox x WHERE x.order_id = o.id AND x.type = t.type) \
         UNION ALL SELECT o.order_number || ' order.cod_collected' FROM orders o \
         WHERE (SELECT count(*) FROM settlements s WHERE s.order_id = o.id AND s.kind = 'cod') \
            <> (SELECT count(*) FROM outbox x WHERE x.order_id = o.id \
                AND x.type = 'order.cod_collected')"
    ),
    rule!(
        "I32c",
        "surplus money and refunds are told once each, by their numbers",
        "SELECT p.out_trade_no FROM payments p WHERE (p.status = 'surplus')::int <> (SELECT count(*) \
             FROM outbox x WHERE x.order_id = p.order_id AND x.type = 'payment.surplus' \
             AND x.subject = p.out_trade_no) \
         UNION ALL SELECT r.out_refund_no FROM refunds r \
         WHERE (r.status IN ('succeeded', 'settled_offline'))::int <> (SELECT count(*) FROM outbox x \
             WHERE x.order_id = r.order_id AND x.type = 'refund.succeeded' \
             AND x.subject = r.out_refund_no) \
         UNION ALL SELECT r.out_refund_no FROM refunds r \
         WHERE (r.kind <> 'external')::int <> (SELECT count(*) FROM outbox x \
             WHERE x.order_id = r.order_id AND x.type = 'refund.requested' \
             AND x.subject = r.out_refund_no)"
    ),
    rule!(
        "I32d",
        "what an order moves in a wallet is told once, and so are points that are given, by the transfer's name",
        "SELECT t.name FROM transfers t JOIN entries e ON e.transfer = t.name \
             JOIN LATERAL (SELECT CASE WHEN e.account = 'points' THEN 'points.granted' \
                 WHEN e.amount > 0 THEN 'wallet.credited' ELSE 'wallet.debited' END AS type) w ON true \
         WHERE t.order_id IS NOT NULL AND (e.account = 'wallet' OR e.account = 'points' AND e.amount > 0) \
           AND (SELECT count(*) FROM outbox x WHERE x.order_id = t.order_id AND x.type = w.type \
                AND x.subject = t.name) <> 1 \
         UNION ALL SELECT x.event_id FROM outbox x \
         WHERE x.type IN ('wallet.credited', 'wallet.debited', 'points.granted') AND NOT EXISTS ( \
             SELECT 1 FROM entries e JOIN transfers t ON t.name = e.transfer WHERE t.name = x.subject \
             AND t.order_id = x.order_id AND x.type = CASE e.account \
                 WHEN 'points' THEN CASE WHEN e.amount > 0 THEN 'points.granted' END \
                 WHEN 'wallet' THEN CASE WHEN e.amount > 0 THEN 'wallet.credited' \
                     ELSE 'wallet.debited' END END)"
    ),
    rule!(
        "I34",
        "an event's id follows from its order and its number, so that it is the same for ever",
        "SELECT x.event_id FROM outbox x JOIN orders o ON o.id = x.order_id \
         WHERE x.event_id <> 'evt_' || o.order_number || '_' || x.seq"
    ),
    rule!(
        "I38a",
        "each version of an order has one row in the audit",
        "SELECT o.order_number FROM orders o JOIN (SELECT a.order_id, count(*) AS n, \
             min(a.seq) AS first, max(a.seq) AS last FROM audit a WHERE a.order_id IS NOT NULL \
             GROUP BY a.order_id) a ON a.order_id = o.id \
         WHERE a.n <> o.version OR a.first <> 1 OR a.last <> o.version \
         UNION ALL SELECT o.order_number FROM orders o \
         WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.order_id = o.id)"
    ),
    rule!(
        "I38b",
        "a row of the audit says who, why and what",
        "SELECT a.subject FROM audit a WHERE a.actor = '' OR a.cause = '' \
         OR jsonb_typeof(a.events) <> 'array' OR a.events = '[]'"
    ),
];
