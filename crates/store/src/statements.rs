//! Every SQL text of the store, in one listing, one text for both databases.
//! Leaves out the schema (`migrations/`) and what the rows mean (`rows/`).
//!
//! Rules: parameters `$1`, `$2` … appear first in order; every statement on an org's data names the org, and the
//! number before the text says which parameter that is; keyset paging; no clock, sequence or lock of the database.

/// One SQL text.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    /// Which parameter is the org, counted from 1; 0 for the few statements that concern every org.
    pub(crate) org: usize,
    pub(crate) sql: &'static str,
}

macro_rules! statements {
    ($($name:ident: $org:literal, $sql:expr;)*) => {
        $(pub(crate) const $name: &Statement = &Statement { name: stringify!($name), org: $org, sql: $sql };)*
        /// All of them, for the test that prepares each on both databases.
        #[cfg(test)]
        pub(crate) const ALL: &[&Statement] = &[$($name),*];
    };
}

macro_rules! account {
    () => {
        "account.id, account.status, account.profile, account.created, account.activated, \
         account.status_changed, account.last_login, account.updated, account.password_changed, \
         account.epoch, account.revision"
    };
}

macro_rules! api_token {
    () => {
        "mac, id, name, account, client_name, network, created, updated, used, expires"
    };
}

macro_rules! client_secret {
    () => {
        "app, id, status, sealed, mac, created, updated"
    };
}

macro_rules! refresh_grant {
    () => {
        "oauth_grant.id, oauth_grant.account, account.profile, oauth_grant.scopes, oauth_grant.created, \
         refresh_grant.updated, refresh_grant.idle_expires, refresh_grant.expires from refresh_grant \
         join oauth_grant on oauth_grant.org = refresh_grant.org and oauth_grant.id = refresh_grant.id \
         left join account on account.org = oauth_grant.org and account.id = oauth_grant.account"
    };
}

macro_rules! signing_key {
    () => {
        "server, kid, status, algorithm, public, sealed, created, activated, retired, body"
    };
}

macro_rules! user_group {
    () => {
        "id, kind, name, folded, description, created, updated, membership_updated"
    };
}

