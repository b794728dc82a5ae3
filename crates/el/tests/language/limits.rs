//! Nothing that is written in an expression can make it run long, grow large or exhaust the stack.

use el::Limits;

use crate::world::{result, result_within};

fn roomy() -> Limits {
    Limits { characters: 1_000_000, ..Limits::default() }
}

#[test]
fn an_expression_has_at_most_4096_characters() {
    let literal = |characters: usize| format!("'{}'", "ä".repeat(characters - 2));
    assert!(result(&literal(4096)).starts_with("\"ä"));
    let refusal = "refused: the expression has 4097 characters; at most 4096 are allowed";
    assert_eq!(result(&literal(4097)), refusal);
    let okta = Limits { characters: 1024, ..Limits::default() };
    assert!(result_within(&literal(1025), &okta).starts_with("refused: the expression has 1025 characters"));
}

#[test]
fn deep_nesting_is_refused_whatever_nests() {
    let refusal = "refused: the expression nests too deeply here";
    for (open, close) in [
        ("(", ")"),
        ("{", "}"),
        ("{'a':", "}"),
        ("!", ""),
        ("-", ""),
        ("not ", ""),
        ("String.len(", ")"),
        ("true ? ", " : 1"),
        ("true ? 1 : ", ""),
        ("1 ?: ", ""),
        ("user[", "]"),
        ("user.f(", ")"),
        ("(a.b or a and a == a + a * -", ")"),
    ] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        assert_eq!(result_within(&text, &roomy()), refusal, "{open}");
        let unbounded = Limits { depth: usize::MAX, ..roomy() };
        assert_eq!(result_within(&text, &unbounded), refusal, "{open}");
    }
}

#[test]
fn the_deepest_tree_that_is_allowed_can_be_evaluated() {
    for (open, inner, close, levels) in [
        ("(false or true and true == ", "true", ")", 24),
        ("{", "true", "}[0]", 99),
        ("true ? ", "true", " : false", 99),
    ] {
        let text = format!("{}{inner}{}", open.repeat(levels), close.repeat(levels));
        let evaluate = move || result_within(&text, &roomy());
        // A thread of Rust or Tokio has twice as much.
        let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(evaluate);
        let result = thread.expect("a thread starts").join().expect("the stack suffices");
        assert_eq!(result, "true", "{open}");
    }
}

#[test]
fn long_chains_are_flat() {
    let sum = vec!["1"; 4000].join("+");
    assert_eq!(result_within(&sum, &roomy()), "4000");
    let logic = vec!["true"; 4000].join(" and ");
    assert_eq!(result_within(&logic, &roomy()), "true");
    let path = format!("user{}", ".a".repeat(4000));
    assert_eq!(result_within(&path, &roomy()), "fails: cannot read `a` of null");
}

#[test]
fn evaluation_takes_a_bounded_number_of_steps() {
    let many = format!("{{{}}}", vec!["1"; 20_000].join(","));
    assert_eq!(result_within(&many, &roomy()), "fails: evaluation takes too many steps");
    let few = Limits { steps: 3, ..Limits::default() };
    assert_eq!(result_within("1 + 2", &few), "3");
    assert_eq!(result_within("1 + 2 + 3", &few), "fails: evaluation takes too many steps");
}

#[test]
fn what_functions_read_counts_as_steps() {
    let few = Limits { steps: 10, ..Limits::default() };
    assert_eq!(result_within("String.len(user.long)", &few), "1024");
    let twice = "String.len(user.long) + String.len(user.long)";
    assert_eq!(result_within(twice, &few), "fails: evaluation takes too many steps");
}

#[test]
fn concatenation_is_bounded_by_the_output() {
    let longest = vec!["user.long"; 64].join("+");
    let one_more = format!("{longest}+'x'");
    assert_eq!(result(&longest).len(), 64 * 1024 + 2);
    assert_eq!(result(&one_more), "fails: the result is too large");
}

#[test]
fn replacing_cannot_explode() {
    let mut text = "user.long".to_owned();
    for _ in 0..10 {
        text = format!("String.replace({text}, 'x', 'xxxxxxxxxxxxxxxx')");
    }
    assert_eq!(result(&text), "fails: the result is too large");
}

#[test]
fn joining_arrays_cannot_explode() {
    let mut text = "user.roles".to_owned();
    for _ in 0..8 {
        text = format!("Arrays.flatten({text}, {text})");
    }
    let limits = Limits { output_bytes: 1000, ..roomy() };
    assert_eq!(result_within(&text, &limits), "fails: the result is too large");
}

#[test]
fn a_large_attribute_is_not_a_result() {
    let small = Limits { output_bytes: 1000, ..Limits::default() };
    assert_eq!(result_within("user.long", &small), "fails: the result is too large");
    assert_eq!(result_within("{user.long}", &small), "fails: the result is too large");
    assert_eq!(result_within("String.len(user.long)", &small), "1024");
}

#[test]
fn regular_expressions_are_bounded_whenever_they_are_compiled() {
    let reason = "the regular expression is too large";
    assert_eq!(result("'a' matches '(a{1000}){1000}'"), format!("refused: {reason}"));
    assert_eq!(result("'a' matches '(a{1000})' + '{1000}'"), format!("fails: {reason}"));
    let nested = format!("'a' matches '{}a{}'", "(".repeat(400), ")".repeat(400));
    assert!(result(&nested).starts_with("refused: the regular expression cannot be used: "));
    let many = vec!["'a' matches user.pattern + 'x'"; 60].join(" or ");
    assert_eq!(result_within(&many, &roomy()), "fails: evaluation takes too many steps");
}

