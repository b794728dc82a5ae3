//! Claims that mean harm: whatever they say, a token's own members stay, nothing wrong is released, and who listens hears
//! what happened.

use engine::claims::CLAIM_NAMES;
use engine::trace::{Carrier, ClaimOutcome, Step};
use engine::{Denied, Facts, Recorder, Silent, mint, userinfo};
use model::Status;
use model::claim::{ClaimType, ClaimValue, GroupFilter, RESERVED_IN_ACCESS_TOKEN, RESERVED_IN_ID_TOKEN};
use model::token_format::GroupsOverflow;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use crate::dialogue::envelope;
use crate::world::{World, request};

const NAMES: [&str; 14] = [
    "tier",
    "iss",
    "sub",
    "scp",
    "exp",
    "nonce",
    "at_hash",
    "uid",
    "_claim_names",
    "_claim_sources",
    "__proto__",
    "a b",
    "☃",
    "",
];

fn expression() -> impl Strategy<Value = String> {
    let written = select(vec![
        "user.firstName".to_owned(),
        "user.odd".to_owned(),
        "user.odd.odd".to_owned(),
        "user".to_owned(),
        "appuser.userName".to_owned(),
        "user.odd + user.odd".to_owned(),
        "Arrays.flatten(user.odd, user.odd)".to_owned(),
        "user.text matches '(a+)+b'".to_owned(),
        "user.odd matches user.text".to_owned(),
        "isMemberOfGroupNameRegex('(.*)*x')".to_owned(),
        "Groups.startsWith('OKTA', '', 100)".to_owned(),
        "access.scope".to_owned(),
        "session.amr".to_owned(),
        "cool".to_owned(),
        "{1, {2, {3}}}".to_owned(),
        "1 / 0".to_owned(),
        format!("{}1{}", "(".repeat(300), ")".repeat(300)),
        format!("'{}'", "x".repeat(900)),
        format!("user.text{}", " + user.text".repeat(80)),
        "String.replace(user.text, '', user.text)".to_owned(),
    ]);
    prop_oneof![4 => written, 1 => ".{0,30}"]
}

fn value() -> impl Strategy<Value = ClaimValue> {
    let groups = (
        select(GroupFilter::ALL.to_vec()),
        prop_oneof![Just(String::new()), Just("G.*".to_owned()), ".{0,8}"],
    )
        .prop_map(|(filter, value)| ClaimValue::Groups { filter, value });
    prop_oneof![4 => expression().prop_map(ClaimValue::Expression), 1 => groups, 1 => Just(ClaimValue::System)]
}

fn world() -> impl Strategy<Value = World> {
    let claim = (
        select(NAMES.to_vec()),
        select(vec![ClaimType::Resource, ClaimType::Identity]),
        value(),
        subsequence(vec!["read", "openid", "gone"], 0..3),
        (any::<bool>(), prop::bool::weighted(0.9), any::<bool>()),
    );
    (prop::collection::vec(claim, 0..6), select(GroupsOverflow::ALL.to_vec())).prop_map(
        |(claims, overflow)| {
            let mut world = plain();
            world.server.token_format.groups_overflow = overflow;
            for (name, claim_type, value, scopes, (system, active, always)) in claims {
                let claim = world.claim("new");
                name.clone_into(&mut claim.name);
                claim.claim_type = claim_type;
                claim.value = value;
                claim.scopes = scopes.into_iter().map(str::to_owned).collect();
                // The system's `sub` is the one that may be mapped.
                claim.system = system && name != "sub";
                claim.status = if active { Status::Active } else { Status::Inactive };
                claim.always_include_in_token = always;
            }
            world
        },
    )
}

const CROWDED: [&str; 2] = ["groups", "teams"];

