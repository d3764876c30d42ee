-- Back to the version before: nothing is lost, the entries can be counted again.

CREATE OR REPLACE FUNCTION transfers_balance() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION paydesk_post_what_happened(wanted uuid) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION paydesk_post(c jsonb) RETURNS void LANGUAGE plpgsql AS $$
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

ALTER TABLE transfers DROP COLUMN entry_count;
