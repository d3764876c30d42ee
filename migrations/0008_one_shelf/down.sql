DROP FUNCTION paydesk_commit_each(jsonb);
