-- The ledger: what buyers have, and where all money is, by double entry. Recharges, wallets and points live
-- on it. Only adds: a program of the version before goes on; what it settles and pays back is posted for it.
-- An order that is paid from a wallet is not read by it, and a recharge is not settled by it.

ALTER TABLE orders
    -- What a recharge credits: {credit, principal, bonus}.
    ADD recharge jsonb,
    ADD CONSTRAINT orders_recharge CHECK ((purpose = 'recharge') = (recharge IS NOT NULL));

ALTER TABLE payments
    DROP CONSTRAINT payments_payment_no_check,
    ADD CONSTRAINT payments_payment_no_check CHECK (payment_no BETWEEN 1 AND 100),
    DROP CONSTRAINT payments_trade_type_check,
    ADD CONSTRAINT payments_trade_type_check
        CHECK (trade_type IN ('JSAPI', 'NATIVE', 'H5', 'APP', 'WALLET')),
    -- The wallet's number is none of WeChat Pay's.
    ADD CONSTRAINT payments_wallet CHECK ((payment_no = 100) = (trade_type = 'WALLET')
        AND (trade_type <> 'WALLET' OR status = 'paid'));

-- A key may lead to it, too.
ALTER TABLE idempotency
    DROP CONSTRAINT idempotency_payment_no_check,
    ADD CONSTRAINT idempotency_payment_no_check CHECK (payment_no BETWEEN 1 AND 100);

ALTER TABLE settlements
    DROP CONSTRAINT settlements_check,
    ADD CONSTRAINT settlements_check CHECK ((kind IN ('wechat', 'wallet')) = (payment_no IS NOT NULL)),
    ADD CONSTRAINT settlements_wallet CHECK ((kind = 'wallet') = (payment_no IS NOT DISTINCT FROM 100));

-- As before, with wallets.
CREATE OR REPLACE FUNCTION settlements_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = NEW.order_id AND o.payment_status <> 'unpaid') THEN
        RAISE EXCEPTION 'a settled order is paid' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind IN ('wechat', 'wallet') AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = NEW.order_id
        AND p.payment_no = NEW.payment_no AND p.status = 'paid' AND p.paid_fen = NEW.amount_fen) THEN
        RAISE EXCEPTION 'what settles an order was paid' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- What a merchant offers for money paid ahead.
CREATE TABLE recharge_packages (
    id         text PRIMARY KEY,
    title      text NOT NULL,
    price_fen  bigint NOT NULL CHECK (price_fen BETWEEN 1 AND 1000000000),
    credit     text NOT NULL CHECK (credit IN ('wallet', 'points')),
    principal  bigint NOT NULL CHECK (principal BETWEEN 1 AND 1000000000),
    bonus      bigint NOT NULL CHECK (bonus BETWEEN 0 AND 1000000000),
    version    bigint NOT NULL CHECK (version > 0),
    set_at     timestamptz NOT NULL
);

-- Buyers' accounts alone: the house's are entries, so that no row is shared by all settlements.
CREATE TABLE accounts (
    buyer_id  uuid NOT NULL REFERENCES buyers (id),
    account   text NOT NULL CHECK (account IN ('wallet', 'points', 'buyer_receivable')),
    unit      text NOT NULL CHECK (unit IN ('fen', 'points')),
    balance   bigint NOT NULL,
    -- How many entries it has; the last one's number.
    entries   bigint NOT NULL CHECK (entries >= 0),
    PRIMARY KEY (buyer_id, account, unit),
    CONSTRAINT accounts_unit CHECK (account = 'buyer_receivable'
        OR unit = CASE account WHEN 'wallet' THEN 'fen' ELSE 'points' END),
    CONSTRAINT accounts_balance CHECK (CASE WHEN account = 'buyer_receivable'
        THEN balance BETWEEN -1000000000000 AND 0 ELSE balance BETWEEN 0 AND 1000000000000 END)
) WITH (fillfactor = 80);

