-- Lists of values that targeting names with $inGroup.
create table saved_groups (
    site text not null references sites,
    key text not null,
    definition jsonb not null,
    created_at timestamptz not null,
    primary key (site, key)
);
