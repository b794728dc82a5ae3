//! Client assertions (RFC 7523 section 2.2; Okta, section 7.4): what one must say, whose key signed it, and that it is
//! used once.
//!
//! Claims are judged before keys are touched, so that a stranger's rubbish costs little. Leaves out the other ways to
//! authenticate (`client`) and the keys themselves (`client_keys`, `published_keys`).

use std::sync::Arc;

use jose::json::Members;
use jose::{Algorithm, Header, HmacAlgorithm, VerifyError};
use model::Timestamp;
use model::app::{AuthMethod, ClientKeys as Registered};
use serde_json::Value;
use store::{Batch, CommitError, FaultKind};

use crate::client::{self, Authenticated, Refused};
use crate::client_keys::ClientKeys;
use crate::failure::{Failure, Fault};
use crate::issuer::{IssuerOrigins, issuer};
use crate::rows;
use crate::snapshot::{AppEntry, ServerEntry, Snapshot};
use crate::tenant::Tenant;

/// The one type of assertion that there is.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion may be.
pub const ASSERTION_BYTES_MAX: usize = 16 * 1024;
/// How far ahead an assertion may expire (Okta).
pub const LIFETIME_SECONDS_MAX: i64 = 3_600;
/// How far a client's clock may be ahead of ours.
pub const SKEW_SECONDS: i64 = 30;
/// How long a used assertion is remembered after it expired: longer than the clocks of nodes differ.
const REMEMBERED_MILLISECONDS: i64 = 5 * 60 * 1_000;
/// How long the mark of a request is.
const MARK_CHARACTERS: usize = 16;
/// How many expired ones are forgotten in one batch, and in how many batches at once.
const SWEEP_ROWS: i64 = 1_000;
const SWEEP_BATCHES: usize = 100;

/// What a request presents.
#[derive(Clone)]
pub struct Assertion {
    /// `client_id`, which it may name besides.
    pub client_id: Option<String>,
    /// `client_assertion_type`
    pub assertion_type: Option<String>,
    /// `client_assertion`
    pub assertion: String,
}

/// Where an assertion is presented. Most requests bring none, so its texts are made only for those that do.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'a> {
    /// The origins that the request may name.
    pub issuers: &'a IssuerOrigins,
    /// The server that was called.
    pub server: &'a ServerEntry,
    /// What the request called it by.
    pub path_segment: &'a str,
    /// The last part of the path: `token`.
    pub name: &'a str,
}

impl Endpoint<'_> {
    /// Whether `audience` names this endpoint (Okta) or its server's issuer (OpenID Connect).
    fn is_meant_by(self, audience: &Value) -> bool {
        let Self { issuers, server, path_segment, name } = self;
        let url = format!("{}/oauth2/{path_segment}/v1/{name}", issuers.selected);
        let issuer = issuer(issuers, server);
        let is_ours = |value: &Value| value.as_str().is_some_and(|aud| aud == url || aud == issuer);
        match audience {
            Value::Array(audiences) => audiences.iter().any(is_ours),
            audience => is_ours(audience),
        }
    }
}

/// Why an assertion is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The type is not [`ASSERTION_TYPE`].
    WrongType,
    /// It is too long, not a JWT, or says something in a form that it must not have.
    Unreadable,
    /// It is not signed, or by an algorithm that does not go with the client or its key.
    WrongAlgorithm,
    /// The issuer is not a client.
    WrongIssuer,
    /// The subject is not the issuer.
    WrongSubject,
    /// It is meant for somebody else.
    WrongAudience,
    /// It does not say until when.
    NoExpiry,
    /// It has expired.
    Expired,
    /// It expires too late.
    ExpiresTooLate,
    /// It was issued in the future, or is not valid yet.
    NotYetValid,
    /// The client has no keys.
    NoKeys,
    /// The client's keys cannot be read.
    BadKeys,
    /// The client's keys could not be fetched.
    KeysUnreachable,
    /// The client publishes no key that can be used.
    NoKeyAtUri,
    /// The client publishes two keys under one name, or several without.
    SameKidAtUri,
    /// None of the client's active keys is meant.
    UnknownKey,
    /// The secret is too short.
    SecretTooShort,
    /// The signature is wrong.
    BadSignature,
    /// It was used already.
    AlreadyUsed,
}

