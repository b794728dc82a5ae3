//! What the variables of an expression stand for (Okta).

use std::cell::OnceCell;

use el::{CallError, Found, Group, GroupSource, Object, Variables};
use model::Timestamp;
use model::group::{EVERYONE, GroupKind};

use super::groups;
use crate::facts::{ClientFacts, Facts, SessionFacts};
use crate::server::{AuthorizationServer, ScopeName};
use crate::user_facts::{GroupFacts, UserFacts};

/// Everything that an expression can see.
pub(crate) struct Surroundings<'a> {
    pub server: &'a AuthorizationServer,
    pub facts: &'a Facts,
    pub granted: &'a [ScopeName],
    pub at: Timestamp,
    /// Made only for expressions that ask.
    groups: OnceCell<Vec<Group>>,
}

impl<'a> Surroundings<'a> {
    pub(crate) fn new(
        server: &'a AuthorizationServer,
        facts: &'a Facts,
        granted: &'a [ScopeName],
        at: Timestamp,
    ) -> Self {
        Self { server, facts, granted, at, groups: OnceCell::new() }
    }
}

impl Variables for Surroundings<'_> {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        let user = self.facts.user.as_ref();
        Some(match name {
            "user" => user.map_or(NULL, |user| Found::Object(user)),
            "appuser" => {
                user.and_then(|user| user.app_profile.as_ref()).map_or(NULL, |profile| Found::Object(profile))
            }
            "app" => Found::Object(&self.facts.client),
            "org" => Found::Object(self.server),
            "session" => self.facts.session.as_ref().map_or(NULL, |session| Found::Object(session)),
            "access" => Found::Object(self),
            _ => return None,
        })
    }

    fn now_millis(&self) -> Option<i64> {
        Some(self.at.milliseconds())
    }

    fn groups(&self) -> Option<&[Group]> {
        let user = self.facts.user.as_ref()?;
        Some(self.groups.get_or_init(|| groups_of(user)))
    }

    fn groups_max(&self) -> usize {
        if groups::are_bounded(self.facts) { el::GROUPS_MAX } else { usize::MAX }
    }
}

/// The user's groups as the language knows them. Everybody is in `Everyone`, whether the facts say so or not; its id is
/// known only if they do.
fn groups_of(user: &UserFacts) -> Vec<Group> {
    let everyone = (!user.groups.iter().any(GroupFacts::is_everyone)).then(|| Group {
        id: "".into(),
        name: EVERYONE.into(),
        kind: GroupKind::BuiltIn,
        source: None,
        object_class: Vec::new(),
        profile: serde_json::Map::new(),
    });
    everyone.into_iter().chain(user.groups.iter().map(group)).collect()
}

fn group(facts: &GroupFacts) -> Group {
    let source = |source: &crate::user_facts::GroupSource| GroupSource {
        id: source.id.as_str().into(),
        app_type: source.app_type.as_str().into(),
    };
    Group {
        id: facts.id.as_str().into(),
        name: facts.name.as_str().into(),
        kind: facts.kind,
        source: facts.source.as_ref().map(source),
        object_class: facts.object_class.iter().map(|class| class.as_str().into()).collect(),
        profile: facts.profile.clone(),
    }
}

fn text(text: &str) -> Found<'static> {
    Found::Value(el::Value::from(text))
}

const NULL: Found<'static> = Found::Value(el::Value::Null);

/// `user`
impl Object for UserFacts {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        self.profile.property(name)
    }

    fn call(&self, method: &str, arguments: &[el::Value]) -> Result<Found<'_>, CallError> {
        let [el::Value::Text(argument)] = arguments else {
            return Err(CallError::new(format!("`{method}` wants one string")));
        };
        match (method, &**argument) {
            ("getInternalProperty", "id") => Ok(text(self.id.as_str())),
            ("getInternalProperty", "status") => Ok(text(self.status.as_str())),
            ("getInternalProperty", _) => Ok(NULL),
            ("getLinkedObject", link) => Ok(self.linked.get(link).map_or(NULL, Found::from)),
            _ => Err(CallError::new(format!("`user` has no method `{method}`"))),
        }
    }

    fn whole(&self) -> Option<el::Value> {
        self.profile.whole()
    }
}

/// `app`
impl Object for ClientFacts {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        match name {
            "id" => Some(text(self.app.as_str())),
            "clientId" => Some(text(self.client_id.as_str())),
            "profile" => self.profile.as_ref().map(|profile| Found::Object(profile)),
            _ => None,
        }
    }
}

/// `org`
impl Object for AuthorizationServer {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        match name {
            "name" => Some(text(self.org_name.as_str())),
            "subDomain" => Some(text(self.org_subdomain.as_str())),
            _ => None,
        }
    }
}

/// `session`
impl Object for SessionFacts {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        let amr = || self.amr.iter().map(|method| el::Value::from(method.as_str())).collect();
        (name == "amr").then(|| Found::Value(el::Value::List(amr())))
    }
}

/// `access`
impl Object for Surroundings<'_> {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        let scopes = || self.granted.iter().map(|scope| el::Value::Text(ScopeName::clone(scope))).collect();
        (name == "scope").then(|| Found::Value(el::Value::List(scopes())))
    }
}
