//! `/api/v1/logs`: events as Okta's `LogEvent`.

use axum::extract::State;
use axum::http::Method;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp as Instant;
use model::Timestamp;
use model::actor::ActorKind;
use model::event::{EventType, OutcomeResult, Target};
use serde_json::{Value, json};
use service::admin::log::{self as use_case, Logged, Query as LogQuery};

use crate::access::Admins;
use crate::api::App;
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::origin::Here;
use crate::page::link_lines;
use crate::query::Query;
use crate::routes::{Route, Routes};
use crate::whole_number::whole_number;

const LIMIT_USUAL: usize = 100;
const LIMIT_MAX: usize = 1_000;

pub(super) fn routes() -> Routes<App> {
    Routes::new()
        .route(Route::guarded(Method::GET, "/api/v1/logs", "okta.logs.read", Admins::LogReaders), list)
}

/// A time that a parameter may name.
pub(super) fn time(query: &Query, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.text(name) else { return Ok(None) };
    // A `+` of an offset that was not encoded arrives as a space.
    let read: Result<Instant, _> = text.replace(' ', "+").parse();
    let instant = read.map_err(|_| {
        ApiError::invalid(name, format!("{name}: must be a time such as 2026-01-31T12:00:00.000Z"))
    })?;
    Ok(Some(Timestamp::from_milliseconds(instant.as_millisecond())))
}

/// Unlike other lists, this one may be asked for nothing (Okta: 0..=1,000).
fn limit(query: &Query) -> Result<usize, ApiError> {
    let Some(text) = query.text("limit") else { return Ok(LIMIT_USUAL) };
    let refuse = || ApiError::invalid("limit", format!("limit: must be a number from 0 to {LIMIT_MAX}"));
    whole_number(text).filter(|limit| *limit <= LIMIT_MAX).ok_or_else(refuse)
}

async fn list(State(app): State<App>, Now(now): Now, here: Here, query: Query) -> Result<Response, ApiError> {
    for unserved in ["q", "filter"] {
        if query.text(unserved).is_some() {
            // Answering as if it were not there would show what was not asked for.
            return Err(ApiError::invalid(
                unserved,
                format!("{unserved}: is not offered yet; use since and until"),
            ));
        }
    }
    let descending = match query.text("sortOrder") {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("ASCENDING") => false,
        Some(text) if text.eq_ignore_ascii_case("DESCENDING") => true,
        Some(_) => {
            return Err(ApiError::invalid("sortOrder", "sortOrder: must be ASCENDING or DESCENDING"));
        }
    };
    let limit = limit(&query)?;
    let asked = LogQuery {
        since: time(&query, "since")?,
        until: time(&query, "until")?,
        descending,
        after: query.text("after").map(str::to_owned),
        limit,
    };
    let (views, next) = if limit == 0 {
        (Vec::new(), None)
    } else {
        let page = use_case::read(&app, asked, now).await?;
        (page.events.iter().map(view).collect(), page.next)
    };
    let mut response = Json::<Vec<Value>>(views).into_response();
    for line in link_lines(&here, limit, next.as_deref()) {
        response.headers_mut().append(LINK, line);
    }
    Ok(response)
}

fn view(logged: &Logged) -> Value {
    let event = &logged.event;
    let origin = &event.origin;
    let severity = if event.result == OutcomeResult::Success { "INFO" } else { "WARN" };
    json!({
        "actor": {
            "id": event.actor.id,
            "type": event.actor.kind,
            "alternateId": event.actor.alternate_id.as_deref().unwrap_or("unknown"),
            "displayName": event.actor.display_name.as_deref().unwrap_or("unknown"),
            "detailEntry": null,
        },
        "client": {
            "userAgent": origin.user_agent.as_ref().map(|raw| {
                json!({"rawUserAgent": raw, "os": "Unknown", "browser": "UNKNOWN"})
            }),
            "zone": null,
            "device": null,
            "id": (event.actor.kind == ActorKind::Client).then_some(&event.actor.id),
            "ipAddress": origin.address.as_ref().or(event.actor.address.as_ref()),
            "geographicalContext": null,
        },
        "device": null,
        "authenticationContext": {
            "authenticationProvider": null,
            "credentialProvider": null,
            "credentialType": null,
            "issuer": null,
            "interface": null,
            "authenticationStep": 0,
            "rootSessionId": null,
            "externalSessionId": null,
        },
        "displayMessage": display_message(event.event_type),
        "eventType": event.event_type,
        "outcome": {"result": event.result, "reason": event.reason},
        "published": logged.published.to_string(),
        "securityContext": {"asNumber": null, "asOrg": null, "isp": null, "domain": null, "isProxy": null},
        "severity": severity,
        "debugContext": {"debugData": debug_data(logged)},
        "legacyEventType": null,
        "transaction": transaction(origin.request_id.as_deref()),
        "uuid": logged.uuid,
        "version": "0",
        "request": {"ipChain": ip_chain(origin.address.as_deref())},
        "target": event.targets.iter().map(target).collect::<Vec<_>>(),
    })
}

