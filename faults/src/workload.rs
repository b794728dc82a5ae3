//! The load: threads that each pick one flow after the other, by a seed, at a pace. Owns what the threads share and how they
//! are started and ended; each flow is a file of `workload`.

mod admin;
mod introspect;
mod keys;
mod log;
mod resource_server;
mod revoke;
mod token;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::connection::{Answer, Connection, Failed, Request, outcome};
use crate::history::{Act, Entry, Outcome};
use crate::jwt::Token;
use crate::random::Random;
use crate::record::Recorder;
use crate::survey::Texts;
use crate::world::{Client, World};
use admin::Owned;
pub use admin::{KINDS, collection, name_and_mark};
pub use resource_server::{Caching, ResourceServer};

/// Tokens that are kept for being introspected and revoked; older ones make room.
const TOKENS_KEPT: usize = 400;
/// So long after the making of the world every node knows it (I4).
const NODES_APART: Duration = Duration::from_millis(1_100);
/// How long a thread waits when nobody listens.
const NOBODY: Duration = Duration::from_millis(20);

/// What a thread does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// A token by a secret.
    TokenBySecret,
    /// A token by a signed assertion, which is presented a second time now and then.
    TokenByKey,
    /// A token that must be refused.
    Wrong,
    /// Introspection of a token that stands or stood.
    Introspect,
    /// Revocation.
    Revoke,
    /// A change of a scope, a rule, an app or a server.
    Change,
    /// A client that is switched off while it asks for tokens.
    EndClient,
    /// New keys for the server that rotates.
    Rotate,
    /// A token of the server that rotates.
    TokenOfRotating,
    /// A page of the log.
    Log,
    /// A token that was given out before, to every resource server.
    ShowAgain,
    /// The published keys.
    Keys,
    /// The discovery document.
    Discovery,
}

/// Everything, in the shares of an ordinary day with more changes than one.
pub const MIXED: Mix = &[
    (Flow::Rotate, 1),
    (Flow::TokenBySecret, 40),
    (Flow::TokenByKey, 10),
    (Flow::Introspect, 20),
    (Flow::Revoke, 5),
    (Flow::Change, 10),
    (Flow::EndClient, 3),
    (Flow::Wrong, 5),
    (Flow::TokenOfRotating, 3),
    (Flow::Log, 1),
    (Flow::Keys, 2),
];

/// Tokens of the server that rotates, which resource servers verify at once and again later.
pub const VERIFIED: Mix =
    &[(Flow::TokenOfRotating, 6), (Flow::TokenBySecret, 2), (Flow::ShowAgain, 4), (Flow::Introspect, 2)];

/// Everything but new keys.
pub const WITHOUT_ROTATION: Mix = match MIXED {
    [(Flow::Rotate, _), others @ ..] => others,
    _ => panic!("rotation stands first"),
};

/// What the public reads, which needs no database.
pub const PUBLIC: Mix = &[(Flow::Keys, 1), (Flow::Discovery, 1)];

/// Flows, each with its share.
pub type Mix = &'static [(Flow, usize)];

/// How a load is made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<SocketAddr>,
    /// The flows and their shares.
    pub mix: Mix,
    /// How many threads.
    pub threads: usize,
    /// How long a thread rests after each call.
    pub rest: Duration,
    /// What determines the choices.
    pub seed: u64,
    /// How its resource servers keep keys.
    pub verifiers: Vec<Caching>,
}

impl Plan {
    /// The usual load on `nodes`: eight threads, some hundred calls a second.
    pub fn mixed(nodes: Vec<SocketAddr>, seed: u64) -> Self {
        let verifiers = vec![Caching::AsAdvertised, Caching::RefetchAtUnknownKey];
        Self { nodes, mix: MIXED, threads: 8, rest: Duration::from_millis(25), seed, verifiers }
    }

    /// Readers of what is public, beside another load.
    pub fn public(nodes: Vec<SocketAddr>, seed: u64) -> Self {
        let rest = Duration::from_millis(20);
        Self { nodes, mix: PUBLIC, threads: 2, rest, seed, verifiers: Vec::new() }
    }
}

/// What the threads of a load share.
#[derive(Debug)]
pub struct Shared {
    plan: Plan,
    world: Arc<World>,
    recorder: Arc<Recorder>,
    stop: AtomicBool,
    tokens: Mutex<Tokens>,
    verifiers: Vec<Mutex<ResourceServer>>,
    /// Names that no two loads of a run share begin with this.
    load: u64,
}

/// Tokens that were given out, by whom they belong to.
#[derive(Debug, Default)]
struct Tokens {
    /// They should stand.
    live: Vec<Issued>,
    /// They were revoked, or their client was switched off.
    ended: Vec<Issued>,
}

/// A token that was given out.
#[derive(Debug, Clone)]
struct Issued {
    token: Token,
    client: Client,
    server: String,
}

