-- An aggregate's sums in one column, packed, with the number of its experiment's changes at which it was written, so that readers who know what
-- stood before read only what is new. Numbers are made again from the facts, which stay as they are.
truncate aggregates, exclusions, folded, surveys;
alter table aggregates drop column moments, drop column value_counts;
alter table aggregates
    add column cell bytea not null,
    add column changes bigint not null;

-- Rows that are written again and again find room beside themselves.
alter table aggregates set (fillfactor = 60);
alter table units set (fillfactor = 80);

-- By the day of the latest event: the exact time changes with every event, and every index on it would have to be written as often.
alter table units add column last_day int;
update units set last_day = last_time / 86400000;
alter table units alter column last_day set not null;
drop index units_by_time;
create index units_by_day on units (partition, site, last_day);