/// A server that points to userinfo, whose groups claims often share their names.
fn crowded() -> impl Strategy<Value = World> {
    let claim = (
        select(CROWDED.to_vec()),
        select(vec![ClaimType::Resource, ClaimType::Identity]),
        select(vec!["", "G", "G 1"]),
        subsequence(vec!["read", "openid"], 0..2),
        (prop::bool::weighted(0.8), any::<bool>()),
    );
    prop::collection::vec(claim, 1..5).prop_map(|claims| {
        let mut world = plain();
        world.server.token_format.groups_overflow = GroupsOverflow::Pointer;
        for (name, claim_type, filter, scopes, (active, always)) in claims {
            let claim = world.claim("new");
            name.clone_into(&mut claim.name);
            claim.claim_type = claim_type;
            claim.value = ClaimValue::Groups { filter: GroupFilter::StartsWith, value: filter.to_owned() };
            claim.scopes = scopes.into_iter().map(str::to_owned).collect();
            claim.status = if active { Status::Active } else { Status::Inactive };
            claim.always_include_in_token = always;
        }
        world
    })
}

fn plain() -> World {
    let mut world = World::new();
    world.configure("scope read");
    world.configure("policy Default for every app");
    world.configure("rule Any if anything, then 1h");
    world
}

fn facts() -> impl Strategy<Value = Facts> {
    let odd = select(vec![
        Value::Null,
        json!(""),
        json!("\u{0}\u{1b}[2J\"\\"),
        json!("\u{9b}2J\u{7f}"),
        json!(-0.0),
        json!(1e308),
        json!(u64::MAX),
        json!([]),
        json!([null, [1, {"a": 1}]]),
        json!({"odd": {"odd": 1}, "__proto__": 1}),
        json!("ß".repeat(700)),
    ]);
    let groups = select(vec![0_u32, 3, 100, 130]);
    let grant = select(vec!["password", "authorization_code", "implicit"]);
    (odd, "[a]{0,40}", groups, grant, any::<bool>()).prop_map(|(odd, text, groups, grant, service)| {
        if service {
            return request::facts("app Worker, scopes read");
        }
        let request =
            format!("app Portal, user ana, by {grant}, session pwd, groups {groups} G, scopes openid read");
        let mut facts = request::facts(&request);
        let profile = &mut facts.user.as_mut().unwrap().profile;
        profile.insert("odd".to_owned(), odd);
        profile.insert("text".to_owned(), text.into());
        facts
    })
}

