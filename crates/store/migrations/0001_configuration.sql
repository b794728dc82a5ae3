-- Orgs, their documents, and every change to them.

create table org (
    org {text_c} not null,
    body text not null,
    revision {int64} not null,
    created {int64} not null,
    primary key (org)
){table_options};

create table document (
    org {text_c} not null,
    kind {text_c} not null,
    id {text_c} not null,
    parent {text_c},
    revision {int64} not null,
    schema {int64} not null,
    body text not null,
    primary key (org, kind, id)
){table_options};

create table change (
    org {text_c} not null,
    revision {int64} not null,
    ordinal {int64} not null,
    kind {text_c} not null,
    id {text_c} not null,
    parent {text_c},
    at {int64} not null,
    actor text not null,
    schema {int64} not null,
    before text,
    after text,
    primary key (org, revision, ordinal)
){table_options};

create index change_history on change (org, kind, id, revision);
