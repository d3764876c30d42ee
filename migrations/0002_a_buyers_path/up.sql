-- What a buyer's path needs beyond the first payment: what the payer's client said, shipping to
-- completion, other payments of the same order, keys that remember theirs, jobs that somebody waits
-- for. Only adds: a program of the version before goes on reading and writing beside a new one.

ALTER TABLE orders
    ADD payer_report text CONSTRAINT orders_payer_report_check
        CHECK (payer_report IN ('ok', 'cancel', 'fail')),
    ADD payer_reported_at timestamptz,
    -- What was sent, oldest first. Personal data (the contact of a package).
    ADD shipments jsonb NOT NULL DEFAULT '[]',
    ADD delivered_at timestamptz,
    ADD completed_at timestamptz,
    ADD CONSTRAINT orders_payer_report
        CHECK ((payer_report IS NULL) = (payer_reported_at IS NULL)),
    -- Only goods are sent; other purposes are complete when they are paid.
    ADD CONSTRAINT orders_shipments CHECK (jsonb_typeof(shipments) = 'array'
        AND (shipments <> '[]') = (status IN ('shipped', 'delivered')
                                   OR (status = 'completed' AND purpose = 'goods'))),
    ADD CONSTRAINT orders_delivered_at CHECK ((delivered_at IS NOT NULL) =
        (status = 'delivered' OR (status = 'completed' AND purpose = 'goods'))),
    ADD CONSTRAINT orders_completed_at CHECK ((completed_at IS NULL) = (status <> 'completed')),
    -- Nothing leaves before its money is there, unless it is paid at the door.
    ADD CONSTRAINT orders_paid_before_sent CHECK (payment_status <> 'unpaid'
        OR status NOT IN ('ready', 'shipped', 'delivered', 'completed')
        OR (payment_method = 'cod' AND status <> 'completed'));
-- Looked for by exact number: a merchant backend's, WeChat Pay's.
CREATE INDEX orders_merchant_ref ON orders (merchant_ref) WHERE merchant_ref IS NOT NULL;
CREATE INDEX payments_by_transaction_id ON payments (transaction_id)
    WHERE transaction_id IS NOT NULL;
-- What the sweep reads of orders that were delivered and are not complete.
CREATE INDEX orders_delivered ON orders (order_number) WHERE status = 'delivered';

-- The buyer is never offered two payments of one order.
CREATE UNIQUE INDEX payments_one_open ON payments (order_id)
    WHERE status IN ('created', 'payable', 'unknown');

ALTER TABLE idempotency
    ADD payment_no smallint CHECK (payment_no BETWEEN 1 AND 99),
    ADD CONSTRAINT idempotency_payment CHECK (payment_no IS NULL OR order_id IS NOT NULL);

ALTER TABLE api_keys ADD revoked_at timestamptz;

-- Since when a client waits for it; until it is next finished. `infinity` once it was put off: somebody
-- still waits, but it takes its turn with all others.
ALTER TABLE jobs ADD wanted_at timestamptz;
-- What is claimed first. Small, however much is due.
CREATE INDEX jobs_wanted ON jobs (due_at) WHERE wanted_at < 'infinity' AND parked_at IS NULL;

CREATE INDEX cases_newest ON cases (opened_at DESC, id DESC);
CREATE INDEX cases_subject ON cases (subject);

CREATE OR REPLACE FUNCTION orders_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'order version must rise by one' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status IN ('cancelled', 'completed') AND NEW.status <> OLD.status THEN
        RAISE EXCEPTION 'order status % is final', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.payment_status <> 'unpaid' AND NEW.payment_status = 'unpaid' THEN
        RAISE EXCEPTION 'a paid order stays paid' USING ERRCODE = 'check_violation';
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

