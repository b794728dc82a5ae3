//! The error object of the management API, and every code that we answer with. Owns statuses, codes, summaries and
//! the object's shape; leaves out OAuth's errors (`oauth/error`) and why something was refused (`service`).

use std::borrow::Cow;
use std::fmt;

use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::request_id::ErrorId;

/// One row of the table of codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What clients compare: `E0000001`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The summary; `{0}` stands for what was at fault.
    pub summary: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal $status:literal $summary:literal;)+) => {
        /// Every code that we answer with.
        pub mod code {
            use super::Code;

            $(
                #[doc = concat!($code, ", ", stringify!($status), ": ", $summary)]
                pub const $name: Code = Code { code: $code, status: $status, summary: $summary };
            )+

            /// The whole table.
            pub const ALL: &[Code] = &[$($name),+];
        }
    };
}

codes! {
    VALIDATION_FAILED = "E0000001" 400 "Api validation failed: {0}";
    MALFORMED_BODY = "E0000003" 400 "The request body was not well-formed.";
    AUTHENTICATION_FAILED = "E0000004" 401 "Authentication failed";
    INVALID_SESSION = "E0000005" 403 "Invalid session";
    ACCESS_DENIED = "E0000006" 403 "You do not have permission to perform the requested action";
    NOT_FOUND = "E0000007" 404 "Not found: {0}";
    PATH_NOT_FOUND = "E0000008" 404 "The requested path was not found";
    INTERNAL = "E0000009" 500 "Internal Server Error";
    INVALID_TOKEN = "E0000011" 401 "Invalid token provided";
    INVALID_CLIENT_APP = "E0000013" 403 "Invalid client app id";
    CREDENTIALS_NOT_UPDATED = "E0000014" 403 "Update of credentials failed";
    FEATURE_OFF = "E0000015" 401 "You do not have permission to access the feature you are requesting";
    ALREADY_ACTIVE = "E0000016" 403 "Activation failed because the user is already active";
    UNSUPPORTED_MEDIA_TYPE =
        "E0000021" 400 "Bad request.  Accept and/or Content-Type headers likely do not match supported values.";
    METHOD_NOT_ALLOWED = "E0000022" 405 "The endpoint does not support the provided HTTP method";
    PARAMETER_MISSING = "E0000028" 400 "The request is missing a required parameter.";
    INVALID_CURSOR = "E0000029" 400 "Invalid cursor.";
    INVALID_SEARCH = "E0000031" 400 "Invalid search criteria.";
    LOCKED_OUT = "E0000032" 403 "Unlock is not allowed for this user.";
    SEARCH_AND_FILTER = "E0000033" 400 "Can't specify a search query and filter in the same request.";
    WRONG_USER_STATUS = "E0000038" 403 "This operation is not allowed in the user's current status.";
    RATE_LIMITED = "E0000047" 429 "API call exceeded rate limit due to too many requests.";
    APP_DELETE_FORBIDDEN = "E0000056" 403 "Delete application forbidden.";
    ALREADY_ASSIGNED = "E0000062" 409 "The specified user is already assigned to the application.";
    PASSWORD_EXPIRED = "E0000064" 401 "Password is expired and must be changed.";
    WRONG_PASSCODE = "E0000068" 403 "Invalid Passcode/Answer";
    USER_LOCKED = "E0000069" 403 "User Locked";
    WRONG_AUTHENTICATION_STATE =
        "E0000079" 403 "This operation is not allowed in the current authentication state.";
    PASSWORD_REFUSED = "E0000080" 403 "The password does not meet the complexity requirements of the current password policy.";
    WRONG_RECOVERY_ANSWER = "E0000087" 403 "The recovery question answer did not match our records.";
    ROLE_ALREADY_ASSIGNED = "E0000090" 409 "The role specified is already assigned to the user.";
    ROLE_TYPE_MISMATCH =
        "E0000091" 400 "The provided role type was not the same as required role type.";
    UNSUPPORTED_FILTER = "E0000053" 400 "Invalid filter criteria.";
    INVALID_FILTER = "E0000094" 400 "This field's filter is not supported.";
    RECOVERY_UNKNOWN_USER = "E0000095" 403 "Recovery not allowed for unknown user.";
    USER_INACTIVE =
        "E0000117" 403 "Cannot assign apps or update app profiles for an inactive user.";
    NOT_ACCEPTABLE = "E0000122" 406 "The request is not acceptable.";
    HOOK_UNREACHABLE = "E0000134" 502 "The inline hook could not be reached.";
    HOOK_REFUSED = "E0000135" 400 "The inline hook responded with an error.";
    HOOK_SILENT = "E0000137" 504 "The inline hook did not respond.";
    CONFLICT = "E0000195" 409 "Api validation failed due to conflict: {0}";
    SERVICE_APPS_ONLY = "E0000227" 400 "Roles can only be granted to service application type";
    ETAG_MISMATCH = "E0000231" 412 "The object has been changed by another request.";
    PRIORITIES_RECONCILING =
        "E0000239" 423 "Policy priorities are being reconciled. Please try again later.";
    ETAG_SYNTAX = "E0000242" 400 "The If-Match header is not an entity tag.";
    GROUP_RULES_BUSY = "E0000249" 409 "Group rules are still being set up.";
}

