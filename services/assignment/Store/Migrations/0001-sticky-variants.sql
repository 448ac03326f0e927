-- Whoever got a variant of a sticky experiment keeps it. Written before the first answer, never changed.
create table sticky (
    site text not null,
    unit_type text not null,
    unit text not null,
    experiment text not null,
    bucket_version int not null,
    variant text not null,
    -- with what probability it was given, 0 to 1
    propensity double precision,
    assigned_at timestamptz not null default now(),
    primary key (site, unit_type, unit, experiment, bucket_version)
);
