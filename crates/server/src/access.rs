//! Who may call a route of the management API. Owns the caller, the classes of administrators and the one check of a
//! route's scope and role; leaves out how a caller is authenticated (`Gate`, implemented over `service`).

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use model::actor::ActorKind;
use model::{Actor, Timestamp};

use crate::error::{ApiError, code};
use crate::origin::Here;

/// Okta's standard administrator roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Okta's names, which say all there is to say")]
pub enum Role {
    SuperAdmin,
    OrgAdmin,
    AppAdmin,
    UserAdmin,
    GroupMembershipAdmin,
    HelpDeskAdmin,
    ReadOnlyAdmin,
    ReportAdmin,
    ApiAccessManagementAdmin,
}

impl Role {
    /// Every role and its name on the wire.
    pub const ALL: &[(Self, &str)] = &[
        (Self::SuperAdmin, "SUPER_ADMIN"),
        (Self::OrgAdmin, "ORG_ADMIN"),
        (Self::AppAdmin, "APP_ADMIN"),
        (Self::UserAdmin, "USER_ADMIN"),
        (Self::GroupMembershipAdmin, "GROUP_MEMBERSHIP_ADMIN"),
        (Self::HelpDeskAdmin, "HELP_DESK_ADMIN"),
        (Self::ReadOnlyAdmin, "READ_ONLY_ADMIN"),
        (Self::ReportAdmin, "REPORT_ADMIN"),
        (Self::ApiAccessManagementAdmin, "API_ACCESS_MANAGEMENT_ADMIN"),
    ];

    /// The role of that name; `None` for one that grants nothing here.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(role, _)| *role)
    }
}

/// Which administrators may call a route. A super administrator may call each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Admins {
    /// Everybody who is signed in; the handler shows them only what is theirs.
    Anyone,
    /// Reads authorization servers, their policies, scopes and claims.
    ServerReaders,
    /// Changes them. Okta's organization administrators cannot.
    ServerManagers,
    /// Reads apps.
    AppReaders,
    /// Changes apps and who is assigned to them.
    AppManagers,
    /// Reads users and groups.
    DirectoryReaders,
    /// Creates, changes and removes users.
    UserManagers,
    /// Unlocks users, resets their passwords and factors.
    HelpDesk,
    /// Creates, changes and removes groups and group rules.
    GroupManagers,
    /// Adds users to groups and removes them.
    MembershipManagers,
    /// Reads the log.
    LogReaders,
    /// Reads what concerns the whole organization.
    OrgReaders,
    /// Changes what concerns the whole organization: sign-on policies, zones, hooks, trusted origins.
    OrgManagers,
    /// Only a super administrator: roles, API tokens of others, grants of `okta.*` scopes.
    Super,
}

impl Admins {
    /// The roles that belong to the class, beside `SUPER_ADMIN`.
    pub const fn roles(self) -> &'static [Role] {
        use Role::{
            ApiAccessManagementAdmin, AppAdmin, GroupMembershipAdmin, HelpDeskAdmin, OrgAdmin, ReadOnlyAdmin,
            ReportAdmin, UserAdmin,
        };
        match self {
            Self::Anyone | Self::Super => &[],
            Self::ServerReaders => &[OrgAdmin, ReadOnlyAdmin, ApiAccessManagementAdmin],
            Self::ServerManagers => &[ApiAccessManagementAdmin],
            Self::AppReaders => &[OrgAdmin, ReadOnlyAdmin, AppAdmin, ApiAccessManagementAdmin],
            Self::AppManagers => &[OrgAdmin, AppAdmin, ApiAccessManagementAdmin],
            Self::DirectoryReaders => &[
                OrgAdmin,
                ReadOnlyAdmin,
                UserAdmin,
                GroupMembershipAdmin,
                HelpDeskAdmin,
                AppAdmin,
                ReportAdmin,
                ApiAccessManagementAdmin,
            ],
            Self::UserManagers | Self::GroupManagers => &[OrgAdmin, UserAdmin],
            Self::HelpDesk => &[OrgAdmin, UserAdmin, HelpDeskAdmin],
            Self::MembershipManagers => &[OrgAdmin, UserAdmin, GroupMembershipAdmin],
            Self::LogReaders => &[OrgAdmin, ReadOnlyAdmin, ReportAdmin, ApiAccessManagementAdmin],
            Self::OrgReaders => &[OrgAdmin, ReadOnlyAdmin],
            Self::OrgManagers => &[OrgAdmin],
        }
    }

    /// Whether one of `roles` suffices.
    pub fn admit(self, roles: &[Role]) -> bool {
        self == Self::Anyone
            || roles.iter().any(|role| *role == Role::SuperAdmin || self.roles().contains(role))
    }
}

/// Who called, as far as the shell is concerned. `Gate` makes it; handlers of guarded routes take it as an argument.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What called: a user (API token, session, access token of a user) or a client (service app).
    pub kind: ActorKind,
    /// Its id: a user's, a client's.
    pub id: String,
    /// The login or client id that a person recognises.
    pub alternate_id: Option<String>,
    /// The name that a person recognises.
    pub display_name: Option<String>,
    /// The administrator roles that it holds.
    pub roles: Vec<Role>,
    /// The scopes of its access token; `None` for an API token or a session, which the roles alone bound.
    pub scopes: Option<Arc<[String]>>,
    /// The id of the token that authenticated it, never its value.
    pub token: Option<String>,
    /// Where the request came from.
    pub address: IpAddr,
}

