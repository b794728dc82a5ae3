//! The evaluator against a slow and obvious one, over generated expressions.

use el::{Limits, compile, tree::Expr};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::reference::{No, evaluate, generate::expression};
use crate::world::{World, service, world};

/// How an expression came out.
#[derive(PartialEq)]
enum Seen {
    Refused,
    Failed,
    Value,
    /// The slow evaluator has no idea.
    Unknown,
}

fn compare(tree: &Expr, world: &World) -> Seen {
    let text = tree.to_string();
    let limits =
        Limits { characters: 1_000_000, steps: 1_000_000, output_bytes: 1 << 24, ..Limits::default() };
    let Ok(program) = compile(&text, &limits) else { return Seen::Refused };
    let fast = program.evaluate(world);
    let (traced, _) = program.evaluate_traced(world);
    assert_eq!(fast, traced, "{text}");
    match (evaluate(tree, world), fast) {
        (Err(No::Idea), _) => Seen::Unknown,
        (Err(No::Value), Err(_)) => Seen::Failed,
        (Ok(slow), Ok(fast)) => {
            assert_eq!(fast.to_json(), slow, "{text}");
            Seen::Value
        }
        (slow, fast) => panic!("{text}\n  slow: {slow:?}\n  fast: {fast:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn both_evaluators_agree(tree in expression()) {
        compare(&tree, &world());
        compare(&tree, &service());
    }
}

#[test]
fn most_of_what_is_compared_has_a_value() {
    let mut runner = TestRunner::deterministic();
    let (strategy, world) = (expression(), world());
    let seen: Vec<Seen> = (0..1000)
        .map(|_| compare(&strategy.new_tree(&mut runner).expect("a tree").current(), &world))
        .collect();
    let count = |wanted: &Seen| seen.iter().filter(|one| *one == wanted).count();
    let (values, failures) = (count(&Seen::Value), count(&Seen::Failed));
    assert!(values > 400 && failures > 100, "{values} values, {failures} failures");
    assert!(count(&Seen::Unknown) < 100);
}
