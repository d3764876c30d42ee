-- Back to refunds of which nobody knows that they were applied for. One that was, and may be with the merchant, would
-- be forgotten.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM refunds WHERE applied_at IS NOT NULL) THEN
        RAISE EXCEPTION 'refunds were applied for to a card; where their money may be would be lost';
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
        note = excluded.note, settled_at = excluded.settled_at, sent_at = excluded.sent_at
    WHERE old.order_id = excluded.order_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> jsonb_array_length(rows_) THEN
        PERFORM paydesk_refuse('refund_number');
    END IF;
END $$;

ALTER TABLE refunds
    DROP CONSTRAINT refunds_applied,
    DROP applied_at,
    DROP applied_to;
