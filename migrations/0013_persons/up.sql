-- Whose a key is: the id of the key that made it, or that made the one that did. Keys of one person count as
-- one where another person has to agree. Only adds: a key that a program of the version before makes is a
-- person of its own.
ALTER TABLE api_keys ADD person text;
