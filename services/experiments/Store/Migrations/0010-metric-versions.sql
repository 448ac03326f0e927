-- Every definition that a metric ever had; experiments pin the one that stands when they start.
create table metric_versions (
    site text not null,
    key text not null,
    version int not null,
    definition jsonb not null,
    actor text not null,
    created_at timestamptz not null,
    primary key (site, key, version),
    foreign key (site, key) references metrics (site, key) on delete cascade
);

alter table metrics add column version int not null default 1;

insert into metric_versions (site, key, version, definition, actor, created_at)
select site, key, 1, definition, '', created_at from metrics;
