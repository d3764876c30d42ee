-- The function as it was.
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

DROP FUNCTION paydesk_wait_for_jobs(jsonb);
