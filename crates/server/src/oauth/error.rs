//! OAuth's error codes and statuses: the one file that knows them, for every refusal of the OAuth endpoints
//! (RFC 6749 section 5.2; Okta, sections 2.7, 3.4, 4.9, 7.1, 7.3, 7.4).

use std::borrow::Cow;

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use engine::Unasked;
use engine::claims::Cause;
use model::GrantType;
use serde::Serialize;
use service::token::{GRANT_TYPES, Refusal, SCOPE_MAX, Standing};
use service::{Failure, Fault, Remedy};
use service::{access_token, client, client_assertion};

use crate::error::ApiError;
use crate::json::Json;
use crate::oauth::form::printable;

/// A refusal in OAuth's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    /// The HTTP status.
    pub status: StatusCode,
    /// `error`
    pub error: &'static str,
    /// `error_description`
    pub description: Cow<'static, str>,
}

#[derive(Serialize)]
struct View<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl OAuthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// 400 `invalid_request`
    pub fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// 401 `invalid_client`
    fn invalid_client(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// Credentials of more than one kind (Okta answers 401 here).
    pub fn several_credentials() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_request",
            "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization \
             header, credentials in the post body, or a client_assertion in the post body.",
        )
    }

    /// Credentials in the query.
    pub fn credentials_in_query() -> Self {
        Self::invalid_request("Client credentials cannot be supplied via query parameters.")
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(View { error: self.error, error_description: &self.description });
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 6749 section 5.2: the answer to a failed authentication names a scheme.
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

fn list(grant_types: &[GrantType]) -> String {
    grant_types.iter().map(|grant_type| grant_type.as_str()).collect::<Vec<_>>().join(", ")
}

impl From<client::Refusal> for OAuthError {
    fn from(refusal: client::Refusal) -> Self {
        use client::Refusal as R;
        Self::invalid_client(match refusal {
            R::Assertion(refusal) => return refusal.into(),
            R::NoCredentials => "No client credentials found.",
            R::MalformedHeader => "Found Authentication header but was not valid client credentials.",
            R::UnknownClient => "Invalid value for 'client_id' parameter.",
            R::WrongMethod => {
                "Client authentication failed. Either the client or the client credentials are invalid."
            }
            R::WrongSecret => "The client secret supplied for a confidential client is invalid.",
        })
    }
}

impl From<client_assertion::Refusal> for OAuthError {
    fn from(refusal: client_assertion::Refusal) -> Self {
        use client_assertion::Refusal as R;
        Self::invalid_client(match refusal {
            R::WrongType => return Self::invalid_request("The client_assertion_type is invalid."),
            R::Unreadable => "The parsing of the client_assertion failed.",
            R::WrongAlgorithm => "The client_assertion JWT signature algorithm is invalid.",
            R::WrongIssuer => "The issuer claim for client_assertion is not a valid client_id.",
            R::WrongSubject => "The subject claim for client_assertion is not a valid client_id.",
            R::WrongAudience => {
                "The audience claim for client_assertion must be the endpoint invoked for the request."
            }
            R::NoExpiry => "The client_assertion must contain the 'exp' claim as seconds since epoch.",
            R::Expired => "The client_assertion token is expired.",
            R::ExpiresTooLate => "The client_assertion token has an expiration too far into the future.",
            R::NotYetValid => "The client_assertion token must be issued before the current time.",
            R::NoKeys => {
                "The client does not have a JWKSet configured, but the client_assertion requires one."
            }
            R::BadKeys => "The client JWKSet is invalid.",
            R::KeysUnreachable => "Error retrieving the client JWKSet from jwks_uri.",
            R::NoKeyAtUri => "The client JWKSet from jwks_uri must contain at least one key.",
            R::SameKidAtUri => "All keys in the client JWKSet from jwks_uri must have a unique kid.",
            R::UnknownKey => "The client_assertion JWT kid is invalid.",
            R::SecretTooShort => "The client secret is too short to verify a JWT HMAC.",
            R::BadSignature => "The client_assertion signature is invalid.",
            R::AlreadyUsed => "The client_assertion token has already been used.",
        })
    }
}

impl From<engine::Refusal> for OAuthError {
    fn from(refusal: engine::Refusal) -> Self {
        use engine::Refusal as R;
        let bad =
            |error, description: Cow<'static, str>| Self::new(StatusCode::BAD_REQUEST, error, description);
        match refusal {
            R::NoMatchingPolicy => Self::new(
                StatusCode::UNAUTHORIZED,
                "access_denied",
                "Policy evaluation failed for this request, please check the policy configurations.",
            ),
            R::NoMatchingScope => bad(
                "invalid_scope",
                "One or more scopes are not configured for the authorization server resource.".into(),
            ),
            R::NoScopeAllowed => bad(
                "access_denied",
                "Policy evaluation succeeded, but all the requested scopes were rejected.".into(),
            ),
            R::ScopeDenied(names) => bad(
                "access_denied",
                format!(
                    "Some of the requested scopes were denied by the policy. Denied scopes: [{}].",
                    printable(&names.join(", "))
                )
                .into(),
            ),
            R::NoDefaultScopes => bad(
                "invalid_scope",
                "The authorization server resource does not have any configured default scopes, 'scope' must be \
                 provided."
                    .into(),
            ),
            R::OpenIdScopeForService => {
                bad("invalid_scope", "Cannot request 'openid' scopes using client credentials.".into())
            }
            R::ConsentRequired(names, why) => {
                bad("consent_required", consent_required(&printable(&names.join(", ")), why).into())
            }
        }
    }
}

/// Okta's words, the slip of `token_exchange password` among them.
fn consent_required(scopes: &str, why: Unasked) -> String {
    let needed = "The following scopes require user consent";
    match why {
        Unasked::Service => {
            format!("{needed} and cannot be granted for the client credentials grant type: [{scopes}].")
        }
        Unasked::Password => format!(
            "{needed}: [{scopes}]. To access protected scopes using the resource owner password grant type, please \
             uncheck 'Require consent' in the app settings or set the 'consent_method' to 'TRUSTED' through the apps API."
        ),
        Unasked::TokenExchange => format!(
            "{needed}: [{scopes}]. To access protected scopes using the token_exchange password grant type, please \
             uncheck 'Require consent' in the app settings or set the apps 'consent_method' to 'TRUSTED'."
        ),
        Unasked::Silent => format!("{needed}: [{scopes}]."),
    }
}

impl From<engine::ClaimFailure> for OAuthError {
    fn from(failure: engine::ClaimFailure) -> Self {
        let owner = if failure.system { "system" } else { "user" };
        let description: Cow<'static, str> = match failure.cause {
            Cause::Evaluation => {
                format!("The '{}' {owner} claim could not be evaluated.", printable(&failure.name)).into()
            }
            Cause::TooManyGroups => {
                "The groups claim matched too many groups and must be configured to match \
                                     fewer groups."
                    .into()
            }
        };
        Self::new(StatusCode::BAD_REQUEST, "server_error", description)
    }
}

