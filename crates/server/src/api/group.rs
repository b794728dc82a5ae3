//! `/api/v1/groups`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use model::Group;
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::group::{self as use_case, Profile};

use crate::access::Admins::{DirectoryReaders, GroupManagers};
use crate::api::{App, Asks, required};
use crate::error::ApiError;
use crate::json::{Json, object_or_none};
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

const READ: &str = "okta.groups.read";
const MANAGE: &str = "okta.groups.manage";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/groups";
    const ONE: &str = "/api/v1/groups/{group}";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, DirectoryReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, GroupManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, DirectoryReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, GroupManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, GroupManagers), delete)
}

#[derive(Deserialize)]
struct Write {
    #[serde(default, deserialize_with = "object_or_none")]
    profile: Option<ProfileWrite>,
}

#[derive(Deserialize)]
struct ProfileWrite {
    name: Option<String>,
    description: Option<String>,
}

impl Write {
    fn profile(self) -> Result<Profile, ApiError> {
        let profile = required("profile", self.profile)?;
        Ok(Profile { name: required("name", profile.name)?, description: profile.description })
    }
}

fn view(here: &Here, group: &Group) -> Value {
    let own = here.link(&format!("/api/v1/groups/{}", group.id));
    json!({
        "id": group.id,
        "created": group.created.to_string(),
        "lastUpdated": group.last_updated.to_string(),
        "lastMembershipUpdated": group.last_membership_updated.to_string(),
        "objectClass": ["okta:user_group"],
        "type": group.kind,
        "profile": {"name": group.name, "description": group.description},
        "_links": {
            "logo": [],
            "owners": {"href": format!("{own}/owners")},
            "users": {"href": format!("{own}/users")},
            "apps": {"href": format!("{own}/apps")},
        },
    })
}

/// Up to 10,000 groups (Okta's limit); a search by `q` holds 300 and does not page.
type GroupPage = crate::page::Page<10_000, 10_000>;
const FOUND_BY_Q_MAX: usize = 300;

async fn list(
    State(app): State<App>,
    here: Here,
    query: Query,
    page: GroupPage,
) -> Result<Response, ApiError> {
    let q = query.text("q");
    let limit = if q.is_some() { page.limit.min(FOUND_BY_Q_MAX) } else { page.limit };
    let found = use_case::list(&app, q, page.after.as_deref(), limit).await?;
    let views: Vec<Value> = found.items.iter().map(|group| view(&here, group)).collect();
    let next = found.next.as_deref().filter(|_| q.is_none());
    Ok(page.reply(&here, &views, next))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Json(body): Json<Write>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&here, &use_case::create(&app, asked, body.profile()?).await?)))
}

async fn get(State(app): State<App>, here: Here, Path(group): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&here, &use_case::get(&app, &group).await?)))
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(group): Path<String>,
    Json(body): Json<Write>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&here, &use_case::replace(&app, asked, &group, body.profile()?).await?)))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(group): Path<String>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, &group).await?;
    Ok(StatusCode::NO_CONTENT)
}
