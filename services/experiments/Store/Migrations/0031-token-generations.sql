-- Whoever signs out publishes a number; only the last one of each user is kept.
create index on publications (record_key) where record_key like 'token-generation|%';