fn target(target: &Target) -> Value {
    json!({
        "id": target.id,
        "type": target.kind,
        "alternateId": target.alternate_id.as_deref().unwrap_or("unknown"),
        "displayName": target.display_name,
        "detailEntry": null,
    })
}

fn debug_data(logged: &Logged) -> Value {
    let event = &logged.event;
    let mut data = serde_json::Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data.insert(name.to_owned(), value);
        }
    };
    put("requestId", event.origin.request_id.as_deref().map(Value::from));
    put("requestUri", event.origin.path.as_deref().map(Value::from));
    put("configurationRevision", event.revision.map(Value::from));
    put("count", event.count.map(Value::from));
    put("apiTokenId", event.actor.token.as_deref().map(Value::from));
    put("facts", event.facts.as_ref().and_then(|facts| serde_json::from_str(facts.get()).ok()));
    data.into()
}

fn transaction(request_id: Option<&str>) -> Value {
    match request_id {
        Some(id) => json!({"type": "WEB", "id": id, "detail": {}}),
        None => json!({"type": "JOB", "id": "unknown", "detail": {}}),
    }
}

fn ip_chain(address: Option<&str>) -> Value {
    let entry = |address| {
        let version = if str::contains(address, ':') { "V6" } else { "V4" };
        json!({"ip": address, "geographicalContext": null, "version": version, "source": null})
    };
    address.map(entry).into_iter().collect()
}

/// What a person reads.
fn display_message(event_type: EventType) -> &'static str {
    use EventType as E;
    match event_type {
        E::AuthorizationServerCreated => "Authorization server was created",
        E::AuthorizationServerUpdated => "Authorization server was updated",
        E::AuthorizationServerDeleted => "Authorization server was deleted",
        E::AuthorizationServerActivated => "Authorization server was activated",
        E::AuthorizationServerDeactivated => "Authorization server was deactivated",
        E::TrustedServerAdded => "Authorization server began to trust others",
        E::TrustedServerDeleted => "Authorization server ended its trust in another",
        E::ScopeCreated => "Scope was created",
        E::ScopeUpdated => "Scope was updated",
        E::ScopeDeleted => "Scope was deleted",
        E::ClaimCreated => "Claim was created",
        E::ClaimUpdated => "Claim was updated",
        E::ClaimDeleted => "Claim was deleted",
        E::KeyRollover => "Signing keys of an authorization server were rotated",
        E::KeyRevoked => "Signing key of an authorization server was revoked",
        E::PolicyCreated => "Policy was created",
        E::PolicyUpdated => "Policy was updated",
        E::PolicyDeleted => "Policy was deleted",
        E::PolicyActivated => "Policy was activated",
        E::PolicyDeactivated => "Policy was deactivated",
        E::RuleAdded => "Rule was added to a policy",
        E::RuleUpdated => "Rule of a policy was updated",
        E::RuleDeleted => "Rule was deleted from a policy",
        E::RuleActivated => "Rule of a policy was activated",
        E::RuleDeactivated => "Rule of a policy was deactivated",
        E::RuleInvalidated => "Policy names something that is gone",
        E::AppCreated => "Application was created",
        E::AppUpdated => "Application was updated",
        E::AppDeleted => "Application was deleted",
        E::AppActivated => "Application was activated",
        E::AppDeactivated => "Application was deactivated",
        E::ClientSecretCreated => "Client secret was created",
        E::ClientSecretDeleted => "Client secret was deleted",
        E::ClientSecretActivated => "Client secret was activated",
        E::ClientSecretDeactivated => "Client secret was deactivated",
        E::GroupCreated => "Group was created",
        E::GroupUpdated => "Group profile was updated",
        E::GroupDeleted => "Group was deleted",
        E::UserCreated => "User was created",
        E::UserPrivilegeGranted => "Admin role was granted to a user",
        E::ApiTokenCreated => "API token was created",
        E::ApiTokenUpdated => "API token was updated",
        E::ApiTokenRevoked => "API token was revoked",
        E::TokenGrant => "OAuth2 token request",
        E::AccessTokenGrant => "OAuth2 access token was granted",
        E::TokenRevoke => "OAuth2 token was revoked",
        E::InvalidClientCredentials => "Client presented invalid credentials",
        E::OrgCreated => "Organization was created",
        E::BackupRestored => "The database was replaced by a backup",
        E::MasterKeyRewrapped => "Sealed secrets were moved to another master key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_the_log_is_digits_from_nothing_to_a_thousand() {
        let read = |query| limit(&Query::parse(query)).ok();
        assert_eq!(["", "limit=", "limit=0", "limit=1000"].map(read), [100, 100, 0, 1_000].map(Some));
        for refused in ["limit=1001", "limit=%2B5", "limit=+5", "limit=-1", "limit=ten"] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }
}