-- An older program does not name the new columns: what they hold stays. None of them is ever
-- emptied again.
CREATE OR REPLACE FUNCTION paydesk_write_order(row_ jsonb, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r orders := jsonb_populate_record(NULL::orders, row_);
BEGIN
    IF expected IS NULL THEN
        r.shipments := coalesce(r.shipments, '[]');
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

-- In the order of the numbers: a payment that is closed makes room in payments_one_open before the
-- one in its place is inserted, and a unique index is checked row by row.
CREATE OR REPLACE FUNCTION paydesk_write_payments(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments SELECT r.* FROM jsonb_populate_recordset(NULL::payments, rows_) r
    ORDER BY r.payment_no
    ON CONFLICT (order_id, payment_no) DO UPDATE SET
        status = excluded.status, prepay_id = excluded.prepay_id, code_url = excluded.code_url,
        closing_cause = excluded.closing_cause, closed_at = excluded.closed_at,
        reject_code = excluded.reject_code, reject_proven = excluded.reject_proven,
        surplus_cause = excluded.surplus_cause, transaction_id = excluded.transaction_id,
        receipt_appid = excluded.receipt_appid, paid_fen = excluded.paid_fen,
        currency = excluded.currency, payer_total_fen = excluded.payer_total_fen,
        receipt_openid = excluded.receipt_openid, success_at = excluded.success_at,
        refund_reserved_fen = excluded.refund_reserved_fen;
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
    FOR item IN SELECT * FROM jsonb_array_elements(c->'orders') LOOP
        PERFORM paydesk_write_order(item, (c->>'expected_version')::bigint);
    END LOOP;
    PERFORM paydesk_write_payments(c->'payments');
    INSERT INTO settlements
    SELECT r.* FROM jsonb_populate_recordset(NULL::settlements, c->'settlements') r;
    INSERT INTO refunds SELECT r.* FROM jsonb_populate_recordset(NULL::refunds, c->'refunds') r;
    INSERT INTO stock_holds AS old (order_id, line_no, sku_id, quantity, status)
    SELECT r.order_id, r.line_no, r.sku_id, r.quantity, r.status
    FROM jsonb_populate_recordset(NULL::stock_holds, c->'holds') r
    ON CONFLICT (order_id, line_no) DO UPDATE SET status = excluded.status;
    PERFORM paydesk_write_jobs(c->'jobs_ensure', c->'jobs_remove');
    FOR item IN SELECT * FROM jsonb_array_elements(c->'open_orders') LOOP
        PERFORM paydesk_check_open_orders((item->>'buyer')::uuid, (item->>'max')::bigint,
                                          (c->>'order_id')::uuid);
    END LOOP;
    FOR item IN SELECT * FROM jsonb_array_elements(c->'list') LOOP
        PERFORM paydesk_change_list(item);
    END LOOP;
    PERFORM paydesk_write_trail(c);
    -- The rows that everybody shares come last and are held for the shortest time.
    PERFORM paydesk_move_stock(c->'stock', c->'prices');
    RETURN 'committed';
END $$;

-- As before, but a row at a time by its key: a set from JSON is planned as a hundred rows, for which
-- the whole table was read twice in each commit. Ensuring wakes a parked job: new intent. Rows are
-- taken in the order of their keys.
--
-- Nobody waits for the lock on a job's row here. We hold the order's row by now, and a commit under a
-- lease holds its job's row (paydesk_check_fence) while it waits for the order's: each would wait for
-- the other. But whoever has the row is not always such a commit. Claiming, renewing, giving back and
-- hastening have it for their one statement and need nothing of ours; to pass over the row then would
-- lose the earlier time, and closing might begin minutes late. So:
--   who changes the row, in the one statement or in a commit that has its order's row already, is soon
--     over without us: the INSERT waits for it, as it does for every row in its way;
--   who only locks it may be a claimer, which lets go in a moment, or that commit, which does not: we
--     look again after 1, 2, 4, 8, 16 and 32 ms, once through in a commit, however many its jobs.
-- What is still locked then is passed over: the job stays, and is due when it was due; who has it finds
-- the order changed and decides anew. A job that was not removed finds nothing to do.
--
-- Who meets nobody pays nothing: only a row that could neither be locked nor inserted is looked at
-- again. SKIP LOCKED rather than NOWAIT: an error would have to be caught, and a block that catches is
-- a subtransaction in each commit. At SERIALIZABLE a row that was changed meanwhile is a
-- serialization failure instead, and the commit comes again.
CREATE OR REPLACE FUNCTION paydesk_write_jobs(ensure jsonb, remove jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r record;
    due timestamptz;
    look integer := 0;
BEGIN
    FOR r IN SELECT e->>'kind' AS kind, e->>'subject' AS subject
             FROM jsonb_array_elements(remove) e ORDER BY 1, 2
    LOOP
        PERFORM 1 FROM jobs j WHERE j.kind = r.kind AND j.subject = r.subject
            FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            DELETE FROM jobs j WHERE j.kind = r.kind AND j.subject = r.subject;
        END IF;
    END LOOP;
    FOR r IN SELECT e->>'kind' AS kind, e->>'subject' AS subject, e->>'due_at' AS due_at
             FROM jsonb_array_elements(ensure) e ORDER BY 1, 2
    LOOP
        due := r.due_at::timestamptz;
        LOOP
            PERFORM 1 FROM jobs j WHERE j.kind = r.kind AND j.subject = r.subject
                FOR UPDATE SKIP LOCKED;
            IF FOUND THEN
                UPDATE jobs j SET
                    due_at = CASE WHEN j.parked_at IS NULL THEN least(j.due_at, due) ELSE due END,
                    attempts = CASE WHEN j.parked_at IS NULL THEN j.attempts ELSE 0 END,
                    hastened_at = CASE WHEN j.lease_until IS NOT NULL
                                       THEN least(j.hastened_at, due) END,
                    parked_at = NULL, parked_why = NULL
                WHERE j.kind = r.kind AND j.subject = r.subject;
                EXIT;
            END IF;
            INSERT INTO jobs (kind, subject, due_at) VALUES (r.kind, r.subject, due)
            ON CONFLICT (kind, subject) DO NOTHING;
            EXIT WHEN FOUND OR look = 6;
            PERFORM pg_sleep(0.001 * 2 ^ look);
            look := look + 1;
        END LOOP;
    END LOOP;
END $$;
