-- The functions as they were.
-- As before, with what moves in the ledger.
CREATE OR REPLACE FUNCTION paydesk_commit(c jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    item jsonb;
BEGIN
    INSERT INTO effects (effect_key, committed_at)
    VALUES (c->>'command_id', (c->>'at')::timestamptz)
    ON CONFLICT (effect_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'already_committed';
    END IF;
    INSERT INTO idempotency (principal, route, key, fingerprint, order_id, payment_no, reused,
                             recorded_at)
    SELECT r.principal, r.route, r.key, r.fingerprint, r.order_id, r.payment_no, r.reused,
           r.recorded_at
    FROM jsonb_populate_recordset(NULL::idempotency, c->'idempotency') r;
    FOR item IN SELECT * FROM jsonb_array_elements(c->'inbox') LOOP
        PERFORM paydesk_write_inbox(item, (c->>'at')::timestamptz);
    END LOOP;
    FOR item IN SELECT * FROM jsonb_array_elements(c->'fence') LOOP
        PERFORM paydesk_check_fence(item);
    END LOOP;
    -- A version tells only the commits of one life of the database apart.
    IF c->>'timeline' <> paydesk_timeline() THEN
        PERFORM paydesk_refuse('version');
    END IF;
    FOR item IN SELECT * FROM jsonb_array_elements(c->'orders') LOOP
        PERFORM paydesk_write_order(item, (c->>'expected_version')::bigint);
    END LOOP;
    -- Under the order's lock: two that would have the same effect meet there, and not here.
    PERFORM paydesk_write_effects(c);
    PERFORM paydesk_write_payments(c->'payments');
    INSERT INTO settlements
    SELECT r.* FROM jsonb_populate_recordset(NULL::settlements, c->'settlements') r;
    PERFORM paydesk_write_refunds(c->'refunds');
    PERFORM paydesk_write_holds(c->'holds');
    PERFORM paydesk_write_jobs(c->'jobs_ensure', c->'jobs_remove');
    FOR item IN SELECT * FROM jsonb_array_elements(c->'open_orders') LOOP
        PERFORM paydesk_check_open_orders((item->>'buyer')::uuid, (item->>'max')::bigint,
                                          (c->>'order_id')::uuid);
    END LOOP;
    FOR item IN SELECT * FROM jsonb_array_elements(c->'list') LOOP
        PERFORM paydesk_change_list(item);
    END LOOP;
    -- What is opened in the same commit stays open.
    PERFORM paydesk_end_cases(c->'ended_cases');
    PERFORM paydesk_write_trail(c);
    PERFORM paydesk_move_coupons(c);
    -- Accounts in their order, after everything that is the order's own.
    PERFORM paydesk_post(c);
    -- The rows that everybody shares come last and are held for the shortest time.
    PERFORM paydesk_move_stock(c->'stock', c->'prices');
    RETURN 'committed';
END $$;

CREATE OR REPLACE FUNCTION paydesk_commit_each(sheets jsonb)
RETURNS TABLE (n bigint, answer text, sqlstate_ text, constraint_ text, message_ text)
LANGUAGE plpgsql AS $$
DECLARE
    sheet jsonb;
BEGIN
    FOR sheet, n IN SELECT e.value, e.ordinality
                    FROM jsonb_array_elements(sheets) WITH ORDINALITY e ORDER BY e.ordinality
    LOOP
        answer := NULL; sqlstate_ := NULL; constraint_ := NULL; message_ := NULL;
        BEGIN
            answer := paydesk_commit(sheet);
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION
            -- PD001: paydesk_refuse.
            WHEN integrity_constraint_violation OR raise_exception OR SQLSTATE 'PD001' THEN
                answer := 'refused';
                GET STACKED DIAGNOSTICS sqlstate_ = RETURNED_SQLSTATE,
                    constraint_ = CONSTRAINT_NAME, message_ = MESSAGE_TEXT;
        END;
        SET CONSTRAINTS ALL DEFERRED;
        RETURN NEXT;
    END LOOP;
END $$;

DROP FUNCTION paydesk_place_together(jsonb);
