//! A document put into a draft: what it says is compared with what is, and what differs is done by the same functions that
//! the management API uses. Pure: a preview applies without committing, and a change applies again if another node was
//! faster. Owns the order of the parts and the server itself; leaves out the parts (`scopes`, `claims`, `policies`,
//! `rules`) and the keys that a server needs (`commit`).
//!
//! Everything is looked at before it is refused, so that all problems are known at once. A draft that was refused is of no
//! use any more.

use std::collections::HashSet;
use std::sync::Arc;

use model::authorization_server::IssuerMode;
use model::{AuthorizationServer, AuthorizationServerId, Document, Status};
use serde::Serialize;
use serde_json::Value;

use super::document::{Portable, Server};
use super::naming::{self, Naming, ambiguous};
use super::plan::{Difference, Plan, PlanStep, Verb, What};
use super::problem::Problem;
use super::world::World;
use super::{claims, convert, policies, scopes, size};
use crate::admin::{Refusal, associated_server, authorization_server};
use crate::configuration::Draft;
use crate::ids::IdSource;
use crate::signing_key::KeyRecord;
use crate::snapshot::{ServerEntry, Snapshot};

/// Which server a document is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// This one.
    Server(AuthorizationServerId),
    /// The one that has the document's name; there being none, it is made, without keys.
    Named {
        /// The id of a new one.
        new: AuthorizationServerId,
        /// The issuer mode of a new one, where the document says none.
        issuer_mode: IssuerMode,
    },
}

impl Target {
    /// The server, if it is there; a problem if a name does not say which.
    pub(super) fn find(
        self,
        snapshot: &Snapshot,
        wanted: &Portable,
    ) -> Result<Option<Arc<ServerEntry>>, Problem> {
        match self {
            Self::Server(id) => Ok(snapshot.server(id).cloned()),
            Self::Named { .. } => {
                let Some(server) = &wanted.server else {
                    return Err(Problem::new(
                        "server",
                        "the member is missing: it says which server is meant",
                    ));
                };
                match naming::by_name(snapshot).get(&server.name).map(Vec::as_slice) {
                    None | Some([]) => Ok(None),
                    Some([one]) => Ok(snapshot.server(*one).cloned()),
                    Some(several) => {
                        let message =
                            ambiguous("authorization servers have the name", &server.name, "id", several);
                        Err(Problem::new("server.name", message))
                    }
                }
            }
        }
    }
}

/// Applies `wanted` to a draft and says what that does.
pub fn apply(
    draft: &mut Draft,
    ids: &IdSource,
    world: &World,
    target: Target,
    wanted: &Portable,
) -> Result<Plan, Vec<Problem>> {
    apply_with(draft, ids, world, target, wanted, None)
}

/// As [`apply`], with the key that was published for it.
pub(super) fn apply_with(
    draft: &mut Draft,
    ids: &IdSource,
    world: &World,
    target: Target,
    wanted: &Portable,
    published: Option<&KeyRecord>,
) -> Result<Plan, Vec<Problem>> {
    size::check(wanted)?;
    let found = target.find(draft.snapshot(), wanted).map_err(|problem| vec![problem])?;
    let naming = Naming::new(world, draft.snapshot(), found.as_deref(), Some(wanted));
    let server = match target {
        Target::Server(id) => id,
        Target::Named { new, .. } => found.as_ref().map_or(new, |entry| entry.server.value.id),
    };
    let (plan, problems) = (Plan::default(), Vec::new());
    let mut work = Work {
        draft,
        ids,
        naming,
        server,
        plan,
        problems,
        failed_scopes: HashSet::new(),
        gone_scopes: HashSet::new(),
        scopes: HashSet::new(),
    };
    if let Some(wanted) = &wanted.server {
        match found {
            Some(entry) => work.change_server(&entry.server.value, wanted, published),
            None => work.make_server(wanted, target),
        }
    }
    if work.draft.snapshot().server(server).is_none() {
        work.problem("", format_args!("there is no authorization server `{server}`"));
        return work.end();
    }
    let gone = wanted.scopes.as_ref().map(|wanted| scopes::apply(&mut work, wanted)).unwrap_or_default();
    work.scopes = work.entry().scopes().iter().map(|scope| scope.value.name.clone()).collect();
    if let Some(wanted) = &wanted.claims {
        claims::apply(&mut work, wanted);
    }
    if let Some(wanted) = &wanted.policies {
        policies::apply(&mut work, wanted);
    }
    // Which rules name a scope that is gone is known only now.
    for gone in &gone {
        scopes::conclude(&mut work, gone);
    }
    work.end()
}

/// A document on its way into a draft.
pub(super) struct Work<'a> {
    pub draft: &'a mut Draft,
    pub ids: &'a IdSource,
    pub naming: Naming<'a>,
    pub server: AuthorizationServerId,
    pub plan: Plan,
    problems: Vec<Problem>,
    /// Scopes that could not be made: that they are missing is said once.
    pub failed_scopes: HashSet<String>,
    /// Scopes that the document takes away, and must not name any more.
    pub gone_scopes: HashSet<String>,
    /// The scopes that there are, once those of the document are applied.
    pub scopes: HashSet<String>,
}

