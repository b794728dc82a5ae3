//! `/api/v1/org` and `/.well-known/okta-organization`

use axum::extract::State;
use axum::http::Method;
use serde_json::{Value, json};

use crate::access::Admins;
use crate::api::App;
use crate::cors::Cors;
use crate::json::Json;
use crate::origin::Here;
use crate::routes::{Produces, Route, Routes};

pub(super) fn routes() -> Routes<App> {
    let well_known = Route::open(Method::GET, "/.well-known/okta-organization");
    Routes::new()
        .route(well_known.cors(Cors::Public).produces(Produces::Json), well_known_organization)
        .route(Route::guarded(Method::GET, "/api/v1/org", "okta.orgs.read", Admins::OrgReaders), get)
}

/// What clients ask before anything else: which engine signs people in. `v1` is the classic one.
async fn well_known_organization(State(app): State<App>, here: Here) -> Json<Value> {
    Json(json!({
        "id": app.org(),
        "cell": "local",
        "_links": {"organization": {"href": here.origin.as_str()}},
        "pipeline": "v1",
        "settings": {
            "analyticsCollectionEnabled": false,
            "bugReportingEnabled": false,
            "omEnabled": false,
            "pssoEnabled": false,
            "desktopMFAEnabled": false,
            "itpEnabled": false,
        },
    }))
}

async fn get(State(app): State<App>, here: Here) -> Json<Value> {
    let snapshot = app.configuration.current();
    let org = snapshot.org();
    let own = here.link("/api/v1/org");
    let link = |path: &str| json!({"href": format!("{own}{path}")});
    Json(json!({
        "id": org.id,
        "companyName": org.company_name,
        "subdomain": org.subdomain,
        "status": "ACTIVE",
        "created": org.created.to_string(),
        "lastUpdated": org.last_updated.to_string(),
        "expiresAt": null,
        "address1": null,
        "address2": null,
        "city": null,
        "state": null,
        "postalCode": null,
        "country": null,
        "phoneNumber": null,
        "website": null,
        "supportPhoneNumber": null,
        "endUserSupportHelpURL": null,
        "_links": {
            "preferences": link("/preferences"),
            "uploadLogo": {"href": format!("{own}/logo"), "hints": {"allow": ["POST"]}},
            "oktaCommunication": link("/privacy/oktaCommunication"),
            "logo": null,
            "oktaSupport": link("/privacy/oktaSupport"),
            "contacts": link("/contacts"),
        },
    }))
}
