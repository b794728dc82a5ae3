//! The nouns: what is written is read again, in its org and in no other.

use super::bed::{Bed, NOON, ONE, TWO, batch};
use super::on_every_store;
use super::promises::document;
use crate::batch::Batch;
use crate::fault::CommitError;
use crate::port::Store;
use crate::rows::{
    Account, ApiToken, ClientSecret, Group, NewChange, Password, Revocation, SealedKind, SigningKey,
};

on_every_store!(
    documents_change_and_remember,
    many_documents_are_read_in_pages,
    changes_come_in_whole_revisions,
    signing_keys_move_once,
    client_secrets_are_kept_by_app,
    sealed_rows_are_sealed_anew,
    api_tokens_are_found_by_mac,
    accounts_are_found_by_login,
    groups_are_listed_by_prefix,
    roles_are_counted,
    a_database_is_founded_once,
    revocations_are_read_by_time,
    assertions_are_used_once,
);

async fn commit<T>(store: &Store, org: &str, fill: impl FnOnce(&mut Batch) -> T) {
    let mut batch = batch(org);
    fill(&mut batch);
    store.commit(batch).await.expect("the batch commits");
}

async fn misses(store: &Store, org: &str, fill: impl FnOnce(&mut Batch) -> usize) {
    let mut batch = batch(org);
    let step = fill(&mut batch);
    let outcome = store.commit(batch).await;
    assert!(matches!(outcome, Err(CommitError::Missed { step: at }) if at == step), "{outcome:?}");
}

async fn documents_change_and_remember(bed: Bed) {
    let store = &bed.store;
    let change = |revision, before, after| NewChange {
        revision,
        ordinal: 0,
        kind: "app",
        id: "a",
        parent: Some("p"),
        at: NOON,
        schema: 1,
        before,
        after,
    };
    commit(store, ONE, |batch| {
        batch.advance_revision(0, 1);
        batch.put_document(&document("app", "a", 1, "1"));
        batch.append_change(change(1, None, Some("1")));
    })
    .await;
    commit(store, ONE, |batch| {
        batch.advance_revision(1, 2);
        batch.put_document(&document("app", "a", 2, "2"));
        batch.append_change(change(2, Some("1"), Some("2")));
    })
    .await;
    assert_eq!(
        store.find_document(ONE, "app", "a").await.expect("a read"),
        Some(document("app", "a", 2, "2"))
    );
    assert_eq!(store.documents_of_kind(ONE, "app", "", 10).await.expect("a read").len(), 1);
    let history = store.history(ONE, "app", "a", i64::MAX, 10).await.expect("history");
    assert!(history.iter().map(|change| change.revision).eq([2, 1]));
    assert_eq!((history[0].before.as_deref(), history[1].before.as_deref()), (Some("1"), None));
    assert_eq!(history[1].parent.as_deref(), Some("p"));
    assert_eq!(store.history(ONE, "app", "a", 2, 10).await.expect("history").len(), 1);
    misses(store, TWO, |batch| batch.delete_document("app", "a")).await;
    commit(store, ONE, |batch| batch.delete_document("app", "a")).await;
    assert_eq!(store.find_document(ONE, "app", "a").await.expect("a read"), None);
    assert!(store.changes_after(TWO, 0, 10).await.expect("changes").is_empty());
    let orgs = store.orgs().await.expect("orgs");
    assert!(orgs.iter().map(|org| (org.id.as_str(), org.revision)).eq([(ONE, 2), (TWO, 0)]));
    assert_eq!(store.revision("nobody").await.expect("a read"), None);
}

async fn many_documents_are_read_in_pages(bed: Bed) {
    commit(&bed.store, ONE, |batch| {
        for number in 0..1200 {
            batch.put_document(&document(["app", "rule"][number % 2], &format!("{number:04}"), 1, "{}"));
        }
    })
    .await;
    commit(&bed.store, TWO, |batch| batch.put_document(&document("app", "0", 1, "{}"))).await;
    let mut found = Vec::new();
    bed.store
        .each_document(ONE, |document| found.push((document.kind, document.id)))
        .await
        .expect("documents");
    assert_eq!(found.len(), 1200);
    assert!(found.is_sorted());
    let page = bed.store.documents_of_kind(ONE, "rule", "0999", 3).await.expect("a page");
    assert!(page.iter().map(|document| document.id.as_str()).eq(["1001", "1003", "1005"]));
}

