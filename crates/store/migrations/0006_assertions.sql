-- Client assertions that were granted on: each is good for one grant, on whatever node, until it expires.

create table used_assertion (
    org {text_c} not null,
    client {text_c} not null,
    jti_hash {bytes} not null,
    expires {int64} not null,
    primary key (org, client, jti_hash)
){table_options};

create index used_assertion_expires on used_assertion (org, expires);
