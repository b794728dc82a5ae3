//! A test as a text: configuration, questions, and after each question its answer.
//!
//! A question is `ask` (the decision), `explain` (the same with the trace), `claims` (what the server adds to the
//! access token) or `token` (the whole token, a claim a line) and a request. Lines that begin with `→` or `·` are
//! answers: they are made anew, and the text must come out as it was written.

use engine::trace::{Skipped, Step};
use engine::{Decision, Envelope, Facts, Recorder, Refusal, Silent, access_token, claims, decide};
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
            recorder.steps.iter().map(step).chain([outcome(&decision)]).collect()
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
    server: &engine::AuthorizationServer,
    facts: &Facts,
    whole_token: bool,
) -> Result<Map<String, Value>, String> {
    let grant = decide(server, facts, &mut Silent).map_err(|refusal| outcome(&Err(refusal)))?;
    let custom = claims::for_access_token(server, facts, &grant.scopes).map_err(|failure| {
        let kind = if failure.system { "system" } else { "user" };
        format!("→ refused: the {kind} claim {}: {}", failure.name, failure.detail)
    })?;
    if !whole_token {
        return Ok(custom);
    }
    let envelope = Envelope {
        issuer: "https://example.test/oauth2/default",
        jti: "AT.1",
        issued_at: Timestamp::from_milliseconds(1_000_000_999),
    };
    Ok(access_token(server, facts, &grant, envelope, custom))
}

fn outcome(decision: &Decision) -> String {
    match decision {
        Ok(grant) => {
            let (policy, rule, scopes) = (&grant.policy_name, &grant.rule_name, grant.scopes.join(" "));
            format!("→ granted by {policy} / {rule}: {scopes}, {}", lifetimes(grant.lifetimes))
        }
        Err(refusal @ (Refusal::ScopeDenied(names) | Refusal::ConsentRequired(names))) => {
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

fn step(step: &Step) -> String {
    match step {
        Step::Policy { name, skipped: None, .. } => format!("· policy {name}"),
        Step::Policy { name, skipped: Some(Skipped::Inactive), .. } => format!("· policy {name}: inactive"),
        Step::Policy { name, skipped: Some(Skipped::OtherClients), .. } => {
            format!("· policy {name}: for other apps")
        }
        Step::Rule { name, active, failed, .. } => {
            let active = if *active { "" } else { ", inactive" };
            let verdict = if failed.is_empty() { "holds".to_owned() } else { format!("fails on {failed:?}") };
            format!("· rule {name}{active}: {verdict}")
        }
        Step::DefaultScopesLeftOut { names } => {
            format!("· left out of the default scopes: {}", names.join(" "))
        }
    }
}
