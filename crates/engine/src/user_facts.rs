//! What is known about the user for whom tokens are asked: profile, groups, linked objects.

use model::group::{EVERYONE, GroupKind};
use model::user::UserStatus;
use model::{GroupId, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The user for whom tokens are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFacts {
    /// Its id.
    pub id: UserId,
    /// Its status.
    #[serde(default = "active", skip_serializing_if = "is_active")]
    pub status: UserStatus,
    /// Those of its groups that the server's conditions, claims and expressions name, or all of them where a claim
    /// may name any. `Everyone` need not be among them: everybody is in it.
    pub groups: Vec<GroupFacts>,
    /// `user` in expressions.
    pub profile: Map<String, Value>,
    /// `appuser` in expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_profile: Option<Map<String, Value>>,
    /// The profiles of linked users by the name of the link: `manager`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub linked: Map<String, Value>,
    /// Whether the primary address is known to be the user's; nothing where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When anything about the user changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
}

fn active() -> UserStatus {
    UserStatus::Active
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_active(status: &UserStatus) -> bool {
    *status == UserStatus::Active
}

impl UserFacts {
    /// A user of whom only this is known.
    pub fn new(id: UserId, profile: Map<String, Value>) -> Self {
        Self {
            id,
            status: UserStatus::Active,
            groups: Vec::new(),
            profile,
            app_profile: None,
            linked: Map::new(),
            email_verified: None,
            last_updated: None,
        }
    }
}

/// The app that a group was imported from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupSource {
    /// The app's id.
    pub id: String,
    /// Its type: `active_directory`.
    pub app_type: String,
}

/// A group that the user is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupFacts {
    /// Its id.
    pub id: GroupId,
    /// Its name; empty where only the membership mattered.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where it comes from.
    #[serde(skip_serializing_if = "is_okta")]
    pub kind: GroupKind,
    /// The app that it was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<GroupSource>,
    /// Its object classes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub object_class: Vec<String>,
    /// Its profile besides the name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub profile: Map<String, Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_okta(kind: &GroupKind) -> bool {
    *kind == GroupKind::Okta
}

impl GroupFacts {
    /// A group that an admin made.
    pub fn new(id: GroupId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            kind: GroupKind::Okta,
            source: None,
            object_class: Vec::new(),
            profile: Map::new(),
        }
    }

    /// Whether it is the group that everybody is in.
    pub fn is_everyone(&self) -> bool {
        self.kind == GroupKind::BuiltIn && self.name == EVERYONE
    }
}

/// Facts of before had only the ids of groups.
impl<'de> Deserialize<'de> for GroupFacts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Members {
            id: GroupId,
            #[serde(default)]
            name: String,
            #[serde(default)]
            kind: Option<GroupKind>,
            #[serde(default)]
            source: Option<GroupSource>,
            #[serde(default)]
            object_class: Vec<String>,
            #[serde(default)]
            profile: Map<String, Value>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Kept {
            Id(GroupId),
            Members(Members),
        }
        Ok(match Kept::deserialize(deserializer)? {
            Kept::Id(id) => Self::new(id, ""),
            Kept::Members(members) => Self {
                kind: members.kind.unwrap_or(GroupKind::Okta),
                source: members.source,
                object_class: members.object_class,
                profile: members.profile,
                ..Self::new(members.id, members.name)
            },
        })
    }
}
