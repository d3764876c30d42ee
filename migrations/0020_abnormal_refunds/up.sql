-- Refunds that could not reach their payer are sent to a card (apply-abnormal-refund): whose card, and when that was
-- asked for. Of the card itself nothing is kept, here or anywhere. Only adds: a program of the version before goes on,
-- and takes such a refund for one that is processing.
ALTER TABLE refunds
    ADD applied_to text CONSTRAINT refunds_applied_to
        CHECK (applied_to IN ('USER_BANK_CARD', 'MERCHANT_BANK_CARD')),
    ADD applied_at timestamptz,
    -- It is at WeChat Pay, which has a number for it; it may have been paid back by bank since.
    ADD CONSTRAINT refunds_applied CHECK (num_nulls(applied_to, applied_at) IN (0, 2) AND (applied_at IS NULL
        OR status IN ('processing', 'succeeded', 'abnormal', 'closed', 'settled_offline')));

-- As before, with what was applied for: an older program, which does not know of it, does not forget it either.
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
        note = excluded.note, settled_at = excluded.settled_at, sent_at = excluded.sent_at,
        applied_to = coalesce(excluded.applied_to, old.applied_to),
        applied_at = coalesce(excluded.applied_at, old.applied_at)
    WHERE old.order_id = excluded.order_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> jsonb_array_length(rows_) THEN
        PERFORM paydesk_refuse('refund_number');
    END IF;
END $$;
