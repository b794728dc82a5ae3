//! `/api/v1/authorizationServers/{server}/policies/{policy}/rules`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use model::rule::{ANY_SCOPE, EVERYONE, Lifetimes, People, ScopeCondition};
use model::{GrantType, GroupId, Rule, Status, UserId};
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::rule::{self as use_case, Path as RulePath, Settings};
use service::admin::{authorization_server, policy};
use service::{ServerEntry, Versioned};

use super::authorization_server::{MANAGE, READ};
use super::policy::url as policy_url;
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{
    App, Asks, IfMatch, Include, Shown, count, lifecycle, link, no_exclude, only, priority, required, status,
    word,
};
use crate::error::ApiError;
use crate::json::{Json, object, object_or_none};
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};
/// The only type that a rule has.
const TYPE: &str = "RESOURCE_ACCESS";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/policies/{policy}/rules";
    const ONE: &str = "/api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}";
    const ACTIVATE: &str =
        "/api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}/lifecycle/activate";
    const DEACTIVATE: &str =
        "/api/v1/authorizationServers/{server}/policies/{policy}/rules/{rule}/lifecycle/deactivate";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, ServerManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, ServerManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), delete)
        .route(Route::guarded(Method::POST, ACTIVATE, MANAGE, ServerManagers), activate)
        .route(Route::guarded(Method::POST, DEACTIVATE, MANAGE, ServerManagers), deactivate)
}

