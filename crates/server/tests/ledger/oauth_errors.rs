//! Every refusal of the token endpoint, and of introspection and revocation, and the status and words that it is answered with: Okta's, where Okta has it.

use std::collections::BTreeSet;

use engine::Unasked;
use engine::claims::{Cause, ClaimFailure};
use model::GrantType;
use model::app::ResponseType;
use server::oauth::error::OAuthError;
use service::client;
use service::client_assertion;
use service::token::{Refusal, Standing};

/// One of each variant. A new one does not compile before it stands here and in [`EXPECTED`].
fn variant(refusal: &Refusal) -> &'static str {
    use client::Refusal as C;
    use engine::Refusal as D;
    match refusal {
        Refusal::UnknownServer => "UnknownServer",
        Refusal::MissingGrantType => "MissingGrantType",
        Refusal::UnsupportedGrantType => "UnsupportedGrantType",
        Refusal::Client(C::NoCredentials) => "NoCredentials",
        Refusal::Client(C::MalformedHeader) => "MalformedHeader",
        Refusal::Client(C::UnknownClient) => "UnknownClient",
        Refusal::Client(C::WrongMethod) => "WrongMethod",
        Refusal::Client(C::WrongSecret) => "WrongSecret",
        Refusal::Client(C::Assertion(refusal)) => assertion(*refusal),
        Refusal::UnauthorizedGrant(_) => "UnauthorizedGrant",
        Refusal::OutsideNetwork => "OutsideNetwork",
        Refusal::ProofRequired => "ProofRequired",
        Refusal::ScopeTooLong => "ScopeTooLong",
        Refusal::Decision(D::NoMatchingPolicy) => "NoMatchingPolicy",
        Refusal::Decision(D::NoMatchingScope) => "NoMatchingScope",
        Refusal::Decision(D::NoScopeAllowed) => "NoScopeAllowed",
        Refusal::Decision(D::ScopeDenied(_)) => "ScopeDenied",
        Refusal::Decision(D::NoDefaultScopes) => "NoDefaultScopes",
        Refusal::Decision(D::OpenIdScopeForService) => "OpenIdScopeForService",
        Refusal::Decision(D::ConsentRequired(_, Unasked::Service)) => "ConsentRequired",
        Refusal::Decision(D::ConsentRequired(_, Unasked::Password)) => "ConsentRequired (password)",
        Refusal::Decision(D::ConsentRequired(_, Unasked::TokenExchange)) => "ConsentRequired (exchange)",
        Refusal::Decision(D::ConsentRequired(_, Unasked::Silent)) => "ConsentRequired (silent)",
        Refusal::Claim(ClaimFailure { cause: Cause::TooManyGroups, .. }) => "Claim (groups)",
        Refusal::Claim(ClaimFailure { system: true, .. }) => "Claim (system)",
        Refusal::Claim(ClaimFailure { system: false, .. }) => "Claim (user)",
        Refusal::ForeignPage => "ForeignPage",
        Refusal::NotForBrowsers => "NotForBrowsers",
        Refusal::UnsupportedResponseType(_) => "UnsupportedResponseType",
        Refusal::Standing(standing) => standing_name(*standing),
    }
}

fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::SignInFailed => "SignInFailed",
        Standing::PasswordExpired => "PasswordExpired",
        Standing::CredentialsInvalid => "CredentialsInvalid",
        Standing::PasswordExpiredAtGrant => "PasswordExpiredAtGrant",
        Standing::RefreshTokenInvalid => "RefreshTokenInvalid",
        Standing::NotAssigned => "NotAssigned",
    }
}

