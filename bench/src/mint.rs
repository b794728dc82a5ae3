//! The server under test: how it is started, when it is ready, and how one service client comes to be, over the same
//! management API that anyone uses.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clock;
use crate::http::{self, Target};
use crate::process::Server;

const API_TOKEN: &str = "00benchBenchBenchBenchBenchBenchBenchBench";
const READY_LIMIT: Duration = Duration::from_secs(20);

/// The program and where this run may write.
#[derive(Debug)]
pub struct Mint {
    pub binary: PathBuf,
    pub scratch: PathBuf,
}

impl Mint {
    /// Starts it on the data directory `data`, which need not exist.
    pub fn start(&self, data: &Path) -> Result<Server, String> {
        let mut command = Command::new(&self.binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("TOKENMINT_ADMIN_LOGIN", "bench@example.com")
            .env("TOKENMINT_ADMIN_PASSWORD", "Bench-the-m1nt-twice")
            .env("TOKENMINT_API_TOKEN", API_TOKEN);
        Server::start(&mut command, &self.scratch.join("mint.log"))
    }
}

/// Waits until the server calls itself ready.
pub fn wait_ready(url: &str) -> Result<(), String> {
    let target = Target::parse(&format!("{url}/health/ready"))?;
    let request = http::request("GET", &target, &[], "");
    let begun = clock::now();
    loop {
        let answer = http::call(&target.address, &request);
        if answer.as_ref().is_ok_and(|(status, _)| *status == 200) {
            return Ok(());
        }
        if begun.elapsed() > READY_LIMIT {
            return Err(format!("/health/ready never said 200: {answer:?}"));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Where and as whom tokens are asked for.
#[derive(Clone, Debug)]
pub struct Client {
    /// Path of the token endpoint.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: String,
}

/// Makes an authorization server with a scope, a policy and a rule, and a service client.
pub fn set_up(url: &str) -> Result<Client, String> {
    let server = create(url, "/api/v1/authorizationServers", &authorization_server())?;
    let server = format!("/api/v1/authorizationServers/{}", id(&server)?);
    create(url, &format!("{server}/scopes"), &json!({ "name": "read" }))?;
    let policy = create(url, &format!("{server}/policies"), &policy())?;
    create(url, &format!("{server}/policies/{}/rules", id(&policy)?), &rule())?;
    let app = create(url, "/api/v1/apps", &app())?;
    let credentials = &app["credentials"]["oauthClient"];
    let (Some(name), Some(secret)) =
        (credentials["client_id"].as_str(), credentials["client_secret"].as_str())
    else {
        return Err(format!("the app has no client_id or client_secret: {app}"));
    };
    Ok(Client {
        path: format!("/oauth2/{}/v1/token", server.rsplit('/').next().unwrap_or_default()),
        authorization: format!("Basic {}", STANDARD.encode(format!("{name}:{secret}"))),
    })
}

fn authorization_server() -> Value {
    json!({ "name": "bench", "description": "measured", "audiences": ["api://bench"] })
}

fn policy() -> Value {
    json!({
        "type": "OAUTH_AUTHORIZATION_POLICY",
        "status": "ACTIVE",
        "name": "everyone",
        "description": "every client",
        "priority": 1,
        "conditions": { "clients": { "include": ["ALL_CLIENTS"] } },
    })
}

fn rule() -> Value {
    json!({
        "type": "RESOURCE_ACCESS",
        "name": "services",
        "priority": 1,
        "status": "ACTIVE",
        "conditions": {
            "people": { "users": {}, "groups": { "include": ["EVERYONE"] } },
            "grantTypes": { "include": ["client_credentials"] },
            "scopes": { "include": ["*"] },
        },
        "actions": { "token": {
            "accessTokenLifetimeMinutes": 60,
            "refreshTokenLifetimeMinutes": 0,
            "refreshTokenWindowMinutes": 10080,
        } },
    })
}

fn app() -> Value {
    json!({
        "name": "oidc_client",
        "label": "bench",
        "signOnMode": "OPENID_CONNECT",
        "credentials": { "oauthClient": { "token_endpoint_auth_method": "client_secret_basic" } },
        "settings": { "oauthClient": {
            "application_type": "service",
            "grant_types": ["client_credentials"],
            "response_types": ["token"],
        } },
    })
}

fn create(url: &str, path: &str, body: &Value) -> Result<Value, String> {
    let target = Target::parse(&format!("{url}{path}"))?;
    let authorization = format!("SSWS {API_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let request = http::request("POST", &target, &headers, &body.to_string());
    let (status, answer) = http::call(&target.address, &request)?;
    if !(200..300).contains(&status) {
        return Err(format!("POST {path}: {status} {}", String::from_utf8_lossy(&answer)));
    }
    serde_json::from_slice(&answer).map_err(|error| format!("POST {path}: {error}"))
}

fn id(document: &Value) -> Result<&str, String> {
    document["id"].as_str().ok_or_else(|| format!("no id in {document}"))
}
