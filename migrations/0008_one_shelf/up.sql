-- Several changesets in one transaction, for buyers who want the same thing at the same moment: the
-- row of that thing is locked once, and the log is flushed once, for all of them.

-- Each is carried out as paydesk_commit does, for itself: all of it or nothing, whatever becomes of
-- the others. What refuses one is told as it would have been; what ends the whole transaction (a
-- deadlock, a timeout, a server that stops) ends it for all. Deferred rules are asked after each, so
-- that none of them refuses everything at the end.
CREATE FUNCTION paydesk_commit_each(sheets jsonb)
RETURNS TABLE (n bigint, answer text, sqlstate_ text, constraint_ text, message_ text)
LANGUAGE plpgsql AS $$
DECLARE
    sheet jsonb;
BEGIN
    FOR sheet, n IN SELECT e.value, e.ordinality
                    FROM jsonb_array_elements(sheets) WITH ORDINALITY e ORDER BY e.ordinality
    LOOP
        answer := NULL; sqlstate_ := NULL; constraint_ := NULL; message_ := NULL;
        BEGIN
            answer := paydesk_commit(sheet);
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION
            -- PD001: paydesk_refuse.
            WHEN integrity_constraint_violation OR raise_exception OR SQLSTATE 'PD001' THEN
                answer := 'refused';
                GET STACKED DIAGNOSTICS sqlstate_ = RETURNED_SQLSTATE,
                    constraint_ = CONSTRAINT_NAME, message_ = MESSAGE_TEXT;
        END;
        SET CONSTRAINTS ALL DEFERRED;
        RETURN NEXT;
    END LOOP;
END $$;
