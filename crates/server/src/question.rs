//! What is asked of Token Preview, as it is written: in a request, in a file of token tests, on the command line. Owns the
//! members and what can be said of them without a configuration; leaves out the answer (`service::preview`).

use engine::{ConsentFacts, GroupSource, Prompt, SessionFacts, UserFacts};
use jiff::Timestamp as Instant;
use model::app::ResponseType;
use model::group::GroupKind;
use model::user::UserStatus;
use model::{GrantType, Timestamp, UserId, Word};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use service::Snapshot;
use service::admin::Refusal;
use service::membership::{self, Directory, Membership};
use service::names::Names;
use service::preview::{self, can_be_answered_with, client_called};

use crate::json::object_or_none;

/// How many groups a hypothetical user may be in.
pub const GROUPS_MAX: usize = 1_000;

/// A member, and what is wrong with it.
pub type Mistake = (&'static str, String);

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// The client by its app's label, or by its `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The client by its `client_id` only, whether or not there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `grant_type`, as the flow has it.
    pub grant_type: String,
    /// The scopes that are asked for; absent, the server's default scopes are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Who signed in; a service asks without.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object_or_none")]
    pub user: Option<Person>,
    /// When; absent, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What the ID token repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// `response_type` of an authorization request that is answered without the token endpoint: `id_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    /// `prompt` of an authorization request, as far as consent goes: `none` or `consent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What the user consented to before; absent, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "object_or_none")]
    pub consent: Option<Consents>,
    /// Sections of a configuration that are tried and not saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Value>,
}

/// A user who need not exist.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Person {
    /// Its id, for rules that name users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its status; absent, `ACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `user` in expressions.
    pub profile: Map<String, Value>,
    /// `appuser` in expressions.
    #[serde(skip_serializing_if = "AppProfile::is_usual")]
    pub app_profile: AppProfile,
    /// The groups besides `Everyone`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// The profiles of linked users by the name of the link: `manager`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub linked: Map<String, Value>,
    /// Whether the primary address is known to be the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When anything about the user changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<String>,
    /// The session; absent, a password was given at the moment of the request.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "object_or_none")]
    pub session: Option<Session>,
}

/// What the app knows of a user.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(untagged)]
pub enum AppProfile {
    /// Nothing is said: its `userName` is the user's login.
    #[default]
    Usual,
    /// This.
    Known(Map<String, Value>),
    /// Nothing (`null`): the app is not assigned to the user.
    #[serde(serialize_with = "Serializer::serialize_none")]
    Unassigned,
}

impl AppProfile {
    fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

impl<'de> Deserialize<'de> for AppProfile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let said = Option::<Map<String, Value>>::deserialize(deserializer)?;
        Ok(said.map_or(Self::Unassigned, Self::Known))
    }
}

/// What is known of the user's consent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Consents {
    /// The scopes that the user consented to before.
    pub given: Vec<String>,
}

/// A group that a user is in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Group {
    /// One that is there, by name or id.
    Named(String),
    /// One that need not be there.
    Imagined(Imagined),
}

/// A group that need not be there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Imagined {
    /// Its name.
    pub name: String,
    /// Where it comes from; absent, an admin made it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<GroupKind>,
    /// The app that it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Its object classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub object_class: Vec<String>,
    /// Its profile besides the name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub profile: Map<String, Value>,
}

/// The app that a group was imported from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// The app's id.
    pub id: String,
    /// The app's type: `active_directory`.
    pub app_type: String,
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::Named(name)),
            Value::Object(members) => {
                Imagined::deserialize(Value::Object(members)).map(Self::Imagined).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom(
                "invalid type: another value, expected a group's name or a group's members",
            )),
        }
    }
}

/// How and when the user signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Session {
    /// How (RFC 8176); absent, `pwd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// When; absent, at the moment of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<String>,
    /// The identity provider; absent, the org itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    /// The authentication context that the request chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

/// What a question means.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    /// The client.
    pub client: Client,
    /// The question, without its client and without the user's groups.
    pub question: preview::Question,
    /// The user's groups.
    pub memberships: Vec<Membership>,
    /// The user's login, where the question does not say who the user is by an id.
    pub login: Option<String>,
    /// When; now, if nobody says.
    pub at: Option<Timestamp>,
}

/// A client as it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Client {
    /// By its app's label, or by its `client_id`.
    Called(String),
    /// By its `client_id`.
    Id(String),
}