async fn changes_come_in_whole_revisions(bed: Bed) {
    commit(&bed.store, ONE, |batch| {
        for (revision, changes) in [(1, 1), (2, 700), (3, 2)] {
            for ordinal in 0..changes {
                let id = ordinal.to_string();
                let (kind, id, parent, at) = ("app", id.as_str(), None, NOON);
                let (schema, before, after) = (1, None, None);
                batch.append_change(NewChange {
                    revision,
                    ordinal,
                    kind,
                    id,
                    parent,
                    at,
                    schema,
                    before,
                    after,
                });
            }
        }
    })
    .await;
    for (after, limit, expected) in
        [(0, 1, 1), (0, 2, 701), (0, 701, 701), (0, 702, 703), (1, 5, 700), (2, 9, 2), (3, 9, 0)]
    {
        let changes = bed.store.changes_after(ONE, after, limit).await.expect("changes");
        assert_eq!(changes.len(), expected, "after {after}, limit {limit}");
        assert!(changes.is_sorted_by_key(|change| (change.revision, change.ordinal)));
    }
}

fn key(server: &str, kid: &str, status: &str) -> SigningKey {
    SigningKey {
        server: server.into(),
        kid: kid.into(),
        status: status.into(),
        algorithm: "RS256".into(),
        public: "{}".into(),
        sealed: vec![1, 2, 0, 255],
        created: NOON,
        activated: None,
        retired: None,
        body: "{}".into(),
    }
}

async fn signing_keys_move_once(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| {
        batch.put_signing_key(&key("aus1", "k1", "NEXT"));
        batch.put_signing_key(&key("aus2", "k2", "ACTIVE"));
    })
    .await;
    let active = SigningKey { activated: Some(NOON), ..key("aus1", "k1", "ACTIVE") };
    commit(store, ONE, |batch| batch.update_signing_key(&active, "NEXT")).await;
    misses(store, ONE, |batch| batch.update_signing_key(&active, "NEXT")).await;
    misses(store, TWO, |batch| batch.update_signing_key(&active, "ACTIVE")).await;
    let keys = store.signing_keys_of_server(ONE, "aus1").await.expect("keys");
    assert_eq!(keys, std::slice::from_ref(&active));
    assert_eq!(store.signing_keys(ONE).await.expect("keys"), [active, key("aus2", "k2", "ACTIVE")]);
    assert!(store.signing_keys(TWO).await.expect("keys").is_empty());
    misses(store, TWO, |batch| batch.delete_signing_key("aus1", "k1")).await;
    commit(store, ONE, |batch| batch.delete_signing_key("aus1", "k1")).await;
    assert_eq!(store.signing_keys(ONE).await.expect("keys").len(), 1);
}

fn secret(app: &str, id: &str, status: &str) -> ClientSecret {
    let (app, id, status) = (app.into(), id.into(), status.into());
    ClientSecret { app, id, status, sealed: vec![7], mac: vec![8], created: NOON, updated: NOON }
}

