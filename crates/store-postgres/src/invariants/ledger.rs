//! The ledger: nothing is made and nothing is lost, and it says what orders, payments and refunds say.

use super::{Rule, rule};

/// Rules about the ledger by itself: what the trial balance checks.
pub(super) const CHAIN: &[Rule] = &[
    rule!(
        "I16",
        "a transfer has the entries that it was made of, two at least, and sums to zero in every unit",
        "SELECT t.name FROM transfers t LEFT JOIN entries e ON e.transfer = t.name \
         GROUP BY t.name, t.entry_count \
         HAVING count(e.transfer) < 2 OR count(e.transfer) IS DISTINCT FROM t.entry_count \
             OR coalesce(sum(e.amount) FILTER (WHERE e.unit = 'fen'), 0) <> 0 \
             OR coalesce(sum(e.amount) FILTER (WHERE e.unit = 'points'), 0) <> 0"
    ),
    rule!(
        "I17a",
        "a buyer's account holds the sum of its entries",
        "SELECT a.account || ' of ' || a.buyer_id FROM accounts a LEFT JOIN entries e \
             ON (e.buyer_id, e.account, e.unit) = (a.buyer_id, a.account, a.unit) \
         GROUP BY a.buyer_id, a.account, a.unit, a.balance, a.entries \
         HAVING a.balance <> coalesce(sum(e.amount), 0) OR a.entries <> count(e.transfer)"
    ),
    rule!(
        "I17b",
        "each balance is the one before plus what was added",
        "SELECT x.transfer FROM (SELECT e.transfer, e.balance_after, e.amount, e.seq, \
             lag(e.balance_after, 1, 0::bigint) OVER w AS before, row_number() OVER w AS no \
             FROM entries e WHERE e.buyer_id IS NOT NULL \
             WINDOW w AS (PARTITION BY e.buyer_id, e.account, e.unit ORDER BY e.seq)) x \
         WHERE x.balance_after <> x.before + x.amount OR x.seq <> x.no"
    ),
    rule!(
        "I17c",
        "wallets and points are never negative, and what buyers owe is never positive",
        "SELECT e.transfer FROM entries e WHERE e.buyer_id IS NOT NULL \
         AND (e.balance_after < 0) <> (e.account = 'buyer_receivable') AND e.balance_after <> 0"
    ),
];

