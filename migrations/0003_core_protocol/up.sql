-- The core protocol: refunds from the wish to the payer's hand, payments whose record was lost, the life
-- of the database in which something is known, cases that end with what they were about, goods that come
-- back, and what may happen only once. Only adds: a program of the version before goes on reading and
-- writing beside a new one. An order with a refund that got further than that program knows is no longer
-- read by it, so that it changes nothing about it either.
--
-- The version before only recorded that surplus money is to go back, and somebody sent it by hand. From
-- now on it is sent: the sweep finds such refunds. What was paid back by hand meanwhile WeChat Pay refuses,
-- for it never takes more than was paid, and a person is told.

ALTER TABLE orders
    -- The life of the database in which it was placed. Empty: nobody noted it, and so nothing settles this
    -- order that was not asked for.
    ADD epoch text NOT NULL DEFAULT '';

ALTER TABLE payments
    DROP CONSTRAINT payments_surplus_cause_check,
    ADD CONSTRAINT payments_surplus_cause_check CHECK (surplus_cause IN ('late', 'second',
        'mismatch', 'refund_seen_first', 'record_lost')),
    ADD CONSTRAINT payments_surplus CHECK ((status = 'surplus') = (surplus_cause IS NOT NULL)),
    -- Money is known whole or not at all, and only where it is settled or goes back.
    ADD CONSTRAINT payments_receipt_whole CHECK
        (num_nulls(transaction_id, receipt_appid, paid_fen, currency, success_at) IN (0, 5)),
    ADD CONSTRAINT payments_money CHECK (transaction_id IS NULL OR status IN ('paid', 'surplus'));

ALTER TABLE refunds
    -- WeChat Pay's number of it.
    ADD refund_id text,
    -- The code of a definite refusal: believed in `unknown`, proven in `rejected`.
    ADD refused_code text,
    ADD succeeded_at timestamptz,
    -- How it was paid back another way, in the approver's words. May name somebody.
    ADD note text,
    ADD settled_at timestamptz,
    ADD asked_by text NOT NULL DEFAULT 'paydesk'
        CONSTRAINT refunds_asked_by_check CHECK (asked_by IN ('buyer', 'operator', 'service', 'paydesk')),
    ADD actor text NOT NULL DEFAULT 'paydesk',
    ADD replaces text,
    ADD sent_at timestamptz,
    ADD CONSTRAINT refunds_refund_id CHECK ((refund_id IS NOT NULL) =
        (status IN ('processing', 'succeeded', 'abnormal', 'closed'))),
    ADD CONSTRAINT refunds_succeeded_at CHECK ((succeeded_at IS NOT NULL) = (status = 'succeeded')),
    ADD CONSTRAINT refunds_settled_offline CHECK
        (num_nulls(note, settled_at) = CASE WHEN status = 'settled_offline' THEN 0 ELSE 2 END),
    ADD CONSTRAINT refunds_refused_code CHECK (CASE WHEN status = 'rejected' THEN refused_code IS NOT NULL
        ELSE refused_code IS NULL OR status = 'unknown' END),
    -- Nobody knows less of a refund than that it was sent; one that WeChat Pay showed us first was not.
    ADD CONSTRAINT refunds_sent_at CHECK (CASE
        WHEN status = 'sending' OR (status IN ('unknown', 'rejected') AND kind = 'requested')
            THEN sent_at IS NOT NULL
        WHEN status IN ('awaiting_approval', 'declined') THEN sent_at IS NULL
        ELSE true END),
    -- What was made elsewhere is a fact: never asked for, never sent.
    ADD CONSTRAINT refunds_external CHECK (kind <> 'external' OR (sent_at IS NULL
        AND status IN ('processing', 'succeeded', 'abnormal', 'closed', 'settled_offline'))),
    ADD CONSTRAINT refunds_replaces FOREIGN KEY (mchid, replaces) REFERENCES refunds (mchid, out_refund_no);
-- What gave way to a refund made elsewhere is not live either: what is left goes back under another number.
DROP INDEX refunds_one_live_surplus;
CREATE UNIQUE INDEX refunds_one_live_surplus ON refunds (order_id, payment_no)
    WHERE kind = 'surplus' AND status NOT IN ('withdrawn', 'closed', 'rejected');
