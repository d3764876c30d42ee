-- How much a refund is, and of which goods, WeChat Pay says when it is first heard of there: it may have been asked for
-- in commits that are lost, and again since with another amount, or others have its goods by now. What was asked for
-- is kept beside it; from then on both stay. And how much of a payment a person has said is owed, with all that was asked
-- for besides, is kept with what was asked for then and since. Only adds: a program of the version before goes on, and
-- what it writes changes neither.
ALTER TABLE refunds
    ADD asked_fen bigint CONSTRAINT refunds_asked_fen CHECK (asked_fen >= 1),
    ADD asked_lines jsonb CONSTRAINT refunds_asked_lines CHECK (jsonb_typeof(asked_lines) = 'array'),
    ADD owed_fen bigint CONSTRAINT refunds_owed_fen CHECK (owed_fen >= 1),
    ADD CONSTRAINT refunds_asked CHECK (num_nonnulls(asked_fen, asked_lines) IN (0, 2));

CREATE OR REPLACE FUNCTION refunds_keep_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.mchid, NEW.out_refund_no, NEW.order_id, NEW.refund_no, NEW.payment_no, NEW.kind, NEW.replaces,
        NEW.owed_fen) IS DISTINCT FROM (OLD.mchid, OLD.out_refund_no, OLD.order_id, OLD.refund_no, OLD.payment_no,
        OLD.kind, OLD.replaces, OLD.owed_fen) THEN
        RAISE EXCEPTION 'what a refund is about stays' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.amount_fen, NEW.lines, NEW.asked_fen, NEW.asked_lines)
       IS DISTINCT FROM (OLD.amount_fen, OLD.lines, OLD.asked_fen, OLD.asked_lines)
       AND (OLD.refund_id IS NOT NULL OR NEW.refund_id IS NULL
        OR (NEW.asked_fen, NEW.asked_lines) IS DISTINCT FROM (OLD.amount_fen, OLD.lines)) THEN
        RAISE EXCEPTION 'how much a refund is stays' USING ERRCODE = 'check_violation';
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

-- As before, with what was asked for.
CREATE OR REPLACE FUNCTION paydesk_write_refunds(rows_ jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    INSERT INTO refunds AS old
    SELECT r.* FROM jsonb_populate_recordset(jsonb_populate_record(NULL::refunds,
        '{"asked_by": "paydesk", "actor": "paydesk", "lines": []}'), rows_) r
    ORDER BY r.refund_no
    ON CONFLICT (mchid, out_refund_no) DO UPDATE SET
        amount_fen = CASE WHEN excluded.asked_fen IS NULL THEN old.amount_fen ELSE excluded.amount_fen END,
        lines = CASE WHEN excluded.asked_fen IS NULL THEN old.lines ELSE excluded.lines END,
        asked_fen = coalesce(old.asked_fen, excluded.asked_fen),
        asked_lines = coalesce(old.asked_lines, excluded.asked_lines),
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
