//! Each thing of a configuration as the document says it, and the document's as what an admin says of the thing. Owns
//! defaults, which the document omits; leaves out which things there are (`export`, `apply`).
//!
//! Structures are taken apart without `..`: a new member does not compile before it has its place in the document.

use std::collections::BTreeSet;

use model::authorization_server::{IssuerMode, RotationMode};
use model::claim::{ClaimType, ClaimValue, GroupFilter};
use model::policy::{ALL_CLIENTS, ClientCondition};
use model::rule::{ANY_SCOPE, EVERYONE, Lifetimes, ScopeCondition};
use model::{
    App, AuthorizationServer, AuthorizationServerId, Claim, ClaimId, Policy, Rule, Scope, ScopeId, Status,
    TokenFormat,
};

use super::document::{self as doc, ValueType};
use super::naming::Naming;
use crate::admin::{authorization_server, claim, scope};

/// A value where it differs from its default.
fn unless<T: PartialEq>(default: &T, value: T) -> Option<T> {
    (value != *default).then_some(value)
}

/// A text that may be missing, where it differs from its default; no text is an empty one.
fn text_unless(default: Option<&String>, value: Option<&String>) -> Option<String> {
    (value != default).then(|| value.cloned().unwrap_or_default())
}

/// A server's own settings in the document.
pub(super) fn server(naming: &Naming<'_>, server: &AuthorizationServer) -> doc::Server {
    let AuthorizationServer {
        id: _,
        name,
        description,
        audiences,
        issuer_mode,
        status,
        rotation_mode,
        default: _,
        template: _,
        trusted,
        token_format,
        created: _,
        last_updated: _,
        tokens_valid_from: _,
    } = server;
    let TokenFormat { signing_algorithm, access_token_profile, groups_overflow } = *token_format;
    let usual = TokenFormat::default();
    // They have no order.
    let trusted: BTreeSet<String> = trusted.iter().map(|id| naming.server_name(*id)).collect();
    doc::Server {
        name: name.clone(),
        description: description.clone(),
        audience: audiences.first().cloned().unwrap_or_default(),
        issuer_mode: Some(*issuer_mode),
        status: unless(&Status::Active, *status),
        rotation_mode: unless(&RotationMode::Auto, *rotation_mode),
        signing_algorithm: unless(&usual.signing_algorithm, signing_algorithm),
        access_token_profile: unless(&usual.access_token_profile, access_token_profile),
        groups_overflow: unless(&usual.groups_overflow, groups_overflow),
        trusted_servers: trusted.into_iter().collect(),
    }
}

/// What the document says of a server; `mode` is that of a document that says none.
pub(super) fn server_settings(server: &doc::Server, mode: IssuerMode) -> authorization_server::Settings {
    let doc::Server {
        name,
        description,
        audience,
        issuer_mode,
        status: _,
        rotation_mode,
        signing_algorithm,
        access_token_profile,
        groups_overflow,
        trusted_servers: _,
    } = server;
    authorization_server::Settings {
        name: name.clone(),
        description: description.clone(),
        audiences: vec![audience.clone()],
        issuer_mode: Some(issuer_mode.unwrap_or(mode)),
        rotation_mode: Some(rotation_mode.unwrap_or(RotationMode::Auto)),
        signing_algorithm: Some(signing_algorithm.unwrap_or_default()),
        access_token_profile: Some(access_token_profile.unwrap_or_default()),
        groups_overflow: Some(groups_overflow.unwrap_or_default()),
    }
}

/// A custom scope of which nothing but the name is said.
pub(super) fn plain_scope(id: ScopeId, server: AuthorizationServerId, name: &str) -> Scope {
    Scope { name: name.to_owned(), ..scope::plain(id, server) }
}

