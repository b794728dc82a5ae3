//! An authorization server compiled for deciding: conditions as matchers, expressions as trees.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::claim::ClaimType;
use model::grant_type::GrantTypes;
use model::policy::ClientCondition;
use model::rule::{Lifetimes, ScopeCondition};
use model::token_format::{AccessTokenProfile, GroupsOverflow};
use model::{ClientId, GroupId, OrgId, PolicyId, RuleId, UserId};

use crate::claims::Claim;
use crate::needs::Needs;

/// The names of scopes are shared between the table, the rules' sets and the decisions.
pub type ScopeName = Arc<str>;

/// Which clients a policy is for.
#[derive(Debug)]
pub(crate) enum Clients {
    All,
    Only(HashSet<ClientId>),
}

/// Which people a rule is for.
#[derive(Debug)]
pub(crate) struct People {
    pub nobody: bool,
    pub everyone: bool,
    pub groups: HashSet<GroupId>,
    pub exclude_groups: HashSet<GroupId>,
    pub users: HashSet<UserId>,
    pub exclude_users: HashSet<UserId>,
}

/// Which scopes a rule grants.
#[derive(Debug)]
pub(crate) enum Scopes {
    Any,
    Only(HashSet<String>),
}

/// A policy with its rules in order.
#[derive(Debug)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
    pub(crate) active: bool,
    pub(crate) clients: Clients,
    pub(crate) rules: Vec<Rule>,
}

impl Policy {
    /// Its rules, in the order of their priorities.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its name.
    pub name: String,
    /// How long the tokens last.
    pub lifetimes: Lifetimes,
    /// Whether it takes part.
    pub active: bool,
    pub(crate) grant_types: GrantTypes,
    pub(crate) people: People,
    pub(crate) scopes: Scopes,
}

/// What a decision needs of a scope.
#[derive(Debug)]
pub struct Scope {
    pub(crate) consent: model::scope::Consent,
}

/// An authorization server, ready to decide.
#[derive(Debug)]
pub struct AuthorizationServer {
    /// What `aud` says.
    pub audience: String,
    /// The shape of its access tokens.
    pub access_token_profile: AccessTokenProfile,
    /// Its name.
    pub name: String,
    /// What becomes of a claim with more groups than a token may carry.
    pub(crate) groups_overflow: GroupsOverflow,
    pub(crate) org: OrgId,
    pub(crate) org_name: String,
    pub(crate) org_subdomain: String,
    pub(crate) policies: Vec<Policy>,
    pub(crate) scopes: HashMap<ScopeName, Scope>,
    pub(crate) default_scopes: Vec<ScopeName>,
    /// Those of access tokens, in order: disabled and reserved ones too, because a trace tells of them.
    pub(crate) access_claims: Vec<Claim>,
    /// Those of ID tokens.
    pub(crate) identity_claims: Vec<Claim>,
    /// What has to be known of a user.
    pub needs: Needs,
}

impl AuthorizationServer {
    /// Compiles a server. `policies` with their rules come in the order of their priorities; scopes and claims
    /// include the system ones. Never fails: a claim whose expression cannot be compiled refuses the tokens
    /// that would carry it, so nothing wrong is ever released.
    pub fn compile<'a>(
        org: &model::Org,
        server: &model::AuthorizationServer,
        policies: impl IntoIterator<Item = (&'a model::Policy, Vec<&'a model::Rule>)>,
        scopes: impl IntoIterator<Item = &'a model::Scope>,
        claims: impl IntoIterator<Item = &'a model::Claim>,
    ) -> Self {
        let policies: Vec<Policy> =
            policies.into_iter().map(|(policy, rules)| compile_policy(policy, &rules)).collect();
        let mut table = HashMap::new();
        let mut default_scopes = Vec::new();
        for scope in scopes {
            let name: ScopeName = Arc::from(scope.name.as_str());
            if scope.default {
                default_scopes.push(Arc::clone(&name));
            }
            table.insert(name, Scope { consent: scope.consent });
        }
        let access_token_profile = server.token_format.access_token_profile;
        let (mut access_claims, mut identity_claims) = (Vec::new(), Vec::new());
        for claim in claims {
            let of_token = match claim.claim_type {
                ClaimType::Resource => &mut access_claims,
                ClaimType::Identity => &mut identity_claims,
            };
            of_token.push(Claim::compile(claim, access_token_profile));
        }
        let needs = Needs::of(&policies, access_claims.iter().chain(&identity_claims));
        Self {
            audience: server.audiences.first().cloned().unwrap_or_default(),
            access_token_profile,
            name: server.name.clone(),
            groups_overflow: server.token_format.groups_overflow,
            org: org.id,
            org_name: org.company_name.clone(),
            org_subdomain: org.subdomain.clone(),
            policies,
            scopes: table,
            default_scopes,
            access_claims,
            identity_claims,
            needs,
        }
    }

    /// Its policies, in the order of their priorities: a trace names them by their places.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }
}

fn compile_policy(policy: &model::Policy, rules: &[&model::Rule]) -> Policy {
    Policy {
        id: policy.id,
        name: policy.name.clone(),
        active: policy.status.is_active(),
        clients: match &policy.clients {
            ClientCondition::All => Clients::All,
            ClientCondition::Only(clients) => Clients::Only(clients.iter().cloned().collect()),
        },
        rules: rules.iter().map(|rule| compile_rule(rule)).collect(),
    }
}

fn compile_rule(rule: &model::Rule) -> Rule {
    let people = &rule.people;
    Rule {
        id: rule.id,
        name: rule.name.clone(),
        lifetimes: rule.lifetimes,
        active: rule.status.is_active(),
        grant_types: rule.grant_types.iter().copied().collect(),
        people: People {
            nobody: people.is_nobody(),
            everyone: people.everyone,
            groups: people.groups.iter().copied().collect(),
            exclude_groups: people.exclude_groups.iter().copied().collect(),
            users: people.users.iter().copied().collect(),
            exclude_users: people.exclude_users.iter().copied().collect(),
        },
        scopes: match &rule.scopes {
            ScopeCondition::Any => Scopes::Any,
            ScopeCondition::Only(scopes) => Scopes::Only(scopes.iter().cloned().collect()),
        },
    }
}
