//! The management API: one file per noun, each with the thin pair of the wire (what is written, what is shown) and its
//! lines of the route table. Owns what the nouns share. Leaves out every rule (`service`).

mod api_token;
mod app;
mod associated_server;
mod authorization_server;
mod claim;
mod client_secret;
mod configuration;
mod explain;
mod expression;
mod group;
mod jwk;
mod key;
mod log;
mod org;
mod policy;
mod preview;
mod readable;
mod refresh_token;
mod rule;
mod scope;
mod token_format;
mod user;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use model::Word;
use model::event::Origin;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use service::admin::{PAGE_MAX, Precondition, Refusal};
use service::configuration::Asked;
use service::{Failure, Fault, Remedy, Tenant};

use crate::access::Caller;
use crate::error::{ApiError, code};
use crate::front::{Now, Peer};
use crate::json::Json;
use crate::origin::Here;
use crate::request_id::RequestId;
use crate::routes::Routes;

/// What handlers work on.
pub type App = Arc<Tenant>;

/// Every line of the management API.
pub fn routes() -> Routes<App> {
    Routes::new()
        .and(org::routes())
        .and(user::routes())
        .and(group::routes())
        .and(authorization_server::routes())
        .and(preview::routes())
        .and(expression::routes())
        .and(configuration::routes())
        .and(associated_server::routes())
        .and(policy::routes())
        .and(rule::routes())
        .and(scope::routes())
        .and(claim::routes())
        .and(key::routes())
        .and(refresh_token::routes())
        .and(app::routes())
        .and(client_secret::routes())
        .and(jwk::routes())
        .and(api_token::routes())
        .and(log::routes())
        .and(explain::routes())
}

/// Lists of 200 entries at most, and by default (Okta).
pub type Page = crate::page::Page<PAGE_MAX, PAGE_MAX>;

/// Who asks for a change, from where and when. A handler of a guarded route takes it.
pub struct Asks(pub Asked);

/// `User-Agent` is kept up to this length.
const USER_AGENT_BYTES_MAX: usize = 512;

/// Where a request came from, for the log.
pub fn origin_of(request_id: RequestId, peer: Peer, headers: &HeaderMap, here: &Here) -> Origin {
    let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let user_agent = user_agent.map(|text| text.chars().take(USER_AGENT_BYTES_MAX).collect());
    Origin {
        request_id: Some(request_id.to_string()),
        address: Some(peer.0.ip().to_string()),
        user_agent,
        path: Some(here.path().to_owned()),
    }
}

impl<S: Sync> FromRequestParts<S> for Asks {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Ok(Now(now)) = Now::from_request_parts(parts, state).await;
        let Ok(request_id) = RequestId::from_request_parts(parts, state).await;
        let Ok(peer) = Peer::from_request_parts(parts, state).await;
        let Ok(here) = Here::from_request_parts(parts, state).await;
        let origin = origin_of(request_id, peer, &parts.headers, &here);
        Ok(Self(Asked { actor: caller.actor(), origin, now }))
    }
}

/// `If-Match` as a precondition (RFC 9110 section 13.1.1). Our tags are the revisions of objects. Several lines are one list.
pub struct IfMatch(pub Precondition);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let Some(list) = tag_list(&parts.headers)? else { return Ok(Self(Precondition::Any)) };
        if list.trim() == "*" {
            return Ok(Self(Precondition::Exists));
        }
        let tags = strong_tags(&list).ok_or_else(|| ApiError::of(code::ETAG_SYNTAX))?;
        Ok(Self(Precondition::OneOf(tags.into_iter().filter_map(revision_of).collect())))
    }
}

/// What `If-Match` says, all its lines as one list; none if there is none.
fn tag_list(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let lines: Result<Vec<_>, _> = headers.get_all(IF_MATCH).iter().map(HeaderValue::to_str).collect();
    let lines = lines.map_err(|_| ApiError::of(code::ETAG_SYNTAX))?;
    Ok(if lines.is_empty() { None } else { Some(lines.join(",")) })
}

