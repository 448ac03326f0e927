-- Who changed what: a chain of hashes for each site (docs/audit.md). Texts are canonical JSON, kept to the letter, since the hash covers them.
create table audit (
    site text not null references sites,
    seq bigint not null,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject_kind text not null,
    subject text not null,
    before json,
    after json,
    reason text,
    previous_hash bytea not null,
    hash bytea not null,
    primary key (site, seq)
);

create index audit_subject on audit (site, subject_kind, subject, seq);

-- The end of each chain: who appends locks it, and a chain whose end was cut off is told by it.
create table audit_heads (
    site text primary key references sites,
    seq bigint not null,
    hash bytea not null
);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only';
end $$;

create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_is_append_only();
