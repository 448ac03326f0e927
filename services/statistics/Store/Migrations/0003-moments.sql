-- Metrics of more than one value. Numbers are made again from the facts, which stay as they are.
truncate aggregates, exclusions, folded;
alter table aggregates drop column sums, drop column sums_of_squares;
alter table aggregates
    -- six a metric: n, and in units of 1e-4 the sums of x, y, x², y² and xy
    add column moments numeric[] not null,
    -- of quantiles and funnels, packed
    add column value_counts bytea not null;