/// Tags are compared as they are written: `+5` and `05` are tags that no reply ever carried.
fn revision_of(tag: &str) -> Option<u64> {
    tag.parse().ok().filter(|revision: &u64| revision.to_string() == tag)
}

/// The tags of a list, unless it is no such list. The comparison is the strong one: a weak tag is none of ours.
fn strong_tags(list: &str) -> Option<Vec<&str>> {
    const BETWEEN: [char; 3] = [' ', '\t', ','];
    let (mut rest, mut tags) = (list.trim_start_matches(BETWEEN), Vec::new());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let strong = rest.strip_prefix("W/").unwrap_or(rest);
        let (tag, after) = strong.strip_prefix('"')?.split_once('"')?;
        tags.extend((strong.len() == rest.len()).then_some(tag));
        let after = after.trim_start_matches([' ', '\t']);
        if !after.is_empty() && !after.starts_with(',') {
            return None;
        }
        rest = after.trim_start_matches(BETWEEN);
    }
    Some(tags)
}

/// A reply that shows one object, with its `ETag`.
pub struct Shown {
    /// The object.
    pub view: Value,
    /// The revision at which it changed last.
    pub revision: u64,
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        let mut response = Json(self.view).into_response();
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", self.revision)) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// Maps what a use case refuses to the management API's codes: the one place that does.
impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound { id, kind } => Self::not_found(id, kind),
            Refusal::NotReached { id, kind, examined } => Self::not_found(id, kind).cause(format!(
                "Only the newest {examined} events of that time were looked at, and there are more: narrow it by \
                 since and until, or name the event by its UUID."
            )),
            Refusal::Invalid { subject, causes } => {
                let error = Self::about(code::VALIDATION_FAILED, subject);
                causes.into_iter().fold(error, Self::cause)
            }
            Refusal::PreconditionFailed => code::ETAG_MISMATCH.into(),
            Refusal::DeleteForbidden => {
                Self::of(code::APP_DELETE_FORBIDDEN).cause("Deactivate the application before it is deleted.")
            }
            Refusal::InvalidCursor => code::INVALID_CURSOR.into(),
            Refusal::NotPermitted => code::ACCESS_DENIED.into(),
        }
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault.remedy {
            Remedy::TryLater | Remedy::TryAnother => Self::unavailable(&fault),
            Remedy::None => Self::fault(&fault),
        }
    }
}

impl<R> From<Failure<R>> for ApiError
where
    Self: From<R>,
{
    fn from(failure: Failure<R>) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Fault(fault) => fault.into(),
        }
    }
}

/// A link with the methods that it allows.
pub(crate) fn link(href: &str, allow: &[&str]) -> Value {
    json!({"href": href, "hints": {"allow": allow}})
}

/// Adds the link that changes the status: an active object can be deactivated, an inactive one activated.
pub(crate) fn lifecycle(links: &mut Value, own: &str, status: model::Status) {
    let verb = if status.is_active() { "deactivate" } else { "activate" };
    links[verb] = link(&format!("{own}/lifecycle/{verb}"), &["POST"]);
}

/// A time, or null.
pub(crate) fn time(at: Option<model::Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_string().into())
}

/// Reads what may be absent or null as the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list that may be absent or null.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Include {
    /// `include`
    #[serde(default, deserialize_with = "or_default")]
    pub include: Vec<String>,
    /// `exclude`
    #[serde(default, deserialize_with = "or_default")]
    pub exclude: Vec<String>,
}

/// A list that says what to leave out, where leaving out is not offered: what is ignored would widen.
pub(crate) fn no_exclude(field: &'static str, list: &Include) -> Result<(), ApiError> {
    if list.exclude.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(field, format!("{field}: exclude is not supported here; list what to include")))
}

