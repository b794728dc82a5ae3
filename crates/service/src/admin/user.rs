//! Users, as far as an admin who calls the API is one.

use model::user::UserStatus;
use model::{Timestamp, User, UserId};
use store::Account;

use crate::admin::Refusal;
use crate::failure::{Failure, Fault};
use crate::target::kind;
use crate::tenant::Tenant;

/// A user by id or login.
pub async fn get(tenant: &Tenant, id_or_login: &str) -> Result<User, Failure<Refusal>> {
    let user = tenant.find_user(id_or_login).await?;
    user.ok_or_else(|| Failure::Refused(Refusal::not_found(id_or_login, kind::USER)))
}

/// Logins are compared without case.
pub(crate) fn fold(login: &str) -> String {
    login.to_lowercase()
}

pub(crate) fn of_row(row: &Account) -> Result<User, Fault> {
    let parsed = (|| {
        Some(User {
            id: UserId::parse(&row.id)?,
            status: UserStatus::from_word(&row.status)?,
            created: Timestamp::from_milliseconds(row.created),
            activated: row.activated.map(Timestamp::from_milliseconds),
            status_changed: row.status_changed.map(Timestamp::from_milliseconds),
            last_login: row.last_login.map(Timestamp::from_milliseconds),
            last_updated: Timestamp::from_milliseconds(row.updated),
            password_changed: row.password_changed.map(Timestamp::from_milliseconds),
            profile: serde_json::from_str(&row.profile).ok()?,
        })
    })();
    parsed.ok_or_else(|| Fault::internal(format!("the stored user `{}` cannot be read", row.id)))
}