#[test]
fn a_large_regular_expression_is_compared_with_little_text_only() {
    let large = "user.long + user.long matches '(?:x{1,50}.?){1,50}y'";
    assert_eq!(result(large), "false");
    let longer = format!("{} + {large}", vec!["user.long"; 14].join(" + "));
    assert_eq!(result(&longer), "fails: evaluation takes too many steps");
    let usual = vec!["user.long + user.long matches '(?i).*@example\\.com'"; 16].join(" or ");
    assert_eq!(result(&usual), "false");
}

#[test]
fn huge_numbers_are_refused() {
    assert!(result(&"9".repeat(1000)).ends_with("is too large"));
    assert!(result(&format!("1{}.5", "0".repeat(900))).ends_with("is too large"));
}

#[test]
fn an_expression_within_a_string_gets_a_part_of_the_depth_only() {
    let nested = |levels: usize| format!("{}group.id{}", "(".repeat(levels), ")".repeat(levels));
    let text = |levels: usize| format!("getFilteredGroups({{'00g1'}}, '{}', 1)", nested(levels));
    assert_eq!(result(&text(24)), r#"["00g1"]"#);
    assert_eq!(result(&text(25)), "refused: the expression nests too deeply here");
    // The deepest one in the deepest place has stack enough.
    let deepest = format!("{}{}{}", "{".repeat(97), text(24), "}[0]".repeat(97));
    let evaluate = move || result_within(&deepest, &roomy());
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(evaluate);
    assert_eq!(thread.expect("a thread starts").join().expect("the stack suffices"), r#"["00g1"]"#);
}

#[test]
fn an_expression_that_is_only_known_later_is_short_and_compiled_seldom() {
    let long = format!("getFilteredGroups({{'00g1'}}, 'group.id' + '{}', 1)", " ".repeat(300));
    let refusal = "the expression has 308 characters; at most 256 are allowed";
    assert_eq!(result(&long), format!("fails: `getFilteredGroups`: {refusal}"));
    let often = vec!["Arrays.isEmpty(getFilteredGroups({'00g1'}, 'group.' + 'id', 1))"; 20].join(" or ");
    assert_eq!(result_within(&often, &roomy()), "fails: evaluation takes too many steps");
}

#[test]
fn catastrophic_patterns_are_compared_in_linear_time() {
    let subject = "user.long + user.long + user.long + user.long + '!'";
    for pattern in ["(x+x+)+y", "(x*)*y", "(x|x)*y", "(.*)(.*)(.*)(.*)(.*)y", "(?:x?){64}x{64}y"] {
        assert_eq!(result(&format!("{subject} matches '{pattern}'")), "false", "{pattern}");
        assert_eq!(result(&format!("isMemberOfGroupNameRegex('{pattern}')")), "false", "{pattern}");
    }
}

#[test]
fn a_pattern_of_a_time_is_bounded() {
    let wide = format!("Time.now('UTC', '{}')", "y".repeat(65));
    assert_eq!(result(&wide), "refused: the pattern has `y` too often in a row");
    let long = format!("Time.now('UTC', '{}')", "yyyyyyyyyyyyyyyy M ".repeat(200));
    assert!(result(&long).starts_with("\"0000000000002015 7 "));
    let late = format!("String.replace(user.long, 'x', '{} ')", "y".repeat(39));
    assert_eq!(result(&format!("String.len({late})")), "40960");
    assert_eq!(result(&format!("Time.now('UTC', {late})")), "fails: the result is too large");
}

#[test]
fn safe_steps_are_flat_too() {
    let path = format!("user{}", "?.a".repeat(4000));
    assert_eq!(result_within(&path, &roomy()), "null");
    let deep = format!("{}0{}", "user?.[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(result_within(&deep, &roomy()), "refused: the expression nests too deeply here");
}

#[test]
fn huge_literals_of_groups_are_looked_up_in_bounds() {
    let ids: Vec<String> = (0..9_000).map(|at| format!("'00g{at}'")).collect();
    let text = format!("getFilteredGroups({{{}}}, 'group.id', 100)", ids.join(","));
    assert_eq!(result_within(&text, &roomy()), r#"["00g0","00g1","00g2","00g3","00g4","00g5"]"#);
    let text = format!("user.getGroups({{'group.id': {{{}}}}}).![id]", ids.join(","));
    assert_eq!(result_within(&text, &roomy()), r#"["00g0","00g1","00g2","00g3","00g4","00g5"]"#);
}

#[test]
fn the_regular_expressions_of_one_expression_are_bounded_together() {
    let usual = vec!["user.login matches '(?i).*@example\\.com'"; 64].join(" or ");
    assert_eq!(result(&usual), "true");
    let large = |count: usize| vec!["'' matches '(?:a{50}){20}'"; count].join(" or ");
    assert_eq!(result(&large(1)), "false");
    let refusal = "the regular expression is too large, beside the others";
    assert!(result(&large(64)).starts_with(&format!("refused: {refusal}; ")), "{}", result(&large(64)));
    let within = "Arrays.isEmpty(getFilteredGroups({}, \"'' matches '(?:a{50}){20}'\", 1))";
    let both = vec![within; 50].join(" and ");
    assert!(result(&both).starts_with("refused: the regular expression is too large"), "{}", result(&both));
}

#[test]
fn of_many_faults_the_costly_ones_are_looked_for_only_at_first() {
    let zones = vec!["Time.now('Europe/Viena')"; 150].join(" + ");
    assert_eq!(result(&zones).matches("unknown time zone").count(), 8);
    let patterns = vec!["'' matches '('"; 200].join(" or ");
    assert_eq!(result(&patterns).matches("unclosed group").count(), 8);
    assert!(result(&format!("{patterns} or f()")).contains("unknown function `f`"));
}
