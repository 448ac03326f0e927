-- Which erasures are carried out, and how many kept variants they took.
create table erased (
    site text not null,
    erasure text not null,
    assignments int not null,
    at timestamptz not null default now(),
    primary key (site, erasure)
);
