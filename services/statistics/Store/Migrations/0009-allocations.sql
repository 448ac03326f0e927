-- How many of a bandit's intervals each experiment's contributions were computed with.
alter table folded add column allocations int not null default 0;
