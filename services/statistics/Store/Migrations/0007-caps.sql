-- Percentile caps as they were taken, in units of 1e-4. The control plane pins them into the experiment's next version.
create table caps (
    site text not null,
    experiment text not null,
    revision int not null,
    metric text not null,
    cap bigint not null,
    units bigint not null,
    frozen_at timestamptz not null,
    primary key (site, experiment, revision, metric)
);
