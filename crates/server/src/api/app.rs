//! `/api/v1/apps`: OIDC apps.

use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use model::app::{
    ApplicationType, AuthMethod, ClientKeys, ConsentMethod, OAuthSettings, RefreshTokenSettings,
    RegisteredJwk, ResponseType, RotationType, WildcardRedirect,
};
use model::authorization_server::IssuerMode;
use model::{App as AppModel, ClientId, GrantType, Status, Timestamp, Word};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use service::admin::app::{self as use_case, Settings};
use service::admin::jwk;
use service::ids::IdSource;
use service::{AppEntry, Snapshot};

use crate::access::Admins::{AppManagers, AppReaders};
use crate::api::{App, Asks, IfMatch, Page, Shown, link, only, optional, or_default, required, word};
use crate::error::ApiError;
use crate::filter::Filter;
use crate::json::{Json, object, object_or_none};
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

const READ: &str = "okta.apps.read";
const MANAGE: &str = "okta.apps.manage";
const SIGN_ON_MODE: &str = "OPENID_CONNECT";
const NAME: &str = "oidc_client";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/apps";
    const ONE: &str = "/api/v1/apps/{app}";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, AppReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, AppManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, AppReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, AppManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, AppManagers), delete)
        .route(
            Route::guarded(Method::POST, "/api/v1/apps/{app}/lifecycle/activate", MANAGE, AppManagers),
            activate,
        )
        .route(
            Route::guarded(Method::POST, "/api/v1/apps/{app}/lifecycle/deactivate", MANAGE, AppManagers),
            deactivate,
        )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Write {
    name: Option<String>,
    label: Option<String>,
    sign_on_mode: Option<String>,
    #[serde(default, deserialize_with = "object")]
    credentials: Credentials,
    #[serde(default, deserialize_with = "object")]
    settings: SettingsWrite,
    profile: Option<Map<String, Value>>,
    accessibility: Option<Value>,
    visibility: Option<Value>,
    features: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    user_name_template: Option<Value>,
    #[serde(default, deserialize_with = "object")]
    oauth_client: OAuthCredentials,
}

#[derive(Default, Deserialize)]
struct OAuthCredentials {
    client_id: Option<String>,
    client_secret: Option<String>,
    token_endpoint_auth_method: Option<String>,
    pkce_required: Option<bool>,
    #[serde(rename = "autoKeyRotation")]
    auto_key_rotation: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsWrite {
    #[serde(default, deserialize_with = "object")]
    oauth_client: OAuthClient,
    #[serde(flatten)]
    kept: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct OAuthClient {
    application_type: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    consent_method: Option<String>,
    issuer_mode: Option<String>,
    wildcard_redirect: Option<String>,
    dpop_bound_access_tokens: Option<bool>,
    #[serde(default, deserialize_with = "object_or_none")]
    refresh_token: Option<RefreshToken>,
    #[serde(default, deserialize_with = "object_or_none")]
    jwks: Option<Jwks>,
    jwks_uri: Option<String>,
    #[serde(flatten)]
    kept: Map<String, Value>,
}

#[derive(Deserialize)]
struct RefreshToken {
    rotation_type: Option<String>,
    leeway: Option<u32>,
}

#[derive(Deserialize)]
struct Jwks {
    #[serde(default, deserialize_with = "or_default")]
    keys: Vec<Map<String, Value>>,
}

/// Members of `settings.oauthClient` that are kept and shown where they were given. What Okta does not know is
/// ignored.
const KEPT_CLIENT: &[&str] = &[
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "initiate_login_uri",
    "idp_initiated_login",
    "network",
    "participate_slo",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "backchannel_authentication_request_signing_alg",
    "backchannel_custom_authenticator_id",
    "backchannel_token_delivery_mode",
    "request_object_signing_alg",
    "id_token_encrypted_response_alg",
    "sector_identifier_uri",
    "subject_type",
];

/// Members of `settings` that are kept.
const KEPT_SETTINGS: &[&str] =
    &["app", "notifications", "manualProvisioning", "implicitAssignment", "emOptInStatus", "notes"];

/// What reading a body needs besides it: the keys that the app has, and ids for new ones.
struct Reading<'a> {
    ids: &'a IdSource,
    known: &'a [RegisteredJwk],
    now: Timestamp,
}

impl Write {
    fn settings(self, reading: &Reading<'_>) -> Result<Settings, ApiError> {
        let sign_on_mode = required("signOnMode", self.sign_on_mode.as_deref())?;
        only("signOnMode", sign_on_mode, SIGN_ON_MODE)?;
        if let Some(name) = &self.name {
            only("name", name, NAME)?;
        }
        let label = required("label", self.label)?;
        let Credentials { user_name_template, oauth_client: credentials } = self.credentials;
        let chosen = credentials.client_id.as_deref().map(ClientId::new);
        let secret = credentials.client_secret.clone();
        let oauth = oauth_settings(&credentials, self.settings.oauth_client, reading)?;
        let mut kept = Map::new();
        let parts = [
            ("accessibility", self.accessibility),
            ("visibility", self.visibility),
            ("features", self.features),
            ("userNameTemplate", user_name_template),
            ("settings", Some(Value::Object(among(self.settings.kept, KEPT_SETTINGS)))),
        ];
        for (name, given) in parts {
            if let Some(given) = given.filter(|given| !given.is_null() && *given != json!({})) {
                kept.insert(name.to_owned(), given);
            }
        }
        Ok(Settings { label, client_id: chosen, client_secret: secret, oauth, profile: self.profile, kept })
    }
}

fn among(members: Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    members.into_iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.is_null()).collect()
}

