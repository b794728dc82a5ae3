//! The clients of a server and their refresh tokens. Nothing gives those out yet: the grants are written as sign-in will.

use axum::http::Method;
use model::{RefreshTokenId, UserId};
use serde_json::{Value, json};
use store::{Batch, NewGrant, NewRefreshGrant};

use crate::site::{ORIGIN, Site, service_app};

const CLIENTS: &str = "/api/v1/authorizationServers/default/clients";
const WEEK: i64 = 7 * 86_400_000;

struct Holder {
    site: Site,
    client: String,
    user: UserId,
}

impl Holder {
    async fn new() -> Self {
        let site = Site::new().await;
        let app = site.create("/api/v1/apps", service_app("My Web App")).await;
        let client = app["credentials"]["oauthClient"]["client_id"].as_str().unwrap().to_owned();
        let user = site.make_user("ACTIVE", &[]).await;
        Self { site, client, user }
    }

    fn tokens(&self) -> String {
        format!("{CLIENTS}/{}/tokens", self.client)
    }

    /// A grant as sign-in would write it.
    async fn grant(&self, client: &str, idle: i64) -> String {
        let (tenant, now) = (&self.site.tenant, server::clock::now());
        let id = RefreshTokenId::mint(tenant.ids.next(now)).to_string();
        let server = tenant.configuration.current().find_server("default").unwrap().server.value.id;
        let grant = NewGrant {
            id: id.clone(),
            account: Some(self.user.to_string()),
            client: client.to_owned(),
            server: server.to_string(),
            scopes: r#"["offline_access","openid","gone"]"#.to_owned(),
            audiences: r#"["api://default"]"#.to_owned(),
            created: now.milliseconds(),
            ..NewGrant::default()
        };
        let refresh = NewRefreshGrant {
            updated: now.milliseconds(),
            idle_expires: now.plus_milliseconds(idle).milliseconds(),
            expires: None,
        };
        let mut batch = Batch::new(tenant.org().as_str(), "{}");
        batch.insert_grant(&grant);
        batch.insert_refresh_grant(&grant, &refresh);
        tenant.store.commit(batch).await.unwrap();
        id
    }

    async fn get(&self, target: &str) -> (u16, Value) {
        let reply = self.site.admin(Method::GET, target, None).await;
        (reply.status, reply.json())
    }

