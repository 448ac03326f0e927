-- A key keeps its id, role and origins while its secrets change.
alter table api_keys rename to key_secrets;
alter index api_keys_pkey rename to key_secrets_pkey;

create table api_keys (
    site text not null references sites,
    id text not null,
    name text not null,
    -- 1 write, 2 server, 3 admin
    role smallint not null,
    -- pages that may use it; empty: all
    origins text[] not null default '{}',
    expires_at timestamptz,
    created_at timestamptz not null,
    created_by text not null,
    revoked_at timestamptz,
    last_used_at timestamptz,
    primary key (site, id)
);

insert into api_keys (site, id, name, role, created_at, created_by)
select site, left(encode(sha256, 'hex'), 8), name, role, now(), 'bootstrap' from key_secrets;

alter table key_secrets
    add key_id text,
    -- set when a newer secret takes its place
    add expires_at timestamptz,
    drop column role,
    drop column name;
update key_secrets set key_id = left(encode(sha256, 'hex'), 8);
alter table key_secrets alter key_id set not null, add foreign key (site, key_id) references api_keys;

create table users (
    id text primary key,
    email text not null,
    -- in lower case: how the user is found
    email_key text not null unique,
    name text not null,
    -- null: signs in with an identity provider only
    password_hash text,
    -- may make sites
    is_operator boolean not null default false,
    -- raised when access tokens that were given out are to be void
    token_generation int not null default 0,
    created_at timestamptz not null
);

create table memberships (
    site text not null references sites,
    user_id text not null references users,
    -- 1 viewer, 2 analyst, 3 editor, 4 approver, 5 admin
    role smallint not null,
    created_at timestamptz not null,
    primary key (site, user_id)
);
create index on memberships (user_id);

-- Who the user is at an identity provider.
create table external_logins (
    issuer text not null,
    subject text not null,
    user_id text not null references users,
    primary key (issuer, subject)
);

create table sessions (
    -- SHA-256 of what the cookie says
    hash bytea primary key,
    id text not null unique,
    user_id text not null references users,
    site text not null references sites,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null
);
create index on sessions (user_id);
create index on sessions (expires_at);

-- Access tokens are signed with these (P-256, PKCS #8 under the configured passphrase).
create table signing_keys (
    id text primary key,
    private_key bytea not null,
    x bytea not null,
    y bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

-- Raised by every change to sites, keys, signing keys or token generations, so that the other instances read them again.
create table access_version (
    one boolean primary key default true check (one),
    version bigint not null
);

insert into access_version (version) values (0);
