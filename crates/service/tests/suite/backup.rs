//! Backups and restores as the org feels them: what is in the file, what a restore would undo, and what tokens and
//! assertions of before are worth after it.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use model::app::{AuthMethod, OAuthSettings};
use model::event::EventType;
use model::{Status, Timestamp};
use serde_json::json;
use service::Snapshot;
use service::admin::app;
use service::admin::{Precondition, api_token, authorization_server, key, policy};
use service::backup::restore;
use service::backup::undone::Undone;
use service::backup::{self, Portrait, Summary};
use service::client::{self, Credentials};
use service::client_assertion::{ASSERTION_TYPE, Assertion, Refusal as A};
use service::configuration;
use service::failure::Remedy;
use store::{Place, Staging, Store};

use crate::backup_damage::Frames;
use crate::world::{DEFAULT, TOKEN_URL, World, app_settings, authenticate_at, rule_settings};

/// A directory that goes with the test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(format!("tokenmint-backup-{}", jose::random_base62(12))))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn place(&self) -> Place {
        Place::Directory(self.0.clone())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn world_in(directory: &Directory) -> World {
    let world = World::in_store(Store::open_directory(directory.path()).unwrap()).await;
    world.make_scope("read").await;
    world
}

pub async fn back_up(place: &Place, now: Timestamp) -> (Vec<u8>, Summary) {
    backup::write(place, Vec::new(), "0.0.0-test", &mut |_| {}, now).await.unwrap()
}

/// Restores into an empty directory, as if the database before could be read, or not.
async fn restore(
    file: &[u8],
    into: &Directory,
    present: Option<&Portrait>,
    tokens: bool,
    now: Timestamp,
) -> Store {
    let (_, summary) = Portrait::of_backup(file, &mut |_| {}).unwrap();
    let staging = Staging::begin(&into.place()).await.unwrap();
    let input = Cursor::new(file);
    restore::prepare(&staging, input, &summary, present, tokens, &mut |_| {}, now).await.unwrap();
    assert_eq!(staging.put_in_place("aside").await.unwrap(), None);
    Store::open_directory(into.path()).unwrap()
}

async fn undone(world: &World, file: &[u8], place: &Place) -> Undone {
    let (backup, _) = Portrait::of_backup(file, &mut |_| {}).unwrap();
    Undone::between(&backup, &Portrait::of_place(place).await.unwrap(), world.now())
}

#[tokio::test]
async fn a_backup_says_what_it_holds_and_which_master_key_it_needs() {
    let directory = Directory::new();
    let world = world_in(&directory).await;
    let (file, written) = back_up(&directory.place(), world.now()).await;
    let mut told = Vec::new();
    let read = backup::verify(file.as_slice(), &mut |progress| told.push(progress)).unwrap();
    assert_eq!(read, written);
    assert_eq!(read.bytes, u64::try_from(file.len()).unwrap());
    assert_eq!(read.created(), world.now());
    assert_eq!(read.header.orgs, [(world.org.to_string(), 2)]);
    assert_eq!(read.keys, [world.ring().current().to_string()]);
    let rows = |table: &str| read.sections.iter().find(|section| section.table == table).unwrap().rows;
    assert_eq!((rows("org"), rows("signing_key"), rows("document")), (1, 2, 5));
    assert_eq!(told.len(), read.sections.len());
    assert!(told.iter().all(|progress| progress.done));
    let text = String::from_utf8_lossy(&file);
    for secret in [crate::world::API_TOKEN, world.ring().to_text().expose_text().unwrap()] {
        assert!(!text.contains(secret.trim()), "no secret lies open in it");
    }
}