/// The members of a token that no claim may touch.
fn own(token: &Map<String, Value>, reserved: &[&str]) -> Map<String, Value> {
    let own = token.iter().filter(|(name, _)| reserved.contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_claim_touches_a_tokens_own_members_and_who_listens_changes_nothing(world in world(), facts in facts()) {
        let (server, bare) = (world.compile(), plain().compile());
        let mut recorder = Recorder::default();
        let minted = mint(&server, &facts, &envelope(), &mut Silent);
        prop_assert_eq!(&minted, &mint(&server, &facts, &envelope(), &mut recorder));
        let failed = recorder.steps.iter().any(|step| {
            matches!(step, Step::Claim { outcome: ClaimOutcome::Failed(_), .. })
        });
        prop_assert_eq!(matches!(minted, Err(Denied::Claim(_))), failed);
        let Ok(minted) = minted else { return Ok(()) };
        let expected = mint(&bare, &facts, &envelope(), &mut Silent).unwrap();
        let (access, plain_access) = (minted.access_token.unwrap(), expected.access_token.unwrap());
        prop_assert_eq!(own(&access, RESERVED_IN_ACCESS_TOKEN), own(&plain_access, RESERVED_IN_ACCESS_TOKEN));
        prop_assert_eq!(minted.id_token.is_some(), expected.id_token.is_some());
        if let (Some(id), Some(plain_id)) = (&minted.id_token, &expected.id_token) {
            prop_assert_eq!(own(id, RESERVED_IN_ID_TOKEN), own(plain_id, RESERVED_IN_ID_TOKEN));
        }
        for token in [Some(&access), minted.id_token.as_ref()].into_iter().flatten() {
            prop_assert!(token.values().all(|value| !value.is_null()), "null is left out");
            prop_assert!(serde_json::to_string(token).unwrap().len() < 1_000_000);
            prop_assert!(serde_json::from_str::<Value>(&serde_json::to_string(token).unwrap()).is_ok());
        }
    }

    #[test]
    fn every_claim_of_a_token_is_told_with_its_value(world in world(), facts in facts()) {
        let mut recorder = Recorder::default();
        let Ok(minted) = mint(&world.compile(), &facts, &envelope(), &mut recorder) else { return Ok(()) };
        let explanation =
            engine::explain(&world.compile(), &facts, &engine::Nameless, &recorder, &Ok(minted.clone()));
        for claim in &explanation.claims {
            let token = match claim.token {
                Carrier::AccessToken => minted.access_token.as_ref(),
                Carrier::IdToken => minted.id_token.as_ref(),
                Carrier::Userinfo => continue,
            };
            if let Some(value) = &claim.value && !claim.name.starts_with("_claim_") {
                prop_assert_eq!(token.and_then(|token| token.get(&claim.name)), Some(value), "{}", claim.name);
            }
        }
        prop_assert!(explanation.to_string().chars().all(|c| c == '\n' || !c.is_control()));
    }

    #[test]
    fn a_groups_claim_is_whole_or_pointed_to_where_all_of_it_is_told(
        world in crowded(),
        scopes in select(vec!["openid", "read", "openid read"]),
        groups in select(vec![3, 99, 100, 130]),
    ) {
        let server = world.compile();
        let by = |grant: &str| {
            request::facts(&format!("app Portal, user ana, by {grant}, groups {groups} G, scopes {scopes}"))
        };
        // Without a limit, a token says by itself what it may have to point to otherwise.
        let whole = mint(&server, &by("authorization_code"), &envelope(), &mut Silent).unwrap();
        let facts = by("password");
        let Ok(minted) = mint(&server, &facts, &envelope(), &mut Silent) else { return Ok(()) };
        let told = userinfo(&server, &facts, &minted.grant.scopes, envelope().issued_at, &mut Silent).unwrap();
        for (token, whole) in [(minted.access_token, whole.access_token), (minted.id_token, whole.id_token)] {
            let (Some(token), Some(whole)) = (token, whole) else { continue };
            for name in CROWDED {
                let is_pointed = token.get(CLAIM_NAMES).is_some_and(|names| names.get(name).is_some());
                prop_assert!(!is_pointed || !token.contains_key(name), "{} is told and pointed to", name);
                let found = if is_pointed { told.as_ref().and_then(|told| told.get(name)) } else { token.get(name) };
                prop_assert_eq!(found, whole.get(name), "{}", name);
            }
        }
    }
}

/// Each value is within what an expression may make; together they are more than anybody can carry.
#[test]
fn the_claims_of_one_token_are_bounded_together() {
    let mut world = plain();
    for number in 0..900 {
        let claim = world.claim(&format!("c{number}"));
        claim.value = ClaimValue::Expression("user.text".to_owned());
        claim.claim_type = ClaimType::Resource;
    }
    let server = world.compile();
    let mut facts = request::facts("app Portal, user ana, by password, session pwd, scopes openid read");
    let minted = |text: String, facts: &mut Facts| {
        facts.user.as_mut().unwrap().profile.insert("text".to_owned(), text.into());
        let mut recorder = Recorder::default();
        let outcome = mint(&server, facts, &envelope(), &mut recorder);
        assert_eq!(outcome, mint(&server, facts, &envelope(), &mut Silent));
        (outcome, recorder)
    };
    assert!(minted("x".repeat(200), &mut facts).0.is_ok());
    for heavy in ["x".repeat(60_000), "\u{1}".repeat(60)] {
        let (outcome, recorder) = minted(heavy, &mut facts);
        let Err(Denied::Claim(failure)) = outcome else { panic!("it is too much for a token") };
        assert!(failure.detail.contains("262144 bytes together"), "{}", failure.detail);
        assert!(recorder.steps.len() < 1_000);
    }
}
