//! The scopes and claims that every authorization server has from the start.
//!
//! They are computed, not stored: a server's document names the version of the template, ids are derived from
//! the server's, and only edits become documents. So a server costs what is special about it.

use crate::claim::{ClaimType, ClaimValue};
use crate::scope::{Consent, MetadataPublish};
use crate::{AuthorizationServer, Claim, ClaimId, Scope, ScopeId, Status};

/// The version that new servers get.
pub const CURRENT: u16 = 1;

/// Okta's default mapping of `sub` in access tokens.
pub const SUB_EXPRESSION: &str = "(appuser != null) ? appuser.userName : app.clientId";

struct ScopeEntry {
    name: &'static str,
    display_name: &'static str,
    description: &'static str,
}

/// Recorded order and texts (facts of the interface).
const SCOPES: &[ScopeEntry] = &[
    ScopeEntry {
        name: "openid",
        display_name: "openid",
        description: "Signals that a request is an OpenID request.",
    },
    ScopeEntry {
        name: "profile",
        display_name: "View your profile information.",
        description: "The exact data varies based on what profile information you have provided, such as: name, time zone, picture, or birthday.",
    },
    ScopeEntry {
        name: "email",
        display_name: "View your email address.",
        description: "This allows the app to view your email address.",
    },
    ScopeEntry {
        name: "address",
        display_name: "View your address.",
        description: "This allows the app to view your address, such as: street address, city, state, and zip code.",
    },
    ScopeEntry {
        name: "phone",
        display_name: "View your phone number.",
        description: "This allows the app to view your phone number.",
    },
    ScopeEntry {
        name: "offline_access",
        display_name: "Keep you signed in to the app.",
        description: "This keeps you signed in to the app, even when you are not using it.",
    },
    ScopeEntry {
        name: "device_sso",
        display_name: "Request device secret.",
        description: "This allows you to single sign on between native client applications on your device.",
    },
];

/// Name, scope, and whether an ID token always carries it.
const IDENTITY_CLAIMS: &[(&str, &str, bool)] = &[
    ("name", "profile", true),
    ("preferred_username", "profile", true),
    ("given_name", "profile", false),
    ("middle_name", "profile", false),
    ("family_name", "profile", false),
    ("nickname", "profile", false),
    ("profile", "profile", false),
    ("picture", "profile", false),
    ("website", "profile", false),
    ("gender", "profile", false),
    ("birthdate", "profile", false),
    ("zoneinfo", "profile", false),
    ("locale", "profile", false),
    ("updated_at", "profile", false),
    ("email", "email", true),
    ("email_verified", "email", false),
    ("address", "address", false),
    ("phone_number", "phone", false),
];

/// The system scopes of `server`, as they are before any edit.
pub fn scopes(server: &AuthorizationServer) -> impl Iterator<Item = Scope> + '_ {
    (0_u16..).zip(SCOPES).map(move |(ordinal, entry)| Scope {
        id: ScopeId::derive(server.id.as_id(), ordinal),
        server: server.id,
        name: entry.name.to_owned(),
        display_name: Some(entry.display_name.to_owned()),
        description: Some(entry.description.to_owned()),
        system: true,
        metadata_publish: MetadataPublish::AllClients,
        consent: Consent::Implicit,
        optional: false,
        default: false,
    })
}

/// The system claims of `server`, as they are before any edit: `sub` of the access token, then the ID token's.
pub fn claims(server: &AuthorizationServer) -> impl Iterator<Item = Claim> + '_ {
    let claim = move |ordinal: u16, name: &str, claim_type, value, scopes, always| Claim {
        id: ClaimId::derive(server.id.as_id(), ordinal),
        server: server.id,
        name: name.to_owned(),
        status: Status::Active,
        claim_type,
        value,
        scopes,
        system: true,
        always_include_in_token: always,
    };
    let sub = ClaimValue::Expression(SUB_EXPRESSION.to_owned());
    let sub = claim(0, "sub", ClaimType::Resource, sub, Vec::new(), true);
    let identity = (1_u16..).zip(IDENTITY_CLAIMS).map(move |(ordinal, (name, scope, always))| {
        claim(ordinal, name, ClaimType::Identity, ClaimValue::System, vec![(*scope).to_owned()], *always)
    });
    std::iter::once(sub).chain(identity)
}