impl Refusal {
    /// The reason in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongType => "invalid_client_assertion_type",
            Self::Unreadable => "invalid_client_assertion",
            Self::WrongAlgorithm => "invalid_client_assertion_algorithm",
            Self::WrongIssuer => "invalid_client_assertion_issuer",
            Self::WrongSubject => "invalid_client_assertion_subject",
            Self::WrongAudience => "invalid_client_assertion_audience",
            Self::NoExpiry => "missing_client_assertion_expiration",
            Self::Expired => "expired_client_assertion",
            Self::ExpiresTooLate => "client_assertion_expires_too_late",
            Self::NotYetValid => "client_assertion_not_yet_valid",
            Self::NoKeys => "missing_client_jwks",
            Self::BadKeys => "invalid_client_jwks",
            Self::KeysUnreachable => "client_jwks_uri_unreachable",
            Self::NoKeyAtUri => "missing_client_jwks_uri_key",
            Self::SameKidAtUri => "duplicate_client_jwks_uri_kid",
            Self::UnknownKey => "invalid_client_assertion_kid",
            Self::SecretTooShort => "client_secret_too_short",
            Self::BadSignature => "invalid_client_assertion_signature",
            Self::AlreadyUsed => "client_assertion_already_used",
        }
    }
}

/// What is written when an assertion is granted on: its `jti` is then used, on every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleUse {
    client_id: String,
    jti_hash: [u8; 32],
    expires: Timestamp,
    /// By which this request knows its own row.
    mark: String,
}

impl SingleUse {
    /// Adds the use to what is committed; the step conflicts if it was used before.
    pub(crate) fn commit(&self, batch: &mut Batch) -> usize {
        rows::use_assertion(batch, &self.client_id, &self.jti_hash, self.expires, &self.mark)
    }