#[tokio::test]
async fn what_has_ended_since_a_backup_is_listed_with_its_names() {
    let directory = Directory::new();
    let world = world_in(&directory).await;
    let place = directory.place();
    let (kept, app) = (world.make_app("Kept").await, world.make_app("Courier").await);
    let policy = world.make_policy("Partners", None).await;
    let server = world.make_server("Orders").await;
    let token = world.token_of(&kept).await;
    let made = api_token::create(&world.tenant, world.asked(), "deploy".to_owned(), None).await.unwrap();
    let (file, _) = back_up(&place, world.now()).await;
    let nothing = undone(&world, &file, &place).await;
    assert!(nothing.is_empty() && nothing.lines().is_empty(), "{nothing:?}");

    world.revoke(&kept, &token).await;
    world.set_app_status(&app.entry, Status::Inactive).await;
    api_token::revoke(&world.tenant, world.asked(), made.token.id.as_str()).await.unwrap();
    key::rotate(&world.tenant, world.asked(), DEFAULT.to_owned()).await.unwrap();
    let (server, id) = (server.server.value.id.to_string(), policy.value.id.to_string());
    authorization_server::delete(&world.tenant, world.asked(), server, Precondition::Any).await.unwrap();
    for status in [Status::Inactive, Status::Active] {
        let (tenant, server) = (&world.tenant, DEFAULT.to_owned());
        policy::set_status(tenant, world.asked(), server, id.clone(), status).await.unwrap();
    }
    let ended = undone(&world, &file, &place).await;
    let lines = ended.lines();
    for expected in [
        "access tokens that were revoked: 1",
        "authorization servers that were deactivated or deleted: 1 (Orders)",
        "policies that were deactivated or deleted: 1 (Partners)",
        "apps that were deactivated or deleted: 1 (Courier)",
        "API tokens that were revoked: 1 (deploy)",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:?}");
    }
    assert!(
        lines.iter().any(|line| line.starts_with("signing keys that were rotated out: 1 (")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with("signing keys that were revoked or removed: 2 (")),
        "{lines:?}"
    );
    world.wait(3_600_000 + 1_000);
    assert_eq!(undone(&world, &file, &place).await.access_tokens, 0, "an expired one does not matter");
}

/// What makes a restore safe: a token of the time that is undone carries a revision that will be given out again.
#[tokio::test]
async fn what_ends_after_a_restore_ends_the_tokens_of_the_time_that_was_undone() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let app = world.make_app("Courier").await;
    let policy = world.make_policy("Partners", Some(1)).await;
    let policy = policy.value.id.to_string();
    world.try_rule(&policy, rule_settings("Any")).await.unwrap();
    let early = world.token_of(&app).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    for number in 0..20 {
        world.make_scope(&format!("later{number}")).await;
    }
    let late = world.token_of(&app).await;

    for present in [None, Some(Portrait::of_place(&first.place()).await.unwrap())] {
        let _ = std::fs::remove_dir_all(second.path());
        let store = restore(&file, &second, present.as_ref(), false, world.now()).await;
        let restored = world.over(store).await;
        assert!(restored.is_active(&app, &early) && restored.is_active(&app, &late), "nothing has ended yet");
        for status in [Status::Inactive, Status::Active] {
            let (tenant, server) = (&restored.tenant, DEFAULT.to_owned());
            policy::set_status(tenant, restored.asked(), server, policy.clone(), status).await.unwrap();
        }
        assert!(!restored.is_active(&app, &early));
        assert!(
            !restored.is_active(&app, &late),
            "though it was decided on a later revision of the old count"
        );
        let new = restored.token_of(&app).await;
        assert!(restored.is_active(&app, &new), "the new ones stand");
        restored.store.close().await.unwrap();
    }
}

