//! The whole server without its sockets, kept from one input to the next and made anew when it has taken much in.

use std::cell::RefCell;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::site::{ADMIN, Reply, Site};

/// After so many changes and grants a new server takes over.
const CHANGES_MAX: usize = 400;

/// The server, something of each kind, and the paths of those.
pub struct Held {
    runtime: Runtime,
    pub site: Site,
    /// A name for each thing, and its path.
    pub paths: Vec<(&'static str, String)>,
    /// The header of a service that may get tokens.
    pub basic: String,
    changes: usize,
}

/// Does something with the server.
pub fn with_server<T>(act: impl FnOnce(&mut Held) -> T) -> T {
    thread_local!(static HELD: RefCell<Option<Held>> = const { RefCell::new(None) });
    HELD.with_borrow_mut(|held| {
        if held.as_ref().is_some_and(|held| held.changes > CHANGES_MAX) {
            *held = None;
        }
        act(held.get_or_insert_with(Held::new))
    })
}

impl Held {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let site = runtime.block_on(Site::new());
        let (paths, basic) = runtime.block_on(furnish(&site));
        Self { runtime, site, paths, basic, changes: 0 }
    }

    /// Answers one request, and says whether the configuration changed.
    pub fn answer(&mut self, request: Request<Body>) -> (Reply, bool) {
        let may_write = request.method() != Method::GET;
        let before = self.revision();
        let reply = self.runtime.block_on(self.site.send(request));
        self.changes += usize::from(may_write && reply.status < 300);
        (reply, self.revision() != before)
    }

    /// A request of the first admin.
    pub fn admin(
        &mut self,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> (Reply, bool) {
        let mut request =
            Request::builder().method(method.clone()).uri(path).header("host", "id.example.com");
        request = request.header("authorization", format!("SSWS {ADMIN}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.body(Body::from(body)).expect("a request"))
    }

    /// Asks for a token as the service does.
    pub fn ask_for_token(&mut self) -> Reply {
        let body = "grant_type=client_credentials&scope=orders.read";
        self.changes += 1;
        self.runtime.block_on(self.site.ask(&self.basic, body))
    }

    fn revision(&self) -> u64 {
        self.site.tenant.configuration.current().revision
    }
}

/// A refusal has the shape of its API; a fault is never one.
pub fn assert_is_an_answer(reply: &Reply) {
    assert!(reply.status < 500, "{reply:?}");
    assert!(reply.headers.contains_key("x-okta-request-id") && reply.headers.contains_key("cache-control"));
    if reply.status >= 400 && !reply.body.is_empty() {
        let error: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let is_ours = error["errorCode"].is_string() && error["errorCauses"].is_array();
        assert!(is_ours || is_oauth(&error), "{reply:?}");
        assert!(reply.body.len() <= 64 * 1_024, "{} bytes of refusal", reply.body.len());
    }
}

fn is_oauth(error: &Value) -> bool {
    let description = error["error_description"].as_str().unwrap_or_default();
    let is_legal = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    error["error"].is_string() && !description.is_empty() && description.chars().all(is_legal)
}

async fn furnish(site: &Site) -> (Vec<(&'static str, String)>, String) {
    let server = "/api/v1/authorizationServers/default";
    let id = |view: &Value| view["id"].as_str().unwrap_or_default().to_owned();
    let group = site.create("/api/v1/groups", json!({"profile": {"name": "Staff"}})).await;
    let scope = site.create(&format!("{server}/scopes"), json!({"name": "orders.read"})).await;
    let claim = json!({
        "name": "tenant", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "app.clientId",
        "conditions": {"scopes": ["orders.read"]},
    });
    let claim = site.create(&format!("{server}/claims"), claim).await;
    let policy = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": "Apps", "description": "Every app",
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    });
    let policy = site.create(&format!("{server}/policies"), policy).await;
    let rules = format!("{server}/policies/{}/rules", id(&policy));
    let rule = json!({
        "type": "RESOURCE_ACCESS", "name": "Services", "conditions": {
            "people": {"groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]},
        },
    });
    let rule = site.create(&rules, rule).await;
    let (client_id, basic) = site.make_service("Courier").await;
    let app = format!("/api/v1/apps/{client_id}");
    let token = site.admin(Method::GET, "/api/v1/api-tokens", None).await.json();
    let paths = vec![
        ("server", server.to_owned()),
        ("servers", "/api/v1/authorizationServers".to_owned()),
        ("scope", format!("{server}/scopes/{}", id(&scope))),
        ("scopes", format!("{server}/scopes")),
        ("claim", format!("{server}/claims/{}", id(&claim))),
        ("claims", format!("{server}/claims")),
        ("policy", format!("{server}/policies/{}", id(&policy))),
        ("policies", format!("{server}/policies")),
        ("rule", format!("{rules}/{}", id(&rule))),
        ("rules", rules),
        ("app", app.clone()),
        ("apps", "/api/v1/apps".to_owned()),
        ("jwks", format!("{app}/credentials/jwks")),
        ("secrets", format!("{app}/credentials/secrets")),
        ("group", format!("/api/v1/groups/{}", id(&group))),
        ("groups", "/api/v1/groups".to_owned()),
        ("token", format!("/api/v1/api-tokens/{}", id(&token[0]))),
    ];
    (paths, basic)
}

/// Text headers as the server wants them; none if one cannot be sent.
pub fn headers(lines: &[&str]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = axum::http::HeaderName::try_from(name).ok()?;
        headers.append(name, axum::http::HeaderValue::try_from(value.trim()).ok()?);
    }
    Some(headers)
}