/// A scope in the document: what differs from `usual`.
pub(super) fn scope(usual: &Scope, scope: &Scope) -> doc::Scope {
    let Scope {
        id: _,
        server: _,
        name,
        display_name,
        description,
        system: _,
        metadata_publish,
        consent,
        optional,
        default,
    } = scope;
    doc::Scope {
        name: name.clone(),
        display_name: text_unless(usual.display_name.as_ref(), display_name.as_ref()),
        description: text_unless(usual.description.as_ref(), description.as_ref()),
        consent: unless(&usual.consent, *consent),
        optional: unless(&usual.optional, *optional),
        default: unless(&usual.default, *default),
        metadata_publish: unless(&usual.metadata_publish, *metadata_publish),
    }
}

/// What the document says of a scope.
pub(super) fn scope_settings(usual: &Scope, scope: &doc::Scope) -> scope::Settings {
    let doc::Scope { name, display_name, description, consent, optional, default, metadata_publish } = scope;
    scope::Settings {
        name: name.clone(),
        display_name: display_name.clone().or_else(|| usual.display_name.clone()),
        description: description.clone().or_else(|| usual.description.clone()),
        consent: Some(consent.unwrap_or(usual.consent)),
        optional: Some(optional.unwrap_or(usual.optional)),
        default: Some(default.unwrap_or(usual.default)),
        metadata_publish: Some(metadata_publish.unwrap_or(usual.metadata_publish)),
    }
}

/// A custom claim of which nothing but the name and the token is said.
pub(super) fn plain_claim(
    id: ClaimId,
    server: AuthorizationServerId,
    name: &str,
    claim_type: ClaimType,
) -> Claim {
    Claim { name: name.to_owned(), ..claim::plain(id, server, claim_type) }
}

/// Type, filter and text of a value.
fn value_of(value: &ClaimValue) -> (ValueType, Option<GroupFilter>, Option<&String>) {
    match value {
        ClaimValue::Expression(text) => (ValueType::Expression, None, Some(text)),
        ClaimValue::Groups { filter, value } => (ValueType::Groups, Some(*filter), Some(value)),
        ClaimValue::System => (ValueType::System, None, None),
    }
}

/// A claim in the document: what differs from `usual`.
pub(super) fn claim(usual: &Claim, claim: &Claim) -> doc::Claim {
    let Claim { id: _, server: _, name, status, claim_type, value, scopes, system, always_include_in_token } =
        claim;
    let (value_type, filter, text) = value_of(value);
    let is_usual = *system && usual.value == *value;
    doc::Claim {
        name: name.clone(),
        claim_type: *claim_type,
        value_type: unless(&value_of(&usual.value).0, value_type),
        group_filter_type: filter,
        value: text.filter(|_| !is_usual).cloned(),
        scopes: unless(&usual.scopes, scopes.clone()),
        always_include_in_token: unless(&usual.always_include_in_token, *always_include_in_token),
        status: unless(&usual.status, *status),
    }
}

/// What the document says of a claim, or the member that it lacks.
pub(super) fn claim_settings(
    usual: &Claim,
    claim: &doc::Claim,
) -> Result<claim::Settings, (&'static str, String)> {
    let doc::Claim {
        name,
        claim_type,
        value_type,
        group_filter_type,
        value,
        scopes,
        always_include_in_token,
        status,
    } = claim;
    let value = match (value_type.unwrap_or(value_of(&usual.value).0), group_filter_type, value) {
        (ValueType::Expression | ValueType::System, Some(_), _) => {
            return Err(("group_filter_type", "only claims of valueType GROUPS have a filter".to_owned()));
        }
        (ValueType::System, None, Some(_)) => {
            return Err(("value", "the server computes the value of a SYSTEM claim".to_owned()));
        }
        (ValueType::System, None, None) => ClaimValue::System,
        (ValueType::Expression, None, Some(text)) => ClaimValue::Expression(text.clone()),
        (ValueType::Expression, None, None) if usual.system => usual.value.clone(),
        (ValueType::Expression, None, None) => {
            return Err(("value", "the member is missing: a claim needs an expression".to_owned()));
        }
        (ValueType::Groups, None, _) => {
            let words: Vec<&str> = GroupFilter::ALL.iter().map(|filter| filter.as_str()).collect();
            return Err(("group_filter_type", format!("the member is missing: one of {}", words.join(", "))));
        }
        (ValueType::Groups, Some(filter), text) => {
            ClaimValue::Groups { filter: *filter, value: text.clone().unwrap_or_default() }
        }
    };
    Ok(claim::Settings {
        name: name.clone(),
        status: Some(status.unwrap_or(usual.status)),
        claim_type: *claim_type,
        value,
        scopes: scopes.clone().unwrap_or_else(|| usual.scopes.clone()),
        always_include_in_token: Some(always_include_in_token.unwrap_or(usual.always_include_in_token)),
    })
}