/// What a node does whose connections reach the restored database, all at once.
#[tokio::test]
async fn a_node_that_knows_the_time_that_was_undone_does_not_take_the_restored_one_over() {
    let first = Directory::new();
    let world = world_in(&first).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    world.make_app("Undone").await;
    let known = Portrait::of_place(&first.place()).await.unwrap();
    for (present, tokens) in [(None, false), (None, true), (Some(&known), false), (Some(&known), true)] {
        let second = Directory::new();
        let store = restore(&file, &second, present, tokens, world.now()).await;
        let followed = configuration::follow(&store, Snapshot::clone(&world.snapshot())).await;
        let fault = followed.expect_err("nothing of it is taken over");
        assert_eq!(fault.remedy, Remedy::TryAnother, "{fault}");
        let restored = world.over(store).await;
        restored.tenant.follow(restored.now()).await.unwrap();
        let loaded = configuration::follow(&restored.store, restored.loaded().await).await.unwrap();
        assert_eq!(loaded.revision, restored.snapshot().revision, "whoever begins after it goes on");
        restored.store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_restored_org_has_the_same_objects_and_keys_and_its_log_tells_of_the_restore() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let app = world.make_app("Courier").await;
    let token = world.token_of(&app).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    let restored = world.over(restore(&file, &second, None, false, world.now()).await).await;
    assert!(restored.is_active(&app, &token), "its keys verify it");
    assert_eq!(restored.server(DEFAULT).server.value, world.server(DEFAULT).server.value);
    let kids =
        |world: &World| world.server(DEFAULT).keys.iter().map(|key| key.kid.clone()).collect::<Vec<_>>();
    assert_eq!(kids(&restored), kids(&world));
    restored.token_of(&app).await;
    let events = restored.events().await;
    assert!(events.iter().any(|event| event.event_type == EventType::BackupRestored), "{events:?}");
    restored.make_scope("write").await;
    assert_eq!(restored.loaded().await.revision, restored.snapshot().revision);
}

#[tokio::test]
async fn with_end_tokens_every_token_of_before_is_over_and_new_ones_stand() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let app = world.make_app("Courier").await;
    let early = world.token_of(&app).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    world.make_scope("later").await;
    let late = world.token_of(&app).await;
    let restored = world.over(restore(&file, &second, None, true, world.now()).await).await;
    assert!(!restored.is_active(&app, &early) && !restored.is_active(&app, &late));
    let new = restored.token_of(&app).await;
    assert!(restored.is_active(&app, &new));
    let history = restored.loaded().await;
    assert_eq!(history.revision, restored.snapshot().revision);
    let from = restored.server(DEFAULT).server.value.tokens_valid_from;
    assert_eq!(from, Some(history.revision), "it is a change like any other");
}

#[tokio::test]
async fn with_end_tokens_no_assertion_is_taken_that_may_have_been_used_before() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let settings = app_settings("Signer");
    let oauth = OAuthSettings { auth_method: AuthMethod::ClientSecretJwt, ..settings.oauth.clone() };
    let app = world.try_app(app::Settings { oauth, ..settings }).await.unwrap();
    let (file, _) = back_up(&first.place(), world.now()).await;
    let restored_at = world.now().seconds();
    let restored = world.over(restore(&file, &second, None, true, world.now()).await).await;
    restored.wait(60_000);
    let now = restored.now().seconds();
    let refusal = async |issued: Option<i64>, expires: i64, jti: Option<&str>| {
        let id = &app.entry.app.value.client_id;
        let mut claims = json!({"iss": id, "sub": id, "aud": TOKEN_URL, "exp": expires});
        if let Some(issued) = issued {
            claims["iat"] = issued.into();
        }
        if let Some(jti) = jti {
            claims["jti"] = jti.into();
        }
        let (mut assertion, secret) = (String::new(), app.client_secret.clone().unwrap());
        let payload = claims.to_string();
        jose::sign_hmac(jose::HmacAlgorithm::Hs256, secret.as_bytes(), payload.as_bytes(), &mut assertion)
            .unwrap();
        let assertion_type = Some(ASSERTION_TYPE.to_owned());
        let credentials = Credentials::Assertion(Assertion { client_id: None, assertion_type, assertion });
        let (tenant, snapshot, now) = (&restored.tenant, restored.snapshot(), restored.now());
        authenticate_at(tenant, &snapshot, &credentials, now).await.err().map(|(refusal, _)| refusal)
    };
    let used = Some(client::Refusal::Assertion(A::AlreadyUsed));
    for (issued, expires, jti, expected) in [
        (Some(restored_at), now + 300, Some("a"), used),
        (Some(restored_at + 30), now + 300, Some("a"), used),
        (Some(restored_at + 31), now + 300, Some("a"), None),
        (None, now + 300, Some("a"), used),
        (None, now + 3_600, Some("a"), None),
        (Some(restored_at), now + 300, None, None),
    ] {
        assert_eq!(refusal(issued, expires, jti).await, expected, "{issued:?} {expires} {jti:?}");
    }
}

