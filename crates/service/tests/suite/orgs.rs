//! Two orgs in one store know nothing of one another.

use jose::KeyRing;
use model::user::UserStatus;
use model::{Status, Timestamp};
use service::admin::api_token::CreateRefusal;
use service::admin::{Precondition, api_token, app, authorization_server, group, log, policy, user};
use service::client::Credentials;
use service::first_start::{self, FirstAdmin};
use service::master_key;
use store::{Batch, Store};

use crate::portrait::{difference, portrait};
use crate::world::{API_TOKEN, DEFAULT, World, authenticate, basic, policy_settings, refused, rule_settings};

const OTHER_TOKEN: &str = "00another-api-token-that-only-one-org-has1";

async fn two() -> (World, World) {
    let one = World::new().await;
    let two = World::in_store(one.store.clone()).await;
    (one, two)
}

#[tokio::test]
async fn nothing_of_one_org_is_there_in_the_other() {
    let (one, two) = two().await;
    assert_ne!(one.org, two.org);
    let (unchanged, events) = (portrait(&two.loaded().await), two.count_events().await);
    let app = one.make_app("Courier").await;
    let server = one.make_server("orders").await;
    let group = one.make_group("Staff").await;
    let policy = one.make_policy("Second", None).await;
    let path = server.server.value.id.to_string();
    let snapshot = two.snapshot();
    assert!(authorization_server::get(&snapshot, &path).is_err());
    assert!(app::get(&snapshot, app.entry.app.value.id.as_str()).is_err());
    assert!(policy::get(&two.server(DEFAULT), policy.value.id.as_str()).is_err());
    assert!(group::get(&two.tenant, group.id.as_str()).await.is_err());
    assert!(group::list(&two.tenant, Some("Staff"), None, 10).await.unwrap().items.is_empty());
    assert!(authenticate(&two.tenant, &snapshot, &basic(&app)).await.is_err());
    let public = Credentials::Public { client_id: app.entry.app.value.client_id.to_string() };
    assert!(authenticate(&two.tenant, &snapshot, &public).await.is_err());
    let rule = {
        let mut settings = rule_settings("x");
        settings.people.groups = vec![group.id];
        let own = two.server(DEFAULT).policies[0].policy.value.id.to_string();
        two.try_rule(&own, settings).await
    };
    assert!(rule.is_err(), "a rule cannot name the other org's group");
    let (tenant, asked) = (&two.tenant, || two.asked());
    let id = policy.value.id.to_string();
    let foreign = path.clone();
    assert!(
        policy::replace(tenant, asked(), path, id, policy_settings("x"), Precondition::Any).await.is_err()
    );
    assert!(authorization_server::delete(tenant, asked(), foreign, Precondition::Any).await.is_err());
    assert!(group::delete(tenant, asked(), group.id.as_str()).await.is_err());
    let id = app.entry.app.value.id.to_string();
    assert!(app::set_status(tenant, asked(), id, Status::Inactive).await.is_err());
    assert_eq!(difference(&portrait(&two.loaded().await), &unchanged), None);
    assert_eq!(two.count_events().await, events);
}

#[tokio::test]
async fn users_tokens_and_logs_are_an_orgs_own() {
    let (one, two) = two().await;
    let of = async |world: &World| {
        api_token::authenticate(&world.tenant, API_TOKEN, world.now()).await.unwrap().expect("its own token")
    };
    let (ana, bob) = (of(&one).await, of(&two).await);
    assert_ne!(ana.user, bob.user, "the same text is another token in another org");
    assert!(user::get(&two.tenant, ana.user.as_str()).await.is_err());
    assert!(api_token::get(&two.tenant, ana.token.as_str()).await.is_err());
    assert!(api_token::revoke(&two.tenant, two.asked(), ana.token.as_str()).await.is_err());
    let listed = api_token::list(&two.tenant, None, 10).await.unwrap().items;
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [bob.token]);
    let mac = one.tenant.secrets.api_token_mac(OTHER_TOKEN);
    assert_ne!(mac, two.tenant.secrets.api_token_mac(OTHER_TOKEN), "each org has its own keys");
    one.make_app("Courier").await;
    let query = log::Query { since: None, until: None, descending: false, after: None, limit: 1_000 };
    let read = log::read(&two.tenant, query, two.now()).await.unwrap();
    assert!(read.events.iter().all(|logged| !format!("{:?}", logged.event).contains("Courier")));
    assert_eq!(read.events.len(), two.count_events().await);
}

