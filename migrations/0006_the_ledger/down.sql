-- Back to the version before, while nobody has anything in a wallet or paid from one: their record would be
-- lost. What the house's accounts say is in orders, payments and refunds as well.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM accounts WHERE entries > 0)
       OR EXISTS (SELECT 1 FROM orders WHERE purpose = 'recharge')
       OR EXISTS (SELECT 1 FROM payments WHERE trade_type = 'WALLET')
       OR EXISTS (SELECT 1 FROM recharge_packages) THEN
        RAISE EXCEPTION 'buyers have wallets or points, or there are recharges; their record would be lost';
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
    PERFORM paydesk_move_coupons(c);
    -- The rows that everybody shares come last and are held for the shortest time.
    PERFORM paydesk_move_stock(c->'stock', c->'prices');
    RETURN 'committed';
END $$;

CREATE OR REPLACE FUNCTION settlements_match() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP FUNCTION paydesk_post, paydesk_post_what_happened;
DROP TABLE entries, transfers, accounts, recharge_packages;
DROP FUNCTION transfers_balance, entries_chain, accounts_follow;

ALTER TABLE settlements
    DROP CONSTRAINT settlements_wallet,
    DROP CONSTRAINT settlements_check,
    ADD CONSTRAINT settlements_check CHECK ((kind = 'wechat') = (payment_no IS NOT NULL));
ALTER TABLE idempotency
    DROP CONSTRAINT idempotency_payment_no_check,
    ADD CONSTRAINT idempotency_payment_no_check CHECK (payment_no BETWEEN 1 AND 99);
ALTER TABLE payments
    DROP CONSTRAINT payments_wallet,
    DROP CONSTRAINT payments_trade_type_check,
    ADD CONSTRAINT payments_trade_type_check CHECK (trade_type IN ('JSAPI', 'NATIVE', 'H5', 'APP')),
    DROP CONSTRAINT payments_payment_no_check,
    ADD CONSTRAINT payments_payment_no_check CHECK (payment_no BETWEEN 1 AND 99);
ALTER TABLE orders DROP CONSTRAINT orders_recharge, DROP recharge;
