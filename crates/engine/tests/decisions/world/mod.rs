//! An authorization server and the requests to it, small enough to be written as text.

mod configuration;
pub mod request;

use model::authorization_server::{IssuerMode, RotationMode};
use model::claim::{ClaimType, ClaimValue};
use model::id::IdSeed;
use model::policy::ClientCondition;
use model::rule::{Lifetimes, People, ScopeCondition};
use model::scope::{Consent, MetadataPublish};
use model::{
    AuthorizationServerId, Claim, ClaimId, GrantType, Org, OrgId, Policy, PolicyId, Rule, RuleId, Scope,
    ScopeId, Status, Timestamp, TokenFormat, template,
};

const THEN: Timestamp = Timestamp::from_seconds(1_767_225_600);

/// A server with all that belongs to it, as `model` knows it.
#[derive(Debug, Clone)]
pub struct World {
    pub org: Org,
    pub server: model::AuthorizationServer,
    /// In the order of their priorities, each with its rules.
    pub policies: Vec<(Policy, Vec<Rule>)>,
    /// The system ones come first.
    pub scopes: Vec<Scope>,
    /// The system ones come first.
    pub claims: Vec<Claim>,
}

impl World {
    /// A server as Okta makes it: the system scopes, the system claims, no policy.
    pub fn new() -> Self {
        let server = model::AuthorizationServer {
            id: AuthorizationServerId::mint(seed("server")),
            name: "default".to_owned(),
            description: None,
            audiences: vec!["api://default".to_owned()],
            issuer_mode: IssuerMode::OrgUrl,
            status: Status::Active,
            rotation_mode: RotationMode::Auto,
            default: true,
            template: template::CURRENT,
            trusted: Vec::new(),
            token_format: TokenFormat::default(),
            created: THEN,
            last_updated: THEN,
            tokens_valid_from: None,
        };
        let org = Org {
            id: OrgId::mint(seed("org")),
            company_name: "Example".to_owned(),
            subdomain: "example".to_owned(),
            created: THEN,
            last_updated: THEN,
            assertions_valid_from: None,
        };
        let scopes = template::scopes(&server).collect();
        let claims = template::claims(&server).collect();
        Self { org, server, policies: Vec::new(), scopes, claims }
    }

    /// The same, ready to decide.
    pub fn compile(&self) -> engine::AuthorizationServer {
        let policies = self.policies.iter().map(|(policy, rules)| (policy, rules.iter().collect()));
        engine::AuthorizationServer::compile(&self.org, &self.server, policies, &self.scopes, &self.claims)
    }

    /// Adds a policy for every app and without rules.
    pub fn add_policy(&mut self, name: &str) -> &mut Policy {
        let priority = u32::try_from(self.policies.len()).unwrap() + 1;
        let policy = Policy {
            id: PolicyId::mint(seed(name)),
            server: self.server.id,
            status: Status::Active,
            name: name.to_owned(),
            description: Some(name.to_owned()),
            priority,
            system: false,
            clients: ClientCondition::All,
            created: THEN,
            last_updated: THEN,
            tokens_valid_from: None,
        };
        self.policies.push((policy, Vec::new()));
        &mut self.policies.last_mut().unwrap().0
    }

    /// Adds a rule for anything to the newest policy.
    pub fn add_rule(&mut self, name: &str) -> &mut Rule {
        let (policy, rules) = self.policies.last_mut().expect("a rule needs a policy before it");
        rules.push(Rule {
            id: RuleId::mint(seed(&format!("{} / {name}", policy.name))),
            server: policy.server,
            policy: policy.id,
            status: Status::Active,
            name: name.to_owned(),
            priority: u32::try_from(rules.len()).unwrap() + 1,
            system: false,
            grant_types: GrantType::ALL.to_vec(),
            people: People { everyone: true, ..People::default() },
            scopes: ScopeCondition::Any,
            lifetimes: Lifetimes::default(),
            created: THEN,
            last_updated: THEN,
        });
        rules.last_mut().unwrap()
    }

    /// The scope of this name, added unless it is there.
    pub fn scope(&mut self, name: &str) -> &mut Scope {
        let at = self.scopes.iter().position(|scope| scope.name == name).unwrap_or_else(|| {
            self.scopes.push(Scope {
                id: ScopeId::mint(seed(name)),
                server: self.server.id,
                name: name.to_owned(),
                display_name: None,
                description: None,
                system: false,
                metadata_publish: MetadataPublish::NoClients,
                consent: Consent::Implicit,
                optional: false,
                default: false,
            });
            self.scopes.len() - 1
        });
        &mut self.scopes[at]
    }

    /// The system claim `sub` of access tokens, or a new claim.
    pub fn claim(&mut self, name: &str) -> &mut Claim {
        let is_sub = |claim: &Claim| claim.name == "sub" && claim.claim_type == ClaimType::Resource;
        let at = self.claims.iter().position(|claim| name == "sub" && is_sub(claim)).unwrap_or_else(|| {
            self.claims.push(Claim {
                id: ClaimId::mint(seed(name)),
                server: self.server.id,
                name: name.to_owned(),
                status: Status::Active,
                claim_type: ClaimType::Resource,
                value: ClaimValue::Expression(String::new()),
                scopes: Vec::new(),
                system: false,
                always_include_in_token: true,
            });
            self.claims.len() - 1
        });
        &mut self.claims[at]
    }
}

/// What ids are minted from: the name alone, so that the same name is always the same thing.
pub fn seed(name: &str) -> IdSeed {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    IdSeed { tick: name.bytes().fold(0xcbf2_9ce4_8422_2325, step), random: [0; 9] }
}
