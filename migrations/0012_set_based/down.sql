-- The function as it was.
CREATE OR REPLACE FUNCTION paydesk_place_together(sheets jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    item record;
    n bigint;
BEGIN
    INSERT INTO effects (effect_key, committed_at)
    SELECT c->>'command_id', (c->>'at')::timestamptz FROM jsonb_array_elements(sheets) c
    ORDER BY c->>'command_id' COLLATE "C"
    ON CONFLICT (effect_key) DO NOTHING;
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n <> jsonb_array_length(sheets)
       OR EXISTS (SELECT 1 FROM jsonb_array_elements(sheets) c
                  WHERE c->>'timeline' <> paydesk_timeline()) THEN
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
    -- Each buyer is counted with everything that they place here.
    FOR item IN
        SELECT (e->>'buyer')::uuid AS buyer, min((e->>'max')::bigint) AS most
        FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'open_orders') e
        GROUP BY 1 ORDER BY 1
    LOOP
        PERFORM 1 FROM buyers b WHERE b.id = item.buyer FOR NO KEY UPDATE;
        IF (SELECT count(*) FROM orders o WHERE o.buyer_id = item.buyer
              AND o.status IN ('pending_payment', 'cancelling', 'ready')
              AND o.payment_status = 'unpaid') > item.most THEN
            PERFORM paydesk_refuse('together');
        END IF;
    END LOOP;
    FOR item IN
        SELECT e AS change FROM jsonb_array_elements(sheets) c, jsonb_array_elements(c->'list') e
        ORDER BY e->>'buyer', e->>'order'
    LOOP
        PERFORM paydesk_change_list(item.change);
    END LOOP;
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

ALTER FUNCTION paydesk_commit(jsonb) RESET plan_cache_mode;
