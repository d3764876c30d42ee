//! The ledger: nothing is made and nothing is lost, and it says what orders, payments and refunds say.

use super::{Rule, rule};

/// Rules about the ledger by itself: what the trial balance checks.
pub(super) const CHAIN: &[Rule] = &[
    rule!(
        "I16",
        "a transfer has two entries at least and sums to zero in every unit",
        "SELECT t.name FROM transfers t LEFT JOIN entries e ON e.transfer = t.name GROUP BY t.name \
         HAVING count(e.transfer) < 2 \
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

/// Rules about the ledger and what it is about. What a person was told of is no news.
pub(super) const RULES: &[Rule] = &[
    rule!(
        "I19",
        "a recharge is credited once with what it grants, and never before it is paid",
        "SELECT o.order_number FROM orders o WHERE o.purpose = 'recharge' \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number) \
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
         JOIN payments p ON p.order_id = s.order_id AND p.payment_no = s.payment_no \
         WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.transfer = 'settled:' || p.out_trade_no \
             AND e.amount = -s.amount_fen \
             AND e.account = CASE s.kind WHEN 'wallet' THEN 'wallet' ELSE 'wechat_clearing' END) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number)"
    ),
    rule!(
        "I20b",
        "money that orders could not take is owed in the ledger",
        "SELECT p.out_trade_no FROM payments p JOIN orders o ON o.id = p.order_id \
         WHERE p.status = 'surplus' AND p.paid_fen > 0 \
         AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.transfer = 'surplus:' || p.out_trade_no \
             AND e.account = 'wechat_clearing' AND e.amount = -p.paid_fen) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number)"
    ),
    rule!(
        "I14d",
        "what was paid back is in the ledger once, and nothing else is",
        "SELECT r.out_refund_no FROM refunds r JOIN orders o ON o.id = r.order_id \
         WHERE (r.status IN ('succeeded', 'settled_offline')) <> EXISTS (SELECT 1 FROM entries e \
             WHERE e.transfer = 'refunded:' || r.out_refund_no AND e.amount = r.amount_fen) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'ledger' AND c.subject = o.order_number)"
    ),
];
