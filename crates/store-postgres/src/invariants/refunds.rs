//! Refunds: never more than was paid, each once, and shown as what they are.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I10a",
        "what goes back of a payment is at most what was paid",
        "SELECT p.out_trade_no FROM payments p WHERE coalesce(p.paid_fen, 0) < ( \
             SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no \
             AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected'))"
    ),
    rule!(
        "I10b",
        "what is kept of a payment is what its refunds say",
        "SELECT p.out_trade_no FROM payments p WHERE p.refund_reserved_fen <> ( \
             SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r WHERE r.order_id = p.order_id \
             AND r.payment_no = p.payment_no \
             AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected'))"
    ),
    rule!(
        "I10c",
        "of a line no more goes back than was bought, and no more money than was paid for it",
        "SELECT o.order_number FROM orders o CROSS JOIN LATERAL jsonb_array_elements(o.lines) b \
         CROSS JOIN LATERAL (SELECT coalesce(sum((l->>'quantity')::bigint), 0) AS quantity, \
             coalesce(sum((l->>'amount_fen')::bigint), 0) AS amount_fen \
             FROM refunds r CROSS JOIN LATERAL jsonb_array_elements(r.lines) l \
             WHERE r.order_id = o.id AND l->>'line_no' = b->>'line_no' \
               AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected')) g \
         WHERE g.quantity > (b->>'quantity')::bigint \
            OR g.amount_fen > (b->>'amount_fen')::bigint - (b->>'discount_fen')::bigint"
    ),
    rule!(
        "I11a",
        "a refund of WeChat Pay's is one refund of ours",
        "SELECT r.refund_id FROM refunds r WHERE r.refund_id IS NOT NULL \
         GROUP BY r.mchid, r.refund_id HAVING count(*) > 1"
    ),
    rule!(
        "I11b",
        "where another was made in its place, a refund came to nothing, or the other gave way, or a person is told: one, of the same money, of the same goods as they are worth then, what is left of it, or what a person said is owed of a surplus",
        "WITH asked AS (SELECT r.*, coalesce(r.asked_fen, r.amount_fen) AS fen, \
             jsonb_path_query_array(coalesce(r.asked_lines, r.lines), '$[*].quantity') AS quantities, \
             jsonb_path_query_array(coalesce(r.asked_lines, r.lines), '$[*].line_no') AS line_nos \
             FROM refunds r) \
         SELECT r.out_refund_no FROM asked r WHERE r.replaces IS NOT NULL \
         AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected') AND NOT EXISTS ( \
             SELECT 1 FROM asked c WHERE c.mchid = r.mchid AND c.out_refund_no = r.replaces \
             AND (c.status IN ('closed', 'rejected', 'withdrawn') \
                 OR EXISTS (SELECT 1 FROM cases k WHERE k.kind = 'refund_mismatch' \
                     AND k.subject = c.out_refund_no)) AND c.order_id = r.order_id \
             AND c.payment_no = r.payment_no AND c.kind = r.kind AND (c.fen = r.fen \
                 OR c.status = 'withdrawn' OR ((c.kind = 'surplus' \
                     OR c.status NOT IN ('closed', 'rejected')) AND r.fen < c.fen) \
                 OR (c.kind = 'surplus' AND r.actor NOT IN ('paydesk', 'wechat_pay')) \
                 OR (c.quantities <> '[]' AND (c.quantities, c.line_nos) = (r.quantities, r.line_nos)))) \
         UNION ALL SELECT r.replaces FROM refunds r WHERE r.replaces IS NOT NULL \
         GROUP BY r.mchid, r.replaces HAVING count(*) > 1"
    ),
    rule!(
        "I11c",
        "what was made elsewhere is never sent",
        "SELECT r.out_refund_no FROM refunds r WHERE r.kind = 'external' AND (r.sent_at IS NOT NULL \
         OR r.status NOT IN ('processing', 'succeeded', 'abnormal', 'closed', 'settled_offline'))"
    ),
    rule!(
        "I14a",
        "an order is shown as refunded by as much as its payer has back, no more and no less",
        "SELECT o.order_number FROM orders o JOIN settlements s ON s.order_id = o.id \
         CROSS JOIN LATERAL (SELECT coalesce(sum(r.amount_fen), 0) AS back FROM refunds r \
             WHERE r.order_id = s.order_id AND r.payment_no = s.payment_no \
               AND r.status IN ('succeeded', 'settled_offline')) r \
         WHERE o.payment_status <> CASE WHEN r.back = 0 THEN 'paid' \
             WHEN r.back < s.amount_fen THEN 'partially_refunded' ELSE 'refunded' END"
    ),
    rule!(
        "I14b",
        "each state of a refund has what it implies",
        "SELECT r.out_refund_no FROM refunds r WHERE \
         (r.refund_id IS NOT NULL) <> (r.status IN ('processing', 'succeeded', 'abnormal', 'closed')) \
         OR (r.succeeded_at IS NOT NULL) <> (r.status = 'succeeded') \
         OR (r.settled_at IS NOT NULL) <> (r.status = 'settled_offline') \
         OR (r.status = 'rejected' AND r.refused_code IS NULL) \
         OR (r.status = 'sending' AND r.sent_at IS NULL)"
    ),
    rule!(
        "I14c",
        "a refund that needs a person has a case",
        "SELECT r.out_refund_no FROM refunds r WHERE (r.status IN ('abnormal', 'rejected') \
             OR (r.status = 'closed' AND NOT EXISTS (SELECT 1 FROM refunds n \
                 WHERE n.mchid = r.mchid AND n.replaces = r.out_refund_no))) \
         AND NOT EXISTS (SELECT 1 FROM cases c \
             WHERE c.kind = 'refund_abnormal' AND c.subject = r.out_refund_no)"
    ),
    rule!(
        "I15a",
        "a payment has at most fifty refunds",
        "SELECT p.out_trade_no FROM payments p WHERE (SELECT count(*) FROM refunds r \
             WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no \
               AND r.status NOT IN ('declined', 'withdrawn') AND r.kind <> 'external') > 50"
    ),
    rule!(
        "I15b",
        "two refunds of one payment are never under way at once: an older one cannot arrive any more",
        "SELECT p.out_trade_no FROM payments p WHERE EXISTS (SELECT 1 FROM refunds r \
             JOIN refunds o ON o.order_id = r.order_id AND o.payment_no = r.payment_no \
             WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no \
               AND r.out_refund_no < o.out_refund_no AND r.status IN ('sending', 'unknown') \
               AND o.status IN ('sending', 'unknown') \
               AND abs(extract(epoch FROM r.sent_at - o.sent_at)) * 1000 \
                   < current_setting('paydesk.horizon_ms')::numeric)"
    ),
    rule!(
        "I15c",
        "what somebody asks back of WeChat Pay was paid less than a year before",
        "SELECT r.out_refund_no FROM refunds r JOIN payments p \
             ON p.order_id = r.order_id AND p.payment_no = r.payment_no \
         WHERE r.kind = 'requested' AND r.replaces IS NULL AND p.trade_type <> 'WALLET' \
           AND r.created_at >= p.success_at + interval '365 days'"
    ),
];
