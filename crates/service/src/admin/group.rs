//! Groups: rows of their own, as far as a rule names them.

use model::event::{Event, EventType};
use model::group::GroupKind;
use model::{Group, GroupId, Timestamp};
use store::{Batch, CommitError};

use crate::admin::{Page, Refusal, rule};
use crate::configuration::Asked;
use crate::failure::{Failure, Fault};
use crate::rows;
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a group.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// A description.
    pub description: Option<String>,
}

/// Names are unique without case.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

pub(crate) fn of_row(row: store::Group) -> Result<Group, Fault> {
    let parsed = (|| {
        Some(Group {
            id: GroupId::parse(&row.id)?,
            kind: GroupKind::from_word(&row.kind)?,
            name: row.name,
            description: row.description,
            created: Timestamp::from_milliseconds(row.created),
            last_updated: Timestamp::from_milliseconds(row.updated),
            last_membership_updated: Timestamp::from_milliseconds(row.membership_updated),
        })
    })();
    parsed.ok_or_else(|| Fault::internal(format!("the stored group `{}` cannot be read", row.id)))
}

pub(crate) fn to_row(group: &Group) -> store::Group {
    store::Group {
        id: group.id.to_string(),
        kind: group.kind.to_string(),
        name: group.name.clone(),
        folded: fold(&group.name),
        description: group.description.clone(),
        created: group.created.milliseconds(),
        updated: group.last_updated.milliseconds(),
        membership_updated: group.last_membership_updated.milliseconds(),
    }
}

/// A group.
pub async fn get(tenant: &Tenant, id: &str) -> Result<Group, Failure<Refusal>> {
    let not_found = || Failure::Refused(Refusal::not_found(id, kind::GROUP));
    let id = GroupId::parse(id).ok_or_else(not_found)?;
    let row = tenant.store.find_group(tenant.org().as_str(), id.as_str()).await?.ok_or_else(not_found)?;
    Ok(of_row(row)?)
}

/// A page of groups by id. `q` is the beginning of a name, whatever the case.
pub async fn list(
    tenant: &Tenant,
    q: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Group>, Failure<Refusal>> {
    let q = fold(q.unwrap_or_default());
    let after = after.unwrap_or_default();
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows = tenant.store.groups(tenant.org().as_str(), &q, after, wanted).await?;
    let more = rows.len() > limit;
    let items: Vec<Group> = rows.into_iter().take(limit).map(of_row).collect::<Result<_, _>>()?;
    let next = more.then(|| items.last().map(|group| group.id.to_string())).flatten();
    Ok(Page { items, next })
}

/// Creates a group.
pub async fn create(tenant: &Tenant, asked: Asked, profile: Profile) -> Result<Group, Failure<Refusal>> {
    let now = asked.now.whole_second();
    let group = Group {
        id: GroupId::mint(tenant.ids.next(asked.now)),
        kind: GroupKind::Okta,
        name: profile.name,
        description: profile.description,
        created: now,
        last_updated: now,
        last_membership_updated: now,
    };
    group.validate().map_err(|invalid| Failure::Refused(invalid.into()))?;
    let mut batch = batch(tenant, &asked, EventType::GroupCreated, &group);
    batch.insert_group(&to_row(&group));
    commit(tenant, batch, &group).await
}

/// Replaces a group's profile; `Everyone` stays.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    id: &str,
    profile: Profile,
) -> Result<Group, Failure<Refusal>> {
    let group = editable(get(tenant, id).await?)?;
    let group = Group {
        name: profile.name,
        description: profile.description,
        last_updated: asked.now.whole_second(),
        ..group
    };
    group.validate().map_err(|invalid| Failure::Refused(invalid.into()))?;
    let mut batch = batch(tenant, &asked, EventType::GroupUpdated, &group);
    batch.update_group(&to_row(&group));
    commit(tenant, batch, &group).await
}

fn editable(group: Group) -> Result<Group, Failure<Refusal>> {
    match group.kind {
        GroupKind::BuiltIn => Err(Failure::Refused(Refusal::NotPermitted)),
        GroupKind::Okta | GroupKind::App => Ok(group),
    }
}

fn batch(tenant: &Tenant, asked: &Asked, event_type: EventType, group: &Group) -> Batch {
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&asked.actor));
    let event = Event::new(event_type, asked.actor.clone(), asked.origin.clone()).about(target::group(group));
    rows::append_event(&mut batch, asked.now, &event);
    batch
}

async fn commit(tenant: &Tenant, batch: Batch, group: &Group) -> Result<Group, Failure<Refusal>> {
    match tenant.store.commit(batch).await {
        Ok(_) => Ok(group.clone()),
        Err(CommitError::Conflict { .. }) => Err(Failure::Refused(Refusal::invalid(
            "name",
            "An object with this field already exists in the current organization",
        ))),
        Err(CommitError::Missed { .. }) => {
            Err(Failure::Refused(Refusal::not_found(group.id.as_str(), kind::GROUP)))
        }
        Err(CommitError::Fault(fault)) => Err(fault.into()),
    }
}

/// Deletes a group; `Everyone` stays. Rules that include it keep the reference, which matches nobody; the log says so.
/// A rule that *excludes* it would come to match its members, so such a group cannot be deleted: nothing ever widens.
pub async fn delete(tenant: &Tenant, asked: Asked, id: &str) -> Result<(), Failure<Refusal>> {
    let group = editable(get(tenant, id).await?)?;
    let deleted = tenant.configuration.change(asked, move |draft| {
        if let Some(rule) =
            rule::find_naming(draft.snapshot(), |rule| rule.people.exclude_groups.contains(&group.id))
        {
            let message =
                format!("The rule `{}` ({}) excludes this group; remove it there first", rule.name, rule.id);
            return Err(Refusal::invalid("id", message));
        }
        draft.log(EventType::GroupDeleted, [target::group(&group)]);
        let reason = format!("group `{}` is gone", group.id);
        rule::log_invalidated(draft, &reason, |rule| rule.people.groups.contains(&group.id));
        draft.delete_group(group.id);
        Ok(())
    });
    deleted.await
}
