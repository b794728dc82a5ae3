//! A test as a text: configuration, questions, and after each question its answer.
//!
//! A question is `ask` (the decision), `explain` (the same with the trace), `claims` (what the server adds to the
//! access token) or `token` (the whole token, a claim a line) and a request. Lines that begin with `→` or `·` are
//! answers: they are made anew, and the text must come out as it was written.

use engine::trace::{Skipped, Step};
use engine::{
    AuthorizationServer, Decision, Denied, Envelope, Facts, Recorder, Refusal, Silent, TokenKind, claims,
    decide, mint,
};
use model::Timestamp;
use model::rule::Lifetimes;
use serde_json::{Map, Value};

use crate::world::{World, request};

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
            Some((question @ ("ask" | "explain" | "claims" | "token"), rest)) => {
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
        _ => match claims_of(&server, facts, question == "token") {
            Err(refused) => vec![refused],
            Ok(claims) if question == "claims" => vec![format!("→ {}", Value::Object(claims))],
            Ok(claims) => claims.iter().map(|(name, value)| format!("· {name} {value}")).collect(),
        },
    }
}

/// The claims of the access token, or what is answered instead.
fn claims_of(
    server: &AuthorizationServer,
    facts: &Facts,
    whole_token: bool,
) -> Result<Map<String, Value>, String> {
    let envelope = envelope();
    if !whole_token {
        let grant = decide(server, facts, &mut Silent).map_err(|refusal| outcome(&Err(refusal)))?;
        let custom = claims::for_access_token(server, facts, &grant.scopes, &envelope, &mut Silent);
        return custom.map_err(|failure| denied(&Denied::Claim(failure)));
    }
    let minted = mint(server, facts, &envelope, &mut Silent).map_err(|no| denied(&no))?;
    minted.access_token.ok_or_else(|| "→ no access token".to_owned())
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
            format!("→ refused: the {kind} claim {}: {}", failure.name, failure.detail)
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
