//! Payments: money that came is settled or goes back, and nothing that was recorded of it is lost.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I1",
        "money that came settles its order or is surplus",
        "SELECT p.out_trade_no FROM payments p WHERE p.transaction_id IS NOT NULL \
         AND p.status <> 'surplus' AND NOT (p.status = 'paid' AND EXISTS (SELECT 1 FROM settlements s \
             WHERE s.order_id = p.order_id AND s.payment_no = p.payment_no))"
    ),
    rule!(
        "I4",
        "what settles an order is a payment that WeChat Pay says was paid",
        "SELECT o.order_number FROM settlements s JOIN orders o ON o.id = s.order_id \
         WHERE s.kind = 'wechat' AND NOT EXISTS (SELECT 1 FROM payments p \
             WHERE p.order_id = s.order_id AND p.payment_no = s.payment_no AND p.status = 'paid' \
               AND p.transaction_id IS NOT NULL AND p.success_at IS NOT NULL)"
    ),
    rule!(
        "I5a",
        "what settled is what was asked for: amount, currency, appid",
        "SELECT p.out_trade_no FROM payments p WHERE p.status = 'paid' \
         AND (p.paid_fen IS DISTINCT FROM p.amount_fen OR p.currency IS DISTINCT FROM 'CNY' \
              OR p.receipt_appid IS DISTINCT FROM p.appid)"
    ),
    rule!(
        "I5b",
        "what settled is what the order costs",
        "SELECT o.order_number FROM settlements s JOIN orders o ON o.id = s.order_id \
         LEFT JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         WHERE s.amount_fen <> o.total_fen \
            OR (s.kind = 'wechat' AND p.paid_fen IS DISTINCT FROM s.amount_fen)"
    ),
    rule!(
        "I5c",
        "a transaction of WeChat Pay's belongs to one payment",
        "SELECT p.transaction_id FROM payments p WHERE p.transaction_id IS NOT NULL \
         GROUP BY p.mchid, p.transaction_id HAVING count(*) > 1"
    ),
    rule!(
        "I7d",
        "at most one payment of an order is open",
        "SELECT o.order_number FROM orders o WHERE (SELECT count(*) FROM payments p \
             WHERE p.order_id = o.id AND p.status IN ('created', 'payable', 'unknown')) > 1"
    ),
    rule!(
        "I7e",
        "a number of a payment is the order's own, and used once",
        "SELECT p.out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id \
         WHERE o.purpose <> 'external' AND p.out_trade_no <> o.order_number \
             || CASE p.payment_no WHEN 1 THEN '' WHEN 100 THEN '-W' ELSE '-' || p.payment_no END \
         UNION ALL SELECT p.out_trade_no FROM payments p \
         GROUP BY p.mchid, p.out_trade_no HAVING count(*) > 1"
    ),
    rule!(
        "I8",
        "a success that was recorded is never taken back",
        "SELECT DISTINCT p.out_trade_no FROM audit a CROSS JOIN LATERAL jsonb_array_elements(a.events) e \
         JOIN payments p ON p.order_id = a.order_id AND p.payment_no = (e->>'payment_no')::int \
         WHERE (e->>'event' = 'payment_paid' AND p.status <> 'paid') \
            OR (e->>'event' IN ('payment_surplus', 'payment_adopted') AND p.status <> 'surplus') \
            OR (e->>'transaction_id' IS NOT NULL \
                AND p.transaction_id IS DISTINCT FROM e->>'transaction_id')"
    ),
    rule!(
        "I12a",
        "money that its order could take is never sent back by itself",
        "SELECT r.out_refund_no FROM refunds r JOIN payments p \
             ON p.order_id = r.order_id AND p.payment_no = r.payment_no \
         WHERE r.kind = 'surplus' AND p.status <> 'surplus'"
    ),
    rule!(
        "I12b",
        "surplus has a reason that can be seen",
        "SELECT p.out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id \
         LEFT JOIN settlements s ON s.order_id = o.id \
         WHERE p.status = 'surplus' AND NOT CASE p.surplus_cause \
             WHEN 'late' THEN o.status = 'cancelled' AND s.order_id IS NULL \
             WHEN 'second' THEN s.order_id IS NOT NULL AND s.payment_no IS DISTINCT FROM p.payment_no \
             WHEN 'mismatch' THEN p.paid_fen <> p.amount_fen OR p.currency <> 'CNY' \
                 OR p.receipt_appid <> p.appid \
             ELSE p.surplus_cause IS NOT NULL END"
    ),
    rule!(
        "I13a",
        "surplus money has a refund of all of it",
        "SELECT p.out_trade_no FROM payments p WHERE p.status = 'surplus' AND p.paid_fen IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no AND r.kind = 'surplus' AND r.amount_fen = p.paid_fen)"
    ),
    rule!(
        "I13b",
        "surplus money goes back once, or a person is told",
        "SELECT p.out_trade_no FROM payments p WHERE (SELECT count(*) FROM refunds r \
             WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus' \
               AND r.status NOT IN ('withdrawn', 'closed', 'rejected')) > 1 \
         AND NOT EXISTS (SELECT 1 FROM refunds r JOIN cases c ON c.subject = r.out_refund_no \
             WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no AND r.kind = 'surplus' \
               AND c.kind = 'refund_mismatch')"
    ),
    rule!(
        "I13c",
        "surplus money whose refunds came to nothing goes back elsewhere, or somebody looks into it",
        "SELECT p.out_trade_no FROM payments p WHERE p.status = 'surplus' \
         AND EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no AND r.kind = 'surplus') \
         AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no AND r.kind = 'surplus' \
             AND r.status NOT IN ('withdrawn', 'closed', 'rejected')) \
         AND (SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no \
             AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected')) < p.paid_fen \
         AND NOT EXISTS (SELECT 1 FROM refunds r JOIN cases c ON c.subject = r.out_refund_no \
             WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no \
               AND c.kind = 'refund_abnormal')"
    ),
    rule!(
        "I13d",
        "surplus money is shown as a case",
        "SELECT p.out_trade_no FROM payments p WHERE p.status = 'surplus' \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.subject = p.out_trade_no AND c.kind = CASE \
             p.surplus_cause WHEN 'mismatch' THEN 'amount_mismatch' \
             WHEN 'refund_seen_first' THEN 'refund_mismatch' ELSE 'surplus' END)"
    ),
];
