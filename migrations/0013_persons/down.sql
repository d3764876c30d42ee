-- Back to the version before, while no key was made by another: who made one for themselves could agree to
-- what they asked for with it.
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM api_keys WHERE person IS NOT NULL AND revoked_at IS NULL) THEN
        RAISE EXCEPTION 'keys were made by other keys; whose they are would be lost: revoke them first';
    END IF;
END $$;
ALTER TABLE api_keys DROP person;