async fn client_secrets_are_kept_by_app(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| {
        for (app, id) in [("0oa1", "ocs1"), ("0oa1", "ocs2"), ("0oa2", "ocs3")] {
            batch.put_client_secret(&secret(app, id, "ACTIVE"));
        }
    })
    .await;
    commit(store, TWO, |batch| batch.put_client_secret(&secret("0oa1", "ocs1", "ACTIVE"))).await;
    let inactive = secret("0oa1", "ocs1", "INACTIVE");
    commit(store, ONE, |batch| batch.update_client_secret(&inactive, "ACTIVE")).await;
    misses(store, ONE, |batch| batch.update_client_secret(&inactive, "ACTIVE")).await;
    assert_eq!(store.client_secrets_of_app(ONE, "0oa1").await.expect("secrets")[0], inactive);
    assert_eq!(
        store.client_secrets_of_app(TWO, "0oa1").await.expect("secrets"),
        [secret("0oa1", "ocs1", "ACTIVE")]
    );
    commit(store, ONE, |batch| batch.delete_client_secret("0oa1", "ocs1")).await;
    misses(store, ONE, |batch| batch.delete_client_secret("0oa1", "ocs1")).await;
    assert_eq!(store.client_secrets(ONE).await.expect("secrets").len(), 2);
    commit(store, ONE, |batch| batch.delete_client_secrets("0oa1")).await;
    assert_eq!(store.client_secrets(ONE).await.expect("secrets").len(), 1);
    assert_eq!(store.client_secrets(TWO).await.expect("secrets").len(), 1);
}

async fn sealed_rows_are_sealed_anew(bed: Bed) {
    let store = &bed.store;
    for org in [ONE, TWO] {
        commit(store, org, |batch| {
            batch.put_org_secret("cookie", &[1]);
            batch.put_org_secret("mac", &[9]);
            batch.put_signing_key(&key("aus1", "k1", "ACTIVE"));
            for number in 0..250 {
                batch.put_client_secret(&secret("0oa1", &format!("{number:03}"), "ACTIVE"));
            }
        })
        .await;
    }
    let mut seen = Vec::new();
    let done = store.reseal_each("{}", |row| {
        seen.push((row.org.clone(), row.kind, row.owner.clone(), row.name.clone()));
        Ok::<_, String>((row.sealed != [9]).then(|| [row.org.as_bytes(), row.sealed.as_slice()].concat()))
    });
    let done = done.await.expect("the walk ends");
    assert_eq!((done.changed, done.kept, done.missed), (504, 2, 0));
    assert!(seen.contains(&(TWO.into(), SealedKind::SigningKey, "aus1".into(), "k1".into())));
    assert_eq!(
        store.find_org_secret(ONE, "cookie").await.expect("a read").as_deref(),
        Some(&b"org1\x01"[..])
    );
    assert_eq!(store.find_org_secret(TWO, "mac").await.expect("a read").as_deref(), Some(&[9][..]));
    assert_eq!(store.find_org_secret(TWO, "none").await.expect("a read"), None);
    assert_eq!(store.signing_keys(TWO).await.expect("keys")[0].sealed, b"org2\x01\x02\x00\xff");
    let secrets = store.client_secrets(ONE).await.expect("secrets");
    assert!(secrets.iter().all(|secret| secret.sealed == b"org1\x07"));
    let failed = store.reseal_each("{}", |_| Err::<Option<Vec<u8>>, _>("no key")).await;
    assert!(failed.is_err_and(|error| error.to_string().contains("no key")));
}

