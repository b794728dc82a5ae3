//! Whatever admins do one after another, memory and store say the same, on this node and on one that follows.

use model::app::AuthMethod;
use model::claim::{ClaimType, ClaimValue};
use model::rule::ScopeCondition;
use model::token_format::SigningAlgorithm;
use model::{Status, Word};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use service::admin::{
    Precondition, Refusal, app, authorization_server, claim, client_secret, jwk, key, policy, rule, scope,
};
use service::history::configuration_at;
use service::{Failure, ServerEntry, Snapshot, configuration};

use crate::bad_wire;
use crate::portrait::{difference, documents, portrait};
use crate::world::{
    World, app_settings, claim_settings, only, policy_settings, public_app_settings, rule_settings,
    scope_settings, server_settings,
};

/// What is done to an object.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Create,
    Replace,
    Toggle,
    Delete,
}

/// To what.
#[derive(Debug, Clone, Copy)]
enum Noun {
    Server,
    Policy,
    Rule,
    Scope,
    Claim,
    App,
    Secret,
    Jwk,
    Keys,
}

/// One call: which object, by its place in its list, and what to say of it.
#[derive(Debug, Clone, Copy)]
struct Step {
    noun: Noun,
    deed: Deed,
    server: usize,
    parent: usize,
    which: usize,
    say: u32,
    wait: i64,
}

fn step() -> impl Strategy<Value = Step> {
    use Noun::{App, Claim, Jwk, Keys, Policy, Rule, Scope, Secret, Server};
    let nouns = [
        Policy, Policy, Policy, Rule, Rule, Rule, Rule, Scope, Scope, Claim, Claim, App, App, Secret, Secret,
        Jwk, Server, Keys,
    ];
    let deeds = [Deed::Create, Deed::Create, Deed::Replace, Deed::Replace, Deed::Toggle, Deed::Delete];
    let which = (0..nouns.len(), 0..deeds.len(), 0..4_usize, 0..4_usize, 0..8_usize);
    (which, any::<u32>(), 0..3_000_i64).prop_map(move |((noun, deed, server, parent, which), say, wait)| {
        Step { noun: nouns[noun], deed: deeds[deed], server, parent, which, say, wait }
    })
}

type Answer = Result<(), Failure<Refusal>>;

/// The `which`-th of a list, around the corner.
fn pick<T>(list: Vec<T>, which: usize) -> Option<T> {
    let length = list.len();
    list.into_iter().nth(which.checked_rem(length)?)
}

fn priority(say: u32) -> Option<u32> {
    (!say.is_multiple_of(4)).then(|| say / 4 % 6 + 1)
}

impl Step {
    fn name(&self) -> String {
        format!("thing-{}", self.say % 5)
    }

    fn status(&self) -> Status {
        Status::ALL[usize::from(self.say.is_multiple_of(2))]
    }

    fn server(&self, snapshot: &Snapshot) -> std::sync::Arc<ServerEntry> {
        pick(snapshot.servers_after(None).cloned().collect(), self.server).expect("the default server stays")
    }

    async fn apply(&self, world: &World) -> Answer {
        world.wait(self.wait);
        match self.noun {
            Noun::Server => self.server_call(world).await,
            Noun::Policy => self.policy_call(world).await,
            Noun::Rule => self.rule_call(world).await,
            Noun::Scope => self.scope_call(world).await,
            Noun::Claim => self.claim_call(world).await,
            Noun::App => self.app_call(world).await,
            Noun::Secret => self.secret_call(world).await,
            Noun::Jwk => self.jwk_call(world).await,
            Noun::Keys => self.key_call(world).await,
        }
    }

