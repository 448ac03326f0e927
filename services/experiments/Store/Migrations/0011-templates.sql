-- A site's own templates; the ready ones are part of the program.
create table templates (
    site text not null references sites,
    key text not null,
    definition jsonb not null,
    created_at timestamptz not null,
    primary key (site, key)
);