    /// Marks it as used; whether it was not before.
    pub(crate) async fn is_first(&self, tenant: &Tenant) -> Result<bool, Fault> {
        let mut is_doubtful = false;
        loop {
            let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&model::Actor::system()));
            self.commit(&mut batch);
            let used = tenant.store.commit(batch).await;
            store::kill_point("assertion: used");
            match used {
                Ok(_) => return Ok(true),
                // By another request; or by this one, if nobody answered its commit.
                Err(CommitError::Conflict { .. }) => {
                    return Ok(self.find_use(tenant).await?.as_ref() == Some(&self.mark));
                }
                Err(CommitError::Fault(fault)) if fault.kind == FaultKind::Unknown && !is_doubtful => {
                    is_doubtful = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether it was used.
    pub(crate) async fn is_used(&self, tenant: &Tenant) -> Result<bool, Fault> {
        Ok(self.find_use(tenant).await?.is_some())
    }

    async fn find_use(&self, tenant: &Tenant) -> Result<Option<String>, Fault> {
        let org = tenant.org();
        Ok(tenant.store.find_use_of_assertion(org.as_str(), &self.client_id, &self.jti_hash).await?)
    }
}

/// Forgets used assertions that nobody could present again. Called again and again; bounded.
pub async fn sweep(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let now = tenant.freshness.clock.shared(now);
    let (org, before) = (tenant.org(), now.plus_milliseconds(-REMEMBERED_MILLISECONDS));
    for _ in 0..SWEEP_BATCHES {
        if !tenant.store.has_expired_assertions(org.as_str(), before.milliseconds()).await? {
            break;
        }
        let mut batch = Batch::new(org.as_str(), rows::actor(&model::Actor::system()));
        batch.delete_expired_assertions(before.milliseconds(), SWEEP_ROWS);
        tenant.store.commit(batch).await?;
    }
    Ok(())
}

/// The client whose assertion it is, and what to write once it is granted on.
pub(crate) async fn authenticate(
    tenant: &Tenant,
    snapshot: &Snapshot,
    presented: &Assertion,
    endpoint: &Endpoint<'_>,
    now: Timestamp,
) -> Result<Authenticated, Failure<Refused>> {
    let refuse = |known: Option<Arc<AppEntry>>| {
        move |refusal| Failure::Refused((client::Refusal::Assertion(refusal), known))
    };
    let token = presented.assertion.as_str();
    let (header, claims) = read(presented).map_err(refuse(None))?;
    let issuer = claims.get("iss").and_then(Value::as_str);
    let entry = issuer
        .and_then(|issuer| snapshot.client(issuer))
        .filter(|entry| entry.app.value.status.is_active())
        .ok_or_else(|| refuse(None)(Refusal::WrongIssuer))?;
    let known = || Some(Arc::clone(entry));
    let client_id = entry.app.value.client_id.as_str();
    if presented.client_id.as_deref().is_some_and(|named| named != client_id) {
        return Err(refuse(known())(Refusal::WrongIssuer));
    }
    let method = entry.app.value.oauth.auth_method;
    let signed = Signed::find(method, &header)
        .ok_or_else(|| Failure::Refused((client::Refusal::WrongMethod, known())))?
        .map_err(refuse(known()))?;
    let until = judge(&claims, client_id, endpoint, now).map_err(refuse(known()))?;
    let verified = match signed {
        Signed::BySecret(algorithm) => verify_by_secret(tenant, entry, token, algorithm),
        Signed::ByKey(algorithm) => verify_by_key(tenant, entry, token, (algorithm, header.kid()), now).await,
    };
    verified.map_err(|failure| match failure {
        Failure::Refused(refusal) => refuse(known())(refusal),
        Failure::Fault(fault) => Failure::Fault(fault),
    })?;
    let forgotten = snapshot.org().assertions_valid_from;
    if claims.get("jti").is_some() && forgotten.is_some_and(|from| may_be_used(&claims, until, from)) {
        return Err(refuse(known())(Refusal::AlreadyUsed));
    }
    let single_use = claims.get("jti").and_then(Value::as_str).map(|jti| SingleUse {
        client_id: client_id.to_owned(),
        jti_hash: jose::sha256(jti.as_bytes()),
        expires: until,
        mark: jose::random_token(MARK_CHARACTERS),
    });
    Ok(Authenticated { client: Arc::clone(entry), single_use })
}

/// Header and claims, unverified.
fn read(presented: &Assertion) -> Result<(Header, Members), Refusal> {
    if presented.assertion_type.as_deref() != Some(ASSERTION_TYPE) {
        return Err(Refusal::WrongType);
    }
    if presented.assertion.len() > ASSERTION_BYTES_MAX {
        return Err(Refusal::Unreadable);
    }
    let header = jose::read_header(&presented.assertion).map_err(|error| of_token(&error))?;
    let claims = jose::read_claims(&presented.assertion).map_err(|error| of_token(&error))?;
    Ok((header, claims))
}

fn of_token(error: &VerifyError) -> Refusal {
    match error {
        VerifyError::Unsigned | VerifyError::AlgorithmNotAllowed(_) | VerifyError::KeyMismatch(_) => {
            Refusal::WrongAlgorithm
        }
        VerifyError::SecretTooShort => Refusal::SecretTooShort,
        VerifyError::UnknownKey => Refusal::UnknownKey,
        VerifyError::BadSignature => Refusal::BadSignature,
        _ => Refusal::Unreadable,
    }
}

/// What the signature is made with: the client's registration says it, and the header must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    BySecret(HmacAlgorithm),
    ByKey(Algorithm),
}

impl Signed {
    /// `None` if a client of `method` presents no assertions.
    fn find(method: AuthMethod, header: &Header) -> Option<Result<Self, Refusal>> {
        let name = header.algorithm();
        let signed = match method {
            AuthMethod::ClientSecretJwt => HmacAlgorithm::find(name).map(Self::BySecret),
            AuthMethod::PrivateKeyJwt => Algorithm::find(name).map(Self::ByKey),
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost | AuthMethod::None => return None,
        };
        Some(signed.ok_or(Refusal::WrongAlgorithm))
    }
}

/// Judges the claims; returns when the assertion expires.
fn judge(
    claims: &Members,
    client_id: &str,
    endpoint: &Endpoint<'_>,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    if claims.get("iss").and_then(Value::as_str) != Some(client_id) {
        return Err(Refusal::WrongIssuer);
    }
    if claims.get("sub").and_then(Value::as_str) != Some(client_id) {
        return Err(Refusal::WrongSubject);
    }
    if !claims.get("aud").is_some_and(|audience| endpoint.is_meant_by(audience)) {
        return Err(Refusal::WrongAudience);
    }
    let now = now.seconds();
    let expires = claims.get("exp").and_then(seconds).ok_or(Refusal::NoExpiry)?;
    if expires <= now {
        return Err(Refusal::Expired);
    }
    if expires > now.saturating_add(LIFETIME_SECONDS_MAX + SKEW_SECONDS) {
        return Err(Refusal::ExpiresTooLate);
    }
    // Okta has no words for `nbf`. Guess: a token that is not valid yet is one of the future.
    for name in ["iat", "nbf"] {
        let Some(value) = claims.get(name) else { continue };
        if seconds(value).ok_or(Refusal::Unreadable)? > now.saturating_add(SKEW_SECONDS) {
            return Err(Refusal::NotYetValid);
        }
    }
    if claims.get("jti").is_some_and(|jti| !jti.is_string()) {
        return Err(Refusal::Unreadable);
    }
    Ok(Timestamp::from_seconds(expires))
}

