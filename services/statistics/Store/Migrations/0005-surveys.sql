-- What a walk over an experiment's units found last, packed, and with how many changes of its numbers it was taken.
create table surveys (
    site text not null,
    experiment text not null,
    version int not null,
    changes bigint not null,
    taken_at timestamptz not null,
    body bytea not null,
    primary key (site, experiment)
);

-- Of an exposure: its experiment.
alter table quarantine add column experiment text;
create index quarantine_by_experiment on quarantine (site, experiment) where experiment is not null;

-- The values of each dimension that an experiment tells apart, frozen once it has units enough to choose them.
create table dimension_values (
    site text not null,
    experiment text not null,
    dimension text not null,
    values text[] not null,
    primary key (site, experiment, dimension)
);
