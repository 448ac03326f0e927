-- Each site's last report on interactions between its experiments.
create table interactions (
    site text primary key,
    -- null before the first one
    computed_at timestamptz,
    report jsonb,
    -- when somebody last asked for one out of turn
    requested_at timestamptz
);

-- What the results of an experiment say of it.
create table interaction_warnings (
    site text not null,
    experiment text not null,
    code text not null,
    text text not null
);
create index interaction_warnings_by_experiment on interaction_warnings (site, experiment);
