-- Accounts, how they sign in, groups and administrators.

create table account (
    org {text_c} not null,
    id {text_c} not null,
    status {text_c} not null,
    profile text not null,
    created {int64} not null,
    activated {int64},
    status_changed {int64},
    last_login {int64},
    updated {int64} not null,
    password_changed {int64},
    epoch {int64} not null,
    revision {int64} not null,
    primary key (org, id)
){table_options};

create table account_login (
    org {text_c} not null,
    login {text_c} not null,
    account {text_c} not null,
    primary key (org, login)
){table_options};

create table account_password (
    org {text_c} not null,
    account {text_c} not null,
    hash text not null,
    changed {int64} not null,
    primary key (org, account)
){table_options};

create table user_group (
    org {text_c} not null,
    id {text_c} not null,
    kind {text_c} not null,
    name text not null,
    folded {text_c} not null,
    description text,
    created {int64} not null,
    updated {int64} not null,
    membership_updated {int64} not null,
    primary key (org, id)
){table_options};

create unique index user_group_folded on user_group (org, folded);

create table role_assignment (
    org {text_c} not null,
    principal {text_c} not null,
    role {text_c} not null,
    created {int64} not null,
    primary key (org, principal, role)
){table_options};

create index role_assignment_role on role_assignment (org, role);
