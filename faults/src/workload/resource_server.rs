//! Resource servers: they read the published keys, keep them as they were told they may, and judge every token by them.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use bench::clock;

use super::{Hand, keys};
use crate::history::{Act, Call, Entry, Outcome, Told};
use crate::jwt::{KeySet, Token};

/// How a resource server keeps keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// As long as it was told, and never looks in between: a key that was published too late fails here. It judges no token
    /// of the server that rotates faster than that.
    AsAdvertised,
    /// So long, instead of what it was told: keys that rotate faster than any real ones need caches that age faster.
    For(Duration),
    /// As long as it was told, but looks at once when a token names a key that it does not know.
    RefetchAtUnknownKey,
}

/// One resource server.
#[derive(Debug)]
pub struct ResourceServer {
    caching: Caching,
    kept: BTreeMap<String, Kept>,
}

/// The keys of one authorization server.
#[derive(Debug)]
struct Kept {
    keys: KeySet,
    keeps: Duration,
    until: Instant,
}

impl ResourceServer {
    /// One that knows nothing yet.
    pub fn new(caching: Caching) -> Self {
        Self { caching, kept: BTreeMap::new() }
    }

    fn name(&self) -> String {
        match self.caching {
            Caching::AsAdvertised => "caches as advertised".to_owned(),
            Caching::For(time) => format!("caches for {} ms", time.as_millis()),
            Caching::RefetchAtUnknownKey => "refetches at an unknown key".to_owned(),
        }
    }

    /// Keeps what was just read.
    fn keep(&mut self, server: &str, document: &serde_json::Value, told: &Told, asked_at: Instant) {
        let keeps = match self.caching {
            Caching::For(time) => time,
            _ => Duration::from_secs(told.max_age.unwrap_or(0)),
        };
        let kept = Kept { keys: KeySet::read(document), keeps, until: asked_at + keeps };
        self.kept.insert(server.to_owned(), kept);
    }

    /// Whether it must read the keys before it can judge this token.
    fn must_read(&self, server: &str, token: &Token) -> bool {
        let Some(kept) = self.kept.get(server) else { return true };
        let is_old = clock::now() >= kept.until;
        let is_unknown = !kept.keys.kids().contains(&token.kid);
        is_old || (self.caching == Caching::RefetchAtUnknownKey && is_unknown)
    }
}

impl Hand {
    /// Every resource server judges the token.
    pub(super) fn show_to_verifiers(&mut self, token: &Token, server: &str) {
        let shared = std::sync::Arc::clone(&self.shared);
        for verifier in &shared.verifiers {
            let mut verifier = verifier.lock().unwrap_or_else(PoisonError::into_inner);
            // A node may be a second behind another: rotations by chance, which wait for nobody, promise nothing to anybody.
            let is_by_chance = shared.plan.mix == super::MIXED || verifier.caching == Caching::AsAdvertised;
            if server == shared.world.rotating && is_by_chance {
                continue;
            }
            let start = shared.recorder.now();
            if verifier.must_read(server, token) {
                let asked_at = clock::now();
                // Keys that cannot be read now are read for the next token: nothing is judged by keys that are too old.
                let Some(answer) = self.keys_of(server) else { continue };
                let mut told = Told::default();
                keys::note(&answer, &mut told);
                verifier.keep(server, &answer.json(), &told, asked_at);
            }
            let Some(kept) = verifier.kept.get(server) else { continue };
            let good = token.is_signed_by(&kept.keys);
            let told = Told { kids: if good { Vec::new() } else { kept.keys.kids() }, ..Told::default() };
            let outcome = if good { Outcome::Done(told) } else { Outcome::Refused(told) };
            let (jti, kid) = (token.jti.clone(), token.kid.clone());
            let keeps = clock::micros(kept.keeps);
            let act = Act::Verify { jti, kid, verifier: verifier.name(), keeps };
            let end = shared.recorder.now();
            shared.recorder.add(Entry::Call(Call { start, end, node: 0, act, outcome }));
        }
    }
    /// Shows a token that was given out a while ago once more.
    pub(super) fn show_again(&mut self) {
        let place = self.random.below(1 << 16);
        let chosen = {
            let live = &self.shared.tokens().live;
            (!live.is_empty()).then(|| live[place % live.len()].clone())
        };
        if let Some(issued) = chosen {
            self.show_to_verifiers(&issued.token, &issued.server);
        }
    }
}
