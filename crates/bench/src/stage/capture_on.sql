-- Everything that is committed is written down first.
ALTER FUNCTION paydesk_commit(jsonb) RENAME TO bench_real_commit;
CREATE FUNCTION paydesk_commit(changeset jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_captured (change) VALUES (changeset::text);
    RETURN bench_real_commit(changeset);
END $$;
