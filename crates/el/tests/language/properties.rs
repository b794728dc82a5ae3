//! Properties that hold for every text.

use std::sync::Arc;

use el::{
    Limits, Value, compile, parse,
    tree::{Arithmetic, Call, Comparison, Expr, Kind, Name, Span, Step, StepKind},
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::world::{result, world};

/// Expressions that compile and have a value, to be mutilated.
const SEEDS: [&str; 15] = [
    "(appuser != null) ? appuser.userName : app.clientId",
    "user.x != \"\" AND user.x != null ? user.x : user.login",
    "String.stringSwitch(user.login, 'd', 'a', \"1\", 'b', '2')",
    "Arrays.flatten(10, {20, 30}, 'a,b').![name]",
    "user.getInternalProperty(\"id\") + {'k': {1, 2.5}}['k'][0]",
    "!(user.age >= 41) || user.login matches '(?i).*@Example\\.com'",
    "Convert.toInt(3.141) % 2 * -1 ?: 'ö😀'",
    "String.substring(user.emoji, 1, String.len(user.emoji) - 1)",
    "user?.roles?.[0] ?: appuser?.userName?.more?.![name]",
    "user.getGroups({'group.type': {'OKTA_GROUP'}}, {'group.profile.name': 'West', 'operator': 'STARTS_WITH'}).![name]",
    "getFilteredGroups({'00g1', '00g4'}, \"group.objectClass[0] == 'x' ? group.id : 'Okta: ' + group.name\", 100)",
    "Groups.startsWith('OKTA', 'West', 10) ?: isMemberOfGroupNameRegex('/.*(?i)staff.*/')",
    "Time.fromStringToIso8601(Time.now('Europe/Vienna', \"EEE d MMM yyyy 'at' hh:mm a ZZ\"), \"EEE d MMM yyyy 'at' hh:mm a ZZ\")",
    "Iso3166Convert.toName('AT') + user.getLinkedObject('manager').lastName + Time.fromUnixToIso8601('1000')",
    "Arrays.contains(user.roles, 'admin') ? user.teams.![profile.lead] : null",
];

/// Pieces that the grammar has something to say about.
fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "user",
        "appuser",
        ".",
        ".firstName",
        "String",
        ".len",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "?",
        "?:",
        "+",
        "-",
        "!",
        "==",
        "<",
        " and ",
        " OR ",
        " not ",
        " matches ",
        "'a'",
        "\"",
        "'",
        "1",
        "2.5",
        "9e99",
        ".![",
        "null",
        "true",
        "Arrays.get(",
        "é",
        "😀",
        "\\",
        "=",
        "T(",
        "new ",
        " ",
        "\n",
        "\u{0}",
        "(?i",
        "*",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

/// A seed with some stretch of characters put elsewhere.
fn mutant() -> impl Strategy<Value = String> {
    (prop::sample::select(SEEDS.to_vec()), prop::sample::select(SEEDS.to_vec()), any::<[usize; 4]>())
        .prop_map(|(into, from, [start, end, cut, donor])| {
            let into: Vec<char> = into.chars().collect();
            let from: Vec<char> = from.chars().collect();
            let (start, end) = (start % (into.len() + 1), end % (into.len() + 1));
            let (cut, donor) = (cut % (from.len() + 1), donor % (from.len() + 1));
            let kept = into.iter().take(start.min(end));
            let grafted = from.iter().take(cut.max(donor)).skip(cut.min(donor));
            kept.chain(grafted).chain(into.iter().skip(start.max(end))).collect()
        })
}

/// Compiles, evaluates and renders. All that matters is that it comes back.
fn run(text: &str) {
    match compile(text, &Limits::default()) {
        Ok(program) => {
            for warning in program.warnings() {
                assert!(warning.render(text).contains('^'));
            }
            if let Err(error) = program.evaluate(&world()) {
                assert!(error.render(text).contains('^'));
            }
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            for diagnostic in diagnostics {
                assert!(diagnostic.render(text).contains('^'));
                assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= text.len());
            }
        }
    }
}

