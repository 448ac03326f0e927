-- Where each partition reads on; see CroPlatform.Postgres.OffsetLedger.
create table offsets (
    topic text,
    partition int,
    log_id text not null,
    next_offset bigint not null,
    epoch bigint not null,
    primary key (topic, partition)
);

-- One row a unit: its bounded set of facts, packed.
create table units (
    partition int not null,
    site text not null,
    unit text not null,
    state bytea not null,
    -- the latest event time among the facts, milliseconds since 1970
    last_time bigint not null,
    -- whether an exposure waits for its experiment to become known
    held boolean not null,
    primary key (partition, site, unit)
);

-- A new experiment version re-folds the units with facts after its effective time.
create index units_by_time on units (partition, site, last_time);
create index units_held on units (partition, site) where held;

-- Sums are integers of 1e-4; one element a metric of the experiment.
create table aggregates (
    partition int not null,
    site text not null,
    experiment text not null,
    revision int not null,
    phase int not null,
    -- exposure day, days since 1970 UTC
    day int not null,
    variant int not null,
    units bigint not null,
    sums numeric[] not null,
    sums_of_squares numeric[] not null,
    primary key (partition, site, experiment, revision, phase, day, variant)
);

-- Units kept out of the analysis, by class and variant.
create table exclusions (
    partition int not null,
    site text not null,
    experiment text not null,
    class text not null,
    variant int not null,
    units bigint not null,
    primary key (partition, site, experiment, class, variant)
);

-- Up to which version each experiment's contributions were computed, and how often they changed.
create table folded (
    partition int not null,
    site text not null,
    experiment text not null,
    version int not null,
    changes bigint not null,
    primary key (partition, site, experiment)
);

-- What became of each accepted id.
create table balance (
    partition int not null,
    site text not null,
    counted bigint not null,
    held bigint not null,
    quarantined bigint not null,
    deduplicated bigint not null,
    primary key (partition, site)
);

-- What could not be counted, as it came.
create table quarantine (
    topic text not null,
    partition int not null,
    log_id text not null,
    record_offset bigint not null,
    site text not null,
    reason text not null,
    record bytea not null,
    at timestamptz not null default now(),
    primary key (topic, partition, log_id, record_offset)
);
