-- Keys and secrets: sealed under the master key, or a keyed MAC only.

create table signing_key (
    org {text_c} not null,
    server {text_c} not null,
    kid {text_c} not null,
    status {text_c} not null,
    algorithm {text_c} not null,
    public text not null,
    sealed {bytes} not null,
    created {int64} not null,
    activated {int64},
    retired {int64},
    body text not null,
    primary key (org, server, kid)
){table_options};

create table client_secret (
    org {text_c} not null,
    app {text_c} not null,
    id {text_c} not null,
    status {text_c} not null,
    sealed {bytes} not null,
    mac {bytes} not null,
    created {int64} not null,
    updated {int64} not null,
    primary key (org, app, id)
){table_options};

-- `owner` is empty: it lets every sealed row be walked by the same two keys.
create table org_secret (
    org {text_c} not null,
    owner {text_c} not null default '' check (owner = ''),
    name {text_c} not null,
    sealed {bytes} not null,
    primary key (org, name)
){table_options};

create table api_token (
    org {text_c} not null,
    mac {bytes} not null,
    id {text_c} not null,
    name text not null,
    account {text_c} not null,
    client_name text not null,
    network text not null,
    created {int64} not null,
    updated {int64} not null,
    used {int64},
    expires {int64} not null,
    primary key (org, mac)
){table_options};

create unique index api_token_id on api_token (org, id);