fn oauth_settings(
    credentials: &OAuthCredentials,
    client: OAuthClient,
    reading: &Reading<'_>,
) -> Result<OAuthSettings, ApiError> {
    use ApplicationType::{Browser, Native, Service, Web};
    let application_type = optional("application_type", client.application_type.as_deref())?.unwrap_or(Web);
    let usual = Usual::of(application_type);
    let auth_method = credentials.token_endpoint_auth_method.as_deref();
    let auth_method =
        optional("token_endpoint_auth_method", auth_method)?.unwrap_or(match application_type {
            Browser => AuthMethod::None,
            Native | Service | Web => AuthMethod::ClientSecretBasic,
        });
    let pkce = matches!(application_type, Browser | Native) || auth_method == AuthMethod::None;
    let consent_method = optional("consent_method", client.consent_method.as_deref())?;
    let wildcard_redirect = optional("wildcard_redirect", client.wildcard_redirect.as_deref())?;
    check_network(client.kept.get("network"))?;
    Ok(OAuthSettings {
        auth_method,
        pkce_required: credentials.pkce_required.unwrap_or(pkce),
        auto_key_rotation: credentials.auto_key_rotation.unwrap_or(true),
        application_type,
        grant_types: all("grant_types", client.grant_types.as_deref())?.unwrap_or(usual.grant_types),
        response_types: all("response_types", client.response_types.as_deref())?
            .unwrap_or(usual.response_types),
        redirect_uris: client.redirect_uris.unwrap_or_default(),
        post_logout_redirect_uris: client.post_logout_redirect_uris,
        consent_method: consent_method.unwrap_or(ConsentMethod::Trusted),
        issuer_mode: optional("issuer_mode", client.issuer_mode.as_deref())?.unwrap_or(IssuerMode::OrgUrl),
        wildcard_redirect: wildcard_redirect.unwrap_or(WildcardRedirect::Disabled),
        dpop_bound_access_tokens: client.dpop_bound_access_tokens.unwrap_or(false),
        keys: keys(client.jwks, client.jwks_uri, reading)?,
        refresh_token: client.refresh_token.map(|settings| refresh_token(&settings)).transpose()?,
        kept: among(client.kept, KEPT_CLIENT),
    })
}

