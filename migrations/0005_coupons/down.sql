-- Back to the version before, while nothing was recorded that it could not hold: a coupon that somebody has
-- is a promise, and goods that came back with a refund would come back again.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM coupon_grants) THEN
        RAISE EXCEPTION 'buyers have coupons, which would be lost';
    END IF;
    IF EXISTS (SELECT 1 FROM refunds WHERE lines <> '[]')
       OR EXISTS (SELECT 1 FROM stock_moves WHERE out_refund_no IS NOT NULL) THEN
        RAISE EXCEPTION 'refunds are for goods, which would be lost';
    END IF;
END $$;

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
    -- The rows that everybody shares come last and are held for the shortest time.
    PERFORM paydesk_move_stock(c->'stock', c->'prices');
    RETURN 'committed';
END $$;

CREATE OR REPLACE FUNCTION paydesk_order(wanted uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT jsonb_build_object(
        'order', to_jsonb(o),
        'payments', coalesce((SELECT jsonb_agg(to_jsonb(p) ORDER BY p.payment_no)
                              FROM payments p WHERE p.order_id = o.id), '[]'),
        'refunds', coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.refund_no)
                             FROM refunds r WHERE r.order_id = o.id), '[]'),
        'holds', coalesce((SELECT jsonb_agg(to_jsonb(h) ORDER BY h.line_no)
                           FROM stock_holds h WHERE h.order_id = o.id), '[]'),
        'settlement', (SELECT to_jsonb(s) FROM settlements s WHERE s.order_id = o.id))
    FROM orders o WHERE o.id = wanted);
END $$;

CREATE OR REPLACE FUNCTION paydesk_write_trail(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_moves (sku_id, kind, quantity, order_id, line_no, actor, moved_at)
    SELECT r.sku_id, r.kind, r.quantity, (c->>'order_id')::uuid, r.line_no, c->>'actor',
           (c->>'at')::timestamptz
    FROM jsonb_to_recordset(c->'stock') AS r (sku_id text, kind text, quantity bigint,
                                              line_no smallint);
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

CREATE OR REPLACE FUNCTION paydesk_write_refunds(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO refunds AS old
    SELECT r.* FROM jsonb_populate_recordset(jsonb_populate_record(NULL::refunds,
        '{"asked_by": "paydesk", "actor": "paydesk"}'), rows_) r
    ORDER BY r.refund_no
    ON CONFLICT (mchid, out_refund_no) DO UPDATE SET
        status = excluded.status, refund_id = excluded.refund_id,
        refused_code = excluded.refused_code, succeeded_at = excluded.succeeded_at,
        note = excluded.note, settled_at = excluded.settled_at, sent_at = excluded.sent_at
    WHERE old.order_id = excluded.order_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> jsonb_array_length(rows_) THEN
        PERFORM paydesk_refuse('refund_number');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION refunds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mchid, NEW.out_refund_no, NEW.order_id, NEW.refund_no, NEW.payment_no, NEW.amount_fen,
        NEW.kind, NEW.replaces) IS DISTINCT FROM (OLD.mchid, OLD.out_refund_no, OLD.order_id,
        OLD.refund_no, OLD.payment_no, OLD.amount_fen, OLD.kind, OLD.replaces) THEN
        RAISE EXCEPTION 'what a refund is about stays' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.refund_id IS NOT NULL AND NEW.refund_id <> OLD.refund_id THEN
        RAISE EXCEPTION 'a recorded refund_id stays' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = OLD.status THEN
        RETURN NEW;
    END IF;
    IF OLD.status IN ('succeeded', 'closed', 'settled_offline') THEN
        RAISE EXCEPTION 'refund status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status NOT IN ('processing', 'succeeded', 'abnormal', 'closed')
       AND (OLD.status, NEW.status) NOT IN (('awaiting_approval', 'requested'),
        ('awaiting_approval', 'declined'), ('awaiting_approval', 'withdrawn'),
        ('requested', 'sending'), ('requested', 'withdrawn'), ('sending', 'unknown'),
        ('sending', 'rejected'), ('unknown', 'sending'),
        ('unknown', 'rejected'), ('rejected', 'requested'), ('rejected', 'settled_offline'),
        ('abnormal', 'settled_offline')) THEN
        RAISE EXCEPTION 'refund status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

DROP FUNCTION paydesk_checkout_basis(uuid, bigint[], bigint, text);
DROP FUNCTION paydesk_issue_coupons, paydesk_move_coupons;
ALTER TABLE stock_moves DROP COLUMN slot, DROP COLUMN out_refund_no;
ALTER TABLE stock_moves
    ADD slot text GENERATED ALWAYS AS
        (CASE WHEN kind IN ('commit', 'release') THEN 'end' ELSE kind END) STORED,
    ADD CONSTRAINT stock_moves_once UNIQUE (order_id, line_no, slot);
ALTER TABLE refunds DROP COLUMN lines;
DROP TABLE coupon_uses, coupon_grants, coupons;
DROP FUNCTION coupon_grants_keep_rules, coupon_uses_keep_rules;
