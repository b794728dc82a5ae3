//! What a run works on: an authorization server that mints, one that rotates its keys, one that is changed all the time,
//! and clients. Made over the management API, as anybody would.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::connection::{Connection, Request};
use crate::jwt::ClientKey;
use crate::node::{API_TOKEN, ORIGIN};

/// The parameter that says what kind of assertion a client presents.
pub const ASSERTION_TYPE: (&str, &str) =
    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
const SERVERS: &str = "/api/v1/authorizationServers";

/// What a run works on.
#[derive(Debug)]
pub struct World {
    /// The authorization server that most tokens are of. Its keys stay.
    pub mint: String,
    /// The one whose keys are rotated.
    pub rotating: String,
    /// The one whose scopes and rules are changed.
    pub playground: String,
    /// The policy of the playground.
    pub policy: String,
    /// Clients with a secret.
    pub clients: Vec<Client>,
    /// A client that signs assertions.
    pub signer: Signer,
}

/// A client with a secret.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id, which is its app's.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// A client with a key.
#[derive(Debug)]
pub struct Signer {
    /// Its id.
    pub id: String,
    /// Its key.
    pub key: ClientKey,
}

impl Client {
    /// Reads the app that was made.
    pub fn of_app(app: &Value) -> Option<Self> {
        let credentials = &app["credentials"]["oauthClient"];
        let (id, secret) = (credentials["client_id"].as_str()?, credentials["client_secret"].as_str()?);
        Some(Self { id: id.to_owned(), secret: secret.to_owned() })
    }

    /// The `Authorization` header.
    pub fn authorization(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.secret)))
    }
}

impl Signer {
    /// An assertion for an endpoint of an authorization server.
    pub fn assertion(&self, server: &str, endpoint: &str, jti: &str) -> Result<String, String> {
        self.key.assertion(&self.id, &format!("{ORIGIN}/oauth2/{server}/v1/{endpoint}"), jti)
    }
}

/// A request of the administrator.
pub fn admin(request: Request) -> Request {
    request.by(format!("SSWS {API_TOKEN}"))
}

impl World {
    /// Makes everything by way of a node.
    pub fn make(node: SocketAddr) -> Result<Arc<Self>, String> {
        let connection = &mut Connection::new(node);
        let (mint, _) = open_server(connection, "mint")?;
        let (rotating, _) = open_server(connection, "rotating")?;
        let (playground, policy) = open_server(connection, "playground")?;
        let clients = (0..3)
            .map(|number| {
                let made = create(connection, "/api/v1/apps", &app(&format!("client {number}"), None))?;
                Client::of_app(&made).ok_or_else(|| format!("the app has no secret: {made}"))
            })
            .collect::<Result<_, _>>()?;
        let key = ClientKey::generate("faults-1")?;
        let made = create(connection, "/api/v1/apps", &app("signer", Some(&key.jwk())))?;
        let signer = Signer { id: id(&made)?, key };
        Ok(Arc::new(Self { mint, rotating, playground, policy, clients, signer }))
    }

    /// The text of everything secret that this run knows, by name.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let clients =
            self.clients.iter().map(|client| (format!("secret of {}", client.id), client.secret.clone()));
        let fixed = [("API token", API_TOKEN), ("password", crate::node::PASSWORD)];
        clients.chain(fixed.map(|(name, text)| (name.to_owned(), text.to_owned()))).collect()
    }
}

/// The path of an authorization server in the management API.
pub fn server_path(server: &str) -> String {
    format!("{SERVERS}/{server}")
}

/// The path of an OAuth endpoint.
pub fn oauth_path(server: &str, endpoint: &str) -> String {
    format!("/oauth2/{server}/v1/{endpoint}")
}

/// An authorization server that gives every service a token with the scope `read`; its id, and its policy's.
fn open_server(connection: &mut Connection, name: &str) -> Result<(String, String), String> {
    let body = json!({"name": name, "description": "for faults", "audiences": ["api://faults"]});
    let server = id(&create(connection, SERVERS, &body)?)?;
    let path = server_path(&server);
    create(connection, &format!("{path}/scopes"), &json!({"name": "read"}))?;
    let policy = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "status": "ACTIVE", "name": "everyone", "priority": 1,
        "description": "every client", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    });
    let policy = id(&create(connection, &format!("{path}/policies"), &policy)?)?;
    create(connection, &format!("{path}/policies/{policy}/rules"), &rule("services"))?;
    Ok((server, policy))
}

/// A rule for services.
pub fn rule(name: &str) -> Value {
    json!({
        "type": "RESOURCE_ACCESS", "name": name, "priority": 1, "status": "ACTIVE",
        "conditions": {
            "people": {"users": {}, "groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["client_credentials"]},
            "scopes": {"include": ["*"]},
        },
        "actions": {"token": {
            "accessTokenLifetimeMinutes": 60, "refreshTokenLifetimeMinutes": 0, "refreshTokenWindowMinutes": 10080,
        }},
    })
}

/// A service, which proves itself by a secret or by a key.
pub fn app(label: &str, key: Option<&Value>) -> Value {
    let method = if key.is_some() { "private_key_jwt" } else { "client_secret_basic" };
    let mut client = json!({
        "application_type": "service", "grant_types": ["client_credentials"], "response_types": ["token"],
    });
    if let Some(key) = key {
        client["jwks"] = json!({"keys": [key]});
    }
    json!({
        "name": "oidc_client", "label": label, "signOnMode": "OPENID_CONNECT",
        "credentials": {"oauthClient": {"token_endpoint_auth_method": method}},
        "settings": {"oauthClient": client},
    })
}

/// A node that has just started may still be waiting for others.
fn create(connection: &mut Connection, path: &str, body: &Value) -> Result<Value, String> {
    connection.must(&admin(Request::json("POST", path, body)))
}

fn id(document: &Value) -> Result<String, String> {
    document["id"].as_str().map(str::to_owned).ok_or_else(|| format!("no id in {document}"))
}
