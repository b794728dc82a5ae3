//! `GET /oauth2/{server}/v1/keys`: the public keys of a server (RFC 7517).

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use serde_json::{Value, json};
use service::ServerEntry;
use service::key_schedule::{CACHED_SECONDS_MAX, next_change};

use crate::api::App;
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::oauth::metadata::published;
use crate::path::Path;

/// How long the keys may be cached where their planned change is overdue, since it comes with the next round; and where
/// this node cannot know what others did to them.
pub(super) const UNSURE_SECONDS: i64 = 60;

/// The handler.
pub async fn get(
    State(app): State<App>,
    Now(now): Now,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let entry = published(&app, &server)?;
    let keys: Vec<_> = entry.keys.iter().map(|key| &key.public).collect();
    let seconds = max_age_seconds(&entry, app.freshness.check(now).is_ok(), now);
    Ok(cached(json!({"keys": keys}), seconds))
}

/// What verifiers may keep for so many seconds.
pub(super) fn cached(document: Value, seconds: i64) -> Response {
    let mut response = Json(document).into_response();
    if let Ok(value) = HeaderValue::try_from(format!("max-age={seconds}, must-revalidate")) {
        response.headers_mut().insert(CACHE_CONTROL, value);
    }
    response
}

/// Seconds to the next planned change of the keys, at most an hour: Okta lets verifiers cache for weeks, but then an
/// emergency would not be seen.
fn max_age_seconds(entry: &ServerEntry, is_fresh: bool, now: Timestamp) -> i64 {
    let seconds = match next_change(entry).map(|at| at.seconds() - now.seconds()) {
        None => CACHED_SECONDS_MAX,
        Some(seconds) if seconds > 0 => seconds.min(CACHED_SECONDS_MAX),
        Some(_) => UNSURE_SECONDS,
    };
    if is_fresh { seconds } else { seconds.min(UNSURE_SECONDS) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jose::KeyRing;
    use model::Actor;
    use model::authorization_server::RotationMode;
    use model::event::Origin;
    use model::token_format::SigningAlgorithm;
    use service::admin::authorization_server::{self, Settings};
    use service::admin::{Precondition, key};
    use service::configuration::Asked;
    use service::first_start::{self, FirstAdmin};
    use service::freshness::{Followed, Freshness};
    use service::{Snapshot, Tenant};
    use store::Store;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_794_000_000);
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(START.seconds() + seconds)
    }

    fn asked(now: Timestamp) -> Asked {
        Asked { actor: Actor::system(), origin: Origin::default(), now }
    }

    async fn tenant() -> Tenant {
        let (store, ring) = (Store::open_memory().unwrap(), KeyRing::generate().unwrap());
        let made = first_start::create(&store, ring, "id", FirstAdmin::default(), START).await;
        let (org, secrets, _) = made.unwrap();
        Tenant::start(store, org, secrets).await.unwrap()
    }

    /// Changes the default server's algorithm and who rotates its keys.
    async fn set(tenant: &Tenant, algorithm: SigningAlgorithm, mode: RotationMode, now: Timestamp) {
        let settings = Settings {
            name: "default".to_owned(),
            description: None,
            audiences: vec!["api://default".to_owned()],
            issuer_mode: None,
            rotation_mode: Some(mode),
            signing_algorithm: Some(algorithm),
            access_token_profile: None,
            groups_overflow: None,
        };
        let any = Precondition::Any;
        let changed = authorization_server::replace(tenant, asked(now), "default".to_owned(), settings, any);
        changed.await.unwrap();
    }

    #[track_caller]
    fn assert_max_ages(tenant: &Tenant, ages: &[(i64, i64)]) {
        let snapshot: Arc<Snapshot> = tenant.configuration.current();
        let entry = snapshot.find_server("default").unwrap();
        for (now, age) in ages {
            assert_eq!(
                max_age_seconds(entry, tenant.freshness.check(after(*now)).is_ok(), after(*now)),
                *age,
                "{now} seconds after the start"
            );
        }
    }

    #[tokio::test]
    async fn the_age_counts_down_to_the_planned_rotation_and_is_never_more_than_an_hour() {
        let tenant = tenant().await;
        let rotation = 90 * DAY;
        assert_max_ages(
            &tenant,
            &[
                (0, HOUR),
                (rotation - HOUR - 1, HOUR),
                (rotation - HOUR, HOUR),
                (rotation - HOUR + 1, HOUR - 1),
                (rotation - 1, 1),
                (rotation, UNSURE_SECONDS),
                (rotation + DAY, UNSURE_SECONDS),
            ],
        );
    }

    #[tokio::test]
    async fn the_age_counts_down_to_the_end_of_an_expired_key() {
        let tenant = tenant().await;
        key::rotate(&tenant, asked(after(DAY)), "default".to_owned()).await.unwrap();
        let end = DAY + 25 * HOUR;
        assert_max_ages(
            &tenant,
            &[(DAY, HOUR), (end - HOUR, HOUR), (end - 60, 60), (end + 1, UNSURE_SECONDS)],
        );
        key::clear_expired(&tenant, after(end + 1)).await.unwrap();
        assert_max_ages(&tenant, &[(end + 1, HOUR)]);
    }

    #[tokio::test]
    async fn the_age_counts_down_to_the_switch_of_the_algorithm_where_the_server_rotates_by_itself() {
        let tenant = tenant().await;
        set(&tenant, SigningAlgorithm::Es256, RotationMode::Auto, after(DAY)).await;
        let switch = DAY + HOUR + 300;
        assert_max_ages(&tenant, &[(DAY, HOUR), (DAY + 300, HOUR), (DAY + 301, HOUR - 1), (switch - 7, 7)]);
        key::rotate_due(&tenant, after(switch)).await.unwrap();
        assert_max_ages(&tenant, &[(switch, HOUR), (switch + 25 * HOUR - 9, 9)]);
    }

    #[tokio::test]
    async fn a_node_that_cannot_follow_the_others_lets_nobody_cache_its_keys_for_long() {
        let mut tenant = tenant().await;
        tenant.freshness = Freshness::shared();
        for followed in [Followed::Configuration, Followed::Revocations, Followed::Clock] {
            tenant.freshness.confirm(followed, after(DAY));
        }
        let rotation = 90 * DAY;
        assert_max_ages(&tenant, &[(DAY, HOUR), (DAY + 2, UNSURE_SECONDS), (rotation - 5, 5)]);
    }

    #[tokio::test]
    async fn nothing_is_planned_where_an_admin_rotates() {
        let tenant = tenant().await;
        set(&tenant, SigningAlgorithm::Es256, RotationMode::Manual, after(DAY)).await;
        assert_max_ages(
            &tenant,
            &[(DAY, HOUR), (DAY + HOUR + 299, HOUR), (90 * DAY, HOUR), (900 * DAY, HOUR)],
        );
    }
}
