//! A decision explained: what was looked at, what held, and what would have to change. For programs it is JSON with a
//! stable schema (`docs/explanation.md`), for people one readable text. It is made after the decision from what the
//! [`crate::Recorder`] heard, so that listening costs little.

mod change;
mod claims;
mod explain;
mod names;
mod outcome;
mod scopes;
mod text;
mod verdict;

use model::GrantType;
use serde::Serialize;

pub use change::Change;
pub use claims::{ClaimTold, ClaimVerdict, InputTold};
pub use explain::explain;
pub use names::{Named, Nameless, Names};
pub use outcome::{Nearest, Outcome, Place};
pub use scopes::{ScopeTold, ScopeVerdict};
pub use verdict::{Asked, Verdict, Wants};

/// The number of the schema. It changes when a member goes or changes its meaning, not when one is added.
pub const SCHEMA: u32 = 1;

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The authorization server's name.
    pub server: String,
    /// What was asked.
    pub request: RequestTold,
    /// What was answered.
    pub outcome: Outcome,
    /// Every policy, in the order in which they are looked at.
    pub policies: Vec<PolicyTold>,
    /// How many rules are not told, because there are too many.
    #[serde(skip_serializing_if = "is_zero")]
    pub rules_left_out: usize,
    /// Every scope that was asked for, or is granted by default.
    pub scopes: Vec<ScopeTold>,
    /// Every claim that was looked at, token by token.
    pub claims: Vec<ClaimTold>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestTold {
    /// By whom; the id is the client id.
    pub client: Named,
    /// How.
    pub grant_type: GrantType,
    /// The grant that rules judge a refresh by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judged_as: Option<GrantType>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserTold>,
    /// For what; absent where the server's default scopes were meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether the scopes were granted before (a refresh).
    pub granted_before: bool,
}

/// The user, as far as conditions see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserTold {
    /// Who.
    #[serde(flatten)]
    pub named: Named,
    /// The groups, as far as they were gathered, at most a hundred.
    pub groups: Vec<Named>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTold {
    /// Which.
    #[serde(flatten)]
    pub named: Named,
    /// Whether its turn came; the first rule that matches ends the search.
    pub reached: bool,
    /// Whether its rules are asked.
    pub applies: bool,
    /// Its own conditions.
    pub conditions: Vec<Verdict>,
    /// Its rules, in the order in which they are looked at.
    pub rules: Vec<RuleTold>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTold {
    /// Which.
    #[serde(flatten)]
    pub named: Named,
    /// Whether its turn came.
    pub reached: bool,
    /// Whether it is active and all its conditions hold.
    pub matches: bool,
    /// Whether it is the one that governs the request: the first that matches.
    pub governs: bool,
    /// Every condition, also where one before it failed.
    pub conditions: Vec<Verdict>,
    /// The one that failed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_first: Option<Asked>,
    /// All that would have to change for it to match, of its policy too. Whether an earlier rule would match then as well
    /// is not said.
    #[serde(serialize_with = "change::with_text")]
    pub changes: Vec<Change>,
}
