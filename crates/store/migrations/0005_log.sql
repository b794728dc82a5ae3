-- The log. An event is keyed by the process that wrote it; its place in the org's order is given after commit, a
-- segment at a time. `event` has no other index: the mint pays for each.

create table event (
    org {text_c} not null,
    writer {text_c} not null,
    n {int64} not null,
    at {int64} not null,
    schema {int64} not null,
    body text not null,
    primary key (org, writer, n)
){table_options};

create table log_writer (
    org {text_c} not null,
    writer {text_c} not null,
    next {int64} not null,
    at {int64} not null,
    primary key (org, writer)
){table_options};

create table log_segment (
    org {text_c} not null,
    seq {int64} not null,
    writer {text_c} not null,
    n {int64} not null,
    events {int64} not null,
    at_min {int64} not null,
    at_max {int64} not null,
    primary key (org, seq)
){table_options};

create unique index log_segment_writer on log_segment (org, writer, n);
create index log_segment_at_min on log_segment (org, at_min);
create index log_segment_at_max on log_segment (org, at_max, seq);

create table log_head (
    org {text_c} not null,
    seq {int64} not null,
    primary key (org)
){table_options};
