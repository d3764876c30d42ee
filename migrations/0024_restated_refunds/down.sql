-- Back to refunds that are what was asked for. What WeChat Pay has otherwise would be forgotten, and how much a person
-- said is owed.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM refunds WHERE num_nonnulls(asked_fen, owed_fen) > 0) THEN
        RAISE EXCEPTION 'what was asked for under a number, or what a person said is owed, would be lost';
    END IF;
END $$;

-- The functions as they were.
CREATE OR REPLACE FUNCTION refunds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mchid, NEW.out_refund_no, NEW.order_id, NEW.refund_no, NEW.payment_no, NEW.amount_fen,
        NEW.kind, NEW.replaces, NEW.lines) IS DISTINCT FROM (OLD.mchid, OLD.out_refund_no, OLD.order_id,
        OLD.refund_no, OLD.payment_no, OLD.amount_fen, OLD.kind, OLD.replaces, OLD.lines)
       THEN
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

ALTER TABLE refunds
    DROP CONSTRAINT refunds_asked,
    DROP owed_fen,
    DROP asked_lines,
    DROP asked_fen;
