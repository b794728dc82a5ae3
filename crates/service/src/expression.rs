//! An expression on trial, before any claim has it: what it comes to for a service, or for a user who need not exist. Nothing
//! is written. Leaves out policies: the scopes that a question names count as granted.

use engine::claims::{Trial, try_expression};
use engine::{ClientFacts, Facts, Requested, SessionFacts, UserFacts};
use model::app::{ClientId, ConsentMethod};
use model::{AppId, GrantType, Timestamp};

use crate::admin::Refusal;
use crate::grant::client_credentials;
use crate::preview::client_called;
use crate::snapshot::{ServerEntry, Snapshot};

/// What is tried, and for whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Question {
    /// The expression.
    pub expression: String,
    /// The client, by its app's label or its `client_id`; without one, `app` has none but made-up ids.
    pub client: Option<String>,
    /// Who signed in, and how.
    pub user: Option<(UserFacts, SessionFacts)>,
    /// `access.scope`
    pub scopes: Vec<String>,
}

/// The id of an app, where nobody says which.
const NO_APP: &str = "0oa00000000000000000";

/// Tries the expression as a claim of `server`. Of groups, a function may be asked for 100 at most: that holds in every flow.
pub fn try_out(
    snapshot: &Snapshot,
    server: &ServerEntry,
    question: &Question,
    at: Timestamp,
) -> Result<Trial, Refusal> {
    let client = match &question.client {
        Some(called) => client(snapshot, called)?,
        None => nobody().ok_or_else(|| Refusal::invalid("client", "say which client asks"))?,
    };
    let grant_type = if question.user.is_some() { GrantType::Password } else { GrantType::ClientCredentials };
    let (user, session) = question.user.clone().unzip();
    let facts = Facts {
        user,
        session,
        ..Facts::new(client, grant_type, Requested::Explicit(question.scopes.clone()))
    };
    let granted: Vec<_> = question.scopes.iter().map(|scope| scope.as_str().into()).collect();
    let compiled = server.compiled(snapshot.org());
    Ok(try_expression(&compiled, &facts, &granted, at, &question.expression))
}

fn client(snapshot: &Snapshot, called: &str) -> Result<ClientFacts, Refusal> {
    let id = client_called(snapshot, called)?;
    let entry = snapshot.client(&id);
    let unknown = || Refusal::invalid("client", format!("there is no app `{called}`"));
    entry.map(|entry| client_credentials::client(entry)).ok_or_else(unknown)
}

fn nobody() -> Option<ClientFacts> {
    Some(ClientFacts {
        client_id: ClientId::new(NO_APP),
        app: AppId::parse(NO_APP)?,
        profile: None,
        consent_method: ConsentMethod::Trusted,
    })
}
