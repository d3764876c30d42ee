-- Coupons: what the merchant defines, what buyers have in their hands, and what orders do with them. And
-- refunds by lines: which goods a refund is for, and goods that come back with it. Only adds: a program of
-- the version before goes on reading and writing beside a new one.

CREATE TABLE coupons (
    id              text PRIMARY KEY,
    title           text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('amount', 'percent')),
    amount_fen      bigint CHECK (amount_fen BETWEEN 1 AND 1000000000),
    percent         smallint CHECK (percent BETWEEN 1 AND 100),
    cap_fen         bigint CHECK (cap_fen BETWEEN 1 AND 1000000000),
    threshold_fen   bigint NOT NULL CHECK (threshold_fen BETWEEN 0 AND 1000000000),
    valid_from      timestamptz NOT NULL,
    valid_to        timestamptz NOT NULL,
    per_user_limit  bigint NOT NULL CHECK (per_user_limit BETWEEN 1 AND 4294967295),
    -- Rises with each change: what pricing read is guarded by it.
    version         bigint NOT NULL CHECK (version > 0),
    set_at          timestamptz NOT NULL,
    CONSTRAINT coupons_window CHECK (valid_from < valid_to),
    CONSTRAINT coupons_cut CHECK (CASE kind
        WHEN 'amount' THEN amount_fen IS NOT NULL AND num_nulls(percent, cap_fen) = 2
        ELSE percent IS NOT NULL AND amount_fen IS NULL END)
);

-- Coupons in buyers' hands. An issued one whose coupon's time is over is called expired; nobody writes that
-- down, so that nobody has to be in time.
CREATE TABLE coupon_grants (
    buyer_id   uuid NOT NULL REFERENCES buyers (id),
    coupon_id  text NOT NULL REFERENCES coupons (id),
    -- Which of those of this coupon that the buyer got: no two at once get the same one.
    grant_no   bigint NOT NULL CHECK (grant_no > 0),
    status     text NOT NULL CHECK (status IN ('issued', 'held', 'used')),
    -- Who has it.
    order_id   uuid REFERENCES orders (id),
    issued_at  timestamptz NOT NULL,
    PRIMARY KEY (buyer_id, coupon_id, grant_no),
    CONSTRAINT coupon_grants_order CHECK ((order_id IS NULL) = (status = 'issued'))
);

-- What an order has, or had, of a coupon.
CREATE TABLE coupon_uses (
    order_id   uuid PRIMARY KEY REFERENCES orders (id),
    buyer_id   uuid NOT NULL,
    coupon_id  text NOT NULL,
    grant_no   bigint NOT NULL,
    status     text NOT NULL CHECK (status IN ('held', 'used', 'released', 'returned')),
    FOREIGN KEY (buyer_id, coupon_id, grant_no) REFERENCES coupon_grants
);
-- One coupon serves one order at a time, whatever the state machine thinks.
CREATE UNIQUE INDEX coupon_uses_one_live ON coupon_uses (buyer_id, coupon_id, grant_no)
    WHERE status IN ('held', 'used');

CREATE FUNCTION coupon_grants_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.buyer_id, NEW.coupon_id, NEW.grant_no) IS DISTINCT FROM
       (OLD.buyer_id, OLD.coupon_id, OLD.grant_no) THEN
        RAISE EXCEPTION 'whose coupon it is stays' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN
       (('issued', 'held'), ('held', 'used'), ('held', 'issued'), ('used', 'issued')) THEN
        RAISE EXCEPTION 'coupon status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.order_id IS NOT NULL AND NEW.order_id IS NOT NULL AND NEW.order_id <> OLD.order_id THEN
        RAISE EXCEPTION 'a coupon goes from order to order by its buyer''s hand only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER coupon_grants_rules BEFORE UPDATE ON coupon_grants
    FOR EACH ROW EXECUTE FUNCTION coupon_grants_keep_rules();
CREATE TRIGGER coupon_grants_stay BEFORE DELETE ON coupon_grants
    FOR EACH ROW EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION coupon_uses_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.order_id, NEW.buyer_id, NEW.coupon_id, NEW.grant_no) IS DISTINCT FROM
       (OLD.order_id, OLD.buyer_id, OLD.coupon_id, OLD.grant_no) THEN
        RAISE EXCEPTION 'which coupon an order has stays' USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.status, NEW.status) NOT IN
       (('held', 'used'), ('held', 'released'), ('used', 'returned')) THEN
        RAISE EXCEPTION 'an order''s coupon is not % after %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER coupon_uses_rules BEFORE UPDATE ON coupon_uses
    FOR EACH ROW EXECUTE FUNCTION coupon_uses_keep_rules();