    async fn server_call(&self, world: &World) -> Answer {
        let (tenant, asked) = (&world.tenant, world.asked());
        let algorithms = [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
        let settings = authorization_server::Settings {
            signing_algorithm: algorithms.into_iter().nth(self.which % 3),
            ..server_settings(&self.name())
        };
        let path = self.server(&world.snapshot()).server.value.path_segment().to_owned();
        match self.deed {
            Deed::Create => authorization_server::create(tenant, asked, settings).await.map(drop),
            Deed::Replace => authorization_server::replace(tenant, asked, path, settings, Precondition::Any)
                .await
                .map(drop),
            Deed::Toggle => authorization_server::set_status(tenant, asked, path, self.status()).await,
            Deed::Delete => authorization_server::delete(tenant, asked, path, Precondition::Any).await,
        }
    }

    async fn key_call(&self, world: &World) -> Answer {
        let (tenant, asked, server) = (&world.tenant, world.asked(), self.server(&world.snapshot()));
        let path = server.server.value.id.to_string();
        let revoked = pick(server.keys.iter().collect(), self.which).expect("a server has keys");
        match self.deed {
            Deed::Toggle | Deed::Delete => {
                key::revoke(tenant, asked, path, revoked.kid.clone()).await.map(drop)
            }
            Deed::Create | Deed::Replace => key::rotate(tenant, asked, path).await.map(drop),
        }
    }

    async fn policy_call(&self, world: &World) -> Answer {
        let (tenant, asked, snapshot) = (&world.tenant, world.asked(), world.snapshot());
        let server = self.server(&snapshot);
        let path = server.server.value.id.to_string();
        let client = pick(snapshot.apps_after(None).collect(), self.which);
        let client = client.filter(|_| self.say.is_multiple_of(3)).map(|entry| &entry.app.value.client_id);
        let settings = policy::Settings {
            priority: priority(self.say),
            clients: client.map(|client| only(&[client])),
            ..policy_settings(&self.name())
        };
        if let Deed::Create = self.deed {
            return policy::create(tenant, asked, path, settings).await.map(drop);
        }
        let Some(entry) = pick(server.policies.clone(), self.which) else { return Ok(()) };
        let id = entry.policy.value.id.to_string();
        match self.deed {
            Deed::Replace => {
                policy::replace(tenant, asked, path, id, settings, Precondition::Any).await.map(drop)
            }
            Deed::Toggle => policy::set_status(tenant, asked, path, id, self.status()).await,
            _ => policy::delete(tenant, asked, path, id, Precondition::Any).await,
        }
    }

    async fn rule_call(&self, world: &World) -> Answer {
        let (tenant, asked) = (&world.tenant, world.asked());
        let server = self.server(&world.snapshot());
        let Some(parent) = pick(server.policies.clone(), self.parent) else { return Ok(()) };
        let mut path = rule::Path {
            server: server.server.value.id.to_string(),
            policy: parent.policy.value.id.to_string(),
            rule: String::new(),
        };
        let scope = pick(server.scopes(), self.which).map(|scope| scope.value.name.clone());
        let settings = rule::Settings {
            priority: priority(self.say),
            scopes: scope
                .filter(|_| self.say.is_multiple_of(3))
                .map_or(ScopeCondition::Any, |name| ScopeCondition::Only(vec![name])),
            ..rule_settings(&self.name())
        };
        if let Deed::Create = self.deed {
            return rule::create(tenant, asked, path, settings).await.map(drop);
        }
        let Some(wanted) = pick(parent.rules, self.which) else { return Ok(()) };
        path.rule = wanted.value.id.to_string();
        match self.deed {
            Deed::Replace => rule::replace(tenant, asked, path, settings, Precondition::Any).await.map(drop),
            Deed::Toggle => rule::set_status(tenant, asked, path, self.status()).await,
            _ => rule::delete(tenant, asked, path, Precondition::Any).await,
        }
    }

    async fn scope_call(&self, world: &World) -> Answer {
        let (tenant, asked) = (&world.tenant, world.asked());
        let server = self.server(&world.snapshot());
        let path = server.server.value.id.to_string();
        let default = Some(self.say.is_multiple_of(2));
        let settings = |name: &str| scope::Settings { default, ..scope_settings(name) };
        if let Deed::Create = self.deed {
            return scope::create(tenant, asked, path, settings(&self.name())).await.map(drop);
        }
        let Some(wanted) = pick(server.scopes(), self.which) else { return Ok(()) };
        let (id, system) = (wanted.value.id.to_string(), wanted.value.system);
        let name = if system { wanted.value.name.clone() } else { self.name() };
        if let Deed::Delete = self.deed {
            return scope::delete(tenant, asked, path, id, Precondition::Any).await;
        }
        scope::replace(tenant, asked, path, id, settings(&name), Precondition::Any).await.map(drop)
    }

    async fn claim_call(&self, world: &World) -> Answer {
        let (tenant, asked) = (&world.tenant, world.asked());
        let server = self.server(&world.snapshot());
        let path = server.server.value.id.to_string();
        let settings = claim_settings(&self.name(), "app.clientId");
        if let Deed::Create = self.deed {
            return claim::create(tenant, asked, path, settings).await.map(drop);
        }
        let Some(wanted) = pick(server.claims(), self.which) else { return Ok(()) };
        let wanted = &wanted.value;
        let id = wanted.id.to_string();
        let settings = claim::Settings {
            name: if wanted.system { wanted.name.clone() } else { settings.name.clone() },
            claim_type: wanted.claim_type,
            value: match &wanted.value {
                ClaimValue::System => ClaimValue::System,
                _ => settings.value.clone(),
            },
            status: (wanted.claim_type == ClaimType::Identity).then(|| self.status()),
            ..settings
        };
        match self.deed {
            Deed::Delete => claim::delete(tenant, asked, path, id, Precondition::Any).await,
            _ => claim::replace(tenant, asked, path, id, settings, Precondition::Any).await.map(drop),
        }
    }

    async fn app_call(&self, world: &World) -> Answer {
        let (tenant, asked) = (&world.tenant, world.asked());
        let chosen = self.say.is_multiple_of(3).then(|| format!("a chosen secret {}", self.say % 2));
        let settings = match self.say % 4 {
            0 => public_app_settings(&self.name()),
            _ => app::Settings { client_secret: chosen, ..app_settings(&self.name()) },
        };
        if let Deed::Create = self.deed {
            return app::create(tenant, asked, settings, self.status()).await.map(drop);
        }
        let snapshot = world.snapshot();
        let Some(entry) = pick(snapshot.apps_after(None).collect(), self.which) else { return Ok(()) };
        let id = entry.app.value.id.to_string();
        match self.deed {
            Deed::Replace => app::replace(tenant, asked, id, settings, Precondition::Any).await.map(drop),
            Deed::Toggle => app::set_status(tenant, asked, id, self.status()).await,
            _ => app::delete(tenant, asked, id, Precondition::Any).await,
        }
    }

    async fn secret_call(&self, world: &World) -> Answer {
        let (tenant, asked, snapshot) = (&world.tenant, world.asked(), world.snapshot());
        let Some(entry) = pick(snapshot.apps_after(None).collect(), self.parent) else { return Ok(()) };
        let app = entry.app.value.id.to_string();
        if let Deed::Create = self.deed {
            return client_secret::create(tenant, asked, app, None, self.status()).await.map(drop);
        }
        let Some(secret) = pick(entry.secrets.clone(), self.which) else { return Ok(()) };
        let id = secret.id.to_string();
        match self.deed {
            Deed::Delete => client_secret::delete(tenant, asked, app, id).await,
            _ => client_secret::set_status(tenant, asked, app, id, self.status()).await.map(drop),
        }
    }

    async fn jwk_call(&self, world: &World) -> Answer {
        let (tenant, asked, snapshot) = (&world.tenant, world.asked(), world.snapshot());
        let Some(entry) = pick(snapshot.apps_after(None).collect(), self.parent) else { return Ok(()) };
        let app = entry.app.value.id.to_string();
        if let Deed::Create = self.deed {
            let Value::Object(members) = public_jwk(&self.name()) else { return Ok(()) };
            return jwk::create(tenant, asked, app, members).await.map(drop);
        }
        let Some(key) = pick(jwk::list(entry).to_vec(), self.which) else { return Ok(()) };
        let id = key.id.to_string();
        match self.deed {
            Deed::Delete => jwk::delete(tenant, asked, app, id).await,
            _ => jwk::set_status(tenant, asked, app, id, self.status()).await.map(drop),
        }
    }
}

/// The public key of RFC 7515's appendix A.3.
fn public_jwk(kid: &str) -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// Unique and contiguous from 1, and the default rule last.
fn check_order(snapshot: &Snapshot) {
    for entry in snapshot.servers_after(None) {
        let policies = entry.policies.iter().map(|policy| policy.policy.value.priority);
        assert!(policies.eq(1..=count(&entry.policies)), "policies {:?}", entry.policies);
        for policy in &entry.policies {
            let rules = policy.rules.iter().map(|rule| rule.value.priority);
            assert!(rules.eq(1..=count(&policy.rules)), "rules {:?}", policy.rules);
            let default = policy.rules.iter().position(|rule| rule.value.name == "Default Policy Rule");
            assert!(default.is_none_or(|at| at + 1 == policy.rules.len()), "the default rule is last");
        }
    }
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap()
}

/// Every app's client authenticates with something that exists.
fn check_secrets(snapshot: &Snapshot) {
    for entry in snapshot.apps_after(None) {
        let active = entry.secrets.iter().filter(|secret| secret.status.is_active()).count();
        let method = entry.app.value.oauth.auth_method;
        assert!(entry.secrets.len() <= model::app::SECRETS_MAX, "{entry:?}");
        assert!(active > 0 || !method.has_secret() || method == AuthMethod::None, "{entry:?}");
    }
}

async fn play(world: &World, steps: &[Step]) {
    let mut followed = world.loaded().await;
    for step in steps {
        let before = portrait(&world.snapshot());
        let answer = step.apply(world).await;
        let snapshot = world.snapshot();
        let (mine, stored) = (portrait(&snapshot), portrait(&world.loaded().await));
        assert_eq!(difference(&mine, &stored), None, "memory and store after {step:?}: {answer:?}");
        followed = configuration::follow(&world.store, followed).await.unwrap();
        let theirs = portrait(&followed);
        assert_eq!(difference(&theirs, &stored), None, "who follows, and the store, after {step:?}");
        match answer {
            Ok(()) => {}
            Err(Failure::Refused(_)) => assert_eq!(difference(&before, &mine), None, "refused: {step:?}"),
            Err(Failure::Fault(fault)) => panic!("{step:?}: {fault}"),
        }
        check_order(&snapshot);
        check_secrets(&snapshot);
    }
}

/// Plays the steps, and then makes the configuration of every revision that was on the way again.
async fn play_back(world: &World, steps: &[Step]) {
    let mut passed = vec![world.snapshot()];
    for step in steps {
        let answer = step.apply(world).await;
        assert!(!matches!(answer, Err(Failure::Fault(_))), "{step:?}: {answer:?}");
        passed.push(world.snapshot());
    }
    let newest = world.snapshot();
    for then in passed {
        let again = configuration_at(&world.store, &newest, then.revision).await.unwrap();
        let (then, again) = ((then.revision, documents(&then)), (again.revision, documents(&again)));
        assert_eq!(then.0, again.0);
        assert_eq!(difference(&then.1, &again.1), None, "revision {}", then.0);
    }
}

fn properties(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() })
}

#[test]
fn changes_that_are_taken_back_leave_what_was_there() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let played = properties(24).run(&vec(step(), 1..40), |steps| {
        runtime.block_on(async { play_back(&World::new().await, &steps).await });
        Ok(())
    });
    played.unwrap();
}

#[test]
fn changes_that_are_taken_back_leave_what_was_there_on_postgresql_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let Some((_keeper, port)) = bad_wire::postgres() else { return };
    let steps = vec(step(), 60).new_tree(&mut TestRunner::default()).unwrap().current();
    runtime.block_on(async {
        let world = bad_wire::world_at(port).await;
        let theirs = world.store.shared_clock().await.unwrap().unwrap();
        world.wait(theirs - world.now().milliseconds());
        play_back(&world, &steps).await;
    });
}

#[test]
fn memory_and_store_say_the_same_after_every_change() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let played = properties(24).run(&vec(step(), 1..30), |steps| {
        runtime.block_on(async { play(&World::new().await, &steps).await });
        Ok(())
    });
    played.unwrap();
    assert_eq!(Status::WORDS.len(), 2, "a step tosses a coin for the status");
}
