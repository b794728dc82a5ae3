//! `/api/v1/users`, as far as an admin who calls the API is one.

use axum::extract::State;
use axum::http::Method;
use model::{OrgId, User};
use serde_json::{Value, json};
use service::admin::user as use_case;

use crate::access::{Admins, Caller};
use crate::api::{App, time};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ONE: &str = "/api/v1/users/{user}";
    Routes::new().route(Route::guarded(Method::GET, ONE, "okta.users.read", Admins::Anyone), get)
}

/// The org has one user type; its id is derived, so it needs no row.
fn view(here: &Here, org: OrgId, user: &User) -> Value {
    let own = here.link(&format!("/api/v1/users/{}", user.id));
    let mut profile = user.profile.clone();
    // Historical: always there, even if never set.
    for name in ["mobilePhone", "secondEmail"] {
        profile.entry(name).or_insert(Value::Null);
    }
    json!({
        "id": user.id,
        "status": user.status,
        "created": user.created.to_string(),
        "activated": time(user.activated),
        "statusChanged": time(user.status_changed),
        "lastLogin": time(user.last_login),
        "lastUpdated": user.last_updated.to_string(),
        "passwordChanged": time(user.password_changed),
        "type": {"id": org.as_id().derive("oty", 0).as_str()},
        "profile": profile,
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": own}},
    })
}

/// `me` is the user whose token it is. Whoever has no role that reads users sees only that one.
async fn get(
    State(app): State<App>,
    caller: Caller,
    here: Here,
    Path(user): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let wanted = if user == "me" { caller.id.clone() } else { user };
    if wanted != caller.id && !Admins::DirectoryReaders.admit(&caller.roles) {
        return Err(crate::error::code::ACCESS_DENIED.into());
    }
    Ok(Json(view(&here, app.org(), &use_case::get(&app, &wanted).await?)))
}
