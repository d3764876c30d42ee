-- Buyers who are written together are written by as many statements as there are tables, however many
-- they are; and what a commit runs is planned once. Measured: of what a group cost, capturing the lists one
-- by one and counting open orders one by one was half, and most of that was planning them again each time.

-- As before, with one statement for all lists and one for all counts. The settings are for every statement
-- in it: each looks up a few rows by their keys, whatever the planner expects of a list of unknown length.
CREATE OR REPLACE FUNCTION paydesk_place_together(sheets jsonb) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    timeline text := paydesk_timeline();
    item record;
    n bigint;
BEGIN
    INSERT INTO effects (effect_key, committed_at)
    SELECT c->>'command_id', (c->>'at')::timestamptz FROM jsonb_array_elements(sheets) c
    ORDER BY c->>'command_id' COLLATE "C"
    ON CONFLICT (effect_key) DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> jsonb_array_length(sheets)
       OR EXISTS (SELECT 1 FROM jsonb_array_elements(sheets) c WHERE c->>'timeline' <> timeline) THEN
        PERFORM paydesk_refuse('together');
    END IF;
    INSERT INTO idempotency (principal, route, key, fingerprint, order_id, payment_no, reused,
                             recorded_at)
    SELECT r.principal, r.route, r.key, r.fingerprint, r.order_id, r.payment_no, r.reused,
           r.recorded_at
    FROM jsonb_array_elements(sheets) c,
         jsonb_populate_recordset(NULL::idempotency, c->'idempotency') r
    ORDER BY r.principal COLLATE "C", r.route COLLATE "C", r.key COLLATE "C";
    INSERT INTO orders SELECT r.*
    FROM jsonb_array_elements(sheets) c, jsonb_populate_recordset(NULL::orders, c->'orders') r;
    INSERT INTO payments SELECT r.*
    FROM jsonb_array_elements(sheets) c, jsonb_populate_recordset(NULL::payments, c->'payments') r;
    INSERT INTO stock_holds (order_id, line_no, sku_id, quantity, returned_quantity, status)
    SELECT r.order_id, r.line_no, r.sku_id, r.quantity, r.returned_quantity, r.status
    FROM jsonb_array_elements(sheets) c, jsonb_populate_recordset(NULL::stock_holds, c->'holds') r;
    -- New orders have no jobs yet.
    INSERT INTO jobs (kind, subject, due_at)
    SELECT e->>'kind', e->>'subject', (e->>'due_at')::timestamptz
    FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'jobs_ensure') e;
    -- Each buyer is counted with everything that they place here, once nobody else can place for them.
    PERFORM 1 FROM buyers b
    WHERE b.id = ANY (ARRAY(SELECT (e->>'buyer')::uuid FROM jsonb_array_elements(sheets) c,
                                   jsonb_array_elements(c->'open_orders') e))
    ORDER BY b.id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM (
            SELECT (e->>'buyer')::uuid AS buyer, min((e->>'max')::bigint) AS most
            FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'open_orders') e
            GROUP BY 1) asked
        WHERE (SELECT count(*) FROM orders o WHERE o.buyer_id = asked.buyer
                 AND o.status IN ('pending_payment', 'cancelling', 'ready')
                 AND o.payment_status = 'unpaid') > asked.most) THEN
        PERFORM paydesk_refuse('together');
    END IF;
    -- Only captures are placed together. The lines are locked in the order of their keys, and captured
    -- where they were locked: one that changed meanwhile is missing.
    WITH asked AS MATERIALIZED (
        SELECT (e->>'buyer')::uuid AS buyer, (e->>'order')::uuid AS order_, r.id, r.quantity
        FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'list') e,
             jsonb_to_recordset(e->'items') AS r (id bigint, quantity integer)
        WHERE e->>'kind' = 'capture'
        ORDER BY 1, 3),
    wanted AS MATERIALIZED (
        SELECT a.buyer, a.id, a.order_ FROM asked a CROSS JOIN LATERAL (
            SELECT i.id FROM purchase_list_items i
            WHERE i.buyer_id = a.buyer AND i.id = a.id AND i.quantity = a.quantity
              AND i.captured_by IS NULL
            FOR UPDATE) i)
    UPDATE purchase_list_items i SET captured_by = w.order_ FROM wanted w
    WHERE i.buyer_id = w.buyer AND i.id = w.id AND i.captured_by IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> (SELECT coalesce(sum(CASE e->>'kind' WHEN 'capture' THEN jsonb_array_length(e->'items')
                                      ELSE 1 END), 0)
             FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'list') e) THEN
        PERFORM paydesk_refuse('together');
    END IF;
    INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at)
    SELECT r.sku_id, r.kind, r.quantity, (c->>'order_id')::uuid, r.line_no, c->>'actor',
           (c->>'at')::timestamptz
    FROM jsonb_array_elements(sheets) c,
         jsonb_to_recordset(c->'stock') AS r (sku_id text, kind text, quantity bigint,
                                              line_no smallint);
    INSERT INTO outbox (event_id, order_id, seq, type, subject, version, created_at)
    SELECT r.event_id, (c->>'order_id')::uuid, r.seq, r.type, r.subject, r.version,
           (c->>'at')::timestamptz
    FROM jsonb_array_elements(sheets) c,
         jsonb_to_recordset(c->'outbox') AS r (event_id text, seq integer, type text, subject text,
                                               version bigint);
    INSERT INTO audit (order_id, seq, subject, actor, cause, request_id, events, at)
    SELECT (c->>'order_id')::uuid, (r->>'seq')::bigint, r->>'subject', c->>'actor', r->>'cause',
           r->>'request_id', r->'events', (c->>'at')::timestamptz
    FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'audit') r;
    -- One price guard for all: who saw another price is told so alone.
    FOR item IN
        SELECT r.sku_id, sum(r.quantity)::bigint AS n,
               min((c->'prices'->>r.sku_id)::bigint) AS lowest,
               max((c->'prices'->>r.sku_id)::bigint) AS highest
        FROM jsonb_array_elements(sheets) c,
             jsonb_to_recordset(c->'stock') AS r (sku_id text, quantity bigint)
        GROUP BY r.sku_id ORDER BY r.sku_id
    LOOP
        UPDATE skus s SET available = s.available - item.n, held = s.held + item.n
        WHERE s.id = item.sku_id AND s.available >= item.n
          AND s.price_version = coalesce(item.lowest, s.price_version)
          AND s.price_version = coalesce(item.highest, s.price_version);
        IF NOT FOUND THEN
            PERFORM paydesk_refuse('together');
        END IF;
    END LOOP;
END $$;

-- Whatever it runs looks up a few rows by their keys: the plan for any values is the plan for these.
ALTER FUNCTION paydesk_commit(jsonb) SET plan_cache_mode = force_generic_plan;