async fn api_tokens_are_found_by_mac(bed: Bed) {
    let store = &bed.store;
    let token = |number: u8| ApiToken {
        mac: vec![number; 32],
        id: format!("00T{number}"),
        name: "ci".into(),
        account: "00u1".into(),
        client_name: "Okta API".into(),
        network: r#"{"connection":"ANYWHERE"}"#.into(),
        created: NOON,
        updated: NOON,
        used: None,
        expires: NOON + 1,
    };
    commit(store, ONE, |batch| {
        for number in 1..=3 {
            batch.insert_api_token(&token(number));
        }
    })
    .await;
    let mut again = batch(ONE);
    let step = again.insert_api_token(&ApiToken { mac: vec![4; 32], ..token(3) });
    let refused = store.commit(again).await;
    assert!(matches!(refused, Err(CommitError::Conflict { step: at }) if at == step), "{refused:?}");
    commit(store, ONE, |batch| {
        batch.touch_api_token(&[2; 32], NOON + 5, NOON + 9);
        batch.touch_api_token(&[77; 32], NOON + 5, NOON + 9);
        batch.update_api_token("00T2", "deploy", "{}", NOON + 6);
    })
    .await;
    let found = store.find_api_token_by_mac(ONE, &[2; 32]).await.expect("a read").expect("the token");
    let (name, network) = ("deploy".into(), "{}".into());
    let expected =
        ApiToken { name, network, updated: NOON + 6, used: Some(NOON + 5), expires: NOON + 9, ..token(2) };
    assert_eq!(found, expected);
    assert_eq!(store.find_api_token(ONE, "00T2").await.expect("a read"), Some(expected));
    assert_eq!(store.find_api_token_by_mac(TWO, &[2; 32]).await.expect("a read"), None);
    assert_eq!(store.api_tokens(ONE, "00T1", 1).await.expect("a page")[0].id, "00T2");
    misses(store, TWO, |batch| batch.delete_api_token("00T2")).await;
    commit(store, ONE, |batch| batch.delete_api_token("00T2")).await;
    assert_eq!(store.api_tokens(ONE, "", 10).await.expect("a page").len(), 2);
}

fn account(id: &str) -> Account {
    Account {
        id: id.into(),
        status: "STAGED".into(),
        profile: r#"{"login":"Ana"}"#.into(),
        created: NOON,
        activated: None,
        status_changed: None,
        last_login: None,
        updated: NOON,
        password_changed: None,
        epoch: 0,
        revision: 1,
    }
}

async fn accounts_are_found_by_login(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| {
        batch.insert_account(&account("00u1"));
        batch.insert_login("ana@example.com", "00u1");
        batch.put_password("00u1", &Password { hash: "$argon2id$1".into(), changed: NOON });
    })
    .await;
    let found = store.find_account_by_login(ONE, "ana@example.com").await.expect("a read");
    assert_eq!(found, Some(account("00u1")));
    assert_eq!(store.find_account_by_login(TWO, "ana@example.com").await.expect("a read"), None);
    let active = Account { status: "ACTIVE".into(), activated: Some(NOON), epoch: 3, ..account("00u1") };
    commit(store, ONE, |batch| {
        batch.update_account(&active);
        batch.touch_account("00u1", NOON + 2);
        batch.put_password("00u1", &Password { hash: "$argon2id$2".into(), changed: NOON + 1 });
    })
    .await;
    misses(store, ONE, |batch| batch.update_account(&active)).await;
    misses(store, TWO, |batch| batch.touch_account("00u1", NOON)).await;
    let found = store.find_account(ONE, "00u1").await.expect("a read");
    assert_eq!(found, Some(Account { last_login: Some(NOON + 2), revision: 2, ..active }));
    let password = store.find_password(ONE, "00u1").await.expect("a read").expect("the password");
    assert_eq!((password.hash.as_str(), password.changed), ("$argon2id$2", NOON + 1));
    assert!(!format!("{password:?}").contains("argon2"), "a hash is never printed");
    assert!(store.find_password(TWO, "00u1").await.expect("a read").is_none());
    misses(store, ONE, |batch| batch.delete_login("ana@example.com", "00u2")).await;
    commit(store, ONE, |batch| {
        batch.delete_login("ana@example.com", "00u1");
        batch.delete_password("00u1");
        batch.delete_account("00u1");
    })
    .await;
    assert_eq!(store.find_account(ONE, "00u1").await.expect("a read"), None);
}

fn group(id: &str, name: &str) -> Group {
    Group {
        id: id.into(),
        kind: "OKTA_GROUP".into(),
        name: name.into(),
        folded: name.to_lowercase(),
        description: None,
        created: NOON,
        updated: NOON,
        membership_updated: NOON,
    }
}

