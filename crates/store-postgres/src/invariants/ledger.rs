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

/// Every entry that there should be, by what happened to orders, payments and refunds.
macro_rules! happened {
    () => {
        "SELECT 'settled:' || coalesce(p.out_trade_no, o.order_number) AS transfer, x.account, x.unit, \
             x.amount, o.order_number \
         FROM settlements s JOIN orders o ON o.id = s.order_id \
         LEFT JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         CROSS JOIN LATERAL (VALUES \
             (CASE s.kind WHEN 'wallet' THEN 'wallet' WHEN 'cod' THEN 'cash_in_transit' \
                  ELSE 'wechat_clearing' END, 'fen', -s.amount_fen), \
             ('sales', 'fen', CASE WHEN o.recharge->>'credit' IS DISTINCT FROM 'wallet' \
                  THEN s.amount_fen END), \
             (o.recharge->>'credit', CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END, \
                  (o.recharge->>'principal')::bigint), \
             ('promotion', CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END, \
                  CASE o.recharge->>'credit' WHEN 'wallet' THEN s.amount_fen ELSE 0 END \
                      - (o.recharge->>'principal')::bigint)) x (account, unit, amount) \
         UNION ALL SELECT 'bonus:' || o.order_number, x.account, \
             CASE o.recharge->>'credit' WHEN 'wallet' THEN 'fen' ELSE 'points' END, x.amount, o.order_number \
         FROM settlements s JOIN orders o ON o.id = s.order_id \
         CROSS JOIN LATERAL (VALUES ('promotion', -(o.recharge->>'bonus')::bigint), \
             (o.recharge->>'credit', (o.recharge->>'bonus')::bigint)) x (account, amount) \
         UNION ALL SELECT 'surplus:' || p.out_trade_no, x.account, 'fen', x.amount, o.order_number \
         FROM payments p JOIN orders o ON o.id = p.order_id \
         CROSS JOIN LATERAL (VALUES ('wechat_clearing', -p.paid_fen), ('refunds_payable', p.paid_fen)) \
             x (account, amount) \
         WHERE p.status = 'surplus' \
         UNION ALL SELECT 'refunded:' || r.out_refund_no, x.account, 'fen', x.amount, o.order_number \
         FROM refunds r JOIN orders o ON o.id = r.order_id \
         JOIN payments p ON p.order_id = r.order_id AND p.payment_no = r.payment_no \
         CROSS JOIN LATERAL (VALUES \
             (CASE WHEN p.status = 'surplus' OR o.purpose = 'recharge' THEN 'refunds_payable' \
                  ELSE 'sales' END, -r.amount_fen), \
             (CASE WHEN p.trade_type = 'WALLET' THEN 'wallet' \
                  WHEN r.status = 'settled_offline' THEN 'cash_in_transit' ELSE 'wechat_clearing' END, \
              r.amount_fen)) x (account, amount) \
         WHERE r.status IN ('succeeded', 'settled_offline')"
    };
}

