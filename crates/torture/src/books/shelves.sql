-- Never oversold, at any moment: by the columns of a SKU, by the holds, and by the orders that are not
-- cancelled. $1: how many there are of each.
WITH held AS (
    SELECT h.sku_id, sum(h.quantity - h.returned_quantity) AS n
    FROM stock_holds h WHERE h.status IN ('held', 'committed') GROUP BY h.sku_id
), ordered AS (
    SELECT l->>'sku_id' AS sku_id, sum((l->>'quantity')::bigint) AS n
    FROM orders o, jsonb_array_elements(o.lines) l WHERE o.status <> 'cancelled' GROUP BY 1
), seen AS (
    SELECT s.id, s.stocked, s.available, s.held + s.sold AS gone,
           coalesce(h.n, 0) AS by_holds, coalesce(o.n, 0) AS by_orders
    FROM skus s LEFT JOIN held h ON h.sku_id = s.id LEFT JOIN ordered o ON o.sku_id = s.id
)
SELECT 'never oversold: ' || id || ' has ' || stocked || ', of it ' || available || ' left, ' || gone
       || ' held and sold, ' || by_holds || ' in holds, ' || by_orders || ' in orders'
FROM seen
WHERE greatest(gone, by_holds, by_orders) > $1::bigint OR stocked <> $1::bigint OR available < 0
   OR gone <> by_holds OR gone <> by_orders
