//! Introspection (RFC 7662): whether a token stands, and what it says. Reads nothing from the store: resource servers
//! ask for every call that they get. (Only a client assertion is written down, so that it is used once.)

use model::Timestamp;
use model::app::AuthMethod;
use serde_json::{Map, Value};

use crate::access_token::{AccessToken, Refusal, Request, identify};
use crate::failure::Failure;
use crate::freshness::Passing;
use crate::tenant::Tenant;

/// What is said of a token that stands, in Okta's order; `None` says only that it does not, whatever the reason: a
/// stranger learns nothing about which tokens exist.
pub async fn introspect(
    tenant: &Tenant,
    request: &Request,
    now: Timestamp,
) -> Result<Option<Map<String, Value>>, Failure<Refusal>> {
    tenant.freshness.check(now)?;
    let passing = Passing::since(now);
    let asked = identify(tenant, &tenant.configuration.current(), request, "introspect", now).await?;
    // Whoever asks may have been waited for: the token is judged by what is known now.
    tenant.freshness.check(passing.now())?;
    let snapshot = tenant.configuration.current();
    let server = snapshot.find_server(&request.server).filter(|entry| entry.server.value.status.is_active());
    let server = server.ok_or(Failure::Refused(Refusal::UnknownServer))?;
    let Some(token) = AccessToken::read(server, asked.token, passing.now()) else {
        return Ok(None);
    };
    let client = &asked.client.app.value;
    // Whoever proves nothing may ask about its own tokens only (Okta).
    let may_ask =
        client.oauth.auth_method != AuthMethod::None || token.client_id == client.client_id.as_str();
    let stands = token.stands(tenant, &snapshot, server);
    Ok((may_ask && stands).then(|| answer(token.claims)))
}

/// The claims of an access token as an answer. Custom claims follow, and never replace what is said here.
fn answer(mut claims: Map<String, Value>) -> Map<String, Value> {
    let mut answer = Map::new();
    answer.insert("active".to_owned(), true.into());
    answer.insert("token_type".to_owned(), "Bearer".into());
    let scopes = match claims.shift_remove("scp") {
        Some(Value::Array(scopes)) => scopes,
        _ => Vec::new(),
    };
    let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    answer.insert("scope".to_owned(), scopes.join(" ").into());
    if let Some(client_id) = claims.shift_remove("cid") {
        answer.insert("client_id".to_owned(), client_id);
    }
    claims.shift_remove("ver");
    for name in ["exp", "iat", "sub", "aud", "iss", "jti", "uid"] {
        if let Some((name, value)) = claims.shift_remove_entry(name) {
            answer.insert(name, value);
        }
    }
    for (name, value) in claims {
        answer.entry(name).or_insert(value);
    }
    answer
}