impl Work<'_> {
    /// The server as it is by now.
    pub fn entry(&self) -> Arc<ServerEntry> {
        let entry = self.draft.snapshot().server(self.server);
        Arc::clone(entry.expect("the server is in the draft before its parts are applied"))
    }

    /// Something is wrong.
    pub fn problem(&mut self, place: impl Into<String>, message: impl std::fmt::Display) {
        self.problems.push(Problem::new(place, message));
    }

    /// What a use case did, or the problem that it is.
    pub fn attempt<T>(&mut self, place: &str, outcome: Result<T, Refusal>) -> Option<T> {
        outcome.map_err(|refusal| self.problems.extend(Problem::refused(place, refusal))).ok()
    }

    /// A step of the plan: from one form in the document to another.
    pub fn step<T: Serialize>(
        &mut self,
        verb: Verb,
        what: What,
        name: impl Into<String>,
        from: Option<&T>,
        to: Option<&T>,
    ) -> &mut PlanStep {
        let mut differences = if verb == Verb::Delete { Vec::new() } else { differences(from, to) };
        // The step itself is called by its name.
        differences.retain(|difference| verb != Verb::Create || difference.member != "name");
        let index = self.plan.steps.len();
        self.plan.steps.push(PlanStep { verb, what, name: name.into(), differences, notes: Vec::new() });
        &mut self.plan.steps[index]
    }

    fn end(self) -> Result<Plan, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(self.plan);
        }
        Err(size::told(self.problems))
    }

    fn make_server(&mut self, wanted: &Server, target: Target) {
        let Target::Named { new, issuer_mode } = target else { return };
        let settings = convert::server_settings(wanted, issuer_mode);
        let made = authorization_server::add(self.draft, new, &settings);
        let Some(server) = self.attempt("server", made) else {
            // So that the rest is looked at, too. Nothing of this draft is committed.
            let stand_in = authorization_server::plain(new, self.draft.now);
            return self.draft.put(Document::AuthorizationServer(stand_in));
        };
        self.trust(&server, wanted);
        self.set_status(wanted);
        let to = convert::server(&self.naming, &self.entry().server.value);
        self.step(Verb::Create, What::Server, &wanted.name, None, Some(&to));
        let servers = self.draft.snapshot().servers_after(None).filter(|entry| entry.server.value.id != new);
        let near = el::nearest(&wanted.name, servers.map(|entry| entry.server.value.name.as_str()));
        let note = near.map(|near| format!("this is a new server; did you mean `{near}`, which is there?"));
        if let (Some(step), Some(note)) = (self.plan.steps.last_mut(), note) {
            step.notes.push(note);
        }
    }

    fn change_server(
        &mut self,
        server: &AuthorizationServer,
        wanted: &Server,
        published: Option<&KeyRecord>,
    ) {
        let from = convert::server(&self.naming, server);
        let mut changed = server.clone();
        convert::server_settings(wanted, server.issuer_mode).apply_to(&mut changed);
        if changed != *server {
            let updated = authorization_server::update(self.draft, changed, published);
            self.attempt("server", updated);
        }
        self.trust(server, wanted);
        self.set_status(wanted);
        let to = convert::server(&self.naming, &self.entry().server.value);
        if from != to {
            self.step(Verb::Change, What::Server, &from.name, Some(&from), Some(&to));
        }
    }

    fn trust(&mut self, server: &AuthorizationServer, wanted: &Server) {
        let mut trusted = Vec::new();
        for (index, name) in wanted.trusted_servers.iter().enumerate() {
            match self.naming.server(name) {
                Ok(id) => trusted.push(id),
                Err(message) => self.problem(format!("server.trustedServers[{index}]"), message),
            }
        }
        for gone in server.trusted.iter().filter(|id| !trusted.contains(id)) {
            let current = self.entry().server.value.clone();
            if let Some(other) = self.draft.snapshot().server(*gone).cloned() {
                associated_server::end(self.draft, current, &other.server.value);
            }
        }
        let added = trusted.iter().filter(|id| !server.trusted.contains(id)).map(ToString::to_string);
        let (current, added) = (self.entry().server.value.clone(), added.collect::<Vec<_>>());
        let outcome = associated_server::trust(self.draft, current, &added);
        self.attempt("server", outcome);
    }

    fn set_status(&mut self, wanted: &Server) {
        let current = self.entry().server.value.clone();
        let status = wanted.status.unwrap_or(Status::Active);
        let outcome = authorization_server::change_status(self.draft, current, status);
        self.attempt("server", outcome);
    }
}

/// The members that differ between two forms in the document.
fn differences<T: Serialize>(from: Option<&T>, to: Option<&T>) -> Vec<Difference> {
    let object = |form: Option<&T>| match form.map(serde_json::to_value) {
        Some(Ok(Value::Object(members))) => members,
        _ => serde_json::Map::new(),
    };
    let (from, to) = (object(from), object(to));
    let members = to.keys().chain(from.keys().filter(|member| !to.contains_key(*member)));
    let of = |member: &String| {
        let value = |form: &serde_json::Map<String, Value>| form.get(member).cloned().unwrap_or_default();
        Difference { member: member.clone(), from: value(&from), to: value(&to) }
    };
    // Rules are steps of their own.
    let members = members.filter(|member| *member != "rules");
    members.map(of).filter(|difference| difference.from != difference.to).collect()
}
