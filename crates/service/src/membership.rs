//! Who a hypothetical user is among those who are there: which groups it is in, by name or id or only imagined, and whose
//! login it has. Leaves out what that means (`engine`).

use std::collections::HashSet;

use engine::{GroupFacts, GroupSource};
use model::group::GroupKind;
use model::id::IdSeed;
use model::{Group, GroupId, UserId};
use serde_json::{Map, Value};

use crate::admin::{Refusal, group, user};
use crate::failure::Fault;
use crate::tenant::Tenant;

/// A group as a question says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Membership {
    /// One that is there, by name or id.
    Named(String),
    /// One that need not be there.
    Imagined(Box<Imagined>),
}

/// A group that need not be there.
#[derive(Debug, Clone, PartialEq)]
pub struct Imagined {
    /// Its name. If a group of this name and kind is there, that one is meant.
    pub name: String,
    /// Where it comes from.
    pub kind: GroupKind,
    /// The app that it was imported from.
    pub source: Option<GroupSource>,
    /// Its object classes.
    pub object_class: Vec<String>,
    /// Its profile besides the name.
    pub profile: Map<String, Value>,
}

/// Groups and users that are there, as far as a question could mean them.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Groups.
    pub groups: Vec<Group>,
    /// Users by id, with their logins.
    pub users: Vec<(UserId, String)>,
}

impl Directory {
    /// What `memberships` and `login` could mean.
    pub async fn look_up(
        tenant: &Tenant,
        memberships: &[Membership],
        login: Option<&str>,
    ) -> Result<Self, Fault> {
        let texts = memberships.iter().map(|membership| match membership {
            Membership::Named(text) => text,
            Membership::Imagined(imagined) => &imagined.name,
        });
        let (ids, folded): (Vec<&String>, Vec<String>) = texts.map(|text| (text, group::fold(text))).unzip();
        let ids: Vec<&String> = ids.into_iter().filter(|text| GroupId::parse(text).is_some()).collect();
        let (store, org) = (&tenant.store, tenant.org());
        let mut rows = store.groups_among(org.as_str(), &ids).await?;
        rows.extend(store.groups_by_names(org.as_str(), &folded).await?);
        let groups = rows.into_iter().map(group::of_row).collect::<Result<_, _>>()?;
        let user = match login {
            Some(login) => tenant.find_user(login).await?,
            None => None,
        };
        let users = user.into_iter().map(|user| (user.id, user.login().to_owned())).collect();
        Ok(Self { groups, users })
    }

    /// The user with this login.
    pub fn user(&self, login: &str) -> Option<UserId> {
        let folded = user::fold(login);
        self.users.iter().find(|(_, login)| user::fold(login) == folded).map(|(id, _)| *id)
    }

    /// The facts of these memberships, each group once. `Everyone` is left out: everybody is in it.
    pub fn join(&self, memberships: &[Membership]) -> Result<Vec<GroupFacts>, Refusal> {
        let mut facts = Vec::new();
        let mut seen = HashSet::new();
        for (number, membership) in memberships.iter().enumerate() {
            let joined = match membership {
                Membership::Named(text) => {
                    let found = find(text, &self.groups).ok_or_else(|| unknown(number, text))?;
                    GroupFacts { kind: found.kind, ..GroupFacts::new(found.id, found.name.as_str()) }
                }
                Membership::Imagined(imagined) => imagine(imagined, &self.groups),
            };
            if joined.kind != GroupKind::BuiltIn && seen.insert(joined.id) {
                facts.push(joined);
            }
        }
        Ok(facts)
    }
}

fn find<'a>(text: &str, known: &'a [Group]) -> Option<&'a Group> {
    let by_id = known.iter().find(|group| group.id.as_str() == text);
    by_id.or_else(|| known.iter().find(|group| group::fold(&group.name) == group::fold(text)))
}

fn unknown(number: usize, text: &str) -> Refusal {
    let message = format!(
        "user.groups[{number}]: there is no group `{text}`; a group that is only imagined is written {{\"name\": \"…\"}}"
    );
    Refusal::Invalid { subject: "user.groups", causes: vec![message] }
}

fn imagine(imagined: &Imagined, known: &[Group]) -> GroupFacts {
    let same = find(&imagined.name, known).filter(|group| group.kind == imagined.kind);
    GroupFacts {
        kind: imagined.kind,
        source: imagined.source.clone(),
        object_class: imagined.object_class.clone(),
        profile: imagined.profile.clone(),
        ..GroupFacts::new(
            same.map_or_else(|| imagined_id(imagined), |group| group.id),
            imagined.name.as_str(),
        )
    }
}

/// An id that depends on nothing but what is imagined, so that one question has one answer. No group that is there has it:
/// its time is the first moment that ids know.
fn imagined_id(imagined: &Imagined) -> GroupId {
    let source = imagined.source.as_ref().map_or("", |source| source.id.as_str());
    let digest = jose::sha256(format!("{}\n{source}\n{}", imagined.kind, imagined.name).as_bytes());
    let mut random = [0; 9];
    random.copy_from_slice(&digest[..9]);
    GroupId::mint(IdSeed { tick: 0, random })
}
