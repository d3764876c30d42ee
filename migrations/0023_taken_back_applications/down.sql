-- Back to refunds of which only the last application is known. That one was refused, or that another one may have been
-- taken, would be forgotten.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM refunds WHERE num_nonnulls(refused_applied_at, applied_before) > 0) THEN
        RAISE EXCEPTION 'refunds were applied for more than once; where their money may be would be lost';
    END IF;
END $$;

-- The function as it was.
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

ALTER TABLE refunds
    DROP CONSTRAINT refunds_applied_again,
    DROP applied_before,
    DROP refused_applied_at;