/// A policy in the document, without its rules.
pub(super) fn policy(naming: &Naming<'_>, policy: &Policy) -> doc::Policy {
    let Policy {
        id: _,
        server: _,
        status,
        name,
        description,
        priority: _,
        system: _,
        clients,
        created: _,
        last_updated: _,
        tokens_valid_from: _,
    } = policy;
    let clients = match clients {
        ClientCondition::All => vec![ALL_CLIENTS.to_owned()],
        ClientCondition::Only(clients) => clients.iter().map(|client| naming.client_name(client)).collect(),
    };
    doc::Policy {
        name: name.clone(),
        description: description.clone().unwrap_or_default(),
        status: unless(&Status::Active, *status),
        clients,
        rules: Vec::new(),
    }
}

/// A rule in the document.
pub(super) fn rule(naming: &Naming<'_>, rule: &Rule) -> doc::Rule {
    let Rule {
        id: _,
        server: _,
        policy: _,
        status,
        name,
        priority: _,
        system: _,
        grant_types,
        people,
        scopes,
        lifetimes,
        created: _,
        last_updated: _,
    } = rule;
    let Lifetimes { access_token_minutes, refresh_token_minutes, refresh_token_window_minutes } = *lifetimes;
    let usual = Lifetimes::default();
    let scopes = match scopes {
        ScopeCondition::Any => vec![ANY_SCOPE.to_owned()],
        ScopeCondition::Only(scopes) => scopes.clone(),
    };
    doc::Rule {
        name: name.clone(),
        status: unless(&Status::Active, *status),
        grant_types: grant_types.clone(),
        people: people_of(naming, people),
        scopes,
        access_token_lifetime_minutes: unless(&usual.access_token_minutes, access_token_minutes),
        refresh_token_lifetime_minutes: unless(&usual.refresh_token_minutes, refresh_token_minutes),
        refresh_token_window_minutes: unless(
            &usual.refresh_token_window_minutes,
            refresh_token_window_minutes,
        ),
    }
}

fn people_of(naming: &Naming<'_>, people: &model::rule::People) -> doc::People {
    let model::rule::People { everyone, groups, exclude_groups, users, exclude_users } = people;
    let everyone = everyone.then(|| EVERYONE.to_owned());
    let group = |id: &_| naming.world.group_name(*id);
    let user = |id: &_| naming.world.user_name(*id);
    doc::People {
        groups: everyone.into_iter().chain(groups.iter().map(group)).collect(),
        exclude_groups: exclude_groups.iter().map(group).collect(),
        users: users.iter().map(user).collect(),
        exclude_users: exclude_users.iter().map(user).collect(),
    }
}

/// How long the tokens of a rule last.
pub(super) fn lifetimes(rule: &doc::Rule) -> Lifetimes {
    let usual = Lifetimes::default();
    Lifetimes {
        access_token_minutes: rule.access_token_lifetime_minutes.unwrap_or(usual.access_token_minutes),
        refresh_token_minutes: rule.refresh_token_lifetime_minutes.unwrap_or(usual.refresh_token_minutes),
        refresh_token_window_minutes: rule
            .refresh_token_window_minutes
            .unwrap_or(usual.refresh_token_window_minutes),
    }
}

/// A client that a policy names.
pub(super) fn client(app: &App) -> doc::Client {
    doc::Client {
        label: app.label.clone(),
        client_id: app.client_id.to_string(),
        status: unless(&Status::Active, app.status),
        grant_types: app.oauth.grant_types.clone(),
        profile: app.profile.clone(),
    }
}
