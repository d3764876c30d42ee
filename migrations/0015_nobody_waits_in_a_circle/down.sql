-- The function as it was.
-- As before; but first all at once.
CREATE OR REPLACE FUNCTION paydesk_commit_each(sheets jsonb)
RETURNS TABLE (n bigint, answer text, sqlstate_ text, constraint_ text, message_ text)
LANGUAGE plpgsql AS $$
DECLARE
    sheet jsonb;
BEGIN
    BEGIN
        PERFORM paydesk_place_together(sheets);
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
        RETURN QUERY SELECT e.ordinality, 'committed', NULL::text, NULL::text, NULL::text
                     FROM jsonb_array_elements(sheets) WITH ORDINALITY e ORDER BY e.ordinality;
        RETURN;
    EXCEPTION
        WHEN integrity_constraint_violation OR raise_exception OR SQLSTATE 'PD001' THEN
            NULL;
    END;
    SET CONSTRAINTS ALL DEFERRED;
    FOR sheet, n IN SELECT e.value, e.ordinality
                    FROM jsonb_array_elements(sheets) WITH ORDINALITY e ORDER BY e.ordinality
    LOOP
        answer := NULL; sqlstate_ := NULL; constraint_ := NULL; message_ := NULL;
        BEGIN
            answer := paydesk_commit(sheet);
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION
            WHEN integrity_constraint_violation OR raise_exception OR SQLSTATE 'PD001' THEN
                answer := 'refused';
                GET STACKED DIAGNOSTICS sqlstate_ = RETURNED_SQLSTATE,
                    constraint_ = CONSTRAINT_NAME, message_ = MESSAGE_TEXT;
        END;
        SET CONSTRAINTS ALL DEFERRED;
        RETURN NEXT;
    END LOOP;
END $$;
