//! Why a token request was granted or refused, asked later: the decision is made again, with the facts that its event kept,
//! on the configuration of its time. Says so where an input is gone, and where the answer is not what the event says.

use engine::explanation::{Explanation, explain};
use engine::{Denied, Envelope, Facts, Grant, Minted, Recorder, TokenKind};
use model::event::{Event, OutcomeResult};
use model::{AuthorizationServerId, Timestamp};

use crate::admin::Refusal;
use crate::admin::log::{self, Logged, Within};
use crate::failure::Failure;
use crate::history::{self, Lost, configuration_at};
use crate::issuer::{IssuerOrigins, issuer};
use crate::names::{Names, NamesAt};
use crate::portable::at_length;
use crate::snapshot::Snapshot;
use crate::target::kind;
use crate::tenant::Tenant;
use crate::token;

/// An event of the token endpoint, explained as far as it can be.
#[derive(Debug)]
pub struct Explained {
    /// The event.
    pub logged: Logged,
    /// The decision, made again; or what is gone.
    pub decision: Result<Decided, Gone>,
}

/// A decision that was made again.
#[derive(Debug)]
pub struct Decided {
    /// The revision that it was made on, both times.
    pub revision: u64,
    /// What it is today.
    pub outcome: Result<Grant, token::Refusal>,
    /// What the event says otherwise; nothing where both agree.
    pub differences: Vec<Difference>,
    /// Why it is so.
    pub explanation: Explanation,
}

/// Something that the event says and the decision does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: `outcome`, `policy`, `rule`.
    pub what: &'static str,
    /// What the event says.
    pub then: String,
    /// What the decision is when it is made again.
    pub now: String,
}

/// Why a decision cannot be made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// The event is about something else.
    NotADecision,
    /// Anybody can cause such refusals: they are counted, and their facts are not kept.
    Counted,
    /// The request was refused before any policy was looked at: the event says for what.
    NeverDecided(String),
    /// The event has no facts: they were longer than an event keeps.
    FactsTooLong,
    /// The facts are of a shape that this release does not read.
    FactsUnreadable,
    /// The configuration's revision is not remembered, or the event names none.
    Revision(Option<u64>),
    /// More changes were made since than are taken back.
    TooManyChanges(u64),
    /// The server was not there at that revision.
    Server,
    /// The app was not there at that revision.
    Client,
}

impl Gone {
    /// A word for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotADecision => "not_a_decision",
            Self::Counted => "counted",
            Self::NeverDecided(_) => "never_decided",
            Self::FactsTooLong => "facts_too_long",
            Self::FactsUnreadable => "facts_unreadable",
            Self::Revision(_) => "revision_unknown",
            Self::TooManyChanges(_) => "too_many_changes",
            Self::Server => "server_unknown",
            Self::Client => "client_unknown",
        }
    }

    /// A sentence for people.
    pub fn message(&self) -> String {
        match self {
            Self::NotADecision => "the event is not about a decision of the token endpoint".to_owned(),
            Self::Counted => {
                "anybody can cause refusals of this kind, so they are counted into one event, and what was \
                              asked is not kept"
                    .to_owned()
            }
            Self::NeverDecided(reason) => {
                format!("the request was refused before any policy was looked at: `{reason}`")
            }
            Self::FactsTooLong => {
                format!(
                    "the facts of the request were longer than the {} bytes that an event keeps",
                    model::event::FACTS_BYTES_MAX
                )
            }
            Self::FactsUnreadable => {
                "the facts were written by a release that this one does not understand".to_owned()
            }
            Self::Revision(None) => "the event does not say on which configuration was decided".to_owned(),
            Self::Revision(Some(revision)) => {
                format!("revision {revision} of the configuration is not remembered")
            }
            Self::TooManyChanges(revision) => format!(
                "more than {} changes of the configuration were made since revision {revision}",
                history::CHANGES_MAX
            ),
            Self::Server => "the configuration of that time has no such authorization server".to_owned(),
            Self::Client => "the configuration of that time has no such app".to_owned(),
        }
    }
}

/// Explains the event with this UUID, or the newest decision of the request with this id.
pub async fn explain_event(
    tenant: &Tenant,
    name: &str,
    within: &Within,
    issuers: &IssuerOrigins,
    now: Timestamp,
) -> Result<Explained, Failure<Refusal>> {
    let logged = log::find(tenant, name, within, now).await?;
    let decision = match decide_again(tenant, &logged, issuers, now).await {
        Ok(decided) => Ok(decided),
        Err(Failure::Refused(gone)) => Err(gone),
        Err(Failure::Fault(fault)) => return Err(fault.into()),
    };
    Ok(Explained { logged, decision })
}