async fn groups_are_listed_by_prefix(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| {
        for (id, name) in [
            ("g1", "Éclair"),
            ("g2", "Engineering"),
            ("g3", "engine room"),
            ("g4", "Sales"),
            ("g5", "Enginé"),
        ] {
            batch.insert_group(&group(id, name));
        }
    })
    .await;
    commit(store, TWO, |batch| batch.insert_group(&group("g2", "Engineering"))).await;
    let ids = |groups: Vec<Group>| groups.into_iter().map(|group| group.id).collect::<Vec<_>>();
    assert_eq!(ids(store.groups(ONE, "", "g3", 10).await.expect("a page")), ["g4", "g5"]);
    assert_eq!(ids(store.groups(ONE, "engine", "", 10).await.expect("a page")), ["g2", "g3"]);
    assert_eq!(ids(store.groups(ONE, "engin", "g2", 1).await.expect("a page")), ["g3"]);
    assert_eq!(ids(store.groups(ONE, "é", "", 10).await.expect("a page")), ["g1"]);
    assert_eq!(store.find_group_by_name(ONE, "sales").await.expect("a read"), Some(group("g4", "Sales")));
    assert_eq!(store.find_group(TWO, "g4").await.expect("a read"), None);
    let asked: Vec<String> = (0..40).map(|number| format!("g{number}")).collect();
    assert_eq!(store.groups_among(ONE, &asked).await.expect("groups").len(), 5);
    assert_eq!(ids(store.groups_among(TWO, &asked).await.expect("groups")), ["g2"]);
    let mut taken = batch(ONE);
    let step = taken.update_group(&group("g2", "SALES"));
    let refused = store.commit(taken).await;
    assert!(matches!(refused, Err(CommitError::Conflict { step: at }) if at == step), "{refused:?}");
    commit(store, ONE, |batch| batch.update_group(&group("g2", "Builders"))).await;
    commit(store, ONE, |batch| batch.delete_group("g4")).await;
    misses(store, TWO, |batch| batch.delete_group("g3")).await;
    assert_eq!(ids(store.groups(ONE, "", "", 10).await.expect("a page")), ["g1", "g2", "g3", "g5"]);
    assert_eq!(store.find_group(TWO, "g2").await.expect("a read"), Some(group("g2", "Engineering")));
}

async fn roles_are_counted(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| {
        batch.insert_role("00u1", "SUPER_ADMIN", NOON);
        batch.insert_role("00u1", "SUPER_ADMIN", NOON + 1);
        batch.insert_role("00u1", "READ_ONLY_ADMIN", NOON);
        batch.insert_role("00u2", "SUPER_ADMIN", NOON);
    })
    .await;
    assert_eq!(store.count_role(ONE, "SUPER_ADMIN").await.expect("a count"), 2);
    assert_eq!(store.count_role(TWO, "SUPER_ADMIN").await.expect("a count"), 0);
    commit(store, ONE, |batch| batch.insert_role("00u0", "SUPER_ADMIN", NOON + 1)).await;
    let holders = store.role_holders(ONE, "SUPER_ADMIN", 9).await.expect("holders");
    assert_eq!(holders, ["00u1", "00u2", "00u0"], "those who have held it longest first");
    assert_eq!(store.role_holders(ONE, "SUPER_ADMIN", 1).await.expect("holders"), ["00u1"]);
    assert!(store.role_holders(TWO, "SUPER_ADMIN", 9).await.expect("holders").is_empty());
    commit(store, ONE, |batch| batch.delete_role("00u0", "SUPER_ADMIN")).await;
    let roles = store.roles(ONE, "00u1").await.expect("roles");
    assert!(
        roles
            .iter()
            .map(|role| (role.role.as_str(), role.created))
            .eq([("READ_ONLY_ADMIN", NOON), ("SUPER_ADMIN", NOON)])
    );
    misses(store, TWO, |batch| batch.delete_role("00u1", "SUPER_ADMIN")).await;
    commit(store, ONE, |batch| batch.delete_role("00u1", "SUPER_ADMIN")).await;
    commit(store, ONE, |batch| batch.delete_roles("00u2")).await;
    assert_eq!(store.count_role(ONE, "SUPER_ADMIN").await.expect("a count"), 0);
    assert_eq!(store.roles(ONE, "00u1").await.expect("roles").len(), 1);
}

