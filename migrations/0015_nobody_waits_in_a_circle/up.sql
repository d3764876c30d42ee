-- Orders that cannot be placed together are undone together, and each is carried out in a transaction of its
-- own. In one transaction they waited in a circle: the first had the row of their SKU, which everybody asks for
-- last, while the next asked for rows of its own; and whoever had those, because its buyer had clicked
-- twice, waited for that SKU.

-- All of them, with a row for each, or none: 'together' is refused, whatever was in the way of whom.
CREATE OR REPLACE FUNCTION paydesk_commit_each(sheets jsonb)
RETURNS TABLE (n bigint, answer text, sqlstate_ text, constraint_ text, message_ text)
LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM paydesk_place_together(sheets);
        SET CONSTRAINTS ALL IMMEDIATE;
        SET CONSTRAINTS ALL DEFERRED;
    EXCEPTION
        WHEN integrity_constraint_violation OR raise_exception OR SQLSTATE 'PD001' THEN
            PERFORM paydesk_refuse('together');
    END;
    RETURN QUERY SELECT e.ordinality, 'committed', NULL::text, NULL::text, NULL::text
                 FROM jsonb_array_elements(sheets) WITH ORDINALITY e ORDER BY e.ordinality;
END $$;
