//! Token Preview: which tokens a request would get, or which error, and why. The same gathering, decision and composition
//! as at the token endpoint (`mint`), over chosen facts; nothing is signed, written or logged.
//!
//! A preview needs a snapshot and nothing else: the newest one, a draft that is not saved, or one that was made from a file.

use engine::explanation::{Explanation, explain};
use engine::{ConsentFacts, Grant, Minted, Recorder, SessionFacts, TokenKind, UserFacts};
use model::app::ResponseType;
use model::token_format::AccessTokenProfile;
use model::{GrantType, Timestamp};
use serde_json::{Map, Value};

use crate::admin;
use crate::client;
use crate::grant::response_type;
use crate::issuer::IssuerOrigins;
use crate::mint::{self, Asked, Asking, Decided, Scene};
use crate::names::{Names, NamesAt};
use crate::portable::did_you_mean;
use crate::snapshot::{ServerEntry, Snapshot};
use crate::token::Refusal;

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Question {
    /// The `client_id`.
    pub client_id: String,
    /// `grant_type`
    pub grant_type: String,
    /// `scope`
    pub scope: Option<String>,
    /// Who signed in, and how. Needed by every grant but `client_credentials`, which has none.
    pub user: Option<(UserFacts, SessionFacts)>,
    /// What an authorization request is to be answered with, where that is tokens.
    pub response_types: Vec<ResponseType>,
    /// `nonce`
    pub nonce: Option<String>,
    /// What the user consented to before, and what the request says of asking.
    pub consent: ConsentFacts,
}

/// A token as its reader decodes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Its header.
    pub header: Map<String, Value>,
    /// Its claims.
    pub claims: Map<String, Value>,
}

/// What would be given out.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// The decision.
    pub grant: Grant,
    /// The access token.
    pub access_token: Option<Token>,
    /// The ID token.
    pub id_token: Option<Token>,
    /// Whether a refresh token comes with them.
    pub refresh_token: bool,
    /// What userinfo would say to the access token; nothing where it would refuse it, and the claim that fails.
    pub userinfo: Result<Option<Map<String, Value>>, Refusal>,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// What the flow would give out, or its refusal.
    pub outcome: Result<Tokens, Refusal>,
    /// Why; nothing where the request is refused before any policy is looked at.
    pub explanation: Option<Explanation>,
}

/// Where a preview is made: the configuration and what surrounds it.
pub struct Stage<'a> {
    /// The configuration.
    pub snapshot: &'a Snapshot,
    /// The server that is asked.
    pub server: &'a ServerEntry,
    /// The origins that the issuer may carry.
    pub issuers: &'a IssuerOrigins,
    /// What who reads the explanation calls things.
    pub names: &'a Names,
}

/// With how many apps a label that nobody has is compared.
const COMPARED_MAX: usize = 10_000;
/// What stands for the `jti` of a token that is not one.
const NO_TOKEN: &str = "preview";

/// Answers `question` as of `at`.
pub fn preview(stage: &Stage<'_>, question: &Question, at: Timestamp) -> Preview {
    let Stage { snapshot, server, issuers, names } = *stage;
    let name = |kind: TokenKind, _: &Grant| match kind {
        TokenKind::Access => format!("AT.{NO_TOKEN}"),
        TokenKind::Id => format!("ID.{NO_TOKEN}"),
    };
    let scene = Scene { snapshot, server, issuers, token_ids: &name, at };
    let mut recorder = Recorder::default();
    let Decided { facts, compiled, minted } = match decide(&scene, question, &mut recorder) {
        Ok(decided) => decided,
        Err(refusal) => return Preview { outcome: Err(refusal), explanation: None },
    };
    let userinfo = match &minted {
        Ok(minted) => engine::userinfo(&compiled, &facts, &minted.grant.scopes, at, &mut recorder),
        Err(_) => Ok(None),
    };
    let names = NamesAt { names, snapshot };
    let explanation = explain(&compiled, &facts, &names, &recorder, &minted);
    let outcome = minted.map(|minted| tokens(server, minted, userinfo.map_err(Refusal::from)));
    Preview { outcome: outcome.map_err(Refusal::from), explanation: Some(explanation) }
}

/// As the token endpoint decides, for a client that would have been authenticated.
fn decide(scene: &Scene<'_>, question: &Question, trace: &mut Recorder) -> Result<Decided, Refusal> {
    let grant_type = mint::recognise(scene.server, Some(&question.grant_type), GrantType::ALL)?;
    let client = client::find(scene.snapshot, &question.client_id).map_err(Refusal::Client)?;
    let asking = question.user.clone().map(|(user, session)| Asking {
        user,
        session,
        response_types: question.response_types.clone(),
        nonce: question.nonce.clone(),
        consent: question.consent.clone(),
    });
    let asked = Asked { grant_type, scope: question.scope.as_deref(), page: None, asking };
    mint::decide(scene, client, asked, trace)
}

fn tokens(
    server: &ServerEntry,
    minted: Minted,
    userinfo: Result<Option<Map<String, Value>>, Refusal>,
) -> Tokens {
    let token = |claims, profile| Token { header: header(server, profile), claims };
    let profile = server.server.value.token_format.access_token_profile;
    Tokens {
        access_token: minted.access_token.map(|claims| token(claims, profile)),
        id_token: minted.id_token.map(|claims| token(claims, AccessTokenProfile::Okta)),
        refresh_token: minted.refresh_token,
        grant: minted.grant,
        userinfo,
    }
}

/// The header that the server's key would write. A server that was not made yet has no key.
fn header(server: &ServerEntry, profile: AccessTokenProfile) -> Map<String, Value> {
    let mut header = Map::new();
    if let Some(key) = server.keys.active() {
        header.insert("kid".to_owned(), key.kid.as_str().into());
    }
    let algorithm = crate::signing_key::algorithm(server.server.value.token_format.signing_algorithm);
    let algorithm = server.keys.active().map_or(algorithm, |key| key.algorithm);
    header.insert("alg".to_owned(), algorithm.name().into());
    if profile == AccessTokenProfile::Rfc9068 {
        header.insert("typ".to_owned(), "at+jwt".into());
    }
    header
}

/// Whether a request of `grant_type` can be answered with `asked` at all, whoever the client is.
pub fn can_be_answered_with(grant_type: GrantType, asked: &[ResponseType]) -> bool {
    response_type::fits(grant_type, asked)
}

/// The `client_id` of the app that is meant by `text`: by that very id, or by its label if only one app has it.
pub fn client_called(snapshot: &Snapshot, text: &str) -> Result<String, admin::Refusal> {
    if snapshot.client(text).is_some() {
        return Ok(text.to_owned());
    }
    let mut called = snapshot.apps_after(None).filter(|entry| entry.app.value.label == text);
    match (called.next(), called.next()) {
        (Some(entry), None) => Ok(entry.app.value.client_id.to_string()),
        (None, _) => {
            let labels =
                snapshot.apps_after(None).take(COMPARED_MAX).map(|entry| entry.app.value.label.as_str());
            let meant = did_you_mean(text, labels);
            Err(admin::Refusal::invalid("client", format!("there is no app `{text}`{meant}")))
        }
        (Some(_), Some(_)) => {
            let message = format!("several apps are called `{text}`; say which one by its client id");
            Err(admin::Refusal::invalid("client", message))
        }
    }
}