fn assertion(refusal: client_assertion::Refusal) -> &'static str {
    use client_assertion::Refusal as A;
    match refusal {
        A::WrongType => "WrongType",
        A::Unreadable => "Unreadable",
        A::WrongAlgorithm => "WrongAlgorithm",
        A::WrongIssuer => "WrongIssuer",
        A::WrongSubject => "WrongSubject",
        A::WrongAudience => "WrongAudience",
        A::NoExpiry => "NoExpiry",
        A::Expired => "Expired",
        A::ExpiresTooLate => "ExpiresTooLate",
        A::NotYetValid => "NotYetValid",
        A::NoKeys => "NoKeys",
        A::BadKeys => "BadKeys",
        A::KeysUnreachable => "KeysUnreachable",
        A::NoKeyAtUri => "NoKeyAtUri",
        A::SameKidAtUri => "SameKidAtUri",
        A::UnknownKey => "UnknownKey",
        A::SecretTooShort => "SecretTooShort",
        A::BadSignature => "BadSignature",
        A::AlreadyUsed => "AlreadyUsed",
    }
}

const STANDINGS: [Standing; 6] = [
    Standing::SignInFailed,
    Standing::PasswordExpired,
    Standing::CredentialsInvalid,
    Standing::PasswordExpiredAtGrant,
    Standing::RefreshTokenInvalid,
    Standing::NotAssigned,
];

fn all() -> Vec<Refusal> {
    use client::Refusal as C;
    use client_assertion::Refusal as A;
    use engine::Refusal as D;
    let names = || vec!["pay".to_owned(), "a\"b\\c\u{e9}\n".to_owned()];
    let claim = |system, cause| {
        Refusal::Claim(ClaimFailure {
            name: "cl\"aim".to_owned(),
            system,
            cause,
            detail: "s3cret".to_owned(),
        })
    };
    let assertions = [
        A::WrongType,
        A::Unreadable,
        A::WrongAlgorithm,
        A::WrongIssuer,
        A::WrongSubject,
        A::WrongAudience,
        A::NoExpiry,
        A::Expired,
        A::ExpiresTooLate,
        A::NotYetValid,
        A::NoKeys,
        A::BadKeys,
        A::KeysUnreachable,
        A::NoKeyAtUri,
        A::SameKidAtUri,
        A::UnknownKey,
        A::SecretTooShort,
        A::BadSignature,
        A::AlreadyUsed,
    ];
    let clients = [C::NoCredentials, C::MalformedHeader, C::UnknownClient, C::WrongMethod, C::WrongSecret];
    let decisions = [
        D::NoMatchingPolicy,
        D::NoMatchingScope,
        D::NoScopeAllowed,
        D::ScopeDenied(names()),
        D::NoDefaultScopes,
        D::OpenIdScopeForService,
        D::ConsentRequired(names(), Unasked::Service),
        D::ConsentRequired(names(), Unasked::Password),
        D::ConsentRequired(names(), Unasked::TokenExchange),
        D::ConsentRequired(names(), Unasked::Silent),
    ];
    let own = [
        Refusal::UnknownServer,
        Refusal::MissingGrantType,
        Refusal::UnsupportedGrantType,
        Refusal::UnauthorizedGrant(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]),
        Refusal::OutsideNetwork,
        Refusal::ProofRequired,
        Refusal::ScopeTooLong,
        claim(true, Cause::Evaluation),
        claim(false, Cause::Evaluation),
        claim(false, Cause::TooManyGroups),
        Refusal::ForeignPage,
        Refusal::NotForBrowsers,
        Refusal::UnsupportedResponseType(vec![ResponseType::Code, ResponseType::IdToken]),
    ];
    own.into_iter()
        .chain(STANDINGS.into_iter().map(Refusal::Standing))
        .chain(clients.into_iter().map(Refusal::Client))
        .chain(assertions.into_iter().map(|refusal| Refusal::Client(C::Assertion(refusal))))
        .chain(decisions.into_iter().map(Refusal::Decision))
        .collect()
}

#[test]
fn every_refusal_is_answered_in_oktas_words() {
    let expected: Vec<&str> = EXPECTED.trim().split("\n\n").collect();
    let mut seen = BTreeSet::new();
    for refusal in all() {
        let name = variant(&refusal);
        assert!(seen.insert(name), "{name} stands twice");
        let reason = refusal.name();
        let error = OAuthError::from(refusal);
        let text =
            format!("{name}: {reason}\n{} {}\n{}", error.status.as_u16(), error.error, error.description);
        assert!(expected.contains(&text.as_str()), "no entry of the list reads:\n{text}");
        let legal = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        assert!(error.description.chars().all(legal), "RFC 6749 section 5.2: {}", error.description);
        assert!(!error.description.contains("s3cret"), "what only the log may read");
    }
    assert_eq!(seen.len(), expected.len(), "the list has an entry for what there is no refusal of: {seen:?}");
}

