//! What is set up over the management API before anything is measured: a small configuration, which every comparison with
//! the floor has, and one with several of everything, which is copied many times.

use serde_json::{Value, json};

use crate::admin::{create, id};
use crate::client::Client;

/// An authorization server with a scope, a policy and a rule, and a service client. The server signs with
/// `algorithm`; none is Okta's RS256.
pub fn small(url: &str, algorithm: Option<&str>) -> Result<Client, String> {
    let (server, base) = authorization_server(url, algorithm)?;
    create(url, &format!("{base}/scopes"), &json!({ "name": "read" }))?;
    let policy = create(url, &format!("{base}/policies"), &policy("everyone", 1, "ALL_CLIENTS"))?;
    create(url, &format!("{base}/policies/{}/rules", id(&policy)?), &rule("services", 1, "*"))?;
    let app = create(url, "/api/v1/apps", &app(&json!("client_secret_basic"), &json!(null)))?;
    client(&server, &app)
}

/// A server with something of its own of each kind, and the rule that its tokens come by.
#[derive(Debug)]
pub struct Rich {
    pub client: Client,
    /// The client's secret in clear: copies of the app share it.
    pub secret: String,
    /// Where the app is.
    pub app_path: String,
    /// Where the rule is.
    pub rule_path: String,
}

/// An authorization server with three scopes, a claim, and two policies of two rules, of which the last grants.
pub fn rich(url: &str) -> Result<Rich, String> {
    let (server, base) = authorization_server(url, None)?;
    for name in ["read", "write", "admin"] {
        create(url, &format!("{base}/scopes"), &json!({ "name": name }))?;
    }
    create(url, &format!("{base}/claims"), &claim())?;
    let partner = create(url, "/api/v1/apps", &app(&json!("client_secret_basic"), &json!(null)))?;
    let app = create(url, "/api/v1/apps", &app(&json!("client_secret_basic"), &json!(null)))?;
    let mut rule_path = String::new();
    for (priority, name, client) in [(1, "partners", id(&partner)?), (2, "everyone", "ALL_CLIENTS")] {
        let policy = create(url, &format!("{base}/policies"), &policy(name, priority, client))?;
        let rules = format!("{base}/policies/{}/rules", id(&policy)?);
        create(url, &rules, &rule("administration", 1, "admin"))?;
        let rule = create(url, &rules, &rule("services", 2, "*"))?;
        rule_path = format!("{rules}/{}", id(&rule)?);
    }
    Ok(Rich {
        client: client(&server, &app)?,
        secret: credentials(&app)?.1.to_owned(),
        app_path: format!("/api/v1/apps/{}", id(&app)?),
        rule_path,
    })
}

/// A client that authenticates with assertions, under this public key; the answer is its `client_id`.
pub fn client_with_key(url: &str, jwk: &Value) -> Result<String, String> {
    let jwks = json!({ "keys": [jwk] });
    let app = create(url, "/api/v1/apps", &app(&json!("private_key_jwt"), &jwks))?;
    id(&app).map(str::to_owned)
}

fn authorization_server(url: &str, algorithm: Option<&str>) -> Result<(String, String), String> {
    let mut server = json!({ "name": "bench", "description": "measured", "audiences": ["api://bench"] });
    if let Some(algorithm) = algorithm {
        server["tokenmint"] = json!({ "signingAlgorithm": algorithm });
    }
    let server = create(url, "/api/v1/authorizationServers", &server)?;
    Ok((id(&server)?.to_owned(), format!("/api/v1/authorizationServers/{}", id(&server)?)))
}

fn client(server: &str, app: &Value) -> Result<Client, String> {
    let (name, secret) = credentials(app)?;
    Ok(Client::new(server, name, secret))
}

fn credentials(app: &Value) -> Result<(&str, &str), String> {
    let credentials = &app["credentials"]["oauthClient"];
    let name = credentials["client_id"].as_str().zip(credentials["client_secret"].as_str());
    name.ok_or_else(|| format!("the app has no client_id or client_secret: {app}"))
}

fn policy(name: &str, priority: u32, client: &str) -> Value {
    json!({
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "status": "ACTIVE",
        "name": name,
        "description": "measured",
        "priority": priority,
        "conditions": { "clients": { "include": [client] } },
    })
}

fn rule(name: &str, priority: u32, scope: &str) -> Value {
    json!({
        "type": "RESOURCE_ACCESS",
        "name": name,
        "priority": priority,
        "status": "ACTIVE",
        "conditions": {
            "people": { "users": {}, "groups": { "include": ["EVERYONE"] } },
            "grantTypes": { "include": ["client_credentials"] },
            "scopes": { "include": [scope] },
        },
        "actions": { "token": {
            "accessTokenLifetimeMinutes": 60,
            "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080,
        } },
    })
}

fn claim() -> Value {
    json!({
        "name": "client",
        "status": "ACTIVE",
        "claimType": "RESOURCE",
        "valueType": "EXPRESSION",
        "value": "app.clientId",
        "alwaysIncludeInToken": true,
        "conditions": { "scopes": [] },
    })
}

fn app(method: &Value, jwks: &Value) -> Value {
    let mut app = json!({
        "name": "oidc_client",
        "label": "bench",
        "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": method } },
        "settings": { "oauthClient": {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "response_types": ["token"],
        } },
    });
    if !jwks.is_null() {
        app["settings"]["oauthClient"]["jwks"] = jwks.clone();
    }
    app
}