-- A closed refund is replaced once.
CREATE UNIQUE INDEX refunds_one_replacement ON refunds (mchid, replaces) WHERE replaces IS NOT NULL;
CREATE INDEX refunds_by_out_refund_no ON refunds (out_refund_no);
CREATE INDEX refunds_by_refund_id ON refunds (refund_id) WHERE refund_id IS NOT NULL;
-- What the sweep reads: refunds that we still act on.
CREATE INDEX refunds_live ON refunds (created_at)
    WHERE status IN ('requested', 'sending', 'unknown', 'processing', 'abnormal');
-- What is asked about again once the database has lost commits.
CREATE INDEX refunds_waiting ON refunds (out_refund_no)
    WHERE status IN ('awaiting_approval', 'rejected');

ALTER TABLE stock_holds
    ADD CONSTRAINT stock_holds_returned CHECK (returned_quantity = 0 OR status = 'committed');
ALTER TABLE stock_moves
    DROP CONSTRAINT stock_moves_kind_check,
    ADD CONSTRAINT stock_moves_kind_check
        CHECK (kind IN ('hold', 'commit', 'release', 'return', 'restock'));

-- ---------------------------------------------------------------------------------------------
-- Rules of rows that change: what is final stays, what was recorded stays.
-- ---------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION orders_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'order version must rise by one' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.payment_status <> OLD.payment_status THEN
        IF NEW.payment_status = 'unpaid' THEN
            RAISE EXCEPTION 'a paid order stays paid' USING ERRCODE = 'check_violation';
        END IF;
        IF (OLD.payment_status, NEW.payment_status) NOT IN (('unpaid', 'paid'),
            ('paid', 'partially_refunded'), ('paid', 'refunded'),
            ('partially_refunded', 'refunded')) THEN
            RAISE EXCEPTION 'payment status % does not follow %', NEW.payment_status,
                OLD.payment_status USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF OLD.status IN ('cancelled', 'completed') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'order status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'pending_payment' AND OLD.status <> 'pending_payment' THEN
        RAISE EXCEPTION 'an order never waits for money again' USING ERRCODE = 'check_violation';
    END IF;
    IF (OLD.status = 'shipped' AND NEW.status NOT IN ('shipped', 'delivered', 'completed'))
       OR (OLD.status = 'delivered' AND NEW.status NOT IN ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'goods that went out are not called back' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT NEW.shipments @> OLD.shipments THEN
        RAISE EXCEPTION 'a recorded shipment stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION orders_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending_payment', 'ready'), ('pending_payment', 'completed'),
        ('pending_payment', 'cancelling'), ('pending_payment', 'cancelled'), ('cancelling', 'ready'),
        ('cancelling', 'completed'), ('cancelling', 'cancelled'), ('ready', 'shipped'),
        ('ready', 'cancelling'), ('ready', 'cancelled'), ('shipped', 'delivered'),
        ('shipped', 'completed'), ('delivered', 'completed')) THEN
        RAISE EXCEPTION 'order status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER orders_follow AFTER UPDATE ON orders
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orders_follow();

-- Paid, and settled once: the same thing, said in two tables. Looked at when all of a commit is there.
CREATE FUNCTION settlements_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.order_id AND o.payment_status <> 'unpaid') THEN
        RAISE EXCEPTION 'a settled order is paid' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'wechat' AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id
        AND p.payment_no = NEW.payment_no AND p.status = 'paid' AND p.paid_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'what settles an order was paid' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER settlements_match AFTER INSERT ON settlements
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION settlements_match();

CREATE FUNCTION orders_settled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM settlements s WHERE s.order_id = NEW.id) THEN
        RAISE EXCEPTION 'a paid order is settled' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER orders_settled AFTER INSERT OR UPDATE OF payment_status ON orders
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.payment_status <> 'unpaid')
    EXECUTE FUNCTION orders_settled();