async fn a_database_is_founded_once(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, Batch::insert_founding).await;
    for org in [ONE, TWO] {
        let mut batch = batch(org);
        let founding = batch.insert_founding();
        let refused = store.commit(batch).await;
        assert!(matches!(refused, Err(CommitError::Conflict { step }) if step == founding), "{refused:?}");
    }
}

async fn revocations_are_read_by_time(bed: Bed) {
    let store = &bed.store;
    let revoked = |name: &str, at| Revocation {
        jti_hash: name.as_bytes().to_vec(),
        client: "client".to_owned(),
        expires: at + 60,
        at,
    };
    let rows = [revoked("c", 1), revoked("a", 2), revoked("b", 2), revoked("d", 3)];
    commit(store, ONE, |batch| rows.iter().map(|row| batch.insert_revocation(row)).max()).await;
    commit(store, ONE, |batch| batch.insert_revocation(&revoked("b", 1))).await;
    commit(store, TWO, |batch| batch.insert_revocation(&revoked("z", 2))).await;
    let read = async |org, at, name: &str, limit| {
        store.revocations_after(org, at, name.as_bytes(), limit).await.expect("a read")
    };
    assert_eq!(read(ONE, 0, "", 10).await, rows, "the newest date stays");
    assert_eq!(read(ONE, 2, "", 2).await, rows[1..3]);
    assert_eq!(read(ONE, 2, "a", 10).await, rows[2..]);
    assert_eq!(read(TWO, 0, "", 10).await, [revoked("z", 2)]);
    commit(store, ONE, |batch| batch.delete_revocations_expired_before(62)).await;
    assert_eq!(read(ONE, 0, "", 10).await, rows[1..]);
    commit(store, ONE, |batch| batch.insert_revocation(&revoked("a", 9))).await;
    assert_eq!(read(ONE, 3, "d", 10).await, [Revocation { expires: 62, ..revoked("a", 9) }], "dated anew");
    assert_eq!(read(TWO, 0, "", 10).await.len(), 1);
}

async fn assertions_are_used_once(bed: Bed) {
    let store = &bed.store;
    commit(store, ONE, |batch| batch.use_assertion("client", b"one", 100, "m")).await;
    let mut again = batch(ONE);
    again.event(NOON, 1, "{}");
    let step = again.use_assertion("client", b"one", 200, "m");
    let outcome = store.commit(again).await;
    assert!(matches!(outcome, Err(CommitError::Conflict { step: at }) if at == step), "{outcome:?}");
    // Another client, another org and another name are other assertions.
    commit(store, ONE, |batch| batch.use_assertion("other", b"one", 100, "m")).await;
    commit(store, TWO, |batch| batch.use_assertion("client", b"one", 100, "m")).await;
    commit(store, ONE, |batch| batch.use_assertion("client", b"two", 300, "m")).await;
    let mark = store.find_use_of_assertion(ONE, "client", b"one").await.unwrap();
    assert_eq!(mark.as_deref(), Some("m"), "whose use it was");
    let used = async |org: &str, hash: &[u8]| {
        store.find_use_of_assertion(org, "client", hash).await.unwrap().is_some()
    };
    assert!(used(ONE, b"one").await && used(TWO, b"one").await && !used(TWO, b"two").await);
    // Those that expired are forgotten, so many at a time, and only in their org.
    assert!(!store.has_expired_assertions(ONE, 100).await.unwrap());
    assert!(store.has_expired_assertions(ONE, 101).await.unwrap());
    commit(store, ONE, |batch| batch.delete_expired_assertions(101, 1)).await;
    assert!(store.has_expired_assertions(ONE, 101).await.unwrap());
    commit(store, ONE, |batch| batch.delete_expired_assertions(101, 9)).await;
    assert!(!store.has_expired_assertions(ONE, 101).await.unwrap());
    assert!(!used(ONE, b"one").await && used(ONE, b"two").await && used(TWO, b"one").await);
}
