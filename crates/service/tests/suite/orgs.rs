//! Two orgs in one store know nothing of one another.

use model::Status;
use service::admin::{Precondition, api_token, app, authorization_server, group, log, policy, user};
use service::client::Credentials;

use crate::portrait::{difference, portrait};
use crate::world::{API_TOKEN, DEFAULT, World, authenticate, basic, policy_settings, rule_settings};

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
    let any = Precondition::Any;
    let foreign = path.clone();
    assert!(policy::replace(tenant, asked(), path, id, policy_settings("x"), any).await.is_err());
    assert!(authorization_server::delete(tenant, asked(), foreign, any).await.is_err());
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
