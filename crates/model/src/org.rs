//! The organization: the tenant that owns everything else.

use serde::{Deserialize, Serialize};

use crate::{OrgId, Timestamp};

/// An organization's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// The company's name, `org.name` in expressions.
    pub company_name: String,
    /// The first label of the org's host, `org.subDomain` in expressions.
    pub subdomain: String,
    /// When it was created.
    pub created: Timestamp,
    /// When its settings changed last.
    pub last_updated: Timestamp,
    /// Client assertions of before are not taken any more: which of them were used was forgotten by a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertions_valid_from: Option<Timestamp>,
}
