//! Stock and purchase lists: nothing is sold twice, nothing is kept for nobody.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        "I21a",
        "what was stocked is available, held or sold, and none of it is less than nothing",
        "SELECT s.id FROM skus s WHERE s.stocked <> s.available + s.held + s.sold \
         OR s.available < 0 OR s.held < 0 OR s.sold < 0"
    ),
    rule!(
        "I21b",
        "the stock of a thing is what its moves add up to",
        "SELECT s.id FROM skus s LEFT JOIN (SELECT m.sku_id, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'restock'), 0) AS stocked, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'hold'), 0) \
             - coalesce(sum(m.quantity) FILTER (WHERE m.kind IN ('commit', 'release')), 0) AS held, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'commit'), 0) \
             - coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'return'), 0) AS sold \
             FROM stock_moves m GROUP BY m.sku_id) m ON m.sku_id = s.id \
         WHERE s.stocked <> coalesce(m.stocked, 0) OR s.held <> coalesce(m.held, 0) \
            OR s.sold <> coalesce(m.sold, 0)"
    ),
    rule!(
        "I21c",
        "what is held and sold of a thing is what orders hold and bought",
        "SELECT s.id FROM skus s LEFT JOIN (SELECT h.sku_id, \
             coalesce(sum(h.quantity) FILTER (WHERE h.status = 'held'), 0) AS held, \
             coalesce(sum(h.quantity - h.returned_quantity) FILTER (WHERE h.status = 'committed'), 0) \
                 AS sold \
             FROM stock_holds h GROUP BY h.sku_id) h ON h.sku_id = s.id \
         WHERE s.held <> coalesce(h.held, 0) OR s.sold <> coalesce(h.sold, 0)"
    ),
    rule!(
        "I22a",
        "a hold ends once, as its moves say",
        "SELECT o.order_number FROM stock_holds h JOIN orders o ON o.id = h.order_id \
         CROSS JOIN LATERAL (SELECT \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'hold'), 0) AS hold, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'commit'), 0) AS committed, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'release'), 0) AS released, \
             coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'return'), 0) AS returned \
             FROM stock_moves m WHERE m.order_id = h.order_id AND m.line_no = h.line_no) m \
         WHERE m.hold <> h.quantity OR m.returned <> h.returned_quantity \
            OR m.committed <> CASE WHEN h.status = 'committed' THEN h.quantity ELSE 0 END \
            OR m.released <> CASE WHEN h.status = 'released' THEN h.quantity ELSE 0 END"
    ),
    rule!(
        "I22b",
        "nothing is held for an order that is cancelled, and what it had bought came back, or somebody looks into it",
        "SELECT o.order_number FROM stock_holds h JOIN orders o ON o.id = h.order_id \
         WHERE o.status = 'cancelled' AND (h.status = 'held' \
             OR (h.status = 'committed' AND h.returned_quantity < h.quantity)) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'stock' AND c.subject = o.order_number)"
    ),
    rule!(
        "I22c",
        "a settled order has its goods, or somebody looks into it",
        "SELECT o.order_number FROM stock_holds h JOIN orders o ON o.id = h.order_id \
         JOIN settlements s ON s.order_id = o.id \
         WHERE o.status <> 'cancelled' AND (h.status <> 'committed' OR h.returned_quantity > \
             (SELECT coalesce(sum((l->>'quantity')::bigint), 0) FROM refunds r \
              CROSS JOIN LATERAL jsonb_array_elements(r.lines) l \
              WHERE r.order_id = h.order_id AND (l->>'line_no')::bigint = h.line_no \
                AND r.status IN ('succeeded', 'settled_offline'))) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'stock' AND c.subject = o.order_number)"
    ),
    rule!(
        "I22d",
        "goods whose money is back are back, or somebody looks into it",
        "SELECT o.order_number FROM stock_holds h JOIN orders o ON o.id = h.order_id \
         WHERE h.returned_quantity < least(h.quantity, (SELECT coalesce(sum((l->>'quantity')::bigint), 0) \
             FROM refunds r CROSS JOIN LATERAL jsonb_array_elements(r.lines) l \
             WHERE r.order_id = h.order_id AND (l->>'line_no')::bigint = h.line_no \
               AND r.status IN ('succeeded', 'settled_offline'))) \
         AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'stock' AND c.subject = o.order_number)"
    ),
    rule!(
        "I24a",
        "a line is captured by an order that waits for its money",
        "SELECT i.buyer_id || ' ' || i.id FROM purchase_list_items i \
         WHERE i.captured_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders o \
             WHERE o.id = i.captured_by AND o.buyer_id = i.buyer_id \
               AND o.status IN ('pending_payment', 'cancelling') AND o.payment_status = 'unpaid')"
    ),
    rule!(
        "I24b",
        "an order that waits for its money has the lines that it captured for itself",
        "SELECT o.order_number FROM orders o \
         CROSS JOIN LATERAL jsonb_array_elements_text(o.checkout->'captured_items') c (id) \
         JOIN purchase_list_items i ON i.buyer_id = o.buyer_id AND i.id = c.id::bigint \
         WHERE o.status IN ('pending_payment', 'cancelling') AND o.payment_status = 'unpaid' \
           AND i.captured_by IS DISTINCT FROM o.id"
    ),
];
