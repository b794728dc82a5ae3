//! A test as a text: configuration, questions, and after each question its answer.
//!
//! A question is `ask` (the decision), `explain` (the same with the trace), `claims` (what the server adds to the
//! access token), `token`, `id-token`, `userinfo` (the whole of it, a claim a line) or `yields` (which tokens there are),
//! and a request. Lines that begin with `→` or `·` are answers: they are made anew, and the text must come out as it was
//! written.

use engine::claims::Cause;
use engine::trace::{Skipped, Step};
use engine::{
    AuthorizationServer, Decision, Denied, Envelope, Facts, Minted, Recorder, Refusal, Silent, TokenKind,
    claims, decide, mint, userinfo,
};
use model::Timestamp;
use model::rule::Lifetimes;
use serde_json::Value;

use crate::world::{World, request};

const QUESTIONS: [&str; 7] = ["ask", "explain", "claims", "token", "id-token", "userinfo", "yields"];

/// Complains unless the text's answers are those that the engine gives.
#[track_caller]
pub fn check(text: &str) {
    let wanted: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut world = World::new();
    let mut found: Vec<String> = Vec::new();
    let mut asked = 0;
    for line in wanted.iter().filter(|line| !line.starts_with(['→', '·'])) {
        found.push((*line).to_owned());
        match line.split_once(' ') {
            Some((question, rest)) if QUESTIONS.contains(&question) => {
                found.extend(answer(&world, question, &request::facts(rest)));
                asked += 1;
            }
            _ => world.configure(line),
        }
    }
    assert!(asked > 0, "nothing is asked");
    assert!(found == wanted, "\n{}\n\nbut wanted was\n\n{}\n", found.join("\n"), wanted.join("\n"));
}

fn answer(world: &World, question: &str, facts: &Facts) -> Vec<String> {
    let server = world.compile();
    match question {
        "ask" => vec![outcome(&decide(&server, facts, &mut Silent))],
        "explain" => {
            let mut recorder = Recorder::default();
            let decision = decide(&server, facts, &mut recorder);
            let mut policy = 0;
            let told = recorder.steps.iter().map(|told| step(&server, &mut policy, told));
            told.chain([outcome(&decision)]).collect()
        }
        "claims" => vec![custom_claims(&server, facts).map_or_else(|no| no, |claims| format!("→ {claims}"))],
        _ => match mint(&server, facts, &envelope(), &mut Silent) {
            Err(no) => vec![denied(&no)],
            Ok(minted) => shown(&server, facts, question, minted),
        },
    }
}

fn shown(server: &AuthorizationServer, facts: &Facts, question: &str, minted: Minted) -> Vec<String> {
    let claims = match question {
        "yields" => {
            let refresh = minted.refresh_token.then_some("refresh_token");
            let tokens =
                [minted.access_token.map(|_| "access_token"), minted.id_token.map(|_| "id_token"), refresh];
            let tokens: Vec<&str> = tokens.into_iter().flatten().collect();
            let tokens = if tokens.is_empty() { "nothing".to_owned() } else { tokens.join(" ") };
            return vec![format!("→ {tokens}")];
        }
        "userinfo" => {
            match userinfo(server, facts, &minted.grant.scopes, envelope().issued_at, &mut Silent) {
                Ok(claims) => claims,
                Err(no) => return vec![denied(&no)],
            }
        }
        "id-token" => minted.id_token,
        _ => minted.access_token,
    };
    match claims {
        None => vec!["→ nothing".to_owned()],
        Some(claims) => claims.iter().map(|(name, value)| format!("· {name} {value}")).collect(),
    }
}

/// The claims that the server adds to the access token, or what is answered instead.
fn custom_claims(server: &AuthorizationServer, facts: &Facts) -> Result<Value, String> {
    let grant = decide(server, facts, &mut Silent).map_err(|refusal| outcome(&Err(refusal)))?;
    let custom = claims::for_access_token(server, facts, &grant.scopes, &envelope(), &mut Silent);
    custom.map(Value::Object).map_err(|failure| denied(&Denied::Claim(failure)))
}

/// What the tests put around tokens.
pub fn envelope() -> Envelope<'static> {
    Envelope {
        issuer: "https://example.test/oauth2/default",
        issued_at: Timestamp::from_milliseconds(1_000_000_999),
        token_ids: &|kind, _| match kind {
            TokenKind::Access => "AT.1".to_owned(),
            TokenKind::Id => "ID.1".to_owned(),
        },
    }
}

fn denied(denied: &Denied) -> String {
    match denied {
        Denied::Decision(refusal) => outcome(&Err(refusal.clone())),
        Denied::Claim(failure) => {
            let kind = if failure.system { "system" } else { "user" };
            let reason = match failure.cause {
                Cause::Evaluation => "",
                Cause::TooManyGroups => " (too_many_groups)",
            };
            format!("→ refused: the {kind} claim {}: {}{reason}", failure.name, failure.detail)
        }
    }
}

fn outcome(decision: &Decision) -> String {
    match decision {
        Ok(grant) => {
            let (policy, rule, scopes) = (&grant.policy_name, &grant.rule_name, grant.scopes.join(" "));
            format!("→ granted by {policy} / {rule}: {scopes}, {}", lifetimes(grant.lifetimes))
        }
        Err(refusal @ (Refusal::ScopeDenied(names) | Refusal::ConsentRequired(names, _))) => {
            format!("→ refused: {} ({})", refusal.name(), names.join(" "))
        }
        Err(refusal) => format!("→ refused: {}", refusal.name()),
    }
}

/// Okta's defaults for refresh tokens go without saying.
fn lifetimes(lifetimes: Lifetimes) -> String {
    let access = format!("access token {} s", lifetimes.access_token_minutes * 60);
    let usual = Lifetimes { access_token_minutes: lifetimes.access_token_minutes, ..Lifetimes::default() };
    if lifetimes == usual {
        return access;
    }
    let (refresh, window) = (lifetimes.refresh_token_minutes, lifetimes.refresh_token_window_minutes);
    format!("{access}, refresh token {refresh} min, window {window} min")
}

/// `policy` is the place of the policy that rules are told of.
fn step(server: &AuthorizationServer, policy: &mut usize, step: &Step) -> String {
    match step {
        Step::Policy { at, skipped } => {
            *policy = *at;
            let name = &server.policies()[*at].name;
            match skipped {
                None => format!("· policy {name}"),
                Some(Skipped::Inactive) => format!("· policy {name}: inactive"),
                Some(Skipped::OtherClients) => format!("· policy {name}: for other apps"),
            }
        }
        Step::Rule { at, failed } => {
            let rule = &server.policies()[*policy].rules()[*at];
            let active = if rule.active { "" } else { ", inactive" };
            let failed: Vec<_> = failed.iter().collect();
            let verdict = if failed.is_empty() { "holds".to_owned() } else { format!("fails on {failed:?}") };
            format!("· rule {}{active}: {verdict}", rule.name)
        }
        Step::DefaultScopesLeftOut(names) => {
            format!("· left out of the default scopes: {}", names.join(" "))
        }
        Step::ConsentAsked(names) => format!("· asked to consent to: {}", names.join(" ")),
        Step::Claim { .. } => panic!("a decision says nothing of claims"),
    }
}