CREATE TRIGGER coupon_uses_stay BEFORE DELETE ON coupon_uses
    FOR EACH ROW EXECUTE FUNCTION refuse_removal();

-- What a refund is for, when it is for goods: [{line_no, quantity, amount_fen}].
ALTER TABLE refunds ADD lines jsonb NOT NULL DEFAULT '[]'
    CONSTRAINT refunds_lines CHECK (jsonb_typeof(lines) = 'array');

-- Goods come back with a refund, or with the end of their order: each once per line.
ALTER TABLE stock_moves
    DROP COLUMN slot,
    ADD out_refund_no text CONSTRAINT stock_moves_refund CHECK (out_refund_no IS NULL OR kind = 'return');
ALTER TABLE stock_moves
    ADD slot text GENERATED ALWAYS AS (CASE WHEN kind IN ('commit', 'release') THEN 'end'
        WHEN kind = 'return' THEN 'return ' || coalesce(out_refund_no, '') ELSE kind END) STORED,
    ADD CONSTRAINT stock_moves_once UNIQUE (order_id, line_no, slot);

-- As before, and what a refund is for stays.
CREATE OR REPLACE FUNCTION refunds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mchid, NEW.out_refund_no, NEW.order_id, NEW.refund_no, NEW.payment_no, NEW.amount_fen,
        NEW.kind, NEW.replaces, NEW.lines) IS DISTINCT FROM (OLD.mchid, OLD.out_refund_no, OLD.order_id,
        OLD.refund_no, OLD.payment_no, OLD.amount_fen, OLD.kind, OLD.replaces, OLD.lines)
       THEN
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

-- As before; an older program's refunds are for no goods in particular.
CREATE OR REPLACE FUNCTION paydesk_write_refunds(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO refunds AS old
    SELECT r.* FROM jsonb_populate_recordset(jsonb_populate_record(NULL::refunds,
        '{"asked_by": "paydesk", "actor": "paydesk", "lines": []}'), rows_) r
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

-- As before, with the refund that goods came back with.
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

-- Moves coupons between their buyer's hand and the order. The buyer's coupon is moved first: of two
-- orders that want it, the second waits for the first here, and is refused by name. An older program
-- knows of no coupons: what it does to the order, its coupon follows, and refuses nothing.
CREATE FUNCTION paydesk_move_coupons(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    this uuid := (c->>'order_id')::uuid;
    moves jsonb := c->'coupons';
    m record;
BEGIN
    IF moves IS NULL THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('buyer', u.buyer_id, 'coupon_id', u.coupon_id,
            'no', u.grant_no, 'to', CASE WHEN o.status = 'cancelled' AND u.status = 'used'
                THEN 'returned' WHEN o.status = 'cancelled' THEN 'released' ELSE 'used' END)), '[]')
        INTO moves FROM coupon_uses u JOIN orders o ON o.id = u.order_id
        WHERE o.id = this AND ((o.status = 'cancelled' AND u.status IN ('held', 'used'))
            OR (o.payment_status <> 'unpaid' AND u.status = 'held'));
    END IF;
    FOR m IN
        SELECT (r.value->>'buyer')::uuid AS buyer, r.value->>'coupon_id' AS coupon,
               (r.value->>'no')::bigint AS no, r.value->>'to' AS state,
               (c->'coupon_versions'->>(r.value->>'coupon_id'))::bigint AS version
        FROM jsonb_array_elements(moves) WITH ORDINALITY AS r (value, o) ORDER BY r.o
    LOOP
        CASE m.state
        WHEN 'held' THEN
            IF NOT EXISTS (SELECT 1 FROM coupons k WHERE k.id = m.coupon
                           AND k.version = coalesce(m.version, k.version)) THEN
                PERFORM paydesk_refuse('coupon_version ' || m.coupon);
            END IF;
            UPDATE coupon_grants g SET status = 'held', order_id = this
            WHERE g.buyer_id = m.buyer AND g.coupon_id = m.coupon AND g.grant_no = m.no
              AND g.status = 'issued';
        WHEN 'used' THEN
            UPDATE coupon_grants g SET status = 'used'
            WHERE g.buyer_id = m.buyer AND g.coupon_id = m.coupon AND g.grant_no = m.no
              AND g.status = 'held' AND g.order_id = this;
        WHEN 'released' THEN
            UPDATE coupon_grants g SET status = 'issued', order_id = NULL
            WHERE g.buyer_id = m.buyer AND g.coupon_id = m.coupon AND g.grant_no = m.no
              AND g.status = 'held' AND g.order_id = this;
        WHEN 'returned' THEN
            UPDATE coupon_grants g SET status = 'issued', order_id = NULL
            WHERE g.buyer_id = m.buyer AND g.coupon_id = m.coupon AND g.grant_no = m.no
              AND g.status = 'used' AND g.order_id = this;
        END CASE;
        IF NOT FOUND THEN
            CONTINUE WHEN c->'coupons' IS NULL;
            PERFORM paydesk_refuse('coupon ' || m.coupon);
        END IF;
        IF c->'coupons' IS NULL THEN
            INSERT INTO effects (effect_key, committed_at)
            VALUES ((CASE m.state WHEN 'used' THEN 'coupon_used:' ELSE 'coupon_back:' END) || this,
                    (c->>'at')::timestamptz)
            ON CONFLICT (effect_key) DO NOTHING;
        END IF;
        IF m.state = 'held' THEN
            INSERT INTO coupon_uses (order_id, buyer_id, coupon_id, grant_no, status)
            VALUES (this, m.buyer, m.coupon, m.no, 'held');
        ELSE
            UPDATE coupon_uses u SET status = m.state WHERE u.order_id = this;
        END IF;
    END LOOP;