/// `ANYWHERE`, or zones, which the token endpoint refuses while there are none: never anything that it could not read.
fn check_network(network: Option<&Value>) -> Result<(), ApiError> {
    let connection = match network {
        None | Some(Value::Null) => return Ok(()),
        Some(network) => network.get("connection").and_then(Value::as_str),
    };
    match connection {
        Some("ANYWHERE" | "ZONE") => Ok(()),
        _ => Err(ApiError::invalid("network", "network.connection: must be ANYWHERE or ZONE")),
    }
}

/// What an app gets that does not say.
struct Usual {
    grant_types: Vec<GrantType>,
    response_types: Vec<ResponseType>,
}

impl Usual {
    fn of(application_type: ApplicationType) -> Self {
        match application_type {
            ApplicationType::Service => Self {
                grant_types: vec![GrantType::ClientCredentials],
                response_types: vec![ResponseType::Token],
            },
            _ => Self {
                grant_types: vec![GrantType::AuthorizationCode],
                response_types: vec![ResponseType::Code],
            },
        }
    }
}

fn all<T: Word>(field: &'static str, texts: Option<&[String]>) -> Result<Option<Vec<T>>, ApiError> {
    texts.map(|texts| texts.iter().map(|text| word(field, text)).collect()).transpose()
}

fn refresh_token(settings: &RefreshToken) -> Result<RefreshTokenSettings, ApiError> {
    let rotation_type = optional("refresh_token.rotation_type", settings.rotation_type.as_deref())?;
    Ok(RefreshTokenSettings {
        rotation_type: rotation_type.unwrap_or(RotationType::Static),
        leeway: settings.leeway,
    })
}

fn keys(
    jwks: Option<Jwks>,
    uri: Option<String>,
    reading: &Reading<'_>,
) -> Result<Option<ClientKeys>, ApiError> {
    let jwks = jwks.filter(|jwks| !jwks.keys.is_empty());
    match (jwks, uri.filter(|uri| !uri.is_empty())) {
        (Some(_), Some(_)) => Err(ApiError::invalid("jwks", "jwks: Give either jwks or jwks_uri, not both")),
        (None, None) => Ok(None),
        (None, Some(uri)) => {
            model::invalid::text("jwks_uri", &uri, 1, 1_024).map_err(service::admin::Refusal::from)?;
            if !uri.starts_with("https://") && !uri.starts_with("http://") {
                return Err(ApiError::invalid(
                    "jwks_uri",
                    "jwks_uri: The URI must start with https:// or http://",
                ));
            }
            Ok(Some(ClientKeys::JwksUri(uri)))
        }
        (Some(jwks), None) => {
            Ok(Some(ClientKeys::Jwks(jwk::register(reading.ids, reading.known, jwks.keys, reading.now)?)))
        }
    }
}

/// `given` over `usual`, member by member; what Okta shows by default comes first and in its order.
fn over(usual: Value, given: Option<&Value>) -> Value {
    match (usual, given) {
        (usual, None | Some(Value::Null)) => usual,
        (Value::Object(mut usual), Some(Value::Object(given))) => {
            for (name, value) in given {
                let merged = over(usual.get(name).cloned().unwrap_or(Value::Null), Some(value));
                usual.insert(name.clone(), merged);
            }
            usual.into()
        }
        (_, Some(given)) => given.clone(),
    }
}

