-- Who changes no order is in nobody's way, and waits for a job that somebody has: nothing else would tell the
-- other that there is news. (Who has an order's row passes it over: see paydesk_write_jobs. A commit without
-- an order waits in paydesk_commit.)
CREATE FUNCTION paydesk_wait_for_jobs(ensure jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT e->>'kind' AS kind, e->>'subject' AS subject
             FROM jsonb_array_elements(ensure) e ORDER BY 1, 2
    LOOP
        PERFORM 1 FROM jobs j WHERE j.kind = r.kind AND j.subject = r.subject FOR UPDATE;
    END LOOP;
END $$;

-- As before; but work that a person wants tried again is not passed over while somebody has it.
CREATE OR REPLACE FUNCTION paydesk_change_case(c jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := c->>'at';
BEGIN
    INSERT INTO effects (effect_key, committed_at) VALUES (c->>'command_id', at)
    ON CONFLICT (effect_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'already_committed';
    END IF;
    INSERT INTO idempotency (principal, route, key, fingerprint, order_id, reused, recorded_at)
    SELECT r.principal, r.route, r.key, r.fingerprint, NULL, false, r.recorded_at
    FROM jsonb_populate_record(NULL::idempotency, c->'idempotency') r;
    PERFORM paydesk_wait_for_jobs(c->'jobs_ensure');
    PERFORM paydesk_write_jobs(c->'jobs_ensure', '[]');
    -- It may have ended by itself since it was read.
    UPDATE cases k SET status = c->>'to', assignee = coalesce(c->>'assignee', k.assignee),
                       note = coalesce(c->>'note', k.note)
    WHERE k.id = (c->>'id')::uuid AND k.status = c->>'expected';
    IF NOT FOUND THEN
        PERFORM paydesk_refuse('version');
    END IF;
    INSERT INTO audit (subject, actor, cause, request_id, events, at)
    SELECT 'case:' || k.id, c->>'actor', c->>'cause', c->>'request_id',
           jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('kind', k.kind, 'about', k.subject,
               'was', c->>'expected', 'is', c->>'to', 'assignee', c->>'assignee'))), at
    FROM cases k WHERE k.id = (c->>'id')::uuid;
    RETURN 'committed';
END $$;
