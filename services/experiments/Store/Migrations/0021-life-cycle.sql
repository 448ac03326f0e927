-- An experiment is an instance of the state machine: status is its state.
alter table experiments
    add column id uuid not null default gen_random_uuid(),
    -- goes up with every change: the ETag
    add column revision bigint not null default 1,
    -- goes up when what is measured or who takes part changes: what an approval is for
    add column definition_revision int not null default 1,
    add column entered_at timestamptz,
    add column created_by text,
    add column edited_by text,
    add column plan jsonb,
    -- when the plan next wants something done
    add column due_at timestamptz,
    add column steps jsonb not null default '[]';

update experiments set entered_at = coalesce(stopped_at, started_at, created_at);
alter table experiments alter column entered_at set not null;
create index experiments_due on experiments (due_at) where due_at is not null;

create table experiment_history (
    site text not null,
    experiment text not null,
    revision bigint not null,
    at timestamptz not null,
    actor text not null,
    command text not null,
    status text not null,
    -- the version that was published by it; 0: none
    version int not null,
    reason text,
    primary key (site, experiment, revision),
    foreign key (site, experiment) references experiments
);

create table reviews (
    id bigint generated always as identity primary key,
    site text not null,
    experiment text not null,
    definition_revision int not null,
    actor text not null,
    is_approval boolean not null,
    comment text,
    at timestamptz not null,
    foreign key (site, experiment) references experiments
);

create index reviews_of on reviews (site, experiment, definition_revision);

create table comments (
    id bigint generated always as identity primary key,
    site text not null,
    experiment text not null,
    actor text not null,
    text text not null,
    at timestamptz not null,
    foreign key (site, experiment) references experiments
);

create index comments_of on comments (site, experiment, id);

create table approval_rules (
    site text primary key references sites,
    rules jsonb not null
);

-- Commands that carried an Idempotency-Key and were carried out, with their answers.
create table idempotency_keys (
    site text not null references sites,
    key text not null,
    request_sha256 bytea not null,
    status int not null,
    body bytea not null,
    etag text,
    -- the publication that the answer waits for; null: none
    publication bigint,
    created_at timestamptz not null,
    primary key (site, key)
);

create index idempotency_keys_age on idempotency_keys (created_at);
