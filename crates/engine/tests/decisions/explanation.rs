//! Explanations as people and as programs read them: a file in `explained/` holds a configuration and a question, the text
//! and the JSON. `TOKENMINT_BLESS=1` writes the answers anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use engine::{Explanation, Names, Recorder, explain, mint, userinfo};
use model::{ClientId, GroupId, UserId};
use serde_json::Value;

use crate::dialogue::envelope;
use crate::world::{World, request, seed};

const MARK: &str = "\n----\n";

/// The names of the tests' few groups, users and apps.
pub struct Phonebook;

const NAMES: [&str; 12] = [
    "Engineering",
    "Sales",
    "Legal",
    "Contractors",
    "Support",
    "ana",
    "bob",
    "carl",
    "Portal",
    "Wiki",
    "Worker",
    "Shop",
];

impl Names for Phonebook {
    fn group(&self, id: GroupId) -> Option<String> {
        NAMES.iter().find(|name| GroupId::mint(seed(name)) == id).map(ToString::to_string)
    }

    fn user(&self, id: UserId) -> Option<String> {
        let name = NAMES.iter().find(|name| UserId::mint(seed(name)) == id)?;
        Some(format!("{name}@example.com"))
    }

    fn client(&self, id: &ClientId) -> Option<String> {
        Some(format!("{id} app"))
    }
}

fn told(question: &str) -> Explanation {
    let mut world = World::new();
    let mut asked = None;
    for line in question.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let asking = line.strip_suffix(" and userinfo").unwrap_or(line).strip_prefix("explain ");
        match asking {
            Some(rest) => asked = Some(request::facts(rest)),
            None => world.configure(line),
        }
    }
    let (server, facts) = (world.compile(), asked.expect("something is asked"));
    let mut recorder = Recorder::default();
    let outcome = mint(&server, &facts, &envelope(), &mut recorder);
    if let (Ok(minted), true) = (&outcome, question.contains("and userinfo")) {
        let _ = userinfo(&server, &facts, &minted.grant.scopes, envelope().issued_at, &mut recorder);
    }
    explain(&server, &facts, &Phonebook, &recorder, &outcome)
}

fn explained(question: &str) -> String {
    let explanation = told(question);
    let json = serde_json::to_string_pretty(&explanation).unwrap();
    format!("{}{MARK}{explanation}{MARK}{json}\n", question.trim_end())
}

#[track_caller]
fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/explained").join(name);
    let kept = std::fs::read_to_string(&path).unwrap();
    let question = kept.split(MARK).next().unwrap();
    let found = explained(question);
    if std::env::var_os("TOKENMINT_BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let mut difference = String::new();
    for (at, (found, wanted)) in found.lines().zip(kept.lines()).enumerate() {
        if found != wanted {
            let _ = writeln!(difference, "line {}\n  found  {found}\n  wanted {wanted}", at + 1);
        }
    }
    assert!(found == kept, "{name} is not what is explained:\n{difference}");
}

#[test]
fn a_grant_is_explained_with_what_was_passed_over_and_what_each_claim_read() {
    check("granted.txt");
}

#[test]
fn a_refusal_is_explained_with_what_would_have_to_change_for_each_rule() {
    check("refused.txt");
}

#[test]
fn userinfo_is_told_apart_from_the_tokens() {
    check("userinfo.txt");
}

#[test]
fn a_scope_that_the_server_does_not_have_is_told_with_one_that_is_like_it() {
    check("unknown-scope.txt");
}

#[test]
fn a_service_is_told_what_it_cannot_have() {
    check("service.txt");
}

#[test]
fn a_claim_that_fails_is_named_with_what_it_read() {
    check("failed-claim.txt");
}

#[test]
fn sentences_about_one_scope_and_about_several_are_sentences() {
    let server = "scope pay, consent required
        scope lend, consent required
        scope read
        policy Default for every app
        rule Any if anything, then 1h
        claim one for pay = 'x'
        claim two for pay lend = 'x'";
    let of_claims = explained(&format!("{server}\nexplain app Portal, user ana, scopes read"));
    for said in ["one: `pay` is not granted", "two: neither `pay` nor `lend` is granted"] {
        assert!(of_claims.contains(said), "{said}: {of_claims}");
    }
    for (scopes, said) in [
        ("pay", "`pay` needs the user's consent, and a service has no user"),
        ("pay lend", "`pay` and `lend` need the user's consent, and a service has no user"),
    ] {
        let refused = explained(&format!("{server}\nexplain app Worker, scopes {scopes}"));
        assert!(refused.contains(said), "{said}: {refused}");
    }
}

#[test]
fn names_that_command_a_terminal_or_forge_a_line_are_shown_harmless() {
    let mut world = World::new();
    world.scope("read");
    world.add_policy("Default\n\u{1b}[2Jgranted by nobody");
    world.add_rule("Any\u{202e}\r").people.everyone = true;
    world.claim("x\ny").value = model::claim::ClaimValue::Expression("'a\u{7}\n'".to_owned());
    let (server, facts) = (world.compile(), request::facts("app Portal, user ana, scopes read"));
    let mut recorder = Recorder::default();
    let outcome = mint(&server, &facts, &envelope(), &mut recorder);
    let text = explain(&server, &facts, &Phonebook, &recorder, &outcome).to_string();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("granted by nobody") || line == "y"), "{text}");
    assert!(!text.contains('\u{202e}'));
}

const PAGE: &str = include_str!("../../../../docs/explanation.md");

#[test]
fn the_page_shows_a_text_as_it_is() {
    let told = told(
        "policy Customers for every app
        rule Readers if user in Sales or in Support and only openid read, then 1h
        scope read
        explain app Portal, user ana in Engineering, scopes openid read",
    );
    let (_, text) = PAGE.split_once("## The text\n\n```\n").unwrap();
    let (shown, _) = text.split_once("```\n").unwrap();
    assert!(told.to_string().starts_with(shown), "{told}");
}

/// Adds the names of all members, but for those that data has chosen.
fn members(json: &Value, found: &mut BTreeSet<String>) {
    match json {
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                if name != "value" {
                    members(value, found);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| members(element, found)),
        _ => {}
    }
}

#[test]
fn the_page_names_every_member() {
    let mut found = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/explained");
    for file in std::fs::read_dir(folder).unwrap() {
        let kept = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let json: Value = serde_json::from_str(kept.split(MARK).nth(2).unwrap()).unwrap();
        members(&json, &mut found);
    }
    assert!(found.len() > 40, "{found:?}");
    for name in found {
        assert!(
            PAGE.contains(&format!("`{name}`")) || PAGE.contains(&format!(".{name}`")),
            "{name} is not in docs/explanation.md"
        );
    }
}
