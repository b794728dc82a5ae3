//! The claims that an authorization server adds to a token: compiled once, evaluated per token.

use el::{Found, Limits, Object, Program, Variables};
use model::claim::{ClaimType, ClaimValue, is_reserved_in_access_token};
use model::token_format::AccessTokenProfile;
use serde_json::{Map, Value};

use crate::facts::{ClientFacts, Facts};
use crate::server::{AuthorizationServer, ScopeName};

/// Where a compiled claim's value comes from.
#[derive(Debug)]
enum Source {
    Expression(Box<Program>),
    /// The expression does not compile. It was accepted when it was saved, so a later version must have become
    /// stricter: whoever would carry it is refused.
    Broken,
    /// The user's groups. A request without a user has none, and the claim is left out.
    Groups,
}

/// A claim, ready to be evaluated.
#[derive(Debug)]
pub struct Claim {
    name: String,
    system: bool,
    scopes: Vec<String>,
    source: Source,
}

/// A claim could not be evaluated, so the token is refused (Okta).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimFailure {
    /// The claim's name.
    pub name: String,
    /// Whether it came with the server.
    pub system: bool,
    /// What went wrong, for the log and the preview.
    pub detail: String,
}

impl Claim {
    /// Compiles an active claim of the access token; `None` for any other. A reserved name is the mint's own,
    /// also where the token at hand does not carry it; only the system's `sub` may be mapped.
    pub(crate) fn for_access_token(claim: &model::Claim, profile: AccessTokenProfile) -> Option<Self> {
        let mapped_subject = claim.system && claim.name == "sub";
        let reserved = is_reserved_in_access_token(&claim.name, profile) && !mapped_subject;
        if reserved || claim.claim_type != ClaimType::Resource || !claim.status.is_active() {
            return None;
        }
        let source = match &claim.value {
            ClaimValue::Expression(text) => el::compile(text, &Limits::default())
                .map_or(Source::Broken, |program| Source::Expression(Box::new(program))),
            ClaimValue::Groups { .. } => Source::Groups,
            ClaimValue::System => return None,
        };
        Some(Self { name: claim.name.clone(), system: claim.system, scopes: claim.scopes.clone(), source })
    }

    /// Released if any of its scopes is granted, or if it names none.
    fn is_released(&self, granted: &[ScopeName]) -> bool {
        self.scopes.is_empty() || self.scopes.iter().any(|scope| granted.iter().any(|name| **name == **scope))
    }

    fn failure(&self, detail: impl Into<String>) -> ClaimFailure {
        ClaimFailure { name: self.name.clone(), system: self.system, detail: detail.into() }
    }

    fn evaluate(&self, surroundings: &Surroundings<'_>) -> Result<Value, ClaimFailure> {
        let value = match &self.source {
            Source::Expression(program) => {
                let value = program.evaluate(surroundings).map_err(|error| self.failure(error.message))?;
                value.to_json()
            }
            Source::Broken => return Err(self.failure("the expression does not compile")),
            Source::Groups if surroundings.facts.user.is_none() => Value::Null,
            Source::Groups => {
                return Err(self.failure("groups claims need the user's groups, which are not there"));
            }
        };
        match &value {
            _ if self.name != "sub" => Ok(value),
            Value::String(subject) if !subject.is_empty() => Ok(value),
            // Whoever has no value for it would share the subject with all others who have none.
            Value::String(_) => Err(self.failure("the subject is empty")),
            Value::Null => Err(self.failure("the subject is null")),
            _ => Err(self.failure("the subject is not a text")),
        }
    }
}

/// Evaluates the access token's claims. A claim whose value is null is left out.
pub fn for_access_token(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
) -> Result<Map<String, Value>, ClaimFailure> {
    let surroundings = Surroundings { server, facts, granted };
    let mut claims = Map::new();
    for claim in server.access_claims.iter().filter(|claim| claim.is_released(granted)) {
        let value = claim.evaluate(&surroundings)?;
        if !value.is_null() {
            claims.entry(claim.name.clone()).or_insert(value);
        }
    }
    Ok(claims)
}

/// Checks that a claim's expression can be compiled; the answer to a mistake shows where it is.
pub fn check_expression(text: &str) -> Result<(), String> {
    el::compile(text, &Limits::default()).map(drop).map_err(|diagnostics| {
        diagnostics.iter().map(|diagnostic| diagnostic.render(text)).collect::<Vec<_>>().join("\n")
    })
}

/// Checks the regular expression of a groups filter, bare or between slashes (Okta).
pub fn check_pattern(text: &str) -> Result<(), String> {
    let bare = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    el::Pattern::compile(bare, Limits::default().pattern_bytes).map(drop)
}

/// What the variables of an expression stand for (Okta).
struct Surroundings<'a> {
    server: &'a AuthorizationServer,
    facts: &'a Facts,
    granted: &'a [ScopeName],
}

impl Variables for Surroundings<'_> {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        let user = self.facts.user.as_ref();
        Some(match name {
            "user" => user.map_or(NULL, |user| Found::Object(&user.profile)),
            "appuser" => {
                user.and_then(|user| user.app_profile.as_ref()).map_or(NULL, |profile| Found::Object(profile))
            }
            "app" => Found::Object(&self.facts.client),
            "org" => Found::Object(self.server),
            "session" => NULL,
            "access" => Found::Object(self),
            _ => return None,
        })
    }
}

fn text(text: &str) -> Found<'static> {
    Found::Value(el::Value::from(text))
}

const NULL: Found<'static> = Found::Value(el::Value::Null);

impl Object for ClientFacts {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        match name {
            "id" => Some(text(self.app.as_str())),
            "clientId" => Some(text(self.client_id.as_str())),
            "profile" => self.profile.as_ref().map(|profile| Found::Object(profile)),
            _ => None,
        }
    }
}

/// `org`
impl Object for AuthorizationServer {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        match name {
            "name" => Some(text(self.org_name.as_str())),
            "subDomain" => Some(text(self.org_subdomain.as_str())),
            _ => None,
        }
    }
}

/// `access`
impl Object for Surroundings<'_> {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        let scopes = || self.granted.iter().map(|scope| el::Value::Text(ScopeName::clone(scope))).collect();
        (name == "scope").then(|| Found::Value(el::Value::List(scopes())))
    }
}