fn expression() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(Kind::Null),
        any::<bool>().prop_map(Kind::Bool),
        (0..=i64::MAX).prop_map(Kind::Int),
        (0.0..1e300).prop_map(Kind::Num),
        "[ -~é😀'\"]{0,6}".prop_map(|text| Kind::Text(text.into())),
        variable().prop_map(Kind::Variable),
    ];
    leaf.prop_map(expr).prop_recursive(5, 40, 4, |inner| composite(inner).prop_map(expr).boxed())
}

fn expr(kind: Kind) -> Expr {
    Expr { span: Span::default(), kind }
}

fn variable() -> impl Strategy<Value = Arc<str>> {
    prop::sample::select(vec!["user", "app", "cool", "String", "new", "ä_1"]).prop_map(Arc::from)
}

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["len", "firstName", "and", "null", "T", "_x"])
        .prop_map(|text| Name { span: Span::default(), text: text.into() })
}

fn composite(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Kind> {
    let boxed = || inner.clone().prop_map(Box::new);
    let some = |least: usize| prop::collection::vec(inner.clone(), least..4);
    let chain = |operators: Vec<Arithmetic>| {
        let rest = prop::collection::vec((prop::sample::select(operators), inner.clone()), 1..4);
        (boxed(), rest).prop_map(|(first, rest)| Kind::Arithmetic { first, rest })
    };
    let comparison =
        prop::sample::select(vec![Comparison::Equal, Comparison::NotEqual, Comparison::LessOrEqual]);
    let namespace = prop::option::of(Just(Name { span: Span::default(), text: "String".into() }));
    let function =
        name().prop_filter("reserved before a bracket", |name| name.text.len() > 4 || &*name.text == "len");
    prop_oneof![
        some(0).prop_map(Kind::List),
        prop::collection::vec((name(), inner.clone()), 0..3).prop_map(Kind::Map),
        (boxed(), prop::collection::vec(step(inner.clone()), 1..4))
            .prop_map(|(base, steps)| Kind::Path { base, steps }),
        (namespace, function, some(0))
            .prop_map(|(namespace, name, arguments)| { Kind::Call(Call { namespace, name, arguments }) }),
        boxed().prop_map(Kind::Not),
        boxed().prop_map(Kind::Negate),
        chain(vec![Arithmetic::Add, Arithmetic::Subtract]),
        chain(vec![Arithmetic::Multiply, Arithmetic::Divide, Arithmetic::Remainder]),
        (boxed(), comparison, boxed()).prop_map(|(left, operator, right)| Kind::Compare {
            left,
            operator,
            right
        }),
        (boxed(), boxed()).prop_map(|(subject, pattern)| Kind::Matches { subject, pattern }),
        some(2).prop_map(Kind::All),
        some(2).prop_map(Kind::Any),
        (boxed(), boxed(), boxed())
            .prop_map(|(condition, then, otherwise)| { Kind::Ternary { condition, then, otherwise } }),
        (boxed(), boxed()).prop_map(|(value, otherwise)| Kind::Elvis { value, otherwise }),
    ]
}

fn step(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Step> {
    (any::<bool>(), step_kind(inner)).prop_map(|(safe, kind)| Step { safe, kind })
}

fn step_kind(inner: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = StepKind> {
    let span = Span::default();
    prop_oneof![
        name().prop_map(StepKind::Property),
        inner.clone().prop_map(move |at| StepKind::Index { span, at }),
        prop::collection::vec(name(), 1..3).prop_map(move |names| StepKind::Project { span, names }),
        (name(), prop::collection::vec(inner, 0..3)).prop_map(move |(name, arguments)| StepKind::Method {
            span,
            name,
            arguments
        }),
    ]
}

/// The tree without its spans.
fn shape(tree: &Expr) -> String {
    let mut shape = String::new();
    let mut rest = format!("{tree:?}");
    while let Some(at) = rest.find("span: Span {") {
        let tail = rest.split_off(at);
        shape.push_str(&rest);
        rest = tail.split_once('}').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    }
    shape + &rest
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-1e300..1e300).prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((".{0,4}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        run(&text);
    }

    #[test]
    fn no_soup_of_tokens_makes_it_panic(text in soup()) {
        run(&text);
    }

    #[test]
    fn no_mutilated_expression_makes_it_panic(text in mutant()) {
        run(&text);
    }

    #[test]
    fn no_pattern_makes_it_panic(pattern in "[()\\[\\]a-c\\\\dwSb|*+?{}0-9,^$:&~-]{0,20}", text in "[a-c0-9 ]{0,8}") {
        run(&format!("'{text}' matches '{pattern}'"));
    }

    #[test]
    fn a_printed_tree_parses_to_the_same_tree(tree in expression()) {
        let text = tree.to_string();
        let limits = Limits { characters: usize::MAX, ..Limits::default() };
        let parsed = parse(&text, &limits);
        prop_assert_eq!(parsed.as_ref().map(shape), Ok(shape(&tree)), "{}", text);
    }

    #[test]
    fn no_pattern_of_times_makes_it_panic(
        pattern in "[GCYxweEyDMdaKhHkmsSzZ' :/.,é-]{0,24}",
        text in "[0-9A-Za-z :/.,é+-]{0,24}",
        millis in -377_705_023_201_000_i64..253_402_207_200_000,
    ) {
        let pattern = pattern.replace('\'', "''");
        run(&format!("Time.fromStringToIso8601('{text}', '{pattern}')"));
        run(&format!("Time.fromIso8601ToString(Time.fromUnixToIso8601({millis}), '{pattern}')"));
    }

    #[test]
    fn a_time_that_was_written_reads_the_same(
        millis in -62_135_596_800_000_i64..253_402_207_200_000,
        pattern in prop::sample::select(vec![
            "yyyy-MM-dd HH:mm:ss.SSS ZZ",
            "EEEE, d MMMM y G, h:m:s a SSS",
            "x-'W'ww-e kk:mm:ss.SSSSSSZ",
            "DDD/YYYY K 'h' a, mm.ss,SSS ZZZ",
        ]),
    ) {
        let pattern = pattern.replace('\'', "''");
        let written = format!("Time.fromIso8601ToString(Time.fromUnixToIso8601({millis}), '{pattern}')");
        let read = format!("Time.fromIso8601ToUnix(Time.fromStringToIso8601({written}, '{pattern}'))");
        prop_assert_eq!(result(&read), format!("\"{millis}\""), "{}", result(&written));
    }

    #[test]
    fn windows_times_are_unix_times_from_another_beginning(
        millis in -62_167_219_200_000_i64..253_402_207_200_000,
    ) {
        let there = format!("Time.fromIso8601ToWindows(Time.fromUnixToIso8601('{millis}'))");
        let back = format!("Time.fromIso8601ToUnix(Time.fromWindowsToIso8601({there}))");
        prop_assert_eq!(result(&back), format!("\"{millis}\""));
    }

    #[test]
    fn json_survives_the_way_through_a_value(json in json_value()) {
        prop_assert_eq!(Value::from(&json).to_json(), json);
    }

    #[test]
    fn a_quoted_string_is_itself(text in any::<String>()) {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let limits = Limits { characters: usize::MAX, output_bytes: usize::MAX, ..Limits::default() };
        prop_assert_eq!(crate::world::result_within(&literal, &limits), json!(text).to_string());
    }
}

#[test]
fn the_seeds_are_sound() {
    for seed in SEEDS {
        assert!(!result(seed).starts_with("refused"), "{seed}: {}", result(seed));
    }
}