/// The id of a user who is said to have none.
const NOBODY: &str = "00u00000000000000000";

impl Question {
    /// What it means as of `now`, or the member that means nothing.
    pub fn read(&self, now: Timestamp) -> Result<Meaning, Mistake> {
        let client = match (&self.client, &self.client_id) {
            (Some(label), None) => Client::Called(label.clone()),
            (None, Some(id)) => Client::Id(id.clone()),
            (None, None) => {
                return Err(("client", "say who asks: client, with an app's label or client id".to_owned()));
            }
            (Some(_), Some(_)) => {
                return Err(("client", "client and clientId exclude one another".to_owned()));
            }
        };
        let at = self.at.as_deref().map(|text| time("at", text)).transpose()?;
        let without_user = GrantType::from_word(&self.grant_type).map(GrantType::is_without_user);
        let user = match (&self.user, without_user) {
            (Some(_), Some(true)) => {
                return Err(("user", format!("{} is asked without a user", self.grant_type)));
            }
            (None, Some(false)) => return Err(("user", format!("{} needs a user", self.grant_type))),
            (user, _) => user.as_ref().map(|user| user.read(at.unwrap_or(now))).transpose()?,
        };
        let question = preview::Question {
            client_id: String::new(),
            grant_type: self.grant_type.clone(),
            scope: self.scope()?,
            user,
            response_types: self.response_types()?,
            nonce: self.nonce.clone(),
            consent: self.consent()?,
        };
        let memberships = self.user.iter().flat_map(Person::memberships).collect();
        let login = self.user.as_ref().filter(|user| user.id.is_none());
        let login =
            login.and_then(|user| user.profile.get("login")).and_then(Value::as_str).map(str::to_owned);
        Ok(Meaning { client, question, memberships, login, at })
    }

    fn consent(&self) -> Result<ConsentFacts, Mistake> {
        let prompt = match self.prompt.as_deref() {
            None => None,
            Some("none") => Some(Prompt::None),
            Some("consent") => Some(Prompt::Consent),
            Some(word) => return Err(("prompt", format!("`{word}` is not one of none, consent"))),
        };
        let given = self.consent.as_ref().map(|consent| consent.given.clone()).unwrap_or_default();
        Ok(ConsentFacts { prompt, given })
    }

    fn scope(&self) -> Result<Option<String>, Mistake> {
        let refreshes = GrantType::from_word(&self.grant_type) == Some(GrantType::RefreshToken);
        if refreshes && self.scopes.as_ref().is_none_or(Vec::is_empty) {
            let message = "name the scopes that the sign-in was granted: a refresh means those";
            return Err(("scopes", message.to_owned()));
        }
        let Some(scopes) = &self.scopes else { return Ok(None) };
        match scopes.iter().find(|scope| scope.is_empty() || scope.chars().any(char::is_whitespace)) {
            Some(scope) => Err(("scopes", format!("`{scope}` is not the name of one scope"))),
            None => Ok(Some(scopes.join(" "))),
        }
    }

    /// The response types, which must be of the grant: what the flow would not read would only mislead.
    fn response_types(&self) -> Result<Vec<ResponseType>, Mistake> {
        let words = self.response_type.iter().flat_map(|text| text.split(' '));
        let types = words.map(|word| {
            let message = || format!("`{word}` is not one of {}", ResponseType::WORDS.join(", "));
            ResponseType::from_word(word).ok_or_else(|| ("responseType", message()))
        });
        let types: Vec<ResponseType> = types.collect::<Result<_, _>>()?;
        let why = match GrantType::from_word(&self.grant_type) {
            None => return Ok(types),
            Some(grant_type) if can_be_answered_with(grant_type, &types) => return Ok(types),
            Some(GrantType::AuthorizationCode) => {
                "authorization_code is answered with a code; tokens without one are implicit"
            }
            Some(GrantType::Implicit) => "implicit is answered with id_token, token or both: say which",
            Some(_) => "only authorization requests have one: authorization_code and implicit",
        };
        Err(("responseType", why.to_owned()))
    }
}