impl From<Standing> for OAuthError {
    fn from(standing: Standing) -> Self {
        use Standing as S;
        let (status, error, description) = match standing {
            S::SignInFailed => (StatusCode::FORBIDDEN, "access_denied", "Login failed."),
            S::PasswordExpired => (StatusCode::FORBIDDEN, "access_denied", "The user's password is expired."),
            S::CredentialsInvalid => {
                (StatusCode::BAD_REQUEST, "invalid_grant", "The credentials provided were invalid.")
            }
            S::PasswordExpiredAtGrant => (StatusCode::BAD_REQUEST, "invalid_grant", "Password has expired."),
            S::RefreshTokenInvalid => {
                (StatusCode::BAD_REQUEST, "invalid_grant", "The refresh token is invalid or expired.")
            }
            S::NotAssigned => {
                (StatusCode::BAD_REQUEST, "access_denied", "User is not assigned to the client application.")
            }
        };
        Self::new(status, error, description)
    }
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownServer => Self::invalid_request("The authorization server id is invalid."),
            Refusal::MissingGrantType => Self::invalid_request(format!(
                "The token request must specify a 'grant_type'. Valid values: [{}].",
                list(GRANT_TYPES)
            )),
            Refusal::UnsupportedGrantType => Self::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                format!(
                    "The authorization grant type is not supported by the authorization server. Configured grant \
                     types: [{}].",
                    list(GRANT_TYPES)
                ),
            ),
            Refusal::Client(refusal) => refusal.into(),
            Refusal::UnauthorizedGrant(allowed) => Self::new(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                format!(
                    "The client is not authorized to use the provided grant type. Configured grant types: [{}].",
                    list(&allowed)
                ),
            ),
            Refusal::OutsideNetwork => Self::new(
                StatusCode::FORBIDDEN,
                "access_denied",
                "The request is made from outside the client's permitted network zones.",
            ),
            Refusal::ProofRequired => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_dpop_proof",
                "The DPoP proof JWT header is missing.",
            ),
            Refusal::ScopeTooLong => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_scope",
                format!("The 'scope' parameter must not be longer than {SCOPE_MAX} characters."),
            ),
            Refusal::Decision(refusal) => refusal.into(),
            Refusal::Standing(standing) => standing.into(),
            Refusal::UnsupportedResponseType(allowed) => Self::new(
                StatusCode::BAD_REQUEST,
                "unsupported_response_type",
                format!(
                    "The response type is not supported by the authorization server. Configured response types: [{}].",
                    allowed.iter().map(|allowed| allowed.as_str()).collect::<Vec<_>>().join(", ")
                ),
            ),
            Refusal::Claim(failure) => failure.into(),
            Refusal::ForeignPage => Self::invalid_request(
                "Browser requests to the token endpoint must be part of at least one whitelisted redirect_uri.",
            ),
            Refusal::NotForBrowsers => Self::new(
                StatusCode::BAD_REQUEST,
                "unauthorized_client",
                "Browser requests to the token endpoint may only use the authorization_code grant_type.",
            ),
        }
    }
}

