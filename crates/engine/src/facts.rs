//! What is known about a request when it is decided. Gathered by `service`, kept in the log, so that the same
//! decision can be made again: members may be added, with a default that says what was so before. Who the user is,
//! is told in [`crate::user_facts`].

use model::app::{ConsentMethod, ResponseType};
use model::{AppId, ClientId, GrantType, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::user_facts::UserFacts;

/// The scopes that a request names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requested {
    /// None: the server's default scopes are meant.
    Omitted,
    /// These.
    Explicit(Vec<String>),
    /// These were granted before and are asked for again (a refresh).
    Original(Vec<String>),
}

/// The client that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFacts {
    /// Its `client_id`.
    pub client_id: ClientId,
    /// Its app.
    pub app: AppId,
    /// `app.profile` in expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
    /// Whether its users are asked for consent.
    #[serde(default = "trusted", skip_serializing_if = "is_trusted")]
    pub consent_method: ConsentMethod,
}

fn trusted() -> ConsentMethod {
    ConsentMethod::Trusted
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_trusted(method: &ConsentMethod) -> bool {
    *method == ConsentMethod::Trusted
}

/// The session in which the user signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionFacts {
    /// How the user proved who it is (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// The identity provider that said so; none if the org itself did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    /// The authentication context that the request chose, if it named any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The session's id where a device shares it between apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// What `prompt` asks for, as far as consent goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Prompt {
    /// `none`: nobody may be asked anything.
    None,
    /// `consent`: the user is asked again.
    Consent,
}

/// What is known of the user's consent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConsentFacts {
    /// What the request asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// The scopes that the user has consented to before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
}

impl ConsentFacts {
    fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything that a decision depends on, besides the configuration and the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Who asks.
    pub client: ClientFacts,
    /// How.
    pub grant_type: GrantType,
    /// How it began, where `grant_type` is a refresh: the grant that rules judge a refresh by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_with: Option<GrantType>,
    /// For whom; nobody where a client asks on its own behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserFacts>,
    /// Since when and how the user is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionFacts>,
    /// For what.
    pub scopes: Requested,
    /// What the authorize endpoint is to answer with; nothing where the token endpoint answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types: Vec<ResponseType>,
    /// What the ID token repeats, so that its reader knows its own request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What the user was asked and answered.
    #[serde(default, skip_serializing_if = "ConsentFacts::says_nothing")]
    pub consent: ConsentFacts,
}

impl Facts {
    /// The facts of a request of `client` for `scopes`, about which nothing else is known.
    pub fn new(client: ClientFacts, grant_type: GrantType, scopes: Requested) -> Self {
        Self {
            client,
            grant_type,
            began_with: None,
            user: None,
            session: None,
            scopes,
            response_types: Vec::new(),
            nonce: None,
            consent: ConsentFacts::default(),
        }
    }

    /// The grant that rules are asked about: a refresh is judged by the one that began its family (Okta).
    pub fn judged_grant_type(&self) -> GrantType {
        match (self.grant_type, self.began_with) {
            (GrantType::RefreshToken, Some(first)) => first,
            (grant_type, _) => grant_type,
        }
    }
}
