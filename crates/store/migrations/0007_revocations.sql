-- Access tokens that were revoked one by one: the digest of the token's id, for as long as the token would have lived.

create table revocation (
    org {text_c} not null,
    jti_hash {bytes} not null,
    expires {int64} not null,
    at {int64} not null,
    primary key (org, jti_hash)
){table_options};

create index revocation_at on revocation (org, at, jti_hash);
create index revocation_expires on revocation (org, expires);