statements! {
    // Liveness and orgs.
    ALIVE: 0, "select count(*) from log_head where org = ''";
    ORGS: 0, "select org, body, revision, created from org order by org";
    INSERT_ORG: 1, "insert into org (org, body, revision, created) values ($1, $2, $3, $4)";
    INSERT_FOUNDING: 1, "insert into founding (org, founder) values ('', $1)";
    REVISION: 1, "select revision from org where org = $1";

    // Configuration.
    ADVANCE_REVISION: 2, "update org set revision = $1 where org = $2 and revision = $3";
    DOCUMENT: 1,
        "select kind, id, parent, revision, schema, body from document \
         where org = $1 and kind = $2 and id = $3";
    DOCUMENTS: 1,
        "select kind, id, parent, revision, schema, body from document \
         where org = $1 and (kind, id) > ($2, $3) order by kind, id limit $4";
    DOCUMENTS_OF_KIND: 1,
        "select kind, id, parent, revision, schema, body from document \
         where org = $1 and kind = $2 and id > $3 order by id limit $4";
    PUT_DOCUMENT: 1,
        "insert into document (org, kind, id, parent, revision, schema, body) \
         values ($1, $2, $3, $4, $5, $6, $7) \
         on conflict (org, kind, id) do update set parent = excluded.parent, \
         revision = excluded.revision, schema = excluded.schema, body = excluded.body";
    DELETE_DOCUMENT: 1, "delete from document where org = $1 and kind = $2 and id = $3";
    APPEND_CHANGE: 1,
        "insert into change (org, revision, ordinal, kind, id, parent, at, actor, schema, before, after) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    CHANGES: 1,
        "select revision, ordinal, kind, id, parent, at, actor, schema, before, after from change \
         where org = $1 and (revision, ordinal) > ($2, $3) and revision <= $4 \
         order by revision, ordinal limit $5";
    HISTORY: 1,
        "select revision, ordinal, kind, id, parent, at, actor, schema, before, after from change \
         where org = $1 and kind = $2 and id = $3 and revision < $4 \
         order by revision desc, ordinal desc limit $5";

    // Secrets.
    SIGNING_KEYS: 1,
        concat!("select ", signing_key!(), " from signing_key \
         where org = $1 and (server, kid) > ($2, $3) order by server, kid limit $4");
    SIGNING_KEYS_OF_SERVER: 1,
        concat!("select ", signing_key!(), " from signing_key where org = $1 and server = $2 order by kid");
    PUT_SIGNING_KEY: 1,
        concat!("insert into signing_key (org, ", signing_key!(), ") \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (org, server, kid) do update set status = excluded.status, \
         algorithm = excluded.algorithm, public = excluded.public, sealed = excluded.sealed, \
         created = excluded.created, activated = excluded.activated, retired = excluded.retired, \
         body = excluded.body");
    UPDATE_SIGNING_KEY: 4,
        "update signing_key set status = $1, activated = $2, retired = $3 \
         where org = $4 and server = $5 and kid = $6 and status = $7";
    DELETE_SIGNING_KEY: 1, "delete from signing_key where org = $1 and server = $2 and kid = $3";
    SEALED_SIGNING_KEYS: 1,
        "select server, kid, sealed from signing_key \
         where org = $1 and (server, kid) > ($2, $3) order by server, kid limit $4";
    RESEAL_SIGNING_KEY: 2,
        "update signing_key set sealed = $1 where org = $2 and server = $3 and kid = $4 and sealed = $5";
    CLIENT_SECRETS: 1,
        concat!("select ", client_secret!(), " from client_secret \
         where org = $1 and (app, id) > ($2, $3) order by app, id limit $4");
    CLIENT_SECRETS_OF_APP: 1,
        concat!("select ", client_secret!(), " from client_secret where org = $1 and app = $2 order by id");
    PUT_CLIENT_SECRET: 1,
        concat!("insert into client_secret (org, ", client_secret!(), ") \
         values ($1, $2, $3, $4, $5, $6, $7, $8) \
         on conflict (org, app, id) do update set status = excluded.status, sealed = excluded.sealed, \
         mac = excluded.mac, created = excluded.created, updated = excluded.updated");
    UPDATE_CLIENT_SECRET: 3,
        "update client_secret set status = $1, updated = $2 \
         where org = $3 and app = $4 and id = $5 and status = $6";
    DELETE_CLIENT_SECRET: 1, "delete from client_secret where org = $1 and app = $2 and id = $3";
    DELETE_CLIENT_SECRETS: 1, "delete from client_secret where org = $1 and app = $2";
    SEALED_CLIENT_SECRETS: 1,
        "select app, id, sealed from client_secret \
         where org = $1 and (app, id) > ($2, $3) order by app, id limit $4";
    RESEAL_CLIENT_SECRET: 2,
        "update client_secret set sealed = $1 where org = $2 and app = $3 and id = $4 and sealed = $5";
    ORG_SECRET: 1, "select sealed from org_secret where org = $1 and name = $2";
    PUT_ORG_SECRET: 1,
        "insert into org_secret (org, name, sealed) values ($1, $2, $3) \
         on conflict (org, name) do update set sealed = excluded.sealed";
    SEALED_ORG_SECRETS: 1,
        "select owner, name, sealed from org_secret \
         where org = $1 and (owner, name) > ($2, $3) order by owner, name limit $4";
    RESEAL_ORG_SECRET: 2,
        "update org_secret set sealed = $1 where org = $2 and owner = $3 and name = $4 and sealed = $5";

    // API tokens.
    API_TOKEN_BY_MAC: 1, concat!("select ", api_token!(), " from api_token where org = $1 and mac = $2");
    API_TOKEN: 1, concat!("select ", api_token!(), " from api_token where org = $1 and id = $2");
    API_TOKENS: 1,
        concat!("select ", api_token!(), " from api_token where org = $1 and id > $2 order by id limit $3");
    INSERT_API_TOKEN: 1,
        concat!("insert into api_token (org, ", api_token!(), ") \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    UPDATE_API_TOKEN: 4,
        "update api_token set name = $1, network = $2, updated = $3 where org = $4 and id = $5";
    TOUCH_API_TOKEN: 3,
        "update api_token set used = $1, expires = $2 where org = $3 and mac = $4";
    DELETE_API_TOKEN: 1, "delete from api_token where org = $1 and id = $2";

    // Client assertions.
    INSERT_USED_ASSERTION: 1,
        "insert into used_assertion (org, client, jti_hash, expires, mark) values ($1, $2, $3, $4, $5)";
    USED_ASSERTION: 1,
        "select mark from used_assertion where org = $1 and client = $2 and jti_hash = $3";
    EXPIRED_ASSERTION: 1,
        "select expires from used_assertion where org = $1 and expires < $2 order by expires limit 1";
    DELETE_EXPIRED_ASSERTIONS: 1,
        "delete from used_assertion where org = $1 and (client, jti_hash) in \
         (select client, jti_hash from used_assertion where org = $1 and expires < $2 \
         order by expires, client, jti_hash limit $3)";

    // People.
    ACCOUNT: 1, concat!("select ", account!(), " from account where org = $1 and id = $2");
    ACCOUNT_BY_LOGIN: 1,
        concat!("select ", account!(), " from account_login \
         join account on account.org = account_login.org and account.id = account_login.account \
         where account_login.org = $1 and account_login.login = $2");
    INSERT_ACCOUNT: 1,
        "insert into account (org, id, status, profile, created, activated, status_changed, last_login, \
         updated, password_changed, epoch, revision) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    UPDATE_ACCOUNT: 9,
        "update account set status = $1, profile = $2, activated = $3, status_changed = $4, updated = $5, \
         password_changed = $6, epoch = $7, revision = $8 where org = $9 and id = $10 and revision = $11";
    TOUCH_ACCOUNT: 2, "update account set last_login = $1 where org = $2 and id = $3";
    DELETE_ACCOUNT: 1, "delete from account where org = $1 and id = $2";
    INSERT_LOGIN: 1, "insert into account_login (org, login, account) values ($1, $2, $3)";
    DELETE_LOGIN: 1, "delete from account_login where org = $1 and login = $2 and account = $3";
    PASSWORD: 1, "select hash, changed from account_password where org = $1 and account = $2";
    PUT_PASSWORD: 1,
        "insert into account_password (org, account, hash, changed) values ($1, $2, $3, $4) \
         on conflict (org, account) do update set hash = excluded.hash, changed = excluded.changed";
    DELETE_PASSWORD: 1, "delete from account_password where org = $1 and account = $2";

    // Groups and roles.
    GROUP: 1, concat!("select ", user_group!(), " from user_group where org = $1 and id = $2");
    GROUP_BY_NAME: 1, concat!("select ", user_group!(), " from user_group where org = $1 and folded = $2");
    GROUPS: 1,
        concat!("select ", user_group!(), " from user_group where org = $1 and id > $2 order by id limit $3");
    GROUPS_BY_PREFIX: 1,
        concat!("select ", user_group!(), " from user_group \
         where org = $1 and folded >= $2 and folded < $3 and id > $4 order by id limit $5");
    GROUPS_AMONG: 1,
        concat!("select ", user_group!(), " from user_group where org = $1 and id in \
         ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    GROUPS_BY_NAMES: 1,
        concat!("select ", user_group!(), " from user_group where org = $1 and folded in \
         ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    INSERT_GROUP: 1,
        concat!("insert into user_group (org, ", user_group!(), ") \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    UPDATE_GROUP: 5,
        "update user_group set name = $1, folded = $2, description = $3, updated = $4 \
         where org = $5 and id = $6";
    DELETE_GROUP: 1, "delete from user_group where org = $1 and id = $2";
    ROLES: 1, "select role, created from role_assignment where org = $1 and principal = $2 order by role";
    INSERT_ROLE: 1,
        "insert into role_assignment (org, principal, role, created) values ($1, $2, $3, $4) \
         on conflict (org, principal, role) do nothing";
    DELETE_ROLE: 1, "delete from role_assignment where org = $1 and principal = $2 and role = $3";
    DELETE_ROLES: 1, "delete from role_assignment where org = $1 and principal = $2";
    ROLE_HOLDERS: 1,
        "select principal from role_assignment where org = $1 and role = $2 order by created, principal limit $3";
    COUNT_ROLE: 1, "select count(*) from role_assignment where org = $1 and role = $2";

    // Grants. What can be refreshed has a row of its own, which goes when the grant is ended.
    INSERT_GRANT: 1,
        "insert into oauth_grant (org, id, account, client, server, session, revision, rule, scopes, audiences, \
         acr, amr, auth_time, cnf, hook, created) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    INSERT_REFRESH_GRANT: 1,
        "insert into refresh_grant (org, server, client, id, updated, idle_expires, expires) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    REFRESH_CLIENTS: 1,
        "select distinct client from refresh_grant where org = $1 and server = $2 and client > $3 \
         and idle_expires > $4 and (expires is null or expires > $4) order by client limit $5";
    REFRESH_GRANTS: 1,
        concat!("select ", refresh_grant!(), " where refresh_grant.org = $1 and refresh_grant.server = $2 \
         and refresh_grant.client = $3 and refresh_grant.id > $4 and refresh_grant.idle_expires > $5 \
         and (refresh_grant.expires is null or refresh_grant.expires > $5) order by refresh_grant.id limit $6");
    REFRESH_GRANT: 1,
        concat!("select ", refresh_grant!(), " where refresh_grant.org = $1 and refresh_grant.server = $2 \
         and refresh_grant.client = $3 and refresh_grant.id = $4 and refresh_grant.idle_expires > $5 \
         and (refresh_grant.expires is null or refresh_grant.expires > $5)");
    END_GRANT: 2, "update oauth_grant set ended = $1 where org = $2 and id = $3 and ended is null";
    DELETE_REFRESH_GRANT: 1,
        "delete from refresh_grant where org = $1 and server = $2 and client = $3 and id = $4";
    REFRESH_GRANT_IDS: 1,
        "select id from refresh_grant where org = $1 and server = $2 and client = $3 order by id limit $4";

    // Revoked tokens.
    REVOCATIONS_AFTER: 1,
        "select jti_hash, client, expires, at from revocation \
         where org = $1 and (at, jti_hash) > ($2, $3) order by at, jti_hash limit $4";
    INSERT_REVOCATION: 1,
        "insert into revocation (org, jti_hash, client, expires, at) values ($1, $2, $3, $4, $5) \
         on conflict (org, jti_hash) do update set at = excluded.at where revocation.at < excluded.at";
    DELETE_REVOCATIONS: 1, "delete from revocation where org = $1 and expires < $2";

    // Log: writing and sequencing.
    INSERT_EVENT: 1,
        "insert into event (org, writer, n, at, schema, body) values ($1, $2, $3, $4, $5, $6)";
    ANNOUNCE_WRITER: 1,
        "insert into log_writer (org, writer, next, at) values ($1, $2, $3, $4) \
         on conflict (org, writer) do update set at = excluded.at where log_writer.at < excluded.at";
    LOG_WRITERS: 1, "select writer, next, at from log_writer where org = $1 order by writer";
    ADVANCE_WRITER: 3,
        "update log_writer set next = $1, at = $2 where org = $3 and writer = $4 and next = $5";
    RETIRE_WRITER: 1,
        "delete from log_writer where org = $1 and writer = $2 and next = $3 and at = $4";
    UNSEQUENCED: 1,
        "select n, at from event where org = $1 and writer = $2 and n >= $3 order by n limit $4";
    FILL_GAP: 1,
        "insert into event (org, writer, n, at, schema, body) values ($1, $2, $3, $4, 0, '') \
         on conflict (org, writer, n) do nothing";
    CLAIM_EVENT: 1,
        "insert into event (org, writer, n, at, schema, body) values ($1, $2, $3, $4, 0, '') \
         on conflict (org, writer, n) do update set schema = event.schema returning schema";
    LOG_HEAD: 1, "select seq from log_head where org = $1";
    INSERT_LOG_HEAD: 1, "insert into log_head (org, seq) values ($1, $2) on conflict (org) do nothing";
    ADVANCE_LOG_HEAD: 2, "update log_head set seq = $1 where org = $2 and seq = $3";
    LAST_SEGMENT: 1,
        "select seq, writer, n, events, at_min, at_max from log_segment where org = $1 \
         order by seq desc limit 1";
    INSERT_SEGMENT: 1,
        "insert into log_segment (org, seq, writer, n, events, at_min, at_max) \
         values ($1, $2, $3, $4, $5, $6, $7)";
    EXTEND_SEGMENT: 3,
        "update log_segment set events = $1, at_max = $2 where org = $3 and seq = $4 and events = $5";

    // Log: reading.
    EVENT: 1,
        "select n, at, schema, body from event where org = $1 and writer = $2 and n = $3 and schema > 0";
    SEGMENT_OF_EVENT: 1,
        "select seq, writer, n, events, at_min, at_max from log_segment \
         where org = $1 and writer = $2 and n <= $3 order by n desc limit 1";
    SEGMENTS: 1,
        "select seq, writer, n, events, at_min, at_max from log_segment \
         where org = $1 and seq > $2 and seq + events > $3 and at_max >= $4 and at_min < $5 \
         order by seq limit $6";
    FIRST_SEQ_SINCE: 1, "select min(seq) from log_segment where org = $1 and at_max >= $2";
    SEGMENTS_FROM: 1,
        "select seq, writer, n, events, at_min, at_max from log_segment \
         where org = $1 and at_min >= $2 and at_max >= $3 and at_min < $4 order by at_min, seq limit $5";
    SEGMENTS_UNTIL: 1,
        "select seq, writer, n, events, at_min, at_max from log_segment \
         where org = $1 and at_max < $2 and at_min < $3 and at_max >= $4 order by at_max desc, seq desc limit $5";
    EVENTS_FORWARD: 1,
        "select n, at, schema, body from event where org = $1 and writer = $2 and n >= $3 and n < $4 \
         and at >= $5 and at < $6 and schema > 0 order by n limit $7";
    EVENTS_BACKWARD: 1,
        "select n, at, schema, body from event where org = $1 and writer = $2 and n >= $3 and n < $4 \
         and at >= $5 and at < $6 and schema > 0 order by n desc limit $7";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters of a text in order of their first appearance.
    fn parameters(sql: &str) -> Vec<usize> {
        let mut found = Vec::new();
        for part in sql.split('$').skip(1) {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            let number = digits.parse().expect("a number follows `$`");
            if !found.contains(&number) {
                found.push(number);
            }
        }
        found
    }

    #[test]
    fn parameters_appear_first_in_order() {
        for statement in ALL {
            let found = parameters(statement.sql);
            assert!(found.iter().copied().eq(1..=found.len()), "{}: {found:?}", statement.name);
        }
    }

    #[test]
    fn every_statement_names_the_org() {
        for statement in ALL {
            let Statement { name, org, sql } = statement;
            if *org == 0 {
                assert!(["ALIVE", "ORGS"].contains(name), "{name} concerns every org");
            } else if *name == "INSERT_FOUNDING" {
                assert!(sql.contains("values ('', $1)"), "its row is the database's, and names an org");
            } else if sql.starts_with("insert") {
                assert!(*org == 1 && sql.contains("(org, ") && sql.contains("values ($1,"), "{name}");
            } else {
                let named = [" org", "_login.org", "_grant.org"].map(|name| format!("{name} = ${org} "));
                assert!(named.iter().any(|named| format!("{sql} ").contains(named.as_str())), "{name}");
            }
        }
    }

    #[test]
    fn no_statement_uses_what_the_databases_do_not_share() {
        for Statement { name, sql, .. } in ALL {
            for word in
                ["now()", "current_timestamp", "offset", "nextval", "for update", "advisory", "::", "{"]
            {
                assert!(!sql.contains(word), "{name} uses `{word}`");
            }
        }
    }
}