CREATE OR REPLACE FUNCTION payments_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IN ('paid', 'surplus') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'payment status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'closed' AND NEW.status NOT IN ('closed', 'paid', 'surplus')
       OR NEW.status = 'created' AND OLD.status <> 'created' THEN
        RAISE EXCEPTION 'payment status % does not follow %', NEW.status, OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.transaction_id IS NOT NULL AND NEW.transaction_id IS DISTINCT FROM OLD.transaction_id THEN
        RAISE EXCEPTION 'a recorded transaction stays' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'surplus' AND (NEW.paid_fen, NEW.surplus_cause)
       IS DISTINCT FROM (OLD.paid_fen, OLD.surplus_cause) THEN
        RAISE EXCEPTION 'what was received stays' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.mchid, NEW.out_trade_no, NEW.appid, NEW.amount_fen)
       IS DISTINCT FROM (OLD.mchid, OLD.out_trade_no, OLD.appid, OLD.amount_fen) THEN
        RAISE EXCEPTION 'what was asked for stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

-- A fact of WeChat Pay's may come in every state that is not final, whatever we thought of the refund.
CREATE FUNCTION refunds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER refunds_rules BEFORE UPDATE ON refunds
    FOR EACH ROW EXECUTE FUNCTION refunds_keep_rules();
-- What is kept from being refunded again is what the refunds say, all of them together.
CREATE FUNCTION refunds_reserved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id AND p.payment_no = NEW.payment_no
        AND p.refund_reserved_fen <> (SELECT coalesce(sum(r.amount_fen), 0) FROM refunds r
            WHERE r.order_id = p.order_id AND r.payment_no = p.payment_no
              AND r.status NOT IN ('declined', 'withdrawn', 'closed', 'rejected'))) THEN
        RAISE EXCEPTION 'what is reserved is what its refunds say' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refunds_reserved AFTER INSERT OR UPDATE OF status ON refunds
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refunds_reserved();
CREATE CONSTRAINT TRIGGER payments_reserved AFTER UPDATE OF refund_reserved_fen ON payments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.refund_reserved_fen <> NEW.refund_reserved_fen) EXECUTE FUNCTION refunds_reserved();
CREATE CONSTRAINT TRIGGER payments_reserved_at_once AFTER INSERT ON payments
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.refund_reserved_fen <> 0) EXECUTE FUNCTION refunds_reserved();

-- Money and its names are never removed.
CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % stay', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER orders_stay BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER payments_stay BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER refunds_stay BEFORE DELETE ON refunds FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER effects_stay BEFORE DELETE ON effects FOR EACH ROW EXECUTE FUNCTION refuse_removal();

CREATE FUNCTION stock_holds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'held' AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'a hold ends once' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.returned_quantity < OLD.returned_quantity THEN
        RAISE EXCEPTION 'what came back stays back' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.sku_id, NEW.quantity) IS DISTINCT FROM (OLD.sku_id, OLD.quantity) THEN
        RAISE EXCEPTION 'what is held stays' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stock_holds_rules BEFORE UPDATE ON stock_holds
    FOR EACH ROW EXECUTE FUNCTION stock_holds_keep_rules();

-- ---------------------------------------------------------------------------------------------
-- Writing. As before: PL/pgSQL, in the same lock order, deciding nothing.
-- ---------------------------------------------------------------------------------------------

