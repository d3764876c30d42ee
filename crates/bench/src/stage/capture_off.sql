DROP FUNCTION paydesk_commit(jsonb);
ALTER FUNCTION bench_real_commit(jsonb) RENAME TO paydesk_commit;