-- Named by the key of the business that it belongs to: a name moves something once.
CREATE TABLE transfers (
    name      text PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN ('payment', 'recharge', 'bonus', 'spend', 'refund', 'surplus')),
    order_id  uuid REFERENCES orders (id),
    actor     text NOT NULL,
    cause     text NOT NULL,
    moved_at  timestamptz NOT NULL
);
CREATE INDEX transfers_order ON transfers (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE entries (
    transfer       text NOT NULL REFERENCES transfers (name),
    entry_no       integer NOT NULL CHECK (entry_no > 0),
    account        text NOT NULL CHECK (account IN ('wallet', 'points', 'buyer_receivable',
                       'wechat_clearing', 'sales', 'refunds_payable', 'promotion', 'cash_in_transit')),
    unit           text NOT NULL CHECK (unit IN ('fen', 'points')),
    buyer_id       uuid,
    amount         bigint NOT NULL CHECK (amount <> 0),
    -- Which entry of a buyer's account, and what the account held then.
    seq            bigint CHECK (seq > 0),
    balance_after  bigint,
    moved_at       timestamptz NOT NULL,
    PRIMARY KEY (transfer, entry_no),
    CONSTRAINT entries_account FOREIGN KEY (buyer_id, account, unit) REFERENCES accounts,
    CONSTRAINT entries_buyer CHECK (num_nulls(buyer_id, seq, balance_after) =
        CASE WHEN account IN ('wallet', 'points', 'buyer_receivable') THEN 0 ELSE 3 END)
);
CREATE UNIQUE INDEX entries_of_account ON entries (buyer_id, account, unit, seq)
    WHERE buyer_id IS NOT NULL;

CREATE TRIGGER transfers_insert_only BEFORE UPDATE OR DELETE ON transfers
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_insert_only BEFORE UPDATE OR DELETE ON entries
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION refuse_removal();

-- Two entries at least, and zero in every unit. Looked at when all of a commit is there.
CREATE FUNCTION transfers_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := CASE TG_TABLE_NAME WHEN 'transfers' THEN to_jsonb(NEW)->>'name'
                   ELSE to_jsonb(NEW)->>'transfer' END;
    n bigint;
    fen numeric;
    points numeric;
BEGIN
    SELECT count(*), coalesce(sum(e.amount) FILTER (WHERE e.unit = 'fen'), 0),
           coalesce(sum(e.amount) FILTER (WHERE e.unit = 'points'), 0)
    INTO n, fen, points FROM entries e WHERE e.transfer = wanted;
    IF n < 2 OR fen <> 0 OR points <> 0 THEN
        RAISE EXCEPTION 'a transfer sums to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER transfers_balance AFTER INSERT ON transfers
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION transfers_balance();
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION transfers_balance();

-- Each entry of a buyer's account goes on where the one before ended.
CREATE FUNCTION entries_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before bigint := 0;
BEGIN
    IF NEW.seq > 1 THEN
        SELECT e.balance_after INTO before FROM entries e WHERE e.buyer_id = NEW.buyer_id
            AND e.account = NEW.account AND e.unit = NEW.unit AND e.seq = NEW.seq - 1;
    END IF;
    IF NEW.balance_after IS DISTINCT FROM before + NEW.amount THEN
        RAISE EXCEPTION 'a balance goes on where the one before ended' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_chain BEFORE INSERT ON entries
    FOR EACH ROW WHEN (NEW.buyer_id IS NOT NULL) EXECUTE FUNCTION entries_chain();

-- What an account holds is what its last entry says.
CREATE FUNCTION accounts_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held bigint := 0;
    n bigint;
    now_ accounts;
BEGIN
    SELECT a.* INTO now_ FROM accounts a
    WHERE a.buyer_id = NEW.buyer_id AND a.account = NEW.account AND a.unit = NEW.unit;
    SELECT count(*) INTO n FROM entries e WHERE e.buyer_id = NEW.buyer_id AND e.account = NEW.account
        AND e.unit = NEW.unit AND e.seq > now_.entries;
    IF now_.entries > 0 THEN
        SELECT e.balance_after INTO held FROM entries e WHERE e.buyer_id = NEW.buyer_id
            AND e.account = NEW.account AND e.unit = NEW.unit AND e.seq = now_.entries;
    END IF;
    IF n > 0 OR held IS DISTINCT FROM now_.balance THEN
        RAISE EXCEPTION 'an account holds what its entries say' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER accounts_follow AFTER INSERT OR UPDATE ON accounts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_follow();

-- ---------------------------------------------------------------------------------------------
-- Writing.
-- ---------------------------------------------------------------------------------------------

-- What WeChat Pay's money has done to an order, or to every one, as far as the ledger lacks it: for what
-- was written before there was one, or by a program that does not know it.
CREATE FUNCTION paydesk_post_what_happened(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT 'settled:' || p.out_trade_no AS name, 'payment' AS kind, p.order_id, s.amount_fen AS amount,
               'wechat_clearing' AS source, 'sales' AS sink, s.settled_at AS at
        FROM settlements s JOIN payments p USING (order_id, payment_no)
        WHERE s.kind = 'wechat' AND (wanted IS NULL OR s.order_id = wanted)
        UNION ALL
        SELECT 'surplus:' || p.out_trade_no, 'surplus', p.order_id, p.paid_fen, 'wechat_clearing',
               'refunds_payable', p.success_at
        FROM payments p
        WHERE p.status = 'surplus' AND p.paid_fen > 0 AND (wanted IS NULL OR p.order_id = wanted)
        UNION ALL
        SELECT 'refunded:' || r.out_refund_no, 'refund', r.order_id, r.amount_fen,
               CASE WHEN p.status = 'surplus' THEN 'refunds_payable' ELSE 'sales' END,
               CASE WHEN r.status = 'succeeded' THEN 'wechat_clearing' ELSE 'cash_in_transit' END,
               coalesce(r.succeeded_at, r.settled_at)
        FROM refunds r JOIN payments p USING (order_id, payment_no)
        WHERE r.status IN ('succeeded', 'settled_offline') AND (wanted IS NULL OR r.order_id = wanted)
        ORDER BY 1
    LOOP
        INSERT INTO transfers (name, kind, order_id, actor, cause, moved_at)
        VALUES (t.name, t.kind, t.order_id, 'paydesk', 'posted from what was recorded', t.at)
        ON CONFLICT (name) DO NOTHING;
        IF FOUND THEN
            INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at)
            VALUES (t.name, 1, t.source, 'fen', -t.amount, t.at), (t.name, 2, t.sink, 'fen', t.amount, t.at);
        END IF;
    END LOOP;
END $$;

-- Carries transfers out: buyers' accounts by guarded updates, in the order of the accounts.
CREATE FUNCTION paydesk_post(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at timestamptz := c->>'at';
    t record;
    e record;
    held bigint;
    n bigint;
BEGIN
    IF c->'transfers' IS NULL THEN
        IF c->>'order_id' IS NULL OR jsonb_array_length(c->'settlements') = 0
           AND jsonb_array_length(c->'refunds') = 0 AND jsonb_array_length(c->'payments') = 0 THEN
            RETURN;
        END IF;
        IF EXISTS (SELECT 1 FROM orders o WHERE o.id = (c->>'order_id')::uuid AND o.purpose = 'recharge')
           AND jsonb_array_length(c->'settlements') + jsonb_array_length(c->'refunds') > 0 THEN
            RAISE EXCEPTION 'a recharge is credited with its settlement' USING ERRCODE = 'check_violation';
        END IF;
        PERFORM paydesk_post_what_happened((c->>'order_id')::uuid);
        RETURN;
    END IF;
    FOR t IN SELECT r->>'name' AS name, r->>'kind' AS kind
             FROM jsonb_array_elements(c->'transfers') r ORDER BY r->>'name' COLLATE "C"
    LOOP
        INSERT INTO transfers (name, kind, order_id, actor, cause, moved_at)
        VALUES (t.name, t.kind, (c->>'order_id')::uuid, c->>'actor', c->>'cause', at)
        ON CONFLICT (name) DO NOTHING;
        IF NOT FOUND THEN
            PERFORM paydesk_refuse('transfer ' || t.name);
        END IF;
    END LOOP;
    INSERT INTO entries (transfer, entry_no, account, unit, amount, moved_at)
    SELECT r->>'name', x.no, x.entry->>'account', x.entry->>'unit', (x.entry->>'amount')::bigint, at
    FROM jsonb_array_elements(c->'transfers') r,
         jsonb_array_elements(r->'entries') WITH ORDINALITY AS x (entry, no)
    WHERE x.entry->>'buyer_id' IS NULL;
    FOR e IN
        SELECT r.transfer->>'name' AS transfer, x.no AS entry_no, x.entry->>'account' AS account,
               x.entry->>'unit' AS unit, (x.entry->>'buyer_id')::uuid AS buyer_id,
               (x.entry->>'amount')::bigint AS amount
        FROM jsonb_array_elements(c->'transfers') WITH ORDINALITY AS r (transfer, no),
             jsonb_array_elements(r.transfer->'entries') WITH ORDINALITY AS x (entry, no)
        WHERE x.entry->>'buyer_id' IS NOT NULL
        ORDER BY (x.entry->>'buyer_id')::uuid, x.entry->>'account' COLLATE "C",
                 x.entry->>'unit' COLLATE "C", r.no
    LOOP
        INSERT INTO accounts (buyer_id, account, unit, balance, entries)
        VALUES (e.buyer_id, e.account, e.unit, 0, 0) ON CONFLICT (buyer_id, account, unit) DO NOTHING;
        UPDATE accounts a SET balance = a.balance + e.amount, entries = a.entries + 1
        WHERE a.buyer_id = e.buyer_id AND a.account = e.account AND a.unit = e.unit
          AND CASE WHEN a.account = 'buyer_receivable'
              THEN a.balance + e.amount BETWEEN -1000000000000 AND 0
              ELSE a.balance + e.amount BETWEEN 0 AND 1000000000000 END
        RETURNING a.balance, a.entries INTO held, n;
        IF NOT FOUND THEN
            PERFORM paydesk_refuse('balance ' || e.account || ' ' || e.unit);
        END IF;
        INSERT INTO entries (transfer, entry_no, account, unit, buyer_id, amount, seq, balance_after, moved_at)
        VALUES (e.transfer, e.entry_no, e.account, e.unit, e.buyer_id, e.amount, n, held, at);
    END LOOP;
END $$;

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

-- What happened before there was a ledger.
SELECT paydesk_post_what_happened(NULL);
