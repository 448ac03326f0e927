create table sites (
    key text primary key,
    time_zone text not null
);

create table api_keys (
    sha256 bytea primary key,
    site text not null references sites,
    role smallint not null,
    name text not null
);

-- A metric as it was asked for; an experiment pins the definition that stands when it starts.
create table metrics (
    site text not null references sites,
    key text not null,
    definition jsonb not null,
    created_at timestamptz not null,
    primary key (site, key)
);

create table experiments (
    site text not null references sites,
    key text not null,
    definition jsonb not null,
    -- draft, running, paused or completed
    status text not null,
    -- the last published version; 0 for a draft
    version int not null default 0,
    -- the published version itself, as on cro.experiments.v1; null for a draft
    record bytea,
    created_at timestamptz not null,
    started_at timestamptz,
    stopped_at timestamptz,
    primary key (site, key)
);

-- The outbox, and for ever the source from which a log made anew is filled again.
create table publications (
    id bigint generated always as identity primary key,
    record_key text not null,
    record bytea not null
);

-- How far which log has been filled. Writers of publications lock this row first, so ids are committed in order.
create table publisher (
    one boolean primary key default true check (one),
    log_id text not null,
    published_to bigint not null
);

insert into publisher (log_id, published_to) values ('', 0);
