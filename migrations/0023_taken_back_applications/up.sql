-- Which applications for an abnormal refund may have been taken: one that WeChat Pay refused went nowhere, and one that
-- nobody heard an answer to may have been taken, whatever a later one named. Only adds: a program of the version before
-- goes on.
ALTER TABLE refunds
    -- The applied_at of the application that WeChat Pay refused: it says nothing of a later one.
    ADD refused_applied_at timestamptz,
    -- Whose cards others named that may have been taken.
    ADD applied_before text CONSTRAINT refunds_applied_before
        CHECK (applied_before IN ('USER_BANK_CARD', 'MERCHANT_BANK_CARD', 'EITHER')),
    ADD CONSTRAINT refunds_applied_again CHECK (applied_at IS NOT NULL
        OR num_nonnulls(refused_applied_at, applied_before) = 0);

-- Until now the merchant's was kept although a later application named the payer's: of what is not over nobody can tell.
UPDATE refunds SET applied_before = 'EITHER'
WHERE applied_to = 'MERCHANT_BANK_CARD' AND status IN ('processing', 'abnormal');

-- As before, with what is known of applications.
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
        applied_at = coalesce(excluded.applied_at, old.applied_at),
        refused_applied_at = coalesce(excluded.refused_applied_at, old.refused_applied_at),
        applied_before = coalesce(excluded.applied_before, old.applied_before)
    WHERE old.order_id = excluded.order_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> jsonb_array_length(rows_) THEN
        PERFORM paydesk_refuse('refund_number');
    END IF;
END $$;