/// A refusal, or a fault of ours, in the words of the management API. Handlers return it as their error.
#[derive(Debug)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// `errorCode`, and `errorLink`, which repeats it.
    pub code: &'static str,
    /// `errorSummary`.
    pub summary: Cow<'static, str>,
    /// The summaries of `errorCauses`.
    pub causes: Vec<String>,
    /// `errorId`.
    pub id: ErrorId,
    headers: Option<Box<HeaderMap>>,
}

impl ApiError {
    /// The error that a row of the table describes.
    pub fn of(code: Code) -> Self {
        Self {
            status: StatusCode::from_u16(code.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: code.code,
            summary: Cow::Borrowed(code.summary),
            causes: Vec::new(),
            id: ErrorId::new(),
            headers: None,
        }
    }

    /// The same, with `subject` in place of the summary's `{0}`.
    pub fn about(code: Code, subject: &str) -> Self {
        let mut error = Self::of(code);
        error.summary = Cow::Owned(code.summary.replace("{0}", subject));
        error
    }

    /// `Api validation failed: {subject}` with a cause, which by custom reads `field: what is wrong`.
    pub fn invalid(subject: &str, cause: impl Into<String>) -> Self {
        Self::about(code::VALIDATION_FAILED, subject).cause(cause)
    }

    /// `Not found: Resource not found: {id} ({kind})`; `kind` is Okta's internal name of the type.
    pub fn not_found(id: impl fmt::Display, kind: &str) -> Self {
        Self::about(code::NOT_FOUND, &format!("Resource not found: {id} ({kind})"))
    }

    /// The body could not be read; `cause` says where and what was expected, never what was sent.
    pub fn malformed(cause: impl Into<String>) -> Self {
        Self::of(code::MALFORMED_BODY).cause(cause)
    }

    /// A fault of ours: the caller reads an id, the log reads `fault` under the same id.
    pub fn fault(fault: &dyn fmt::Display) -> Self {
        let error = Self::of(code::INTERNAL);
        tracing::error!(error = %error.id, "fault: {fault}");
        error
    }

    /// We cannot do it now, and may be able to soon: 503 with `Retry-After`. The log reads `fault`.
    pub fn unavailable(fault: &dyn fmt::Display) -> Self {
        let error = Self::of(code::INTERNAL).status(StatusCode::SERVICE_UNAVAILABLE);
        tracing::warn!(error = %error.id, "unavailable: {fault}");
        error.header(axum::http::header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// With one more cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// With another status than the table's (the catalogue has no row of its own for 408, 413, 503).
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With another code than the table's: metadata endpoints answer with OAuth's in this shape.
    #[must_use]
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// With another summary than the table's.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<Cow<'static, str>>) -> Self {
        self.summary = summary.into();
        self
    }

    /// With one more header (`WWW-Authenticate`, `Allow`, `Retry-After`).
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().append(name, value);
        self
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::of(code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.summary)
    }
}

impl std::error::Error for ApiError {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Okta's names")]
struct View<'a> {
    error_code: &'a str,
    error_summary: &'a str,
    error_link: &'a str,
    error_id: &'a str,
    error_causes: Vec<CauseView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CauseView<'a> {
    error_summary: &'a str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let view = View {
            error_code: self.code,
            error_summary: &self.summary,
            error_link: self.code,
            error_id: self.id.as_str(),
            error_causes: self.causes.iter().map(|cause| CauseView { error_summary: cause }).collect(),
        };
        let body = serde_json::to_vec(&view).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(headers) = self.headers {
            response.headers_mut().extend(*headers);
        }
        response.extensions_mut().insert(self.id);
        response
    }
}

/// An error with its causes, as one sentence.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn the_object_has_oktas_keys_in_oktas_order() {
        let error = ApiError::invalid("name", "name: The field cannot be left blank");
        let id = error.id;
        let response = error.into_response();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["content-type"], "application/json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let expected = format!(
            "{{\"errorCode\":\"E0000001\",\"errorSummary\":\"Api validation failed: name\",\"errorLink\":\"E0000001\",\
             \"errorId\":\"{id}\",\"errorCauses\":[{{\"errorSummary\":\"name: The field cannot be left blank\"}}]}}"
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn a_missing_object_is_named_as_okta_names_it() {
        let error = ApiError::not_found("aus1", "AuthorizationServer");
        assert_eq!(error.summary, "Not found: Resource not found: aus1 (AuthorizationServer)");
        assert_eq!(error.status, 404);
    }

    #[test]
    fn each_code_stands_once_in_the_table_with_a_status_of_an_error() {
        let mut seen = HashSet::new();
        for row in code::ALL {
            assert!(seen.insert(row.code), "{} stands twice", row.code);
            assert!(row.code.len() == 8 && row.code.starts_with("E0000"), "{}", row.code);
            assert!((400..600).contains(&row.status), "{}", row.code);
            assert_eq!(ApiError::of(*row).status.as_u16(), row.status);
        }
    }

    #[test]
    fn an_error_is_small_enough_to_return() {
        assert!(size_of::<ApiError>() <= 128);
    }
}
