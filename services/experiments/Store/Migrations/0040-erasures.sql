-- People who asked to be forgotten, by digests of their ids: the ids themselves are not kept.
create table erasures (
    site text not null,
    id text not null,
    requested_at timestamptz not null,
    requested_by text not null,
    -- [{"unit_type": …, "sha256": …}]
    units jsonb not null,
    primary key (site, id)
);
create index erasures_by_time on erasures (site, requested_at desc);