END $$;

-- As before, with the buyer's coupon: before everything that buyers share.
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
    -- The rows that everybody shares come last and are held for the shortest time.
    PERFORM paydesk_move_stock(c->'stock', c->'prices');
    RETURN 'committed';
END $$;

-- Gives a buyer coupons, once per key, all or none. The buyer's row is locked, so that two at once cannot
-- both be within the limit.
CREATE FUNCTION paydesk_issue_coupons(c jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    buyer uuid := (c->>'buyer')::uuid;
    coupon text := c->>'coupon_id';
    n bigint := (c->>'quantity')::bigint;
    at timestamptz := c->>'at';
    most bigint;
    got bigint;
BEGIN
    INSERT INTO effects (effect_key, committed_at) VALUES (c->>'command_id', at)
    ON CONFLICT (effect_key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'already_committed';
    END IF;
    SELECT k.per_user_limit INTO most FROM coupons k WHERE k.id = coupon;
    IF NOT FOUND THEN
        PERFORM paydesk_refuse('no_coupon');
    END IF;
    PERFORM 1 FROM buyers b WHERE b.id = buyer FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM paydesk_refuse('no_buyer');
    END IF;
    SELECT count(*) INTO got FROM coupon_grants g WHERE g.buyer_id = buyer AND g.coupon_id = coupon;
    IF got + n > most THEN
        PERFORM paydesk_refuse('coupon_limit');
    END IF;
    INSERT INTO coupon_grants (buyer_id, coupon_id, grant_no, status, issued_at)
    SELECT buyer, coupon, got + i, 'issued', at FROM generate_series(1, n) i;
    INSERT INTO audit (subject, actor, cause, request_id, events, at)
    VALUES ('coupon:' || coupon, c->>'actor', c->>'cause', c->>'request_id',
            jsonb_build_array(jsonb_build_object('issued', n, 'buyer', buyer)), at);
    INSERT INTO idempotency (principal, route, key, fingerprint, order_id, reused, recorded_at)
    SELECT r.principal, r.route, r.key, r.fingerprint, NULL, false, r.recorded_at
    FROM jsonb_populate_record(NULL::idempotency, c->'idempotency') r;
    RETURN 'committed';
END $$;

-- As before, with what the order has of a coupon.
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
        'coupon', (SELECT to_jsonb(u) FROM coupon_uses u WHERE u.order_id = o.id),
        'settlement', (SELECT to_jsonb(s) FROM settlements s WHERE s.order_id = o.id))
    FROM orders o WHERE o.id = wanted);
END $$;

-- Beside the one of three arguments, by which an older program reads.
CREATE FUNCTION paydesk_checkout_basis(buyer uuid, only_ids bigint[], address bigint, coupon text)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'now', clock_timestamp(),
        'timeline', paydesk_timeline(),
        'items', paydesk_items(buyer, only_ids),
        'rules', (SELECT to_jsonb(r) FROM delivery_rules r),
        'coupon', (SELECT jsonb_build_object('coupon', to_jsonb(k),
            'free', (SELECT min(g.grant_no) FROM coupon_grants g
                     WHERE g.buyer_id = buyer AND g.coupon_id = k.id AND g.status = 'issued'),
            'held', coalesce((SELECT jsonb_agg(jsonb_build_object(
                         'no', g.grant_no, 'order_number', o.order_number) ORDER BY g.grant_no)
                     FROM coupon_grants g JOIN orders o ON o.id = g.order_id
                     WHERE g.buyer_id = buyer AND g.coupon_id = k.id AND g.status = 'held'), '[]'))
            FROM coupons k WHERE k.id = coupon),
        'address', (SELECT to_jsonb(a) FROM addresses a
                    WHERE a.buyer_id = buyer AND a.id = address));
END $$;