impl Meaning {
    /// The question whole: with the client's id, and the user as one of those who are there. `names` learns what the user's
    /// groups are called.
    pub fn complete(
        mut self,
        snapshot: &Snapshot,
        directory: &Directory,
        names: &mut Names,
    ) -> Result<preview::Question, Refusal> {
        self.question.client_id = match &self.client {
            Client::Id(id) => id.clone(),
            Client::Called(label) => client_called(snapshot, label)?,
        };
        if let Some((user, _)) = &mut self.question.user {
            user.groups = directory.join(&self.memberships)?;
            user.groups.iter().for_each(|group| names.add_group(group.id, &group.name));
            user.id = self.login.and_then(|login| directory.user(&login)).unwrap_or(user.id);
        }
        Ok(self.question)
    }
}

impl Person {
    /// The groups that it is in.
    pub fn memberships(&self) -> Vec<Membership> {
        self.groups.iter().map(Group::read).collect()
    }

    /// Who it is, without its groups, and its session as of `at`; or the member that means nothing.
    pub fn read(&self, at: Timestamp) -> Result<(UserFacts, SessionFacts), Mistake> {
        let id = self.id.as_deref().unwrap_or(NOBODY);
        let id = UserId::parse(id).ok_or_else(|| ("user.id", format!("`{id}` is not the id of a user")))?;
        if self.groups.len() > GROUPS_MAX {
            return Err(("user.groups", format!("there may be {GROUPS_MAX} groups")));
        }
        let mut user = UserFacts::new(id, self.profile.clone());
        if let Some(status) = &self.status {
            let message = || format!("`{status}` is not one of {}", UserStatus::WORDS.join(", "));
            user.status = UserStatus::from_word(status).ok_or_else(|| ("user.status", message()))?;
        }
        user.app_profile = match &self.app_profile {
            AppProfile::Usual => {
                let login = self.profile.get("login").map(|login| ("userName".to_owned(), login.clone()));
                Some(login.into_iter().collect())
            }
            AppProfile::Known(profile) => Some(profile.clone()),
            AppProfile::Unassigned => None,
        };
        if let Some((name, _)) = self.linked.iter().find(|(_, profile)| !profile.is_object()) {
            return Err(("user.linked", format!("`{name}` is a profile: an object")));
        }
        user.linked.clone_from(&self.linked);
        user.email_verified = self.email_verified;
        user.last_updated =
            self.last_updated.as_deref().map(|text| time("user.lastUpdated", text)).transpose()?;
        let session = self.session.clone().unwrap_or_default();
        let auth_time = session.auth_time.as_deref().map(|text| time("user.session.authTime", text));
        let session = SessionFacts {
            amr: session.amr.unwrap_or_else(|| vec!["pwd".to_owned()]),
            auth_time: auth_time.transpose()?.unwrap_or(at),
            idp: session.idp,
            acr: session.acr,
            sid: None,
        };
        Ok((user, session))
    }
}

impl Group {
    fn read(&self) -> Membership {
        match self {
            Self::Named(name) => Membership::Named(name.clone()),
            Self::Imagined(imagined) => Membership::Imagined(Box::new(membership::Imagined {
                name: imagined.name.clone(),
                kind: imagined.kind.unwrap_or(GroupKind::Okta),
                source: imagined
                    .source
                    .as_ref()
                    .map(|source| GroupSource { id: source.id.clone(), app_type: source.app_type.clone() }),
                object_class: imagined.object_class.clone(),
                profile: imagined.profile.clone(),
            })),
        }
    }
}