fn view(here: &Here, snapshot: &Snapshot, entry: &AppEntry, secret: Option<&str>) -> Value {
    let org = snapshot.org_id;
    let app = &entry.app.value;
    let kept = |name: &str| app.kept.get(name);
    let settings = json!({
        "app": {},
        "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": null, "helpUrl": null}},
        "manualProvisioning": false,
        "implicitAssignment": false,
        "emOptInStatus": "NONE",
        "notes": {"admin": null, "enduser": null},
    });
    let mut settings = over(settings, kept("settings"));
    settings["oauthClient"] = oauth_client(app);
    let mut view = json!({
        "id": app.id,
        "orn": format!("orn:okta:idp:{org}:apps:{NAME}:{}", app.id),
        "name": NAME,
        "label": app.label,
        "status": app.status,
        "lastUpdated": app.last_updated.to_string(),
        "created": app.created.to_string(),
        "accessibility": over(
            json!({"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null}),
            kept("accessibility"),
        ),
        "visibility": over(
            json!({
                "autoLaunch": false,
                "autoSubmitToolbar": false,
                "hide": {"iOS": true, "web": true},
                "appLinks": {"oidc_client_link": true},
            }),
            kept("visibility"),
        ),
        "features": kept("features").cloned().unwrap_or_else(|| json!([])),
        "signOnMode": SIGN_ON_MODE,
        "credentials": {
            "userNameTemplate": over(json!({"template": "${source.login}", "type": "BUILT_IN"}), kept("userNameTemplate")),
            "signing": {"kid": signing_kid(snapshot)},
            "oauthClient": credentials(app, secret),
        },
        "universalLogout": null,
        "settings": settings,
    });
    if let Some(profile) = &app.profile {
        view["profile"] = json!(profile);
    }
    view["_links"] = links(here, app);
    view
}

/// The key that signs for the app. Okta names the org's own key; until the org signs tokens of its own, it is the
/// default server's.
fn signing_kid(snapshot: &Snapshot) -> Option<String> {
    let server = snapshot.find_server(model::authorization_server::DEFAULT)?;
    server.keys.active().map(|key| key.kid.clone())
}

fn credentials(app: &AppModel, secret: Option<&str>) -> Value {
    let mut credentials = json!({"autoKeyRotation": app.oauth.auto_key_rotation, "client_id": app.client_id});
    if let Some(secret) = secret {
        credentials["client_secret"] = json!(secret);
    }
    credentials["token_endpoint_auth_method"] = json!(app.oauth.auth_method);
    credentials["pkce_required"] = json!(app.oauth.pkce_required);
    credentials
}

/// `settings.oauthClient` in Okta's order: what is always there, and between it what was given.
fn oauth_client(app: &AppModel) -> Value {
    let oauth = &app.oauth;
    let mut client = Map::new();
    let mut kept = oauth.kept.clone();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            client.insert(name.to_owned(), value);
        }
    };
    let mut take = |name: &str| kept.shift_remove(name);
    put("client_uri", Some(take("client_uri").unwrap_or_default()));
    put("logo_uri", Some(take("logo_uri").unwrap_or_default()));
    put("redirect_uris", Some(json!(oauth.redirect_uris)));
    put("post_logout_redirect_uris", oauth.post_logout_redirect_uris.as_ref().map(|uris| json!(uris)));
    put("response_types", Some(json!(oauth.response_types)));
    put("grant_types", Some(json!(oauth.grant_types)));
    put("initiate_login_uri", take("initiate_login_uri"));
    put("application_type", Some(json!(oauth.application_type)));
    put("tos_uri", take("tos_uri"));
    put("policy_uri", take("policy_uri"));
    match &oauth.keys {
        Some(ClientKeys::Jwks(keys)) => {
            put("jwks", Some(json!({"keys": keys.iter().map(super::jwk::view).collect::<Vec<_>>()})));
        }
        Some(ClientKeys::JwksUri(uri)) => put("jwks_uri", Some(json!(uri))),
        None => {}
    }
    put("consent_method", Some(json!(oauth.consent_method)));
    put("issuer_mode", Some(json!(oauth.issuer_mode)));
    put("refresh_token", oauth.refresh_token.map(refresh_token_view));
    let no_login = json!({"mode": "DISABLED", "default_scope": []});
    put("idp_initiated_login", Some(over(no_login, take("idp_initiated_login").as_ref())));
    put("wildcard_redirect", Some(json!(oauth.wildcard_redirect)));
    put("dpop_bound_access_tokens", Some(json!(oauth.dpop_bound_access_tokens)));
    put("network", take("network"));
    put("participate_slo", Some(take("participate_slo").unwrap_or(Value::Bool(false))));
    client.extend(kept);
    client.into()
}

