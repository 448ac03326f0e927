create table webhooks (
    id text primary key,
    site text not null references sites,
    url text not null,
    -- actions of the audit log; experiment.* is all that happens to experiments
    events text[] not null,
    -- what deliveries are signed with, encrypted
    secret bytea not null,
    created_at timestamptz not null,
    created_by text not null,
    -- rows of the site's audit log up to here have become deliveries
    seen_seq bigint not null
);
create index on webhooks (site);

create table webhook_deliveries (
    -- the webhook and the row of the audit log: the same however often it is sent
    id text primary key,
    webhook text not null references webhooks on delete cascade,
    event text not null,
    body text not null,
    created_at timestamptz not null,
    attempts int not null default 0,
    -- null: delivered, or given up
    next_at timestamptz,
    delivered_at timestamptz,
    last_status int,
    last_error text
);
create index on webhook_deliveries (next_at) where next_at is not null;
create index on webhook_deliveries (webhook, created_at desc);
