-- Which erasures are carried out in each partition, and what of.
create table erased (
    partition int not null,
    site text not null,
    erasure text not null,
    units int not null,
    facts bigint not null,
    quarantined int not null,
    -- those whose results are others since
    experiments text[] not null,
    at timestamptz not null default now(),
    primary key (partition, erasure)
);