-- What may happen once. An older program does not name it: then it follows from the rows, and is no
-- reason to refuse.
CREATE FUNCTION paydesk_write_effects(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := c->>'at';
    key text;
BEGIN
    IF c->'effects' IS NULL THEN
        INSERT INTO effects (effect_key, committed_at)
        SELECT 'settled:' || (r->>'order_id'), at FROM jsonb_array_elements(c->'settlements') r
        UNION ALL SELECT 'cancelled:' || (r->>'id'), at FROM jsonb_array_elements(c->'orders') r
        WHERE r->>'status' = 'cancelled'
        UNION ALL SELECT 'surplus:' || (r->>'out_trade_no'), at
        FROM jsonb_array_elements(c->'payments') r WHERE r->>'status' = 'surplus'
        ON CONFLICT (effect_key) DO NOTHING;
        RETURN;
    END IF;
    FOR key IN SELECT e FROM jsonb_array_elements_text(c->'effects') e ORDER BY e COLLATE "C" LOOP
        INSERT INTO effects (effect_key, committed_at) VALUES (key, at)
        ON CONFLICT (effect_key) DO NOTHING;
        IF NOT FOUND THEN
            PERFORM paydesk_refuse('effect ' || key);
        END IF;
    END LOOP;
END $$;

-- As before, with the epoch: what an older program places was placed in a life that nobody noted.
CREATE OR REPLACE FUNCTION paydesk_write_order(row_ jsonb, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r orders := jsonb_populate_record(NULL::orders, row_);
BEGIN
    IF expected IS NULL THEN
        r.shipments := coalesce(r.shipments, '[]');
        r.epoch := coalesce(r.epoch, '');
        INSERT INTO orders SELECT r.*;
        RETURN;
    END IF;
    UPDATE orders o SET
        status = r.status, payment_status = r.payment_status, payment_method = r.payment_method,
        converting = r.converting, cancel_cause = r.cancel_cause, version = r.version,
        paid_at = r.paid_at, cancelled_at = r.cancelled_at,
        payer_report = coalesce(r.payer_report, o.payer_report),
        payer_reported_at = coalesce(r.payer_reported_at, o.payer_reported_at),
        shipments = coalesce(r.shipments, o.shipments),
        delivered_at = coalesce(r.delivered_at, o.delivered_at),
        completed_at = coalesce(r.completed_at, o.completed_at)
    WHERE o.id = r.id AND o.version = expected;
    IF NOT FOUND THEN
        PERFORM paydesk_refuse('version');
    END IF;
END $$;

-- In the order of their numbers: a surplus refund that ended makes room in refunds_one_live_surplus
-- before the one in its place is inserted. A number that is another order's is not written over.
CREATE FUNCTION paydesk_write_refunds(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE FUNCTION paydesk_write_holds(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_holds AS old (order_id, line_no, sku_id, quantity, returned_quantity, status)
    SELECT r.order_id, r.line_no, r.sku_id, r.quantity, r.returned_quantity, r.status
    FROM jsonb_populate_recordset(
        jsonb_populate_record(NULL::stock_holds, '{"returned_quantity": 0}'), rows_) r
    ON CONFLICT (order_id, line_no) DO UPDATE SET status = excluded.status,
        returned_quantity = greatest(old.returned_quantity, excluded.returned_quantity);
END $$;

-- Those that are open are over; in the order of their keys, as every set of rows.
CREATE FUNCTION paydesk_end_cases(ends jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT e->>'kind' AS kind, e->>'subject' AS subject
             FROM jsonb_array_elements(ends) e ORDER BY 1, 2
    LOOP
        UPDATE cases c SET status = 'resolved'
        WHERE c.kind = r.kind AND c.subject = r.subject
          AND c.status NOT IN ('resolved', 'accepted');
    END LOOP;
END $$;

-- As before, with what comes back. Moves are summed per SKU and kind, in the order of the ids. A price
-- guard is checked in the same statement that takes the stock.
CREATE OR REPLACE FUNCTION paydesk_move_stock(moves jsonb, prices jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    m record;
BEGIN
    FOR m IN
        SELECT r.sku_id, r.kind, sum(r.quantity)::bigint AS n,
               min((prices->>r.sku_id)::bigint) AS price_version
        FROM ROWS FROM (jsonb_to_recordset(moves) AS (sku_id text, kind text, quantity bigint))
             WITH ORDINALITY AS r (sku_id, kind, quantity, o)
        GROUP BY r.sku_id, r.kind ORDER BY r.sku_id, min(r.o)
    LOOP
        CASE m.kind
        WHEN 'hold' THEN
            UPDATE skus s SET available = s.available - m.n, held = s.held + m.n
            WHERE s.id = m.sku_id AND s.available >= m.n
              AND s.price_version = coalesce(m.price_version, s.price_version);
        WHEN 'commit' THEN
            UPDATE skus s SET held = s.held - m.n, sold = s.sold + m.n
            WHERE s.id = m.sku_id AND s.held >= m.n;
        WHEN 'release' THEN
            UPDATE skus s SET held = s.held - m.n, available = s.available + m.n
            WHERE s.id = m.sku_id AND s.held >= m.n;
        WHEN 'return' THEN
            UPDATE skus s SET sold = s.sold - m.n, available = s.available + m.n
            WHERE s.id = m.sku_id AND s.sold >= m.n;
        END CASE;
        IF NOT FOUND THEN
            IF m.kind = 'hold' AND EXISTS (SELECT 1 FROM skus s WHERE s.id = m.sku_id
                                           AND s.price_version <> m.price_version) THEN
                PERFORM paydesk_refuse('price ' || m.sku_id);
            END IF;
            PERFORM paydesk_refuse('stock ' || m.sku_id);
        END IF;
    END LOOP;
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

-- "Stored for later" takes back no verdict: what is known to be nobody's stays an orphan.
CREATE OR REPLACE FUNCTION paydesk_write_inbox(entry jsonb, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox AS old (source, event_id, event_type, fact_hash, status, out_trade_no,
                              received_at, updated_at)
    SELECT r.source, r.event_id, r.event_type, r.fact_hash, r.status, r.out_trade_no, at, at
    FROM jsonb_populate_record(NULL::inbox, entry) r
    ON CONFLICT (source, event_id) DO UPDATE SET
        conflicting_hash = CASE WHEN old.fact_hash <> excluded.fact_hash
                                THEN excluded.fact_hash ELSE old.conflicting_hash END,
        status = CASE WHEN old.status IN ('received', 'verified', 'orphan')
                       AND old.fact_hash = excluded.fact_hash
                       AND NOT (old.status = 'orphan' AND excluded.status = 'verified')
                      THEN excluded.status ELSE old.status END,
        updated_at = excluded.updated_at;
    INSERT INTO cases (kind, subject, detail, opened_at)
    SELECT 'amount_mismatch', i.event_id, 'one notification id came with two different facts', at
    FROM inbox i
    WHERE i.source = entry->>'source' AND i.event_id = entry->>'event_id'
      AND i.fact_hash <> entry->>'fact_hash'
    ON CONFLICT (kind, subject) WHERE status NOT IN ('resolved', 'accepted') DO NOTHING;
END $$;

-- ---------------------------------------------------------------------------------------------
-- Reading, with the life of the database. It is the primary's: a standby that is asked fails.
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION paydesk_timeline() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN left(pg_walfile_name(pg_current_wal_lsn()), 8);
END $$;

-- Beside the one of three arguments, by which an older program loads.
CREATE FUNCTION paydesk_load(by_id uuid, by_number text, by_out_trade_no text, by_out_refund_no text)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
    wanted uuid := by_id;
BEGIN
    IF by_number IS NOT NULL THEN
        SELECT o.id INTO wanted FROM orders o WHERE o.order_number = by_number;
    ELSIF by_out_trade_no IS NOT NULL THEN
        SELECT p.order_id INTO wanted FROM payments p WHERE p.out_trade_no = by_out_trade_no;
    ELSIF by_out_refund_no IS NOT NULL THEN
        SELECT r.order_id INTO wanted FROM refunds r WHERE r.out_refund_no = by_out_refund_no;
    END IF;
    RETURN jsonb_build_object('now', clock_timestamp(), 'timeline', paydesk_timeline(),
                              'found', paydesk_order(wanted));
END $$;

CREATE OR REPLACE FUNCTION paydesk_checkout_basis(buyer uuid, only_ids bigint[], address bigint)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'now', clock_timestamp(),
        'timeline', paydesk_timeline(),
        'items', paydesk_items(buyer, only_ids),
        'address', (SELECT to_jsonb(a) FROM addresses a
                    WHERE a.buyer_id = buyer AND a.id = address));
END $$;

-- What happened before it was noted.
INSERT INTO effects (effect_key, committed_at)
SELECT 'settled:' || s.order_id, s.settled_at FROM settlements s
UNION ALL SELECT 'cancelled:' || o.id, o.cancelled_at FROM orders o WHERE o.status = 'cancelled'
UNION ALL SELECT 'surplus:' || p.out_trade_no, coalesce(p.success_at, p.created_at) FROM payments p
WHERE p.status = 'surplus'
ON CONFLICT (effect_key) DO NOTHING;
