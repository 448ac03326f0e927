-- From which experiments on by other units than the visitor each partition of the events was routed in full.
create table routed (
    partition int not null,
    site text not null,
    experiment text not null,
    primary key (partition, site, experiment)
);
