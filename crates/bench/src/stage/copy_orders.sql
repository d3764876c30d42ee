-- Copies every row of the templates: of each table that has an order_id, of the orders themselves, and
-- of what is bound to an order by another name. Idempotency keys belong to requests, not to orders.
DO $copy$
DECLARE
    t record;
    names text;
    values_ text;
    own_id boolean;
BEGIN
    FOR t IN
        SELECT c.table_name, c.column_name FROM information_schema.columns c
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE c.table_schema = 'public' AND table_type = 'BASE TABLE'
          AND table_name NOT LIKE 'bench\_%' AND table_name <> 'idempotency'
          AND (c.column_name IN ('order_id', 'captured_by') AND c.data_type = 'uuid'
               OR (table_name, c.column_name) IN (('orders', 'id'), ('jobs', 'subject')))
        -- What others refer to comes first.
        ORDER BY table_name <> 'orders', table_name <> 'payments', table_name
    LOOP
        SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
               string_agg('copy.' || quote_ident(column_name), ', ' ORDER BY ordinal_position),
               bool_or(column_name = 'id') AND t.table_name <> 'orders'
        INTO names, values_, own_id
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = t.table_name AND is_generated = 'NEVER';
        EXECUTE format($insert$
            INSERT INTO %1$I (%2$s)
            SELECT %3$s
            FROM bench_orders n JOIN bench_orders o ON o.k = n.template_k AND n.k <> o.k
            JOIN %1$I r ON r.%4$I::text = %5$s
            CROSS JOIN LATERAL jsonb_populate_record(NULL::%1$I,
                replace(replace(to_jsonb(r)::text, o.order_id::text, n.order_id::text),
                        o.number, n.number)::jsonb || %6$s) copy $insert$,
            t.table_name, names, values_, t.column_name,
            CASE WHEN t.table_name = 'jobs' THEN 'o.number' ELSE 'o.order_id::text' END,
            CASE WHEN t.table_name = 'purchase_list_items' THEN $$jsonb_build_object('id', n.k)$$
                 WHEN own_id THEN $$jsonb_build_object('id', gen_random_uuid())$$
                 ELSE $$'{}'::jsonb$$ END);
    END LOOP;
END $copy$;

-- What the copies hold was never brought in.
UPDATE skus s SET stocked = s.stocked + h.more, held = s.held + h.more
FROM (SELECT sku_id, sum(quantity) AS more FROM stock_holds JOIN bench_orders b USING (order_id)
      WHERE b.k <> b.template_k GROUP BY sku_id) h
WHERE s.id = h.sku_id;