/// A load under way.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the threads.
    pub fn start(plan: Plan, world: &Arc<World>, recorder: &Arc<Recorder>) -> Self {
        static LOADS: AtomicU64 = AtomicU64::new(0);
        if plan.nodes.len() > 1 {
            thread::sleep(NODES_APART);
        }
        let verifiers = plan.verifiers.iter().map(|caching| Mutex::new(ResourceServer::new(*caching)));
        let shared = Arc::new(Shared {
            verifiers: verifiers.collect(),
            plan,
            world: Arc::clone(world),
            recorder: Arc::clone(recorder),
            stop: AtomicBool::new(false),
            tokens: Mutex::default(),
            load: LOADS.fetch_add(1, Ordering::Relaxed),
        });
        let threads = (0..shared.plan.threads).map(|number| {
            let mut hand = Hand::new(Arc::clone(&shared), number);
            thread::spawn(move || hand.work())
        });
        Self { threads: threads.collect(), shared }
    }

    /// Ends the threads and waits for them; the tokens that the load still has. A thread that panicked is a mistake of the
    /// driver.
    pub fn stop(self) -> Result<Texts, String> {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().map_err(|_| "a thread of the driver panicked".to_owned())?;
        }
        let tokens = self.shared.tokens();
        let kept = tokens.live.iter().chain(&tokens.ended);
        Ok(kept.map(|it| (it.token.jti.clone(), it.token.text.clone(), it.server.clone())).collect())
    }
}

impl Shared {
    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thread: its connections, its choices, the objects that it owns.
struct Hand {
    shared: Arc<Shared>,
    number: usize,
    random: Random,
    connections: Vec<Connection>,
    /// Objects that nobody else changes.
    owned: Vec<Owned>,
    /// Clients that were switched off.
    dead: Vec<Client>,
    /// What it made so far: names and marks come from here.
    counter: u64,
}

impl Hand {
    fn new(shared: Arc<Shared>, number: usize) -> Self {
        let user = shared.load * 1_000 + u64::try_from(number).unwrap_or(0);
        let random = Random::new(shared.plan.seed, user);
        let connections = shared.plan.nodes.iter().map(|address| Connection::new(*address)).collect();
        Self { shared, number, random, connections, owned: Vec::new(), dead: Vec::new(), counter: 0 }
    }

    fn work(&mut self) {
        let sum: usize = self.shared.plan.mix.iter().map(|(_, share)| share).sum();
        while !self.shared.stop.load(Ordering::Relaxed) {
            let mut place = self.random.below(sum);
            let flows = self.shared.plan.mix.iter();
            let flow = flows.skip_while(|(_, share)| {
                let is_behind = place >= *share;
                place = place.saturating_sub(*share);
                is_behind
            });
            match flow.map(|(flow, _)| *flow).next().unwrap_or(Flow::TokenBySecret) {
                Flow::TokenBySecret => self.token_by_secret(),
                Flow::TokenByKey => self.token_by_key(),
                Flow::Wrong => self.wrong_token(),
                Flow::Introspect => self.introspect(),
                Flow::Revoke => self.revoke(),
                Flow::Change => self.change(),
                Flow::EndClient => self.end_client(),
                Flow::Rotate => self.rotate(),
                Flow::TokenOfRotating => self.token_of_rotating(),
                Flow::Log => self.read_log(),
                Flow::ShowAgain => self.show_again(),
                Flow::Keys => self.read_keys(),
                Flow::Discovery => self.read_discovery(),
            }
            thread::sleep(self.shared.plan.rest);
        }
    }

    /// A number that this thread has not used before, and a name that no thread of the run has.
    fn fresh(&mut self) -> (u64, String) {
        self.counter += 1;
        (self.counter, format!("f{}-{}-{}", self.shared.load, self.number, self.counter))
    }

    fn any_client(&mut self) -> Client {
        self.random.choose(&self.shared.world.clients).clone()
    }

    /// Asks a node and writes down what came of it, with what `note` adds. The answer is returned for its content.
    fn ask(
        &mut self,
        request: &Request,
        act: Act,
        note: impl FnOnce(&Answer, &mut crate::history::Told),
    ) -> Option<Answer> {
        let place = self.random.below(self.connections.len());
        let start = self.shared.recorder.now();
        let answer = self.connections[place].call(request);
        let mut outcome = outcome(&answer);
        if let (Ok(answer), Outcome::Done(told)) = (&answer, &mut outcome) {
            note(answer, told);
        }
        self.look_for_secrets(&answer);
        let nobody = outcome == Outcome::Unsent;
        self.shared.recorder.call(start, place, act, outcome);
        if nobody {
            thread::sleep(NOBODY);
        }
        answer.ok()
    }

    /// An error says nothing secret.
    fn look_for_secrets(&self, answer: &Result<Answer, Failed>) {
        let Some(answer) = answer.as_ref().ok().filter(|answer| answer.status >= 400) else { return };
        let text = String::from_utf8_lossy(&answer.body);
        for what in crate::leaks::find(&text, &self.shared.world.secrets()) {
            let place = format!("the body of an error {}", answer.status);
            self.shared.recorder.add(Entry::Leak { place, what });
        }
    }
}
