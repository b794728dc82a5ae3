//! Who may call each route of the table: nobody, a stranger, a user without a role, and every role there is.

use axum::http::Method;
use model::actor::ActorKind;
use server::access::{Access, Admins, Caller, Role};
use server::origin::{Here, Origin, Origins};
use server::routes::Route;

use crate::site::{ORIGIN, Reply, Site};

/// What a path's parameter stands for here: something that is not there, so that no call changes anything.
fn sample(parameter: &str) -> &'static str {
    match parameter {
        "server" | "trusted" => "aus00000000000000000",
        "policy" => "00p00000000000000000",
        "rule" => "0pr00000000000000000",
        "scope" => "scp00000000000000000",
        "claim" => "ocl00000000000000000",
        "key" => "pks00000000000000000",
        "app" | "client" => "0oa00000000000000000",
        "secret" => "ocs00000000000000000",
        "group" => "00g00000000000000000",
        "event" => "00000000-0000-8000-8000-000000000001",
        "token" => "00T00000000000000000",
        // Whoever may call this route at all may read oneself.
        "user" => "me",
        other => panic!("a route has a new parameter `{other}`: say here what stands for it"),
    }
}

fn target(route: &Route) -> String {
    let fill = |segment: &'static str| match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
        Some(parameter) => sample(parameter),
        None => segment,
    };
    route.path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// Refused by the gate or by the check of the role. (A handler may answer 403 for reasons of its own.)
fn is_refused(reply: &Reply) -> bool {
    matches!((reply.status, reply.code().as_str()), (401, "E0000011") | (403, "E0000006"))
}

fn guarded(site: &Site) -> impl Iterator<Item = (&Route, &'static str, Admins)> {
    site.table.iter().filter_map(|route| match route.access {
        Access::Guarded { scope, admins } => Some((route, scope, admins)),
        Access::Open => None,
    })
}

#[tokio::test]
async fn nobody_and_no_stranger_passes_a_guarded_route() {
    let site = Site::new().await;
    let suspended = site.make_user("SUSPENDED", &["SUPER_ADMIN"]).await;
    let suspended = format!("SSWS {}", site.make_token(suspended).await);
    let strangers: [&[(&str, &str)]; 7] = [
        &[],
        &[("authorization", "SSWS 00nobody-was-ever-given-this-token-00000000")],
        &[("authorization", "SSWS ")],
        &[("authorization", "Bearer eyJhbGciOiJub25lIn0.e30.")],
        &[("authorization", "Basic YTpi")],
        &[("authorization", &format!("SSWS {}", crate::site::ADMIN)), ("authorization", "SSWS x")],
        &[("authorization", &suspended)],
    ];
    let mut routes = 0;
    for (route, ..) in guarded(&site) {
        for headers in strangers {
            let reply = site.call(&route.method, &target(route), headers, "{}").await;
            let answer = (reply.status, reply.code());
            assert_eq!(answer, (401, "E0000011".to_owned()), "{} {}: {headers:?}", route.method, route.path);
        }
        routes += 1;
    }
    assert!(routes > 50, "the table has {routes} guarded routes");
}

#[tokio::test]
async fn each_role_passes_just_the_routes_of_its_class() {
    let site = Site::new().await;
    let mut callers = vec![(None, site.make_user("ACTIVE", &[]).await)];
    callers.push((None, site.make_user("ACTIVE", &["WORKFLOWS_ADMIN"]).await));
    for (role, name) in Role::ALL {
        callers.push((Some(*role), site.make_user("ACTIVE", &[name]).await));
    }
    for (route, _, admins) in guarded(&site) {
        for (role, user) in &callers {
            // One call may revoke the token that it came with.
            let token = site.make_token(*user).await;
            let admitted = match (admins, role) {
                (Admins::Anyone, _) | (_, Some(Role::SuperAdmin)) => true,
                (_, None) => false,
                (_, Some(role)) => admins.roles().contains(role),
            };
            let body = (route.method != Method::GET).then(|| serde_json::json!({}));
            let reply = site.with_token(&token, &route.method, &target(route), body.as_ref()).await;
            let what = format!("{role:?} calls {} {}: {reply:?}", route.method, route.path);
            assert_eq!(!is_refused(&reply), admitted, "{what}");
            assert!(admitted || (reply.status, reply.code().as_str()) == (403, "E0000006"), "{what}");
            assert!(reply.status < 500, "{what}");
        }
    }
}

#[tokio::test]
async fn an_open_route_answers_whoever_asks() {
    let site = Site::new().await;
    let open = site.table.iter().filter(|route| route.access == Access::Open);
    for route in open {
        let reply = site.call(&route.method, &target(route), &[], "").await;
        let what = format!("{} {}: {reply:?}", route.method, route.path);
        assert!(!is_refused(&reply) && reply.code() != "E0000022" && reply.status < 500, "{what}");
    }
}

#[tokio::test]
async fn an_access_token_needs_the_scope_of_the_route() {
    let site = Site::new().await;
    let here = Here::at_default(&Origins::new(Origin::parse(ORIGIN).unwrap(), []), "/api/v1/x");
    let caller = |scopes: &[&str], role| Caller {
        kind: ActorKind::Client,
        id: "0oa1".to_owned(),
        alternate_id: None,
        display_name: None,
        roles: vec![role],
        scopes: Some(scopes.iter().map(ToString::to_string).collect()),
        token: None,
        address: [192, 0, 2, 7].into(),
    };
    for (route, scope, admins) in guarded(&site) {
        let check = |scopes: &[&str]| route.access.check(&caller(scopes, Role::SuperAdmin), &here).is_ok();
        let what = format!("{} {}", route.method, route.path);
        assert!(check(&[scope]), "{what}");
        for other in ["", "okta", "okta.nothing.read", &scope.to_uppercase(), &format!("{scope}x")] {
            assert!(!check(&[other]), "{what} by `{other}`");
        }
        let (stem, verb) = scope.rsplit_once('.').unwrap();
        assert!(check(&[&format!("{stem}.manage")]), "{what}: manage is good for both");
        assert_eq!(check(&[&format!("{stem}.read")]), verb == "read", "{what}: read is good for reading");
        // A preview and a test are posted because their questions are long, and write nothing.
        let asks = ["/preview", "/expressions/test"].iter().any(|end| route.path.ends_with(end));
        let reads = route.method == Method::GET || asks;
        assert_eq!(verb == "read", reads, "{what}: reading asks for `read`");
        let powerless = caller(&[scope], Role::HelpDeskAdmin);
        let admitted = admins.admit(&[Role::HelpDeskAdmin]);
        assert_eq!(route.access.check(&powerless, &here).is_ok(), admitted, "{what}: and for the role");
    }
}