/// Says that a client's assertion was used, as a grant does.
async fn use_assertion(store: &Store, world: &World, jti: &[u8], expires: Timestamp) {
    let mut batch = store::Batch::new(world.org.as_str(), "{}");
    batch.use_assertion("client", jti, expires.milliseconds(), "mark");
    store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn client_assertions_that_were_used_since_a_backup_are_listed_and_never_taken_again() {
    let first = Directory::new();
    let world = world_in(&first).await;
    let place = first.place();
    let in_an_hour = world.now().plus_milliseconds(3_600_000);
    use_assertion(&world.store, &world, b"early", in_an_hour).await;
    let (file, _) = back_up(&place, world.now()).await;
    let valid_from = async |present: Option<&Portrait>| {
        let second = Directory::new();
        let store = restore(&file, &second, present, false, world.now()).await;
        let restored = world.over(store).await;
        let from = restored.snapshot().org().assertions_valid_from;
        assert_eq!(restored.loaded().await.org().assertions_valid_from, from);
        restored.store.close().await.unwrap();
        from
    };
    let same = Portrait::of_place(&place).await.unwrap();
    assert!(undone(&world, &file, &place).await.is_empty());
    assert_eq!(valid_from(Some(&same)).await, None, "the backup knows every one that was used");
    assert_eq!(valid_from(None).await, Some(world.now()), "nobody knows");
    let other_org = Portrait::default();
    assert_eq!(valid_from(Some(&other_org)).await, Some(world.now()), "nobody knows of this org");

    use_assertion(&world.store, &world, b"late", in_an_hour).await;
    let later = Portrait::of_place(&place).await.unwrap();
    let lines = undone(&world, &file, &place).await.lines();
    assert!(
        lines[0].starts_with("client assertions that were used, which is forgotten: 1; so that"),
        "{lines:?}"
    );
    assert_eq!(valid_from(Some(&later)).await, Some(world.now()));

    world.wait(3_600_000 + 300_000 + 1_000);
    assert!(undone(&world, &file, &place).await.is_empty(), "nobody could present it again");
    assert_eq!(valid_from(Some(&later)).await, None);
}

#[tokio::test]
async fn assertions_that_a_restore_ended_stay_ended_through_the_next_one() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    let store = restore(&file, &second, None, false, world.now()).await;
    store.close().await.unwrap();
    let present = Portrait::of_place(&second.place()).await.unwrap();
    world.wait(600_000);
    for (later, expected) in [(0, Some(world.now())), (4_000_000, None)] {
        world.wait(later);
        let third = Directory::new();
        let again = world.over(restore(&file, &third, Some(&present), false, world.now()).await).await;
        assert_eq!(again.snapshot().org().assertions_valid_from, expected, "{later}");
        again.store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_header_that_speaks_of_other_orgs_than_the_rows_is_not_believed() {
    let first = Directory::new();
    let world = world_in(&first).await;
    let (file, summary) = back_up(&first.place(), world.now()).await;
    let said = &summary.header.orgs[0].0;
    let frames = Frames::split(&file);
    let other = "00oAnotherOrgThatIsNot00";
    for orgs in ["[]".to_owned(), format!("[[\"{said}\",1]]"), format!("[[\"{said}\",2],[\"{other}\",2]]")] {
        let second = Directory::new();
        let lie = frames.with(0, |content| {
            let text = String::from_utf8(content.to_vec()).unwrap();
            let truth = format!("[[\"{said}\",2]]");
            assert!(text.contains(&truth), "{text}");
            text.replace(&truth, &orgs).into_bytes()
        });
        let (_, summary) = Portrait::of_backup(lie.as_slice(), &mut |_| {}).unwrap();
        let staging = Staging::begin(&second.place()).await.unwrap();
        let input = Cursor::new(&lie);
        let refused =
            restore::prepare(&staging, input, &summary, None, false, &mut |_| {}, world.now()).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.ends_with(&format!("and holds {said} at revision 2; nothing was changed")), "{text}");
        staging.discard().await.unwrap();
    }
}

/// What a release before the newest migration would have written.
fn of_schema_8(file: &[u8]) -> Vec<u8> {
    let mut frames = Frames::split(file);
    let gone = frames.frames.iter().position(|(_, content)| content.starts_with(b"refresh_grant:")).unwrap();
    frames.frames.drain(gone..gone + 2);
    for (letter, content) in &mut frames.frames {
        let said = |text: &str, old: &str, new: &str| {
            assert!(text.contains(old), "{text}");
            text.replace(old, new).into_bytes()
        };
        let text = String::from_utf8_lossy(content).into_owned();
        match letter {
            b'H' => *content = said(&text, &format!("\"schema\":{}", store::newest_schema()), "\"schema\":8"),
            b'T' if text.starts_with("used_assertion:") => *content = said(&text, ", mark text", ""),
            b'T' if text.starts_with("revocation:") => *content = said(&text, ", client text", ""),
            b'F' => *content = said(&text, "\"refresh_grant\":0,", ""),
            _ => {}
        }
    }
    frames.with(usize::MAX, <[u8]>::to_vec)
}

#[tokio::test]
async fn a_backup_of_an_older_release_is_restored_read_back_and_brought_up_to_date() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let app = world.make_app("Courier").await;
    let token = world.token_of(&app).await;
    let (file, _) = back_up(&first.place(), world.now()).await;
    let old = of_schema_8(&file);
    let summary = backup::verify(old.as_slice(), &mut |_| {}).unwrap();
    assert_eq!((summary.header.schema, summary.sections.len()), (8, 20));
    let restored = world.over(restore(&old, &second, None, false, world.now()).await).await;
    assert!(restored.is_active(&app, &token));
    let (_, now) = back_up(&second.place(), world.now()).await;
    assert_eq!(now.header.schema, store::newest_schema());
}

#[tokio::test]
async fn a_database_of_another_org_says_that_nothing_is_known_of_the_backups_own() {
    let (first, second) = (Directory::new(), Directory::new());
    let (world, other) = (world_in(&first).await, world_in(&second).await);
    let (file, _) = back_up(&first.place(), world.now()).await;
    let ended = undone(&world, &file, &second.place()).await;
    assert_eq!((&ended.orgs, &ended.unknown), (&vec![other.org.to_string()], &vec![world.org.to_string()]));
    assert_eq!(ended.lines().len(), 2);
}

#[tokio::test]
async fn a_file_that_is_not_the_one_that_was_looked_at_is_not_restored() {
    let (first, second) = (Directory::new(), Directory::new());
    let world = world_in(&first).await;
    let (old, _) = back_up(&first.place(), world.now()).await;
    world.make_app("Later").await;
    let (_, new) = back_up(&first.place(), world.now()).await;
    let staging = Staging::begin(&second.place()).await.unwrap();
    let input = Cursor::new(&old);
    let refused = restore::prepare(&staging, input, &new, None, false, &mut |_| {}, world.now()).await;
    assert!(refused.unwrap_err().to_string().contains("it is not the file that it was"));
}