/// Rules about the ledger and what it is about. What a person was told of, and has not resolved, is no news.
pub(super) const RULES: &[Rule] = &[
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
              AND c.status <> 'resolved') \
         AND (SELECT coalesce(sum(e.amount), 0) FROM transfers t JOIN entries e ON e.transfer = t.name \
              WHERE t.order_id = o.id AND t.kind IN ('recharge', 'bonus') AND e.amount > 0 \
                AND e.account = o.recharge->>'credit' AND t.name NOT LIKE 'revoked:%') \
           <> CASE WHEN o.payment_status = 'unpaid' THEN 0 \
              ELSE (o.recharge->>'principal')::bigint + (o.recharge->>'bonus')::bigint END"
    ),
    rule!(
        "I20a",
        "what an order was settled with is in the ledger",
        "SELECT o.order_number FROM settlements s JOIN orders o ON o.id = s.order_id \
         LEFT JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         WHERE s.amount_fen > 0 AND NOT EXISTS (SELECT 1 FROM entries e \
             WHERE e.transfer = 'settled:' || coalesce(p.out_trade_no, o.order_number) \
             AND e.amount = -s.amount_fen AND e.account = CASE s.kind WHEN 'wallet' THEN 'wallet' \
                 WHEN 'cod' THEN 'cash_in_transit' ELSE 'wechat_clearing' END) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number \
              AND c.status <> 'resolved')"
    ),
    rule!(
        "I20b",
        "money that orders could not take is owed in the ledger",
        "SELECT p.out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id \
         WHERE p.status = 'surplus' AND p.paid_fen > 0 \
         AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.transfer = 'surplus:' || p.out_trade_no \
             AND e.account = 'wechat_clearing' AND e.amount = -p.paid_fen) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number \
              AND c.status <> 'resolved')"
    ),
    rule!(
        "I14d",
        "what was paid back is in the ledger once, and nothing else is",
        "SELECT r.out_refund_no FROM refunds r JOIN orders o ON o.id = r.order_id \
         WHERE (r.status IN ('succeeded', 'settled_offline')) <> EXISTS (SELECT 1 FROM entries e \
             WHERE e.transfer = 'refunded:' || r.out_refund_no AND e.amount = r.amount_fen) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number \
              AND c.status <> 'resolved')"
    ),
    rule!(
        "I20c",
        "the ledger says what happened, account by account, and nothing else",
        "SELECT DISTINCT coalesce(h.transfer, l.transfer) FROM (SELECT * FROM (",
        happened!(),
        ") all_of_it WHERE amount <> 0) h FULL JOIN (SELECT e.transfer, e.account, e.unit, e.amount, \
             o.order_number FROM entries e JOIN transfers t ON t.name = e.transfer \
             LEFT JOIN orders o ON o.id = t.order_id \
             WHERE e.transfer ~ '^(settled|bonus|surplus|refunded):') l \
             ON (l.transfer, l.account, l.unit, l.amount) = (h.transfer, h.account, h.unit, h.amount) \
         WHERE (h.transfer IS NULL OR l.transfer IS NULL) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.status <> 'resolved' \
             AND c.subject = coalesce(h.order_number, l.order_number))"
    ),
    rule!(
        "I20d",
        "what of a recharge goes back was taken from its buyer, and stays with them when it does not",
        "SELECT o.order_number FROM settlements s JOIN orders o ON o.id = s.order_id \
         JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         CROSS JOIN LATERAL (SELECT \
             coalesce(sum(e.amount) FILTER (WHERE e.account = 'refunds_payable'), 0) AS owed, \
             coalesce(sum(e.amount) FILTER (WHERE e.buyer_id IS NOT NULL AND t.name LIKE 'reserved:%'), 0) \
                 AS principal, \
             coalesce(sum(e.amount) FILTER (WHERE e.buyer_id IS NOT NULL AND t.name LIKE 'revoked:%'), 0) \
                 AS bonus \
             FROM transfers t JOIN entries e ON e.transfer = t.name \
             WHERE t.order_id = o.id AND t.name ~ '^(reserved|revoked):') x \
         WHERE o.purpose = 'recharge' AND CASE WHEN x.owed = p.refund_reserved_fen THEN \
             (x.principal, x.bonus) IS DISTINCT FROM \
             (-div((o.recharge->>'principal')::numeric * p.refund_reserved_fen, p.amount_fen), \
              -div((o.recharge->>'bonus')::numeric * p.refund_reserved_fen, p.amount_fen)) \
             ELSE NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.status <> 'resolved' \
                 AND c.subject = o.order_number) END"
    ),
    rule!(
        "I20e",
        "nothing moves in the ledger but by an order, or because a backend spends points",
        "SELECT t.name FROM transfers t LEFT JOIN orders o ON o.id = t.order_id \
         WHERE CASE WHEN t.name LIKE 'spend:%' THEN t.kind <> 'spend' OR EXISTS (SELECT 1 FROM entries e \
                 WHERE e.transfer = t.name AND e.unit <> 'points') \
             WHEN t.name ~ '^(reserved|revoked):' THEN o.purpose IS DISTINCT FROM 'recharge' \
             ELSE t.name !~ '^(settled|bonus|surplus|refunded):' END"
    ),
];