async fn decide_again(
    tenant: &Tenant,
    logged: &Logged,
    issuers: &IssuerOrigins,
    now: Timestamp,
) -> Result<Decided, Failure<Gone>> {
    let event = &logged.event;
    let facts = facts(event).map_err(Failure::Refused)?;
    let revision = event.revision.ok_or(Failure::Refused(Gone::Revision(None)))?;
    let snapshot = snapshot_at(tenant, revision, now).await?;
    let server = target(event, kind::AUTHORIZATION_SERVER).and_then(AuthorizationServerId::parse);
    let server = server.and_then(|id| snapshot.server(id)).ok_or(Failure::Refused(Gone::Server))?;
    let facts = with_profile(facts, &snapshot)?;
    let names = Names::of_server(tenant, server).await?;
    // The configuration of that time is compiled for this question alone.
    let compiled = at_length(|| server.compiled(snapshot.org()));
    let issuer = issuer(issuers, server);
    let jti = target(event, kind::ACCESS_TOKEN).unwrap_or_default();
    let name = |_: TokenKind, _: &Grant| jti.to_owned();
    let envelope = Envelope { issuer: &issuer, issued_at: logged.published, token_ids: &name };
    let mut recorder = Recorder::default();
    let minted = engine::mint(&compiled, &facts, &envelope, &mut recorder);
    let differences = differences(event, &minted);
    let names = NamesAt { names: &names, snapshot: &snapshot };
    let explanation = explain(&compiled, &facts, &names, &recorder, &minted);
    let outcome = minted.map(|minted| minted.grant).map_err(token::Refusal::from);
    Ok(Decided { revision, outcome, differences, explanation })
}

/// The configuration of that time. Another node may have decided on one that this node has not followed yet.
async fn snapshot_at(tenant: &Tenant, revision: u64, now: Timestamp) -> Result<Snapshot, Failure<Gone>> {
    if tenant.configuration.current().revision < revision {
        tenant.follow_configuration(now).await?;
    }
    let current = tenant.configuration.current();
    configuration_at(&tenant.store, &current, revision).await.map_err(|failure| match failure {
        Failure::Refused(Lost::Unknown) => Failure::Refused(Gone::Revision(Some(revision))),
        Failure::Refused(Lost::TooLongAgo) => Failure::Refused(Gone::TooManyChanges(revision)),
        Failure::Fault(fault) => Failure::<Gone>::Fault(fault),
    })
}

/// The facts that the event kept.
fn facts(event: &Event) -> Result<Facts, Gone> {
    if event.count.is_some() {
        return Err(Gone::Counted);
    }
    if !event.event_type.is_decision() {
        return Err(Gone::NotADecision);
    }
    if let Some(facts) = &event.facts {
        return serde_json::from_str(facts.get()).map_err(|_| Gone::FactsUnreadable);
    }
    match &event.reason {
        Some(reason) if token::is_refused_before_decision(reason) => Err(Gone::NeverDecided(reason.clone())),
        _ => Err(Gone::FactsTooLong),
    }
}

/// The facts with the app's profile, which the configuration of that time says. Events of before kept it themselves.
fn with_profile(mut facts: Facts, snapshot: &Snapshot) -> Result<Facts, Failure<Gone>> {
    if facts.client.profile.is_none() {
        let app = snapshot.app(facts.client.app).ok_or(Failure::Refused(Gone::Client))?;
        facts.client.profile.clone_from(&app.app.value.profile);
    }
    Ok(facts)
}

fn target<'a>(event: &'a Event, kind: &str) -> Option<&'a str> {
    event.targets.iter().find(|target| target.kind == kind).map(|target| target.id.as_str())
}

fn differences(event: &Event, minted: &Result<Minted, Denied>) -> Vec<Difference> {
    let then = match event.result {
        OutcomeResult::Success => "granted",
        _ => event.reason.as_deref().unwrap_or("refused"),
    };
    let refusal = minted.as_ref().err().map(|denied| token::Refusal::from(denied.clone()));
    let now = refusal.as_ref().map_or("granted", token::Refusal::name);
    let mut pairs = vec![("outcome", then, now)];
    if let (Ok(minted), OutcomeResult::Success) = (minted, event.result) {
        let [policy, rule] = [kind::POLICY, kind::RULE].map(|kind| target(event, kind).unwrap_or_default());
        pairs.push(("policy", policy, minted.grant.policy.as_str()));
        pairs.push(("rule", rule, minted.grant.rule.as_str()));
    }
    let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
    differ.map(|(what, then, now)| Difference { what, then: then.to_owned(), now: now.to_owned() }).collect()
}
