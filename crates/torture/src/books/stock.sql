-- I21, I22: stock adds up, by its columns, by its moves, and by the orders that hold it.
SELECT 'I21 stock adds up: ' || s.id || ' ' || s.stocked || ' = ' || s.available || ' + ' || s.held
       || ' + ' || s.sold
FROM skus s
WHERE s.stocked <> s.available + s.held + s.sold OR least(s.available, s.held, s.sold) < 0
UNION ALL
SELECT 'I21 stock is the sum of its moves: ' || s.id
FROM skus s LEFT JOIN (
    SELECT m.sku_id,
           coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'restock'), 0) AS restocked,
           coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'hold'), 0) AS held,
           coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'commit'), 0) AS committed,
           coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'release'), 0) AS released,
           coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'return'), 0) AS returned
    FROM stock_moves m GROUP BY m.sku_id) m ON m.sku_id = s.id
WHERE (s.stocked, s.held, s.sold, s.available) IS DISTINCT FROM
      (coalesce(m.restocked, 0), coalesce(m.held - m.committed - m.released, 0),
       coalesce(m.committed - m.returned, 0),
       coalesce(m.restocked - m.held + m.released + m.returned, 0))
UNION ALL
SELECT 'I22 a hold ends as its order does: ' || o.order_number || ' is ' || o.status || ', its hold '
       || h.status
FROM stock_holds h JOIN orders o ON o.id = h.order_id
WHERE h.status <> CASE WHEN o.payment_status <> 'unpaid' OR o.shipments <> '[]' THEN 'committed'
                       WHEN o.status = 'cancelled' THEN 'released' ELSE 'held' END
  -- A settlement that could not take its stock says so by a case.
  AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.kind = 'stock' AND c.subject = o.order_number)
UNION ALL
SELECT 'I22 what was not sent, and what was given back, comes back: ' || o.order_number || ' line '
       || h.line_no || ', ' || h.returned_quantity || ' of ' || h.quantity
FROM stock_holds h JOIN orders o ON o.id = h.order_id
WHERE h.status = 'committed'
  AND h.returned_quantity <> CASE WHEN o.status = 'cancelled' THEN h.quantity ELSE (
      SELECT coalesce(sum((l->>'quantity')::bigint), 0)
      FROM refunds r, jsonb_array_elements(r.lines) l
      WHERE r.order_id = h.order_id AND r.status IN ('succeeded', 'settled_offline')
        AND (l->>'line_no')::bigint = h.line_no) END
UNION ALL
SELECT 'I22 every hold has its moves: ' || o.order_number || ' line ' || h.line_no
FROM stock_holds h JOIN orders o ON o.id = h.order_id
WHERE (SELECT array_agg(m.kind || ' ' || m.n ORDER BY m.kind)
       FROM (SELECT m.kind, sum(m.quantity) AS n FROM stock_moves m
             WHERE m.order_id = h.order_id AND m.line_no = h.line_no AND m.sku_id = h.sku_id
             GROUP BY m.kind) m)
      IS DISTINCT FROM
      (SELECT array_agg(x.kind || ' ' || x.quantity ORDER BY x.kind)
       FROM (VALUES ('hold', h.quantity, true), ('commit', h.quantity, h.status = 'committed'),
                    ('release', h.quantity, h.status = 'released'),
                    ('return', h.returned_quantity, h.returned_quantity > 0))
            AS x (kind, quantity, has_to_be)
       WHERE x.has_to_be)
UNION ALL
SELECT 'I22 every line has its hold: ' || o.order_number
FROM orders o
WHERE CASE o.purpose WHEN 'goods' THEN jsonb_array_length(o.lines) ELSE 0 END <> (SELECT count(*) FROM stock_holds h WHERE h.order_id = o.id)