fn refresh_token_view(settings: RefreshTokenSettings) -> Value {
    let mut view = json!({"rotation_type": settings.rotation_type});
    if let Some(leeway) = settings.leeway {
        view["leeway"] = json!(leeway);
    }
    view
}

/// Only what is served is linked to.
fn links(here: &Here, app: &AppModel) -> Value {
    let own = here.link(&format!("/api/v1/apps/{}", app.id));
    let verb = if app.status.is_active() { "deactivate" } else { "activate" };
    let mut links = json!({
        "uploadLogo": link(&format!("{own}/logo"), &["POST"]),
        "appLinks": [],
        "policies": link(&format!("{own}/policies"), &["PUT"]),
        "groups": {"href": format!("{own}/groups")},
        "logo": [],
        "clientCredentials": [{"name": "secrets", "href": format!("{own}/credentials/secrets")}],
        "users": {"href": format!("{own}/users")},
    });
    links[verb] = json!({"href": format!("{own}/lifecycle/{verb}")});
    links
}

/// What a list of apps can be filtered by.
const FILTERS: &[&str] = &["id", "status", "name", "credentials.signing.kid"];

async fn list(State(app): State<App>, here: Here, query: Query, page: Page) -> Result<Response, ApiError> {
    let filter =
        query.text("filter").map(|text| Filter::parse(text, FILTERS)).transpose()?.unwrap_or_default();
    let snapshot = app.configuration.current();
    let kid = signing_kid(&snapshot);
    let lets_through = |entry: &AppEntry| {
        filter.lets_through(|attribute, value| match attribute {
            "id" => entry.app.value.id.as_str() == value,
            "status" => entry.app.value.status.as_str() == value,
            "name" => value == NAME,
            "credentials.signing.kid" => kid.as_deref() == Some(value),
            _ => false,
        })
    };
    let found = use_case::list(&snapshot, query.text("q"), lets_through, page.after.as_deref(), page.limit);
    let views: Vec<Value> = found.items.iter().map(|entry| view(&here, &snapshot, entry, None)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    query: Query,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let active = query.text("activate").is_none() || query.flag("activate")?;
    let status = if active { Status::Active } else { Status::Inactive };
    let settings = body.settings(&Reading { ids: &app.ids, known: &[], now: asked.now })?;
    let written = use_case::create(&app, asked, settings, status).await?;
    Ok(shown(&here, &app, &written.entry, written.client_secret.as_deref()))
}

fn shown(here: &Here, app: &App, entry: &AppEntry, secret: Option<&str>) -> Shown {
    Shown { view: view(here, &app.configuration.current(), entry, secret), revision: entry.app.revision }
}

async fn get(State(app): State<App>, here: Here, Path(id): Path<String>) -> Result<Shown, ApiError> {
    Ok(shown(&here, &app, &*use_case::get(&app.configuration.current(), &id)?, None))
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path(id): Path<String>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let current = use_case::get(&app.configuration.current(), &id)?;
    let reading = Reading { ids: &app.ids, known: jwk::list(&current), now: asked.now };
    let settings = body.settings(&reading)?;
    let written = use_case::replace(&app, asked, id, settings, precondition).await?;
    Ok(shown(&here, &app, &written.entry, written.client_secret.as_deref()))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path(id): Path<String>,
) -> Result<axum::http::StatusCode, ApiError> {
    use_case::delete(&app, asked, id, precondition).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    use_case::set_status(&app, asked, id, Status::Active).await?;
    Ok(Json(json!({})))
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    use_case::set_status(&app, asked, id, Status::Inactive).await?;
    Ok(Json(json!({})))
}