impl Caller {
    /// The actor of a commit.
    pub fn actor(&self) -> Actor {
        Actor {
            kind: self.kind,
            id: self.id.clone(),
            alternate_id: self.alternate_id.clone(),
            display_name: self.display_name.clone(),
            token: self.token.clone(),
            address: Some(self.address.to_string()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    /// Of a request to a route that anybody may call there is no caller: that is a fault in the table of routes.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| ApiError::fault(&"a handler asks for the caller of an open route"))
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody: the handler authenticates, where there is something to authenticate (OAuth, sign-in, health).
    Open,
    /// Callers whose role suffices and, where they come with an access token, whose token has the scope.
    Guarded {
        /// The OAuth scope: `okta.authorizationServers.read`.
        scope: &'static str,
        /// The administrators.
        admins: Admins,
    },
}

impl Access {
    /// The one place where a route's scope and role are checked.
    pub fn check(self, caller: &Caller, here: &Here) -> Result<(), ApiError> {
        let Self::Guarded { scope, admins } = self else { return Ok(()) };
        if let Some(scopes) = &caller.scopes
            && !scopes.iter().any(|held| covers(held, scope))
        {
            return Err(insufficient_scope(scope, here));
        }
        if admins.admit(&caller.roles) { Ok(()) } else { Err(code::ACCESS_DENIED.into()) }
    }
}

/// `okta.x.manage` is also good for `okta.x.read`.
fn covers(held: &str, needed: &str) -> bool {
    held == needed
        || needed.strip_suffix(".read").is_some_and(|stem| held.strip_suffix(".manage") == Some(stem))
}

/// Parameters are parted by `", "` and quoted: Okta's older Go client parses the pieces as TOML.
fn insufficient_scope(scope: &str, here: &Here) -> ApiError {
    let origin = here.origin.as_str();
    let challenge = format!(
        "Bearer authorization_uri=\"{origin}/oauth2/v1/authorize\", realm=\"{origin}\", scope=\"{scope}\", \
         error=\"insufficient_scope\", \
         error_description=\"The access token provided does not contain the required scopes.\", \
         resource=\"{}\"",
        here.path()
    );
    let error = ApiError::of(code::ACCESS_DENIED);
    match HeaderValue::try_from(challenge) {
        Ok(value) => error.header(WWW_AUTHENTICATE, value),
        Err(_) => error,
    }
}

/// A future that an implementation of one of the shell's hooks returns.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Authenticates the callers of guarded routes: API tokens, access tokens, sessions. The lead implements it over
/// `service`; the shell asks it before the body is read and before the route's scope and role are checked.
pub trait Gate: Send + Sync + 'static {
    /// Who sent the request with these headers, or the refusal (`E0000011`, `E0000005`…).
    fn authenticate<'a>(
        &'a self,
        parts: &'a Parts,
        address: IpAddr,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, ApiError>>;

    /// Whether browsers may call us from a page of `origin` (a trusted origin with CORS).
    fn trusts_origin(&self, _origin: &str) -> bool {
        false
    }
}

/// The gate of a server without users: nobody passes.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClosedGate;

impl Gate for ClosedGate {
    fn authenticate<'a>(
        &'a self,
        _: &'a Parts,
        _: IpAddr,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, ApiError>> {
        Box::pin(async { Err(code::INVALID_TOKEN.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, Origins};

    fn here() -> Here {
        Here::at_default(
            &Origins::new(Origin::parse("https://id.example.com").unwrap(), []),
            "/api/v1/apps?limit=1",
        )
    }

    fn caller(roles: &[Role], scopes: Option<&[&str]>) -> Caller {
        Caller {
            kind: ActorKind::User,
            id: "00u1".to_owned(),
            alternate_id: None,
            display_name: None,
            roles: roles.to_vec(),
            scopes: scopes.map(|scopes| scopes.iter().map(ToString::to_string).collect()),
            token: None,
            address: [127, 0, 0, 1].into(),
        }
    }

    const READ: Access = Access::Guarded { scope: "okta.apps.read", admins: Admins::AppReaders };
    const MANAGE: Access = Access::Guarded { scope: "okta.apps.manage", admins: Admins::AppManagers };

    #[test]
    fn a_call_needs_the_role_and_with_an_access_token_the_scope_too() {
        for (access, caller, allowed) in [
            (READ, caller(&[Role::ReadOnlyAdmin], None), true),
            (MANAGE, caller(&[Role::ReadOnlyAdmin], None), false),
            (MANAGE, caller(&[Role::SuperAdmin], None), true),
            (MANAGE, caller(&[Role::SuperAdmin], Some(&["okta.apps.read"])), false),
            (READ, caller(&[Role::SuperAdmin], Some(&["okta.apps.manage"])), true),
            (READ, caller(&[], Some(&["okta.apps.read"])), false),
            (READ, caller(&[], None), false),
            (Access::Open, caller(&[], None), true),
        ] {
            assert_eq!(access.check(&caller, &here()).is_ok(), allowed, "{access:?} {caller:?}");
        }
    }

    #[test]
    fn a_missing_scope_is_named_in_a_challenge_that_every_client_can_parse() {
        let error = MANAGE.check(&caller(&[Role::SuperAdmin], Some(&[])), &here()).unwrap_err();
        let response = axum::response::IntoResponse::into_response(error);
        assert_eq!(response.status(), 403);
        assert_eq!(
            response.headers()[WWW_AUTHENTICATE],
            "Bearer authorization_uri=\"https://id.example.com/oauth2/v1/authorize\", \
             realm=\"https://id.example.com\", scope=\"okta.apps.manage\", error=\"insufficient_scope\", \
             error_description=\"The access token provided does not contain the required scopes.\", \
             resource=\"/api/v1/apps\""
        );
    }

    #[test]
    fn a_role_has_one_name() {
        for (role, name) in Role::ALL {
            assert_eq!(Role::parse(name), Some(*role));
        }
        assert_eq!(Role::parse("WORKFLOWS_ADMIN"), None);
    }
}
