-- The changesets that settle the copies from number $1 on: those of their templates, renamed.
INSERT INTO bench_changes (k, number, change)
SELECT n.k, n.number,
    replace(replace(replace(replace(c.change,
        o.order_id::text, n.order_id::text), o.number, n.number),
        bench_transaction(o.k), bench_transaction(n.k)),
        bench_event(o.k), bench_event(n.k))
FROM bench_orders n
JOIN bench_orders o ON o.k = n.template_k
JOIN (SELECT number, change FROM bench_captured
      JOIN bench_orders t ON position(t.number IN change) > 0 AND t.k = t.template_k) c
     ON c.number = o.number
WHERE n.k >= $1
ORDER BY n.k
