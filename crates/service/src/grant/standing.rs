//! Whether a user may have tokens of a client at all: by its status, and by whether the app is assigned to it. Asked before
//! any policy is looked at. Each flow refuses in its own words, as far as Okta's are known.

use engine::UserFacts;
use model::GrantType;
use model::user::UserStatus;

/// Why a user gets no tokens, whatever the policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// At a page of ours: the status is not one to sign in with.
    SignInFailed,
    /// At a page of ours: the password has to be changed first.
    PasswordExpired,
    /// The client sent the password: told no more than that.
    CredentialsInvalid,
    /// The client sent the password, which has to be changed first.
    PasswordExpiredAtGrant,
    /// A refresh for a user who may not have tokens any more.
    RefreshTokenInvalid,
    /// The app is not assigned to the user.
    NotAssigned,
}

impl Standing {
    /// The word of the log (`outcome.reason`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInFailed | Self::CredentialsInvalid => "user_may_not_sign_in",
            Self::PasswordExpired | Self::PasswordExpiredAtGrant => "password_expired",
            Self::RefreshTokenInvalid => "refresh_token_invalid",
            Self::NotAssigned => "user_not_assigned",
        }
    }
}

/// Refuses a user who is not `ACTIVE`, or to whom the app is not assigned. A user without an app profile is not assigned.
pub(crate) fn check(user: &UserFacts, grant_type: GrantType) -> Result<(), Standing> {
    let assigned = user.app_profile.is_some();
    match (grant_type, user.status) {
        (_, UserStatus::Active) if assigned => Ok(()),
        (GrantType::RefreshToken, _) => Err(Standing::RefreshTokenInvalid),
        (_, UserStatus::Active) => Err(Standing::NotAssigned),
        (GrantType::Password, UserStatus::PasswordExpired) => Err(Standing::PasswordExpiredAtGrant),
        (GrantType::Password, _) => Err(Standing::CredentialsInvalid),
        (_, UserStatus::PasswordExpired) => Err(Standing::PasswordExpired),
        (_, _) => Err(Standing::SignInFailed),
    }
}