    async fn ids(&self, target: &str) -> Vec<String> {
        let (status, list) = self.get(target).await;
        assert_eq!(status, 200, "{list}");
        list.as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_client_that_holds_tokens_is_listed_with_its_links() {
    let holder = Holder::new().await;
    assert_eq!(holder.get(CLIENTS).await, (200, json!([])));
    holder.grant(&holder.client, WEEK).await;
    holder.grant("0oaGone0000000000000", WEEK).await;
    let client = &holder.client;
    let expected = json!([{
        "client_id": client, "client_name": "My Web App", "client_uri": null, "logo_uri": null,
        "_links": {
            "client": {"href": format!("{ORIGIN}/oauth2/v1/clients/{client}"), "title": "My Web App"},
            "tokens": {"href": format!("{ORIGIN}{}", holder.tokens()), "hints": {"allow": ["GET", "DELETE"]}},
        },
    }]);
    assert_eq!(holder.get(CLIENTS).await, (200, expected));
}

#[tokio::test]
async fn a_token_is_shown_as_okta_shows_it() {
    let holder = Holder::new().await;
    let id = holder.grant(&holder.client, WEEK).await;
    let target = format!("{}/{id}", holder.tokens());
    let (status, token) = holder.get(&target).await;
    assert_eq!(status, 200, "{token}");
    let names: Vec<&String> = token.as_object().unwrap().keys().collect();
    let expected = [
        "id",
        "status",
        "created",
        "lastUpdated",
        "expiresAt",
        "issuer",
        "clientId",
        "userId",
        "scopes",
        "_links",
    ];
    assert_eq!(names, expected);
    let (client, user) = (&holder.client, holder.user);
    assert_eq!(token["issuer"], format!("{ORIGIN}/oauth2/default"));
    assert_eq!((&token["clientId"], &token["userId"]), (&json!(client), &json!(user)));
    assert_eq!(token["scopes"], json!(["offline_access", "openid", "gone"]));
    let seconds = |name: &str| {
        let text = token[name].as_str().unwrap();
        assert_eq!(text.get(19..), Some(".000Z"), "{text}");
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    };
    assert_eq!(seconds("expiresAt") - seconds("created"), WEEK / 1_000, "the idle expiry");
    assert_eq!(
        token["_links"],
        json!({
            "app": {"href": format!("{ORIGIN}/api/v1/apps/{client}"), "title": "My Web App"},
            "authorizationServer": {"href": format!("{ORIGIN}/api/v1/authorizationServers/default"), "title": "default"},
            "self": {"href": format!("{ORIGIN}{target}")},
            "revoke": {"href": format!("{ORIGIN}{target}"), "hints": {"allow": ["DELETE"]}},
            "client": {"href": format!("{ORIGIN}/oauth2/v1/clients/{client}"), "title": "My Web App"},
            "user": {"href": format!("{ORIGIN}/api/v1/users/{user}"), "title": "A B"},
        })
    );
    let (_, expanded) = holder.get(&format!("{target}?expand=scope")).await;
    let scopes = expanded["_embedded"]["scopes"].as_array().unwrap();
    let shown: Vec<&Value> = scopes.iter().map(|scope| &scope["name"]).collect();
    assert_eq!(shown, ["offline_access", "openid"], "a scope that is gone has nothing to show");
    let links = scopes[1]["_links"]["scope"]["href"].as_str().unwrap();
    assert_eq!(
        links,
        format!("{ORIGIN}/api/v1/authorizationServers/default/scopes/{}", scopes[1]["id"].as_str().unwrap())
    );
    let listed = holder.get(&format!("{}?expand=scope", holder.tokens())).await;
    assert_eq!(listed, (200, json!([expanded])));
}

#[tokio::test]
async fn tokens_are_paged_by_twenty_and_expired_ones_are_not_shown() {
    let holder = Holder::new().await;
    let mut granted = Vec::new();
    for _ in 0..23 {
        granted.push(holder.grant(&holder.client, WEEK).await);
    }
    granted.sort();
    let expired = holder.grant(&holder.client, -1).await;
    let reply = holder.site.admin(Method::GET, &holder.tokens(), None).await;
    let links: Vec<&str> = reply.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
    let after = &granted[19];
    assert_eq!(
        links,
        [
            format!("<{ORIGIN}{}>; rel=\"self\"", holder.tokens()),
            format!("<{ORIGIN}{}?after={after}&limit=20>; rel=\"next\"", holder.tokens()),
        ]
    );
    assert_eq!(holder.ids(&holder.tokens()).await, granted[..20]);
    assert_eq!(holder.ids(&format!("{}?after={after}&limit=20", holder.tokens())).await, granted[20..]);
    assert_eq!(holder.ids(&format!("{}?limit=500", holder.tokens())).await, granted);
    assert_eq!(holder.get(&format!("{}/{expired}", holder.tokens())).await.0, 404);
    let elsewhere = holder.get(&format!("{CLIENTS}?after=zzz")).await;
    assert_eq!(elsewhere, (200, json!([])), "behind every client");
    for (query, code) in [("limit=0", "E0000001"), ("after=x", "E0000029")] {
        let (status, error) = holder.get(&format!("{}?{query}", holder.tokens())).await;
        assert_eq!((status, &error["errorCode"]), (400, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn a_token_and_all_tokens_are_ended_and_the_log_says_by_whom() {
    let holder = Holder::new().await;
    let other = holder.site.create("/api/v1/apps", service_app("Other")).await;
    let other = other["credentials"]["oauthClient"]["client_id"].as_str().unwrap();
    let (first, second) =
        (holder.grant(&holder.client, WEEK).await, holder.grant(&holder.client, WEEK).await);
    let kept = holder.grant(other, WEEK).await;
    let delete = async |target: String| holder.site.admin(Method::DELETE, &target, None).await;
    let one = delete(format!("{}/{first}", holder.tokens())).await;
    assert_eq!((one.status, one.body.as_str()), (204, ""));
    assert_eq!(holder.ids(&holder.tokens()).await, [second]);
    let again = delete(format!("{}/{first}", holder.tokens())).await;
    assert_eq!((again.status, again.code().as_str()), (404, "E0000007"));
    for _ in 0..2 {
        assert_eq!(delete(holder.tokens()).await.status, 204);
        assert_eq!(holder.ids(&holder.tokens()).await, [""; 0]);
    }
    assert_eq!(holder.ids(&format!("{CLIENTS}/{other}/tokens")).await, [kept]);
    let (org, now) = (holder.site.tenant.org(), server::clock::now());
    holder.site.tenant.store.sequence(org.as_str(), now.milliseconds()).await.unwrap();
    let (_, events) = holder.get("/api/v1/logs?since=2000-01-01T00:00:00.000Z").await;
    let revoked = events.as_array().unwrap().iter();
    let revoked: Vec<_> =
        revoked.filter(|event| event["eventType"] == "app.oauth2.as.token.revoke").collect();
    assert_eq!(revoked.len(), 2, "{revoked:?}");
    assert!(revoked.iter().all(|event| event["actor"]["type"] == "User"), "{revoked:?}");
    assert_eq!(revoked[0]["target"][2]["id"], json!(first));
}

#[tokio::test]
async fn what_is_not_there_is_named_by_oktas_types() {
    let holder = Holder::new().await;
    let client = &holder.client;
    for (path, summary) in [
        ("/api/v1/authorizationServers/nowhere/clients".to_owned(), "nowhere (AuthorizationServer)"),
        (
            format!("/api/v1/authorizationServers/nowhere/clients/{client}/tokens"),
            "nowhere (AuthorizationServer)",
        ),
        (format!("{CLIENTS}/0oaNobody/tokens"), "0oaNobody (PublicClientApp)"),
        (format!("{CLIENTS}/{client}/tokens/oar1"), "oar1 (OAuth2RefreshTokenTx)"),
    ] {
        let (status, error) = holder.get(&path).await;
        assert_eq!((status, &error["errorCode"]), (404, &json!("E0000007")), "{path}");
        assert_eq!(error["errorSummary"], format!("Not found: Resource not found: {summary}"));
    }
}
