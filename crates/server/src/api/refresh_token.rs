//! `/api/v1/authorizationServers/{server}/clients` and the refresh tokens that they hold.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use service::admin::authorization_server;
use service::admin::refresh_token::{self as use_case, Holder, RefreshToken};
use service::{AppEntry, ServerEntry};

use super::authorization_server::{MANAGE, READ, url as server_url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, Page, link};
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

/// 20 tokens where the request does not say, and 200 at most (Okta).
type TokenPage = crate::page::Page<20, 200>;

pub(super) fn routes() -> Routes<App> {
    const CLIENTS: &str = "/api/v1/authorizationServers/{server}/clients";
    const ALL: &str = "/api/v1/authorizationServers/{server}/clients/{client}/tokens";
    const ONE: &str = "/api/v1/authorizationServers/{server}/clients/{client}/tokens/{token}";
    Routes::new()
        .route(Route::guarded(Method::GET, CLIENTS, READ, ServerReaders), clients)
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::DELETE, ALL, MANAGE, ServerManagers), revoke_all)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), revoke)
}

fn tokens_url(here: &Here, server: &ServerEntry, client: &AppEntry) -> String {
    format!("{}/clients/{}/tokens", server_url(here, server), client.app.value.client_id)
}

fn titled(href: &str, title: &str) -> Value {
    json!({"href": href, "title": title})
}

fn client_link(here: &Here, client: &AppEntry) -> Value {
    let app = &client.app.value;
    titled(&here.link(&format!("/oauth2/v1/clients/{}", app.client_id)), &app.label)
}

fn client_view(here: &Here, server: &ServerEntry, client: &AppEntry) -> Value {
    let app = &client.app.value;
    let kept = |name: &str| app.oauth.kept.get(name).cloned().unwrap_or_default();
    json!({
        "client_id": app.client_id,
        "client_name": app.label,
        "client_uri": kept("client_uri"),
        "logo_uri": kept("logo_uri"),
        "_links": {
            "client": client_link(here, client),
            "tokens": link(&tokens_url(here, server, client), &["GET", "DELETE"]),
        },
    })
}

fn view(here: &Here, holder: &Holder, token: &RefreshToken, expand: bool) -> Value {
    let Holder { server, client } = holder;
    let app = &client.app.value;
    let own = format!("{}/{}", tokens_url(here, server, client), token.id);
    let mut links = json!({
        "app": titled(&here.link(&format!("/api/v1/apps/{}", app.id)), &app.label),
        "authorizationServer": titled(&server_url(here, server), &server.server.value.name),
        "self": {"href": own},
        "revoke": link(&own, &["DELETE"]),
        "client": client_link(here, client),
    });
    if let Some(user) = token.user {
        let name = token.user_name.as_deref().unwrap_or(user.as_str());
        links["user"] = titled(&here.link(&format!("/api/v1/users/{user}")), name);
    }
    let mut view = json!({
        "id": token.id,
        "status": "ACTIVE",
        "created": token.created.to_string(),
        "lastUpdated": token.last_updated.to_string(),
        "expiresAt": token.expires.to_string(),
        "issuer": service::issuer(&here.issuers(), server),
        "clientId": app.client_id,
        "userId": token.user,
        "scopes": token.scopes,
    });
    if expand {
        view["_embedded"] = json!({"scopes": embedded(here, server, token)});
    }
    view["_links"] = links;
    view
}

/// The token's scopes, as far as the server still has them.
fn embedded(here: &Here, server: &ServerEntry, token: &RefreshToken) -> Vec<Value> {
    let all = server.scopes();
    let named = token.scopes.iter().filter_map(|name| all.iter().find(|scope| scope.value.name == *name));
    let view = |scope: &model::Scope| {
        let title = scope.display_name.as_deref().unwrap_or(&scope.name);
        let href = format!("{}/scopes/{}", server_url(here, server), scope.id);
        json!({
            "id": scope.id,
            "name": scope.name,
            "displayName": scope.display_name,
            "description": scope.description,
            "_links": {"scope": titled(&href, title)},
        })
    };
    named.map(|scope| view(&scope.value)).collect()
}

fn expands(query: &Query) -> bool {
    query.text("expand") == Some("scope")
}

async fn clients(
    State(app): State<App>,
    here: Here,
    Path(server): Path<String>,
    Now(now): Now,
    page: Page,
) -> Result<Response, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    let found = use_case::clients(&app, &entry, page.after.as_deref(), page.limit, now).await?;
    let views: Vec<Value> = found.items.iter().map(|client| client_view(&here, &entry, client)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path((server, client)): Path<(String, String)>,
    Now(now): Now,
    query: Query,
    page: TokenPage,
) -> Result<Response, ApiError> {
    let holder = Holder::get(&app, &server, &client)?;
    let found = use_case::list(&app, &holder, page.after.as_deref(), page.limit, now).await?;
    let expand = expands(&query);
    let views: Vec<Value> = found.items.iter().map(|token| view(&here, &holder, token, expand)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, client, token)): Path<(String, String, String)>,
    Now(now): Now,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let holder = Holder::get(&app, &server, &client)?;
    let token = use_case::get(&app, &holder, &token, now).await?;
    Ok(Json(view(&here, &holder, &token, expands(&query))))
}

async fn revoke(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, client, token)): Path<(String, String, String)>,
) -> Result<StatusCode, ApiError> {
    let holder = Holder::get(&app, &server, &client)?;
    use_case::revoke(&app, &asked, &holder, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_all(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, client)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let holder = Holder::get(&app, &server, &client)?;
    use_case::revoke_all(&app, &asked, &holder).await?;
    Ok(StatusCode::NO_CONTENT)
}
