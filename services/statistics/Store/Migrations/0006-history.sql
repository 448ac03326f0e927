-- Each experiment's results as they stood at the end of each hour; the last row of an hour is written again until it is over.
create table history (
    site text not null,
    experiment text not null,
    hour timestamptz not null,
    as_of timestamptz not null,
    results jsonb not null,
    primary key (site, experiment, hour)
);