#[derive(Deserialize)]
struct Write {
    r#type: Option<String>,
    name: Option<String>,
    priority: Option<i64>,
    status: Option<String>,
    #[serde(default, deserialize_with = "object")]
    conditions: Conditions,
    #[serde(default, deserialize_with = "object")]
    actions: Actions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Conditions {
    #[serde(default, deserialize_with = "object")]
    people: PeopleWrite,
    #[serde(default, deserialize_with = "object")]
    grant_types: Include,
    #[serde(default, deserialize_with = "object")]
    scopes: Include,
}

#[derive(Default, Deserialize)]
struct PeopleWrite {
    #[serde(default, deserialize_with = "object")]
    users: Include,
    #[serde(default, deserialize_with = "object")]
    groups: Include,
}

#[derive(Default, Deserialize)]
struct Actions {
    #[serde(default, deserialize_with = "object")]
    token: TokenActions,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenActions {
    access_token_lifetime_minutes: Option<i64>,
    refresh_token_lifetime_minutes: Option<i64>,
    refresh_token_window_minutes: Option<i64>,
    #[serde(default, deserialize_with = "object_or_none")]
    inline_hook: Option<InlineHook>,
}

#[derive(Deserialize)]
struct InlineHook {
    id: Option<String>,
}

impl Write {
    fn settings(self) -> Result<Settings, ApiError> {
        if let Some(text) = &self.r#type {
            only("type", text, TYPE)?;
        }
        no_exclude("conditions.grantTypes", &self.conditions.grant_types)?;
        no_exclude("conditions.scopes", &self.conditions.scopes)?;
        let lifetimes = lifetimes(&self.actions.token)?;
        Ok(Settings {
            name: required("name", self.name)?,
            priority: priority(self.priority)?,
            status: status(self.status.as_deref())?,
            grant_types: grant_types(&self.conditions.grant_types.include)?,
            people: people(&self.conditions.people)?,
            scopes: scopes(self.conditions.scopes.include),
            lifetimes,
            inline_hook: self.actions.token.inline_hook.and_then(|hook| hook.id).filter(|id| !id.is_empty()),
        })
    }
}

fn lifetimes(token: &TokenActions) -> Result<Lifetimes, ApiError> {
    let usual = Lifetimes::default();
    let access = count("accessTokenLifetimeMinutes", token.access_token_lifetime_minutes)?;
    let refresh = count("refreshTokenLifetimeMinutes", token.refresh_token_lifetime_minutes)?;
    let window = count("refreshTokenWindowMinutes", token.refresh_token_window_minutes)?;
    Ok(Lifetimes {
        access_token_minutes: access.unwrap_or(usual.access_token_minutes),
        refresh_token_minutes: refresh.unwrap_or(usual.refresh_token_minutes),
        refresh_token_window_minutes: window.unwrap_or(usual.refresh_token_window_minutes),
    })
}

fn grant_types(words: &[String]) -> Result<Vec<GrantType>, ApiError> {
    words.iter().map(|text| word("conditions.grantTypes.include", text)).collect()
}

fn people(written: &PeopleWrite) -> Result<People, ApiError> {
    let group = |field| {
        move |text: &&String| {
            GroupId::parse(text)
                .ok_or_else(|| ApiError::invalid(field, format!("{field}: There is no group `{text}`")))
        }
    };
    let user = |field| {
        move |text: &String| {
            UserId::parse(text)
                .ok_or_else(|| ApiError::invalid(field, format!("{field}: There is no user `{text}`")))
        }
    };
    let everyone = written.groups.include.iter().any(|text| text == EVERYONE);
    let groups = written.groups.include.iter().filter(|text| *text != EVERYONE);
    Ok(People {
        everyone,
        groups: groups
            .map(|text| group("conditions.people.groups.include")(&text))
            .collect::<Result<_, _>>()?,
        exclude_groups: written
            .groups
            .exclude
            .iter()
            .map(|text| group("conditions.people.groups.exclude")(&text))
            .collect::<Result<_, _>>()?,
        users: written
            .users
            .include
            .iter()
            .map(user("conditions.people.users.include"))
            .collect::<Result<_, _>>()?,
        exclude_users: written
            .users
            .exclude
            .iter()
            .map(user("conditions.people.users.exclude"))
            .collect::<Result<_, _>>()?,
    })
}

fn scopes(names: Vec<String>) -> ScopeCondition {
    if names.iter().any(|name| name == ANY_SCOPE) { ScopeCondition::Any } else { ScopeCondition::Only(names) }
}

fn view(here: &Here, server: &ServerEntry, policy: &model::Policy, rule: &Rule) -> Value {
    let own = format!("{}/rules/{}", policy_url(here, server, policy), rule.id);
    let mut links = json!({"self": link(&own, &["GET", "PUT", "DELETE"])});
    lifecycle(&mut links, &own, rule.status);
    json!({
        "id": rule.id,
        "status": rule.status,
        "name": rule.name,
        "priority": rule.priority,
        "created": rule.created.to_string(),
        "lastUpdated": rule.last_updated.to_string(),
        "system": rule.system,
        "conditions": {
            "people": people_view(&rule.people),
            "grantTypes": {"include": rule.grant_types},
            "scopes": {"include": scopes_view(&rule.scopes)},
        },
        "actions": {"token": {
            "accessTokenLifetimeMinutes": rule.lifetimes.access_token_minutes,
            "refreshTokenLifetimeMinutes": rule.lifetimes.refresh_token_minutes,
            "refreshTokenWindowMinutes": rule.lifetimes.refresh_token_window_minutes,
        }},
        "_links": links,
        "type": TYPE,
    })
}

/// Okta always shows `users.exclude` and `groups.include`; the other two lists only if they hold something.
fn people_view(people: &People) -> Value {
    let mut users = json!({});
    if !people.users.is_empty() {
        users["include"] = json!(people.users);
    }
    users["exclude"] = json!(people.exclude_users);
    let everyone = people.everyone.then_some(EVERYONE);
    let include: Vec<&str> = everyone.into_iter().chain(people.groups.iter().map(GroupId::as_str)).collect();
    let mut groups = json!({"include": include});
    if !people.exclude_groups.is_empty() {
        groups["exclude"] = json!(people.exclude_groups);
    }
    json!({"users": users, "groups": groups})
}

fn scopes_view(scopes: &ScopeCondition) -> Value {
    match scopes {
        ScopeCondition::Any => json!([ANY_SCOPE]),
        ScopeCondition::Only(names) => json!(names),
    }
}

fn path((server, policy): (String, String), rule: String) -> RulePath {
    RulePath { server, policy, rule }
}

fn shown(app: &App, here: &Here, path: &RulePath, rule: &Versioned<Rule>) -> Result<Shown, ApiError> {
    let server = authorization_server::get(&app.configuration.current(), &path.server)?;
    let policy = policy::get(&server, &path.policy)?.policy;
    Ok(Shown { view: view(here, &server, &policy.value, &rule.value), revision: rule.revision })
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path((server, policy)): Path<(String, String)>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let server = authorization_server::get(&app.configuration.current(), &server)?;
    let entry = policy::get(&server, &policy)?;
    let rules = entry.rules.iter().map(|rule| view(&here, &server, &entry.policy.value, &rule.value));
    Ok(Json(rules.collect()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(parents): Path<(String, String)>,
    Json(body): Json<Write>,
) -> Result<impl IntoResponse, ApiError> {
    let path = path(parents, String::new());
    let rule = use_case::create(&app, asked, path.clone(), body.settings()?).await?;
    Ok((StatusCode::CREATED, shown(&app, &here, &path, &rule)?))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, policy_id, rule)): Path<(String, String, String)>,
) -> Result<Shown, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    let found = use_case::get(&policy::get(&entry, &policy_id)?, &rule)?;
    shown(&app, &here, &path((server, policy_id), rule), &found)
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path((server, policy, rule)): Path<(String, String, String)>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let path = path((server, policy), rule);
    let rule = use_case::replace(&app, asked, path.clone(), body.settings()?, precondition).await?;
    shown(&app, &here, &path, &rule)
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path((server, policy, rule)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, path((server, policy), rule), precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, policy, rule)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, path((server, policy), rule), Status::Active).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, policy, rule)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, path((server, policy), rule), Status::Inactive).await?;
    Ok(StatusCode::NO_CONTENT)
}