#[tokio::test]
async fn an_operators_token_is_an_active_users_of_the_org() {
    let (one, two) = two().await;
    let create = async |world: &World, user: Option<&str>| {
        api_token::create(&world.tenant, world.asked(), "deploy".to_owned(), user).await
    };
    let made = create(&one, None).await.unwrap();
    let known =
        async |world: &World| api_token::authenticate(&world.tenant, &made.value, world.now()).await.unwrap();
    assert_eq!(known(&one).await.unwrap().login, made.user.login());
    assert!(known(&two).await.is_none(), "a token of one org opens nothing in the other");
    let foreign = made.user.id.to_string();
    let unknown = refused(create(&two, Some(&foreign)).await.map(drop));
    assert_eq!(unknown, CreateRefusal::UnknownUser(foreign));

    let org = one.org.as_str();
    let mut account = one.store.find_account(org, made.user.id.as_str()).await.unwrap().unwrap();
    account.status = "SUSPENDED".to_owned();
    let mut batch = Batch::new(org, "{}");
    batch.update_account(&account);
    one.store.commit(batch).await.unwrap();
    assert_eq!(refused(create(&one, None).await.map(drop)), CreateRefusal::NoSuperAdmin);
    let login = made.user.login().to_owned();
    let inactive = CreateRefusal::Inactive { login: login.clone(), status: UserStatus::Suspended };
    assert_eq!(refused(create(&one, Some(&login)).await.map(drop)), inactive);
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_user_and_its_revocation() {
    let world = World::new().await;
    let known = async || api_token::authenticate(&world.tenant, API_TOKEN, world.now()).await.unwrap();
    let caller = known().await.unwrap();
    for stranger in ["", "00", &API_TOKEN[1..], "00an-api-token-that-nobody-has-ever-made-42"] {
        assert!(api_token::authenticate(&world.tenant, stranger, world.now()).await.unwrap().is_none());
    }
    world.wait(29 * 86_400_000);
    assert!(known().await.is_some());
    // The use moves the end; that write is not waited for, but the next one is behind it.
    world.make_group("A write to wait for").await;
    world.wait(29 * 86_400_000);
    assert!(known().await.is_some(), "a use moves the end");
    world.make_group("Another one").await;
    world.wait(30 * 86_400_000);
    assert!(known().await.is_none(), "unused for thirty days");
    world.wait(-10 * 86_400_000);
    assert!(known().await.is_some());
    api_token::revoke(&world.tenant, world.asked(), caller.token.as_str()).await.unwrap();
    assert!(known().await.is_none());
}

#[tokio::test]
async fn of_several_first_starts_at_once_one_founds_the_org() {
    let store = Store::open_memory().unwrap();
    let mut starts = tokio::task::JoinSet::new();
    for number in 0..3 {
        let store = store.clone();
        let admin =
            FirstAdmin { password: Some("a passphrase of a test".to_owned()), ..FirstAdmin::default() };
        starts.spawn(async move {
            let ring = KeyRing::generate().unwrap();
            let now = Timestamp::from_seconds(1_700_000_000);
            first_start::found(&store, ring, &format!("acme{number}"), admin, now).await.unwrap()
        });
    }
    let founded: Vec<_> = starts.join_all().await.into_iter().flatten().collect();
    let orgs = master_key::orgs(&store).await.unwrap();
    assert_eq!(founded.iter().map(|(org, ..)| *org).collect::<Vec<_>>(), orgs);
    assert_eq!(orgs.len(), 1);
}
