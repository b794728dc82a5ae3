-- What was granted to whom, under which configuration and by which rule.

create table oauth_grant (
    org {text_c} not null,
    id {text_c} not null,
    account {text_c},
    client {text_c} not null,
    server {text_c} not null,
    session {text_c},
    revision {int64} not null,
    rule {text_c},
    scopes text not null,
    audiences text not null,
    acr text,
    amr text,
    auth_time {int64},
    cnf text,
    hook text,
    created {int64} not null,
    ended {int64},
    primary key (org, id)
){table_options};
