//! The whole server without its sockets: a store in memory, the table of routes, and requests handed to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use jose::KeyRing;
use model::{ApiTokenId, UserId};
use serde_json::{Value, json};
use server::application;
use server::front::{Front, Shell};
use server::gate::TenantGate;
use server::limits::Limits;
use server::origin::{Origin, Origins};
use server::routes::Route;
use service::Tenant;
use service::first_start::{self, FirstAdmin};
use store::{Account, ApiToken, Batch, Store};

pub const ORIGIN: &str = "https://id.example.com";
/// The token of the first admin, who may do everything.
pub const ADMIN: &str = "00the-token-of-the-first-admin-of-this-site";

pub struct Site {
    pub tenant: Arc<Tenant>,
    pub table: Vec<Route>,
    front: Front,
    tokens: AtomicUsize,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// `errorCode`, or nothing.
    pub fn code(&self) -> String {
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        json["errorCode"].as_str().unwrap_or_default().to_owned()
    }
}

impl Site {
    pub async fn new() -> Self {
        let store = Store::open_memory().unwrap();
        let admin = FirstAdmin {
            login: None,
            password: Some("a passphrase of a test".to_owned()),
            api_token: Some(ADMIN.to_owned()),
        };
        let (ring, now) = (KeyRing::generate().unwrap(), server::clock::now());
        let (org, secrets, _) = first_start::create(&store, ring, "id", admin, now).await.unwrap();
        let tenant = Arc::new(Tenant::start(store, org, secrets).await.unwrap());
        let gate = || Box::new(TenantGate::new(Arc::clone(&tenant)));
        let origins = Origins::new(Origin::parse(ORIGIN).unwrap(), []);
        let shell = Arc::new(Shell::new(origins, Limits::default(), gate(), gate()));
        let routes = application::routes(&shell);
        let table = routes.table().cloned().collect();
        let front = routes.mount(shell, Arc::clone(&tenant));
        Self { tenant, table, front, tokens: AtomicUsize::new(0) }
    }

    /// A user with admin roles.
    pub async fn make_user(&self, status: &str, roles: &[&str]) -> UserId {
        let now = server::clock::now();
        let id = UserId::mint(self.tenant.ids.next(now));
        let (login, at) = (format!("{id}@example.com"), now.milliseconds());
        let mut batch = self.batch();
        batch.insert_account(&Account {
            id: id.to_string(),
            status: status.to_owned(),
            profile: json!({"login": login, "email": login, "firstName": "A", "lastName": "B"}).to_string(),
            created: at,
            activated: Some(at),
            status_changed: Some(at),
            last_login: None,
            updated: at,
            password_changed: None,
            epoch: 0,
            revision: 0,
        });
        batch.insert_login(&login, id.as_str());
        for role in roles {
            batch.insert_role(id.as_str(), role, at);
        }
        self.tenant.store.commit(batch).await.unwrap();
        id
    }

    /// A new API token of a user.
    pub async fn make_token(&self, user: UserId) -> String {
        let now = server::clock::now();
        let number = self.tokens.fetch_add(1, Ordering::Relaxed);
        let token = format!("00token-{number:034}");
        let mut batch = self.batch();
        batch.insert_api_token(&ApiToken {
            mac: self.tenant.secrets.api_token_mac(&token).to_vec(),
            id: ApiTokenId::mint(self.tenant.ids.next(now)).to_string(),
            name: "of a test".to_owned(),
            account: user.to_string(),
            client_name: "Okta API".to_owned(),
            network: r#"{"connection":"ANYWHERE"}"#.to_owned(),
            created: now.milliseconds(),
            updated: now.milliseconds(),
            used: None,
            expires: now.plus_days(30).milliseconds(),
        });
        self.tenant.store.commit(batch).await.unwrap();
        token
    }

    fn batch(&self) -> Batch {
        Batch::new(self.tenant.org().as_str(), "{}")
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let reply = self.front.answer(request, ([192, 0, 2, 7], 4_711).into()).await;
        let (parts, body) = reply.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// A request with these headers, just so.
    pub async fn call(
        &self,
        method: &Method,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request =
            Request::builder().method(method.clone()).uri(target).header("host", "id.example.com");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// A request of the first admin with a JSON body, or with none.
    pub async fn admin(&self, method: Method, target: &str, body: Option<&Value>) -> Reply {
        self.with_token(ADMIN, &method, target, body).await
    }

    pub async fn with_token(
        &self,
        token: &str,
        method: &Method,
        target: &str,
        body: Option<&Value>,
    ) -> Reply {
        let authorization = format!("SSWS {token}");
        let mut headers = vec![(AUTHORIZATION.as_str(), authorization.as_str())];
        if body.is_some() {
            headers.push((CONTENT_TYPE.as_str(), "application/json"));
        }
        self.call(method, target, &headers, body.map(Value::to_string).unwrap_or_default()).await
    }

    /// Creates something, and answers its view.
    pub async fn create(&self, target: &str, body: Value) -> Value {
        let reply = self.admin(Method::POST, target, Some(&body)).await;
        assert!((200..300).contains(&reply.status), "{target}: {reply:?}");
        reply.json()
    }

    /// A service that authenticates by `Basic`: its id and the header.
    pub async fn make_service(&self, label: &str) -> (String, String) {
        use base64::Engine;
        let app = self.create("/api/v1/apps", service_app(label)).await;
        let credentials = &app["credentials"]["oauthClient"];
        let text = |name: &str| credentials[name].as_str().unwrap().to_owned();
        let pair = format!("{}:{}", text("client_id"), text("client_secret"));
        (text("client_id"), format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair)))
    }

    pub async fn ask(&self, authorization: &str, body: &str) -> Reply {
        self.ask_at("token", authorization, body).await
    }

    /// A form for an OAuth endpoint of the default server.
    pub async fn ask_at(&self, endpoint: &str, authorization: &str, body: &str) -> Reply {
        let headers =
            [("authorization", authorization), ("content-type", "application/x-www-form-urlencoded")];
        let target = format!("/oauth2/default/v1/{endpoint}");
        self.call(&Method::POST, &target, &headers, body.to_owned()).await
    }
}

pub fn service_app(label: &str) -> Value {
    json!({
        "name": "oidc_client",
        "label": label,
        "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": "client_secret_basic"}},
        "settings": {"oauthClient": {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "response_types": ["token"],
        }},
    })
}
