-- The function as it was: what is found again while its case is open is not told there.
CREATE OR REPLACE FUNCTION paydesk_write_trail(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, out_refund_no, actor,
                             moved_at)
    SELECT r.sku_id, r.kind, r.quantity, (c->>'order_id')::uuid, r.line_no, r.out_refund_no,
           c->>'actor', (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'stock') AS r (sku_id text, kind text, quantity bigint,
                                              line_no smallint, out_refund_no text);
    INSERT INTO outbox (event_id, order_id, seq, type, subject, version, created_at)
    SELECT r.event_id, (c->>'order_id')::uuid, r.seq, r.type, r.subject, r.version,
           (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'outbox') AS r (event_id text, seq integer, type text,
                                               subject text, version bigint);
    INSERT INTO cases (kind, subject, detail, order_id, opened_at)
    SELECT r.kind, r.subject, r.detail, (c->>'order_id')::uuid, (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'cases') AS r (kind text, subject text, detail text)
    ON CONFLICT (kind, subject) WHERE status NOT IN ('resolved', 'accepted') DO NOTHING;
    INSERT INTO audit (order_id, seq, subject, actor, cause, request_id, events, at)
    SELECT (c->>'order_id')::uuid, (r->>'seq')::bigint, r->>'subject', c->>'actor', r->>'cause',
           r->>'request_id', r->'events', (c->>'at')::timestamptz
    FROM jsonb_array_elements(c->'audit') r;
END $$;

DROP FUNCTION paydesk_open_case(text, text, text, uuid, timestamptz);