/// Sections 2.7, 3.4, 4.9, 7.1, 7.3 and 7.4 of our notes on Okta's behaviour. Where Okta has no words for a case, the
/// words are ours: `UnknownServer`, `ScopeTooLong`.
const EXPECTED: &str = "
UnknownServer: invalid_authorization_server
400 invalid_request
The authorization server id is invalid.

MissingGrantType: missing_grant_type
400 invalid_request
The token request must specify a 'grant_type'. Valid values: [client_credentials].

UnsupportedGrantType: unsupported_grant_type
400 unsupported_grant_type
The authorization grant type is not supported by the authorization server. Configured grant types: [client_credentials].

UnauthorizedGrant: unauthorized_client
400 unauthorized_client
The client is not authorized to use the provided grant type. Configured grant types: [authorization_code, refresh_token].

OutsideNetwork: network_zone_restricted
403 access_denied
The request is made from outside the client's permitted network zones.

ProofRequired: dpop_proof_required
400 invalid_dpop_proof
The DPoP proof JWT header is missing.

UnsupportedResponseType: unsupported_response_type
400 unsupported_response_type
The response type is not supported by the authorization server. Configured response types: [code, id_token].

SignInFailed: user_may_not_sign_in
403 access_denied
Login failed.

PasswordExpired: password_expired
403 access_denied
The user's password is expired.

CredentialsInvalid: user_may_not_sign_in
400 invalid_grant
The credentials provided were invalid.

PasswordExpiredAtGrant: password_expired
400 invalid_grant
Password has expired.

RefreshTokenInvalid: refresh_token_invalid
400 invalid_grant
The refresh token is invalid or expired.

NotAssigned: user_not_assigned
400 access_denied
User is not assigned to the client application.

ScopeTooLong: scope_too_long
400 invalid_scope
The 'scope' parameter must not be longer than 4096 characters.

Claim (system): claim_evaluation_failure
400 server_error
The 'cl?aim' system claim could not be evaluated.

Claim (user): claim_evaluation_failure
400 server_error
The 'cl?aim' user claim could not be evaluated.

Claim (groups): too_many_groups
400 server_error
The groups claim matched too many groups and must be configured to match fewer groups.

ForeignPage: invalid_browser_origin
400 invalid_request
Browser requests to the token endpoint must be part of at least one whitelisted redirect_uri.

NotForBrowsers: browser_grant_not_allowed
400 unauthorized_client
Browser requests to the token endpoint may only use the authorization_code grant_type.

NoCredentials: no_client_credentials
401 invalid_client
No client credentials found.

MalformedHeader: invalid_client_credentials_header
401 invalid_client
Found Authentication header but was not valid client credentials.

UnknownClient: invalid_client_id
401 invalid_client
Invalid value for 'client_id' parameter.

WrongMethod: invalid_client_auth_method
401 invalid_client
Client authentication failed. Either the client or the client credentials are invalid.

WrongSecret: invalid_client_secret
401 invalid_client
The client secret supplied for a confidential client is invalid.

WrongType: invalid_client_assertion_type
400 invalid_request
The client_assertion_type is invalid.

Unreadable: invalid_client_assertion
401 invalid_client
The parsing of the client_assertion failed.

WrongAlgorithm: invalid_client_assertion_algorithm
401 invalid_client
The client_assertion JWT signature algorithm is invalid.

WrongIssuer: invalid_client_assertion_issuer
401 invalid_client
The issuer claim for client_assertion is not a valid client_id.

WrongSubject: invalid_client_assertion_subject
401 invalid_client
The subject claim for client_assertion is not a valid client_id.

WrongAudience: invalid_client_assertion_audience
401 invalid_client
The audience claim for client_assertion must be the endpoint invoked for the request.

NoExpiry: missing_client_assertion_expiration
401 invalid_client
The client_assertion must contain the 'exp' claim as seconds since epoch.