/// A time as people write it.
fn time(member: &'static str, text: &str) -> Result<Timestamp, Mistake> {
    let read: Result<Instant, _> = text.parse();
    let instant =
        read.map_err(|_| (member, format!("`{text}` is not a time such as 2026-01-31T12:00:00Z")))?;
    Ok(Timestamp::from_milliseconds(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_794_000_000);

    fn read(value: Value) -> Result<Meaning, Mistake> {
        serde_json::from_value::<Question>(value).unwrap().read(NOW)
    }

    #[test]
    fn a_user_about_whom_little_is_said_is_active_and_gave_a_password_just_now() {
        let meaning = read(json!({
            "client": "Portal", "grantType": "implicit", "scopes": ["openid", "email"],
            "at": "2026-01-31T12:00:00+01:00", "responseType": "id_token token",
            "user": {"profile": {"login": "ana@example.com"}, "groups": ["Staff", {"name": "Team", "type": "APP_GROUP"}]},
        }))
        .unwrap();
        assert_eq!(meaning.client, Client::Called("Portal".to_owned()));
        assert_eq!(meaning.at.unwrap().to_string(), "2026-01-31T11:00:00.000Z");
        let (user, session) = meaning.question.user.unwrap();
        assert_eq!(
            (session.amr.as_slice(), session.auth_time),
            (&["pwd".to_owned()][..], meaning.at.unwrap())
        );
        assert_eq!(user.app_profile.unwrap()["userName"], "ana@example.com");
        assert_eq!(meaning.question.scope.as_deref(), Some("openid email"));
        assert_eq!(meaning.question.response_types, [ResponseType::IdToken, ResponseType::Token]);
        let [Membership::Named(name), Membership::Imagined(imagined)] = &meaning.memberships[..] else {
            panic!()
        };
        assert_eq!((name.as_str(), imagined.kind), ("Staff", GroupKind::App));
    }

    #[test]
    fn what_means_nothing_is_named_with_its_member() {
        let user = json!({"profile": {}});
        let with_user = |changes: Value| {
            let mut user = user.clone();
            user.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            json!({"user": user})
        };
        for (changes, member) in [
            (json!({"clientId": null}), "client"),
            (json!({"client": "x"}), "client"),
            (json!({"at": "yesterday"}), "at"),
            (json!({"at": "2026-01-31"}), "at"),
            (json!({"scopes": ["a b"]}), "scopes"),
            (json!({"scopes": [""]}), "scopes"),
            (json!({"responseType": "id_token  token"}), "responseType"),
            (json!({"responseType": "id_token"}), "responseType"),
            (json!({"responseType": "id_token", "grantType": "password"}), "responseType"),
            (json!({"grantType": "implicit"}), "responseType"),
            (json!({"grantType": "implicit", "responseType": "code id_token"}), "responseType"),
            (json!({"grantType": "refresh_token"}), "scopes"),
            (json!({"grantType": "refresh_token", "scopes": []}), "scopes"),
            (json!({"prompt": "login"}), "prompt"),
            (json!({"user": null}), "user"),
            (json!({"grantType": "client_credentials"}), "user"),
            (with_user(json!({"id": "me"})), "user.id"),
            (with_user(json!({"status": "active"})), "user.status"),
            (with_user(json!({"linked": {"manager": "x"}})), "user.linked"),
            (with_user(json!({"lastUpdated": "x"})), "user.lastUpdated"),
            (with_user(json!({"session": {"authTime": "x"}})), "user.session.authTime"),
            (with_user(json!({"groups": vec!["g"; GROUPS_MAX + 1]})), "user.groups"),
        ] {
            let mut question =
                json!({"clientId": "c", "grantType": "authorization_code", "user": user.clone()});
            question.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            assert_eq!(read(question).unwrap_err().0, member, "{changes}");
        }
    }

    #[test]
    fn an_app_profile_is_said_or_usual_or_null_for_a_user_who_is_not_assigned() {
        for (said, expected) in [
            (json!({"profile": {"login": "ana"}}), Some(json!({"userName": "ana"}))),
            (json!({"profile": {}, "appProfile": {"tier": 1}}), Some(json!({"tier": 1}))),
            (json!({"profile": {}, "appProfile": null}), None),
        ] {
            let person: Person = serde_json::from_value(said.clone()).unwrap();
            assert_eq!(serde_json::to_value(&person).unwrap(), said, "as it is sent on");
            assert_eq!(person.read(NOW).unwrap().0.app_profile.map(Value::Object), expected, "{said}");
        }
    }

    #[test]
    fn a_member_that_nobody_knows_is_refused_wherever_it_stands() {
        for question in [
            json!({"clientId": "c", "grantType": "x", "scope": "a"}),
            json!({"clientId": "c", "grantType": "x", "user": {"profil": {}}}),
            json!({"clientId": "c", "grantType": "x", "user": []}),
            json!({"clientId": "c", "grantType": "x", "user": {"session": []}}),
            json!({"clientId": "c", "grantType": "x", "user": {"appProfile": []}}),
            json!({"clientId": "c", "grantType": "x", "consent": {"gave": []}}),
            json!({"clientId": "c", "grantType": "x", "user": {"session": {"acrs": 1}}}),
            json!({"clientId": "c", "grantType": "x", "user": {"groups": [{"nam": "x"}]}}),
            json!({"clientId": "c", "grantType": "x", "user": {"groups": [{"name": "x", "more": 1}]}}),
            json!({"clientId": "c", "grantType": "x", "user": {"groups": [5]}}),
        ] {
            assert!(serde_json::from_value::<Question>(question.clone()).is_err(), "{question}");
        }
    }
}