/// Rules about the ledger and what it is about, in both directions: whatever happened is there with both
/// of its accounts, and whatever is there has happened. Only what a case names as lacking may lack: the
/// ledger refused what WeChat Pay said, and a person was told. A buyer who owes something owes it there.
pub(super) const RULES: &[Rule] = &[
    rule!(
        "I17d",
        "nothing moves in the ledger but what was settled, refunded, reserved, granted or spent",
        "SELECT t.name FROM transfers t WHERE t.name !~ '^(settled|bonus|surplus|refunded):' AND NOT ( \
             t.name LIKE 'spend:%' AND t.kind = 'spend' AND t.order_id IS NULL \
             AND (SELECT count(*) = 2 AND bool_and(e.unit = 'points' \
                      AND e.account = CASE WHEN e.amount < 0 THEN 'points' ELSE 'sales' END) \
                  FROM entries e WHERE e.transfer = t.name) \
             OR EXISTS (SELECT 1 FROM orders o WHERE o.id = t.order_id AND o.purpose = 'recharge' \
                 AND starts_with(t.name, CASE t.kind WHEN 'refund' THEN 'reserved:' WHEN 'bonus' \
                     THEN 'revoked:' END || o.order_number || ':')))"
    ),
    rule!(
        "I17e",
        "what a buyer has and owes is what recharges left, wallets paid and got back, and points spent",
        "SELECT b.buyer_id::text FROM (SELECT x.buyer_id, x.unit FROM ( \
             SELECT a.buyer_id, a.unit, a.balance::numeric AS amount FROM accounts a \
             UNION ALL SELECT o.buyer_id, \
                 CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END, \
                 div(g.whole * p.refund_reserved_fen, p.amount_fen) - g.whole \
             FROM orders o JOIN settlements s ON s.order_id = o.id \
             JOIN payments p ON (p.order_id, p.payment_no) = (s.order_id, s.payment_no) \
             CROSS JOIN LATERAL (VALUES ((o.recharge->>'principal')::numeric), \
                 ((o.recharge->>'bonus')::numeric)) AS g (whole) WHERE o.purpose = 'recharge' \
             UNION ALL SELECT o.buyer_id, 'fen', s.amount_fen \
             FROM settlements s JOIN orders o ON o.id = s.order_id WHERE s.kind = 'wallet' \
             UNION ALL SELECT o.buyer_id, 'fen', -r.amount_fen \
             FROM refunds r JOIN orders o ON o.id = r.order_id \
             JOIN settlements s ON (s.order_id, s.payment_no) = (r.order_id, r.payment_no) \
             WHERE s.kind = 'wallet' AND r.status IN ('succeeded', 'settled_offline') \
             UNION ALL SELECT e.buyer_id, e.unit, -e.amount \
             FROM entries e JOIN transfers t ON t.name = e.transfer \
             WHERE t.kind = 'spend' AND e.buyer_id IS NOT NULL) x \
             GROUP BY x.buyer_id, x.unit HAVING sum(x.amount) <> 0) b \
         WHERE NOT EXISTS (SELECT 1 FROM cases c JOIN orders o ON o.order_number = c.subject \
             WHERE c.kind = 'ledger' AND starts_with(c.detail, 'the ledger lacks ') \
               AND o.buyer_id = b.buyer_id)"
    ),
    rule!(
        "I19",
        "a recharge is credited once with what it grants, and never before it is paid",
        "SELECT o.order_number FROM orders o WHERE o.purpose = 'recharge' \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number \
             AND starts_with(c.detail, 'the ledger lacks ')) \
         AND (SELECT coalesce(sum(e.amount), 0) FROM transfers t JOIN entries e ON e.transfer = t.name \
              WHERE t.order_id = o.id AND t.kind IN ('recharge', 'bonus') AND e.amount > 0 \
                AND e.account = o.recharge->>'credit' AND t.name NOT LIKE 'revoked:%') \
           <> CASE WHEN o.payment_status = 'unpaid' THEN 0 \
              ELSE (o.recharge->>'principal')::bigint + (o.recharge->>'bonus')::bigint END"
    ),
    rule!(
        "I20a",
        "what an order was settled with is in the ledger, from where it came to what it bought, and nothing else is",
        "WITH happened AS (SELECT 'settled:' || coalesce(p.out_trade_no, o.order_number) AS name, \
                 x.account, x.unit, x.buyer_id, x.amount \
             FROM settlements s JOIN orders o ON o.id = s.order_id \
             LEFT JOIN payments p ON (p.order_id, p.payment_no) = (s.order_id, s.payment_no) \
             CROSS JOIN LATERAL (SELECT o.recharge->>'credit' AS credit, \
                 (o.recharge->>'principal')::bigint AS principal, \
                 CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END AS unit) g \
             CROSS JOIN LATERAL (VALUES \
                 (CASE s.kind WHEN 'wallet' THEN 'wallet' WHEN 'cod' THEN 'cash_in_transit' \
                     ELSE 'wechat_clearing' END, 'fen', \
                  CASE s.kind WHEN 'wallet' THEN o.buyer_id END, -s.amount_fen), \
                 ('sales', 'fen', NULL, \
                  CASE WHEN g.credit = 'wallet' THEN 0 ELSE s.amount_fen END), \
                 (g.credit, g.unit, o.buyer_id, g.principal), \
                 ('promotion', g.unit, NULL, CASE g.credit WHEN 'wallet' \
                     THEN s.amount_fen - g.principal ELSE -g.principal END) \
             ) AS x (account, unit, buyer_id, amount) WHERE x.amount <> 0 \
             UNION ALL SELECT 'bonus:' || o.order_number, x.account, g.unit, x.buyer_id, x.amount \
             FROM settlements s JOIN orders o ON o.id = s.order_id \
             CROSS JOIN LATERAL (SELECT o.recharge->>'credit' AS credit, \
                 (o.recharge->>'bonus')::bigint AS bonus, \
                 CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END AS unit) g \
             CROSS JOIN LATERAL (VALUES ('promotion', NULL, -g.bonus), (g.credit, o.buyer_id, g.bonus) \
             ) AS x (account, buyer_id, amount) WHERE x.amount <> 0), \
         posted AS (SELECT e.transfer, e.account, e.unit, e.buyer_id, e.amount FROM entries e \
             WHERE e.transfer ~ '^(settled|bonus):') \
         SELECT DISTINCT d.name FROM ( \
             (SELECT * FROM happened EXCEPT ALL SELECT * FROM posted) UNION ALL \
             (SELECT * FROM posted EXCEPT ALL SELECT * FROM happened)) d \
         WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND d.name = ANY (string_to_array( \
             split_part(split_part(c.detail, 'the ledger lacks ', 2), ': refused by', 1), ', ')))"
    ),
    rule!(
        "I20b",
        "money that orders could not take is owed in the ledger, and no other is",
        "WITH happened AS (SELECT 'surplus:' || p.out_trade_no AS name, x.account, 'fen'::text AS unit, \
                 NULL::uuid AS buyer_id, x.amount \
             FROM payments p CROSS JOIN LATERAL (VALUES ('wechat_clearing', -p.paid_fen), \
                 ('refunds_payable', p.paid_fen)) AS x (account, amount) \
             WHERE p.status = 'surplus' AND p.paid_fen > 0), \
         posted AS (SELECT e.transfer, e.account, e.unit, e.buyer_id, e.amount FROM entries e \
             WHERE e.transfer LIKE 'surplus:%') \
         SELECT DISTINCT d.name FROM ( \
             (SELECT * FROM happened EXCEPT ALL SELECT * FROM posted) UNION ALL \
             (SELECT * FROM posted EXCEPT ALL SELECT * FROM happened)) d \
         WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND d.name = ANY (string_to_array( \
             split_part(split_part(c.detail, 'the ledger lacks ', 2), ': refused by', 1), ', ')))"
    ),
    rule!(
        "I20c",
        "of each order as much is owed back in the ledger as came too much, or of a recharge is to go back, and is not back",
        "SELECT o.order_number FROM orders o JOIN (SELECT x.order_id FROM ( \
             SELECT t.order_id, e.amount FROM entries e JOIN transfers t ON t.name = e.transfer \
             WHERE e.account = 'refunds_payable' \
             UNION ALL SELECT p.order_id, -p.paid_fen FROM payments p \
             WHERE p.status = 'surplus' AND p.paid_fen > 0 \
             UNION ALL SELECT p.order_id, -p.refund_reserved_fen FROM payments p \
             JOIN settlements s ON (s.order_id, s.payment_no) = (p.order_id, p.payment_no) \
             JOIN orders r ON r.id = p.order_id WHERE r.purpose = 'recharge' \
             UNION ALL SELECT b.order_id, b.amount_fen FROM refunds b \
             JOIN payments p ON (p.order_id, p.payment_no) = (b.order_id, b.payment_no) \
             JOIN orders r ON r.id = b.order_id \
             WHERE b.status IN ('succeeded', 'settled_offline') \
               AND (p.status = 'surplus' OR r.purpose = 'recharge')) x \
             GROUP BY x.order_id HAVING sum(x.amount) <> 0) d ON d.order_id = o.id \
         WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number \
             AND starts_with(c.detail, 'the ledger lacks '))"
    ),
    rule!(
        "I14d",
        "what was paid back is in the ledger once, from what it was taken from to where it went, and nothing else is",
        "WITH happened AS (SELECT 'refunded:' || r.out_refund_no AS name, x.account, 'fen'::text AS unit, \
                 x.buyer_id, x.amount \
             FROM refunds r JOIN orders o ON o.id = r.order_id \
             JOIN payments p ON (p.order_id, p.payment_no) = (r.order_id, r.payment_no) \
             LEFT JOIN settlements s ON (s.order_id, s.payment_no) = (r.order_id, r.payment_no) \
             CROSS JOIN LATERAL (VALUES \
                 (CASE WHEN p.status = 'surplus' OR o.purpose = 'recharge' THEN 'refunds_payable' \
                      ELSE 'sales' END, NULL, -r.amount_fen), \
                 (CASE WHEN s.kind = 'wallet' THEN 'wallet' WHEN r.status = 'settled_offline' \
                      THEN 'cash_in_transit' ELSE 'wechat_clearing' END, \
                  CASE s.kind WHEN 'wallet' THEN o.buyer_id END, r.amount_fen) \
             ) AS x (account, buyer_id, amount) WHERE r.status IN ('succeeded', 'settled_offline')), \
         posted AS (SELECT e.transfer, e.account, e.unit, e.buyer_id, e.amount FROM entries e \
             WHERE e.transfer LIKE 'refunded:%') \
         SELECT DISTINCT d.name FROM ( \
             (SELECT * FROM happened EXCEPT ALL SELECT * FROM posted) UNION ALL \
             (SELECT * FROM posted EXCEPT ALL SELECT * FROM happened)) d \
         WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND d.name = ANY (string_to_array( \
             split_part(split_part(c.detail, 'the ledger lacks ', 2), ': refused by', 1), ', ')))"
    ),
];
