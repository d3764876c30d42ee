-- What is found again while its case is open is told there: who had it tried again learns that it did not help,
-- and whoever looks into it reads everything that was found, not only the first.

-- One case is open for each kind and subject. The same again adds nothing, unless somebody had hoped that it was
-- over: then a person has to look again.
CREATE FUNCTION paydesk_open_case(kind_ text, subject_ text, detail_ text, order_ uuid, at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cases AS k (kind, subject, detail, order_id, opened_at)
    VALUES (kind_, subject_, detail_, order_, at)
    ON CONFLICT (kind, subject) WHERE status NOT IN ('resolved', 'accepted') DO UPDATE SET
        detail = CASE WHEN strpos(k.detail, excluded.detail) > 0 THEN k.detail
                      ELSE left(k.detail || '; ' || excluded.detail, 2000) END,
        status = CASE WHEN k.status <> 'healing' THEN k.status
                      WHEN k.assignee IS NULL THEN 'open' ELSE 'needs_human' END
    WHERE k.status = 'healing' OR strpos(k.detail, excluded.detail) = 0;
    RETURN true;
END $$;

-- As before, with cases that may be open already; in the order of their keys, as every set of rows.
CREATE OR REPLACE FUNCTION paydesk_write_trail(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, out_refund_no, actor,
                             moved_at)
    SELECT m.sku_id, m.kind, m.quantity, (c->>'order_id')::uuid, m.line_no, m.out_refund_no,
           c->>'actor', (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'stock') AS m (sku_id text, kind text, quantity bigint,
                                              line_no smallint, out_refund_no text);
    INSERT INTO outbox (event_id, order_id, seq, type, subject, version, created_at)
    SELECT o.event_id, (c->>'order_id')::uuid, o.seq, o.type, o.subject, o.version,
           (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'outbox') AS o (event_id text, seq integer, type text,
                                               subject text, version bigint);
    FOR r IN SELECT e.value->>'kind' AS kind, e.value->>'subject' AS subject,
                    e.value->>'detail' AS detail
             FROM jsonb_array_elements(c->'cases') WITH ORDINALITY e ORDER BY 1, 2, e.ordinality
    LOOP
        PERFORM paydesk_open_case(r.kind, r.subject, r.detail, (c->>'order_id')::uuid,
                                  (c->>'at')::timestamptz);
    END LOOP;
    INSERT INTO audit (order_id, seq, subject, actor, cause, request_id, events, at)
    SELECT (c->>'order_id')::uuid, (a->>'seq')::bigint, a->>'subject', c->>'actor', a->>'cause',
           a->>'request_id', a->'events', (c->>'at')::timestamptz
    FROM jsonb_array_elements(c->'audit') a;
END $$;
