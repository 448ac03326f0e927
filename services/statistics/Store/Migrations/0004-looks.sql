-- Looks of group-sequential tests as they were taken.
create table looks (
    site text not null,
    experiment text not null,
    revision int not null,
    number int not null,
    taken_at timestamptz not null,
    information float8 not null,
    figures jsonb not null,
    primary key (site, experiment, revision, number)
);