/// What a request must have.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::invalid(field, format!("{field}: The field cannot be left blank")))
}

/// A word of an enumeration, or what is allowed.
pub(crate) fn word<T: Word>(field: &'static str, text: &str) -> Result<T, ApiError> {
    T::read(text).ok_or_else(|| not_among(field, text, T::WORDS))
}

/// The value of a member that may be absent.
pub(crate) fn optional<T: Word>(field: &'static str, text: Option<&str>) -> Result<Option<T>, ApiError> {
    text.map(|text| word(field, text)).transpose()
}

/// A member that can only say one thing.
pub(crate) fn only(field: &'static str, text: &str, allowed: &str) -> Result<(), ApiError> {
    if text == allowed { Ok(()) } else { Err(not_among(field, text, &[allowed])) }
}

pub(crate) fn not_among(field: &str, text: &str, allowed: &[&str]) -> ApiError {
    ApiError::invalid(field, format!("{field}: `{text}` is not one of {}", allowed.join(", ")))
}

/// A number that counts something, within what any rule of ours can say of it.
pub(crate) fn count(field: &'static str, number: Option<i64>) -> Result<Option<u32>, ApiError> {
    let read = |number| {
        u32::try_from(number).map_err(|_| {
            ApiError::invalid(
                field,
                format!("{field}: must be a whole number from 0 to {}, and is {number}", u32::MAX),
            )
        })
    };
    number.map(read).transpose()
}

/// The place of a policy or rule.
pub(crate) fn priority(number: Option<i64>) -> Result<Option<u32>, ApiError> {
    match number {
        Some(number) if number < 1 => {
            Err(ApiError::invalid("priority", format!("priority: must be 1 or more, and is {number}")))
        }
        number => count("priority", number),
    }
}

/// `status`, where a body may carry it.
pub(crate) fn status(text: Option<&str>) -> Result<Option<model::Status>, ApiError> {
    optional("status", text)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn a_tag_names_a_revision_only_as_replies_write_it() {
        for (tag, expected) in [
            ("\"5\"", one_of(&[5])),
            ("W/\"5\"", one_of(&[])),
            ("\"05\"", one_of(&[])),
            ("\"+5\"", one_of(&[])),
            ("\"99999999999999999999\"", one_of(&[])),
            ("*", Some(Precondition::Exists)),
            ("5", None),
            ("w/\"5\"", None),
            ("\"5", None),
            ("", None),
        ] {
            assert_eq!(read(&[tag]).await, expected, "{tag}");
        }
    }

    #[tokio::test]
    async fn several_tags_are_one_list_on_however_many_lines() {
        for (lines, expected) in [
            (&[][..], Some(Precondition::Any)),
            (&["\"5\", \"6\""], one_of(&[5, 6])),
            (&["\"5\"", "\"6\",,W/\"7\" ,\"8\""], one_of(&[5, 6, 8])),
            (&["\"a,b\"\t,\"6\","], one_of(&[6])),
            (&["", "\"6\""], one_of(&[6])),
            (&["*", "\"6\""], None),
            (&["*", "*"], None),
            (&["\"5\" \"6\""], None),
            (&["\"5\"", "6"], None),
            (&[",", ""], None),
        ] {
            assert_eq!(read(lines).await, expected, "{lines:?}");
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it stands beside `None` in the tables")]
    fn one_of(revisions: &[u64]) -> Option<Precondition> {
        Some(Precondition::OneOf(revisions.to_vec()))
    }

    async fn read(lines: &[&str]) -> Option<Precondition> {
        let mut request = Request::builder();
        for line in lines {
            request = request.header(IF_MATCH, *line);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        match IfMatch::from_request_parts(&mut parts, &()).await {
            Ok(IfMatch(read)) => Some(read),
            Err(error) => {
                assert_eq!(error.code, code::ETAG_SYNTAX.code);
                None
            }
        }
    }
}
