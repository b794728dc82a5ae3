//! The claims that an authorization server adds to a token: compiled once, evaluated per token. Leaves out the claims
//! that every token has: those are composed in [`crate::compose`].

mod evaluate;
mod groups;
mod overflow;
mod profile;
mod trial;
mod variables;

use el::{Limits, Program};
use model::ClaimId;
use model::claim::{ClaimType, ClaimValue, RESERVED_IN_ID_TOKEN, is_reserved_in_access_token};
use model::token_format::AccessTokenProfile;

use crate::server::ScopeName;

pub(crate) use evaluate::json_bytes;
pub use evaluate::{CLAIMS_BYTES_MAX, Released, for_access_token, for_id_token, for_userinfo};
use groups::Filter;
use profile::SystemClaim;
pub use trial::{Trial, try_expression};

/// The member of a token that names the claims which were too large for it (OpenID Connect Core 5.6.2).
pub const CLAIM_NAMES: &str = "_claim_names";
/// The member of a token that says where they are to be had.
pub const CLAIM_SOURCES: &str = "_claim_sources";

/// Where a compiled claim's value comes from.
#[derive(Debug)]
pub(crate) enum Source {
    Expression(Box<Program>),
    /// The text of the expression or pattern does not compile. It was accepted when it was saved, so a later version must have
    /// become stricter: whoever would carry it is refused.
    Broken {
        value_type: &'static str,
        text: String,
        detail: &'static str,
    },
    /// The user's groups. A request without a user has none, and the claim is left out.
    Groups(Filter),
    /// The user's profile. A request without a user has none, and the claim is left out.
    Profile(SystemClaim),
}

/// Whether a claim takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    Disabled,
    /// The name is the mint's own: whatever the claim says, no token carries it.
    Reserved,
}

/// A claim, ready to be evaluated.
#[derive(Debug)]
pub struct Claim {
    pub(crate) id: ClaimId,
    pub(crate) name: String,
    pub(crate) system: bool,
    pub(crate) standing: Standing,
    /// In every ID token, or only where no access token comes with it.
    pub(crate) always: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) source: Source,
}

/// Why a claim has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The evaluation failed.
    Evaluation,
    /// More groups than a token may carry.
    TooManyGroups,
}

/// A claim could not be evaluated, so the token is refused (Okta).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFailure {
    /// The claim's name.
    pub name: String,
    /// Whether it came with the server.
    pub system: bool,
    /// Which of the two answers it is.
    pub cause: Cause,
    /// What went wrong, for the log and the preview.
    pub detail: String,
}

impl ClaimFailure {
    /// Our name for it (`outcome.reason` of the log).
    pub const fn reason(&self) -> &'static str {
        match self.cause {
            Cause::Evaluation => "claim_evaluation_failure",
            Cause::TooManyGroups => "too_many_groups",
        }
    }
}

impl Claim {
    /// Compiles a claim. A reserved name is the mint's own, also where the token at hand does not carry it; only the
    /// system's `sub` may be mapped.
    pub(crate) fn compile(claim: &model::Claim, profile: AccessTokenProfile) -> Self {
        let reserved = match claim.claim_type {
            ClaimType::Resource => {
                let mapped_subject = claim.system && claim.name == "sub";
                is_reserved_in_access_token(&claim.name, profile) && !mapped_subject
            }
            ClaimType::Identity => RESERVED_IN_ID_TOKEN.contains(&claim.name.as_str()),
        };
        Self {
            id: claim.id,
            name: claim.name.clone(),
            system: claim.system,
            standing: match (claim.status.is_active(), reserved) {
                (false, _) => Standing::Disabled,
                (true, true) => Standing::Reserved,
                (true, false) => Standing::Active,
            },
            always: claim.always_include_in_token,
            scopes: claim.scopes.clone(),
            source: Source::compile(claim),
        }
    }

    /// Released if any of its scopes is granted, or if it names none.
    pub(crate) fn is_released(&self, granted: &[ScopeName]) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|scope| granted.iter().any(|name| **name == **scope))
    }

    fn failure(&self, cause: Cause, detail: impl Into<String>) -> ClaimFailure {
        ClaimFailure { name: self.name.clone(), system: self.system, cause, detail: detail.into() }
    }
}

impl Source {
    fn compile(claim: &model::Claim) -> Self {
        match &claim.value {
            ClaimValue::Expression(text) => match el::compile(text, &Limits::default()) {
                Ok(program) => Self::Expression(program.into()),
                Err(_) => Self::broken("EXPRESSION", text, "the expression does not compile"),
            },
            ClaimValue::Groups { filter, value } => match Filter::compile(*filter, value) {
                Ok(filter) => Self::Groups(filter),
                Err(_) => Self::broken("GROUPS", value, "the regular expression does not compile"),
            },
            ClaimValue::System => Self::Profile(SystemClaim::named(&claim.name)),
        }
    }
}

impl Source {
    fn broken(value_type: &'static str, text: &str, detail: &'static str) -> Self {
        Self::Broken { value_type, text: text.to_owned(), detail }
    }
}

/// Checks that a claim's expression can be compiled; the answer to a mistake shows where it is.
pub fn check_expression(text: &str) -> Result<(), String> {
    el::compile(text, &Limits::default()).map(drop).map_err(|diagnostics| {
        diagnostics.iter().map(|diagnostic| diagnostic.render(text)).collect::<Vec<_>>().join("\n")
    })
}

/// Checks the regular expression of a groups filter, bare or between slashes (Okta).
pub fn check_pattern(text: &str) -> Result<(), String> {
    groups::pattern(text).map(drop)
}
