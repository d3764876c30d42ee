-- Back to the version before, while nothing was recorded that it could not hold: an order that was
-- sent would no longer know what, and when it arrived.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM orders WHERE shipments <> '[]' OR completed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'orders were shipped or completed; their record would be lost';
    END IF;
END $$;
-- Without its mark a revoked key would let somebody in again.
DELETE FROM api_keys WHERE revoked_at IS NOT NULL;
-- Unknown work, which nobody would do.
DELETE FROM jobs WHERE kind = 'complete_order';

DROP INDEX orders_merchant_ref, payments_by_transaction_id, orders_delivered, payments_one_open,
           cases_newest, cases_subject, jobs_wanted;
ALTER TABLE orders
    DROP CONSTRAINT orders_paid_before_sent,
    DROP CONSTRAINT orders_completed_at,
    DROP CONSTRAINT orders_delivered_at,
    DROP CONSTRAINT orders_shipments,
    DROP CONSTRAINT orders_payer_report,
    DROP payer_report, DROP payer_reported_at, DROP shipments, DROP delivered_at,
    DROP completed_at;
ALTER TABLE idempotency DROP CONSTRAINT idempotency_payment, DROP payment_no;
ALTER TABLE api_keys DROP revoked_at;
ALTER TABLE jobs DROP wanted_at;

-- The functions as they were.
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
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION paydesk_write_order(row_ jsonb, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    r orders := jsonb_populate_record(NULL::orders, row_);
BEGIN
    IF expected IS NULL THEN
        INSERT INTO orders SELECT r.*;
        RETURN;
    END IF;
    UPDATE orders o SET
        status = r.status, payment_status = r.payment_status, payment_method = r.payment_method,
        converting = r.converting, cancel_cause = r.cancel_cause, version = r.version,
        paid_at = r.paid_at, cancelled_at = r.cancelled_at
    WHERE o.id = r.id AND o.version = expected;
    IF NOT FOUND THEN
        PERFORM paydesk_refuse('version');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION paydesk_write_payments(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO payments SELECT r.* FROM jsonb_populate_recordset(NULL::payments, rows_) r
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
    INSERT INTO idempotency (principal, route, key, fingerprint, order_id, reused, recorded_at)
    SELECT r.principal, r.route, r.key, r.fingerprint, r.order_id, r.reused, r.recorded_at
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

-- Job rows of others are never waited for: whoever has one in hand may want this order next. A
-- job that is skipped stays, and finds nothing to do. Ensuring wakes a parked job: new intent.
CREATE OR REPLACE FUNCTION paydesk_write_jobs(ensure jsonb, remove jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS MATERIALIZED (
        SELECT j.kind, j.subject FROM jobs j
        JOIN jsonb_to_recordset(remove) AS r (kind text, subject text) USING (kind, subject)
        ORDER BY j.kind, j.subject FOR UPDATE OF j SKIP LOCKED)
    DELETE FROM jobs j USING gone g WHERE j.kind = g.kind AND j.subject = g.subject;
    WITH known AS MATERIALIZED (
        SELECT j.kind, j.subject, r.due_at FROM jobs j
        JOIN jsonb_to_recordset(ensure) AS r (kind text, subject text, due_at timestamptz)
             USING (kind, subject)
        ORDER BY j.kind, j.subject FOR UPDATE OF j SKIP LOCKED)
    UPDATE jobs j SET
        due_at = CASE WHEN j.parked_at IS NULL THEN least(j.due_at, k.due_at) ELSE k.due_at END,
        attempts = CASE WHEN j.parked_at IS NULL THEN j.attempts ELSE 0 END,
        hastened_at = CASE WHEN j.lease_until IS NOT NULL
                           THEN least(j.hastened_at, k.due_at) END,
        parked_at = NULL, parked_why = NULL
    FROM known k WHERE j.kind = k.kind AND j.subject = k.subject;
    INSERT INTO jobs (kind, subject, due_at)
    SELECT r.kind, r.subject, r.due_at
    FROM jsonb_to_recordset(ensure) AS r (kind text, subject text, due_at timestamptz)
    ORDER BY r.kind, r.subject
    ON CONFLICT (kind, subject) DO NOTHING;
END $$;