/// Whether the assertion may have been used before `from`, when a restore forgot which were. One that says when it was
/// issued was used no earlier than a client's clock may be ahead; of one that does not, its end says it.
fn may_be_used(claims: &Members, until: Timestamp, from: Timestamp) -> bool {
    let from = from.seconds();
    match claims.get("iat").and_then(seconds) {
        Some(issued) => issued <= from.saturating_add(SKEW_SECONDS),
        None => until.seconds() <= from.saturating_add(LIFETIME_SECONDS_MAX + SKEW_SECONDS),
    }
}

/// Whether a used assertion that expires at this millisecond must still be known.
pub(crate) fn is_remembered(expires: i64, now: Timestamp) -> bool {
    expires >= now.milliseconds().saturating_sub(REMEMBERED_MILLISECONDS)
}

/// Whether any assertion that is refused for having been issued before `from` could still be presented.
pub(crate) fn is_felt(from: Timestamp, now: Timestamp) -> bool {
    let last = from.seconds().saturating_add(LIFETIME_SECONDS_MAX + 2 * SKEW_SECONDS);
    is_remembered(last.saturating_mul(1_000), now)
}

/// A `NumericDate` (RFC 7519 section 2) in whole seconds.
fn seconds(value: &Value) -> Option<i64> {
    const SECONDS_MAX: f64 = 1e15;
    let Value::Number(number) = value else { return None };
    if number.is_u64() {
        return Some(number.as_i64().unwrap_or(i64::MAX));
    }
    #[expect(clippy::cast_possible_truncation, reason = "clamped to what an i64 holds")]
    let floored = |float: f64| float.clamp(-SECONDS_MAX, SECONDS_MAX).floor() as i64;
    number.as_i64().or_else(|| number.as_f64().map(floored))
}

/// Every active secret is tried: while one is exchanged for another, both are good.
fn verify_by_secret(
    tenant: &Tenant,
    entry: &AppEntry,
    token: &str,
    algorithm: HmacAlgorithm,
) -> Result<(), Failure<Refusal>> {
    let mut outcome = Err(Refusal::SecretTooShort);
    for secret in entry.secrets.iter().filter(|secret| secret.status.is_active()) {
        let opened = tenant.secrets.open_client_secret(entry.app.value.id, secret.id, &secret.sealed)?;
        match jose::verify_hmac(token, &[algorithm], opened.expose()) {
            Ok(_) => return Ok(()),
            Err(VerifyError::SecretTooShort) => {}
            Err(error) => outcome = Err(of_token(&error)),
        }
    }
    outcome.map_err(Failure::Refused)
}

async fn verify_by_key(
    tenant: &Tenant,
    entry: &AppEntry,
    token: &str,
    (algorithm, kid): (Algorithm, Option<&str>),
    now: Timestamp,
) -> Result<(), Failure<Refusal>> {
    let published;
    let keys = match &entry.app.value.oauth.keys {
        Some(Registered::Jwks(_)) => entry.registered_keys(),
        Some(Registered::JwksUri(uri)) => {
            let client_id = entry.app.value.client_id.as_str();
            published = tenant.published_keys.get(client_id, uri, kid, now).await?;
            &published
        }
        None => return Err(Failure::Refused(Refusal::NoKeys)),
    };
    verify_by_one_of(keys, token, algorithm, kid).map_err(Failure::Refused)
}

fn verify_by_one_of(
    keys: &ClientKeys,
    token: &str,
    algorithm: Algorithm,
    kid: Option<&str>,
) -> Result<(), Refusal> {
    if keys.is_empty() {
        return Err(Refusal::NoKeys);
    }
    let key = keys.find(kid).ok_or(Refusal::UnknownKey)?;
    let key = key.public().ok_or(Refusal::BadKeys)?;
    jose::verify_compact(token, &[algorithm], |_| Some(key)).map(drop).map_err(|error| of_token(&error))
}
