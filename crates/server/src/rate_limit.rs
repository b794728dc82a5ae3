//! Counting requests per bucket in fixed windows of one minute. Owns the buckets, their sizes and the counting; leaves
//! out refusing (nothing is refused yet) and limits per user, client and token.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::Timestamp;

const LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

macro_rules! buckets {
    ($($(#[$doc:meta])* $name:ident = $limit:literal,)+) => {
        /// Requests that are counted together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Bucket {
            $($(#[$doc])* $name,)+
        }

        impl Bucket {
            /// Every bucket.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Requests per minute.
            pub const fn limit(self) -> u32 {
                match self {
                    $(Self::$name => $limit,)+
                }
            }
        }
    };
}

buckets! {
    /// `/oauth2/{id}/v1/authorize` and the org's.
    Authorize = 1_200,
    /// `/oauth2/{id}/v1/token` and the org's.
    Token = 1_200,
    /// `/oauth2/v1/clients`
    Clients = 100,
    /// Everything else below `/oauth2`.
    OtherOauth = 600,
    /// `/api/v1/authn/factors/{id}/verify`
    FactorVerify = 600,
    /// `/api/v1/sessions`
    Sessions = 600,
    /// `/idp/idx/introspect`
    IdxIntrospect = 2_000,
    /// `/idp/idx/identify`
    IdxIdentify = 1_000,
    /// Everything else below `/idp/idx`.
    OtherIdx = 1_000,
    /// `/api/v1/apps`: list and create.
    Apps = 100,
    /// `/api/v1/apps/{id}` and below.
    App = 600,
    /// `/api/v1/groups` and below.
    Groups = 600,
    /// `/api/v1/users` and below, but not reading one user.
    Users = 600,
    /// `GET /api/v1/users/{id}`
    UserRead = 1_000,
    /// `/api/v1/logs`
    Logs = 50,
    /// Everything else.
    OtherApi = 600,
    /// Keys, metadata, health. Okta never refuses these; clients read the headers all the same.
    Metadata = 1_000_000,
}

impl Bucket {
    /// The bucket of a route or, of a request that no route matched: the exact path first, then the longest prefix.
    pub fn of(method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            ["health", ..] | [".well-known", "oauth-authorization-server" | "openid-configuration"] => {
                Self::Metadata
            }
            ["oauth2", "v1", rest @ ..] | ["oauth2", _, "v1", rest @ ..] => match rest {
                ["authorize", ..] => Self::Authorize,
                ["token"] => Self::Token,
                ["clients", ..] => Self::Clients,
                ["keys"] => Self::Metadata,
                _ => Self::OtherOauth,
            },
            ["oauth2", _, ".well-known", ..] => Self::Metadata,
            ["oauth2", ..] => Self::OtherOauth,
            ["idp", "idx", "introspect"] => Self::IdxIntrospect,
            ["idp", "idx", "identify"] => Self::IdxIdentify,
            ["idp", "idx", ..] => Self::OtherIdx,
            ["api", "v1", "authn", "factors", .., "verify"] => Self::FactorVerify,
            ["api", "v1", "sessions", ..] => Self::Sessions,
            ["api", "v1", "apps"] => Self::Apps,
            ["api", "v1", "apps", ..] => Self::App,
            ["api", "v1", "groups", ..] => Self::Groups,
            ["api", "v1", "users", _] if method == Method::GET => Self::UserRead,
            ["api", "v1", "users", ..] => Self::Users,
            ["api", "v1", "logs", ..] => Self::Logs,
            _ => Self::OtherApi,
        }
    }
}

/// How much of a bucket is used, as the reply's three headers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Requests per minute.
    pub limit: u32,
    /// How many more the window takes; never below zero.
    pub remaining: u32,
    /// When the next window begins, in seconds since 1970.
    pub reset: u64,
}

impl Usage {
    /// Writes the three headers.
    pub fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}

/// One counter per bucket: the window's minute in the upper half, the count in the lower.
#[derive(Debug, Default)]
pub struct RateLimits {
    counters: [AtomicU64; Bucket::ALL.len()],
}

impl RateLimits {
    /// Counts one request.
    pub fn count(&self, bucket: Bucket, now: Timestamp) -> Usage {
        let limit = bucket.limit();
        let minute = u32::try_from(now.seconds().div_euclid(60)).unwrap_or(0);
        let before = self.counters[bucket as usize]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |packed| Some(counted(packed, minute)))
            .unwrap_or_else(|packed| packed);
        let (window, used) = unpack(counted(before, minute));
        let reset = (u64::from(window) + 1) * 60;
        Usage { limit, remaining: limit.saturating_sub(used), reset }
    }
}

/// One more in the window of `minute`, or the first of a new window. A clock that goes back stays in its window.
fn counted(packed: u64, minute: u32) -> u64 {
    let (window, used) = unpack(packed);
    if minute > window {
        u64::from(minute) << 32 | 1
    } else {
        u64::from(window) << 32 | u64::from(used.saturating_add(1))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of 64 bits")]
fn unpack(packed: u64) -> (u32, u32) {
    ((packed >> 32) as u32, packed as u32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_window_counts_down_and_the_next_minute_starts_anew() {
        let limits = RateLimits::default();
        let now = Timestamp::from_seconds(1_800_000_030);
        let usage = |now| limits.count(Bucket::Logs, now);
        assert_eq!(usage(now), Usage { limit: 50, remaining: 49, reset: 1_800_000_060 });
        for _ in 0..60 {
            usage(now);
        }
        assert_eq!(usage(now).remaining, 0);
        let next = Timestamp::from_seconds(1_800_000_060);
        assert_eq!(usage(next), Usage { limit: 50, remaining: 49, reset: 1_800_000_120 });
        assert_eq!(usage(now).reset, 1_800_000_120, "a clock that goes back gives no fresh window");
    }

    #[test]
    fn threads_lose_no_count() {
        let limits = Arc::new(RateLimits::default());
        let now = Timestamp::from_seconds(60);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..100).for_each(|_| {
                        limits.count(Bucket::Token, now);
                    });
                });
            }
        });
        assert_eq!(limits.count(Bucket::Token, now).remaining, 1_200 - 401);
    }

    #[test]
    fn paths_fall_into_their_buckets() {
        for (method, path, bucket) in [
            (Method::POST, "/oauth2/{id}/v1/token", Bucket::Token),
            (Method::POST, "/oauth2/v1/token", Bucket::Token),
            (Method::GET, "/oauth2/default/v1/keys", Bucket::Metadata),
            (Method::GET, "/oauth2/default/.well-known/openid-configuration", Bucket::Metadata),
            (Method::GET, "/.well-known/okta-organization", Bucket::OtherApi),
            (Method::GET, "/oauth2/v1/clients/{id}", Bucket::Clients),
            (Method::POST, "/oauth2/v1/introspect", Bucket::OtherOauth),
            (Method::GET, "/api/v1/apps", Bucket::Apps),
            (Method::GET, "/api/v1/apps/{id}/grants", Bucket::App),
            (Method::GET, "/api/v1/users/{id}", Bucket::UserRead),
            (Method::PUT, "/api/v1/users/{id}", Bucket::Users),
            (Method::POST, "/api/v1/authn/factors/x/verify", Bucket::FactorVerify),
            (Method::GET, "/api/v1/authorizationServers", Bucket::OtherApi),
            (Method::GET, "/nowhere", Bucket::OtherApi),
        ] {
            assert_eq!(Bucket::of(&method, path), bucket, "{method} {path}");
        }
    }
}