impl From<access_token::Refusal> for OAuthError {
    fn from(refusal: access_token::Refusal) -> Self {
        use access_token::Refusal as R;
        match refusal {
            R::UnknownServer => Refusal::UnknownServer.into(),
            R::Client(refusal) => refusal.into(),
            R::MissingToken => Self::invalid_request("The 'token' parameter is required."),
            R::TooManyRevocations => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "This client has had as many tokens revoked as it may at one time. They are forgotten when they \
                 expire.",
            ),
        }
    }
}

impl OAuthError {
    /// The answer to a failure of a use case.
    pub fn answer<R: Into<Self>>(failure: Failure<R>) -> Response {
        match failure {
            Failure::Refused(refusal) => refusal.into().into_response(),
            Failure::Fault(fault) => Self::fault(&fault),
        }
    }

    /// A fault of ours: told to the log under an id, and to the caller only that it happened.
    fn fault(fault: &Fault) -> Response {
        // The management API's error writes the log line; only its id is of use here.
        let (status, logged, description) = match fault.remedy {
            Remedy::TryLater | Remedy::TryAnother => {
                let logged = ApiError::unavailable(fault);
                (StatusCode::SERVICE_UNAVAILABLE, logged, "The server cannot answer now. Try again later.")
            }
            Remedy::None => (StatusCode::INTERNAL_SERVER_ERROR, ApiError::fault(fault), "The server failed."),
        };
        let error = if status == StatusCode::SERVICE_UNAVAILABLE {
            "temporarily_unavailable"
        } else {
            "server_error"
        };
        let description = format!("{description} Error id: {}.", logged.id);
        let mut response = Self::new(status, error, description).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.extensions_mut().insert(logged.id);
        response
    }
}
