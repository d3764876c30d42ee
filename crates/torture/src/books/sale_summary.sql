-- What became of every SKU of a sale, for the report.
SELECT s.id || ': ' || s.sold || ' of ' || s.stocked || ' sold, held '
       || coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'hold'), 0) || ' times, back on the shelf '
       || coalesce(sum(m.quantity) FILTER (WHERE m.kind IN ('release', 'return')), 0) || ' times'
FROM skus s LEFT JOIN stock_moves m ON m.sku_id = s.id
GROUP BY s.id, s.sold, s.stocked
ORDER BY s.id