Expired: expired_client_assertion
401 invalid_client
The client_assertion token is expired.

ExpiresTooLate: client_assertion_expires_too_late
401 invalid_client
The client_assertion token has an expiration too far into the future.

NotYetValid: client_assertion_not_yet_valid
401 invalid_client
The client_assertion token must be issued before the current time.

NoKeys: missing_client_jwks
401 invalid_client
The client does not have a JWKSet configured, but the client_assertion requires one.

BadKeys: invalid_client_jwks
401 invalid_client
The client JWKSet is invalid.

KeysUnreachable: client_jwks_uri_unreachable
401 invalid_client
Error retrieving the client JWKSet from jwks_uri.

NoKeyAtUri: missing_client_jwks_uri_key
401 invalid_client
The client JWKSet from jwks_uri must contain at least one key.

SameKidAtUri: duplicate_client_jwks_uri_kid
401 invalid_client
All keys in the client JWKSet from jwks_uri must have a unique kid.

UnknownKey: invalid_client_assertion_kid
401 invalid_client
The client_assertion JWT kid is invalid.

SecretTooShort: client_secret_too_short
401 invalid_client
The client secret is too short to verify a JWT HMAC.

BadSignature: invalid_client_assertion_signature
401 invalid_client
The client_assertion signature is invalid.

AlreadyUsed: client_assertion_already_used
401 invalid_client
The client_assertion token has already been used.

NoMatchingPolicy: no_matching_policy
401 access_denied
Policy evaluation failed for this request, please check the policy configurations.

NoMatchingScope: no_matching_scope
400 invalid_scope
One or more scopes are not configured for the authorization server resource.

NoScopeAllowed: no_scope_allowed
400 access_denied
Policy evaluation succeeded, but all the requested scopes were rejected.

ScopeDenied: scope_denied
400 access_denied
Some of the requested scopes were denied by the policy. Denied scopes: [pay, a?b?c??].

NoDefaultScopes: no_default_scopes
400 invalid_scope
The authorization server resource does not have any configured default scopes, 'scope' must be provided.

OpenIdScopeForService: client_credentials_openid_scope
400 invalid_scope
Cannot request 'openid' scopes using client credentials.

ConsentRequired: consent_required
400 consent_required
The following scopes require user consent and cannot be granted for the client credentials grant type: [pay, a?b?c??].

ConsentRequired (password): consent_required
400 consent_required
The following scopes require user consent: [pay, a?b?c??]. To access protected scopes using the resource owner password grant type, please uncheck 'Require consent' in the app settings or set the 'consent_method' to 'TRUSTED' through the apps API.

ConsentRequired (exchange): consent_required
400 consent_required
The following scopes require user consent: [pay, a?b?c??]. To access protected scopes using the token_exchange password grant type, please uncheck 'Require consent' in the app settings or set the apps 'consent_method' to 'TRUSTED'.

ConsentRequired (silent): consent_required
400 consent_required
The following scopes require user consent: [pay, a?b?c??].
";

#[test]
fn introspection_and_revocation_refuse_in_the_same_words() {
    use service::access_token::Refusal as R;
    let said = |refusal: R| {
        let error = OAuthError::from(refusal);
        format!("{}: {} {}: {}", refusal.name(), error.status.as_u16(), error.error, error.description)
    };
    assert_eq!(
        said(R::UnknownServer),
        "invalid_authorization_server: 400 invalid_request: The authorization server id is invalid."
    );
    assert_eq!(
        said(R::MissingToken),
        "missing_token: 400 invalid_request: The 'token' parameter is required."
    );
    assert_eq!(
        said(R::TooManyRevocations),
        "too_many_revocations: 429 too_many_requests: This client has had as many tokens revoked as it may at one time. \
         They are forgotten when they expire."
    );
    let client = R::Client(client::Refusal::NoCredentials);
    assert_eq!(said(client), "no_client_credentials: 401 invalid_client: No client credentials found.");
    // A new one does not compile before it stands here.
    match client {
        R::UnknownServer | R::MissingToken | R::Client(_) | R::TooManyRevocations => {}
    }
}
