DROP FUNCTION paydesk_change_case(jsonb);
ALTER TABLE cases DROP assignee, DROP note;
