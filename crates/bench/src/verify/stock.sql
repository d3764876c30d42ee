SELECT count(*) FROM skus s
LEFT JOIN (SELECT sku_id, sum(quantity) FILTER (WHERE status = 'held') AS held,
                  sum(quantity) FILTER (WHERE status = 'committed') AS sold
           FROM stock_holds GROUP BY sku_id) h ON h.sku_id = s.id
WHERE s.stocked <> s.available + s.held + s.sold
   OR s.held <> coalesce(h.held, 0) OR s.sold <> coalesce(h.sold, 0)
