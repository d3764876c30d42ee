-- Money is not dropped by a command.
SELECT 1;
