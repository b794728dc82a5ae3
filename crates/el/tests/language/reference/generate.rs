//! Expressions that mostly have a value: each is made for a kind of value, of parts that mostly are of the kind that is wanted.

use el::tree::{Arithmetic, Call, Comparison, Expr, Kind, Name, Span, Step, StepKind};
use proptest::prelude::*;
use proptest::sample::select;

type Made = BoxedStrategy<Expr>;

/// Expressions for each kind of value.
#[derive(Clone)]
struct Kinds {
    text: Made,
    number: Made,
    boolean: Made,
    array: Made,
    /// Of whatever kind.
    any: Made,
}

/// An expression of some depth.
pub fn expression() -> Made {
    let kinds = (0..3).fold(leaves(), |inner, _| composites(&inner));
    kinds.any
}

fn expr(kind: Kind) -> Expr {
    Expr { span: Span::default(), kind }
}

fn name(text: &str) -> Name {
    Name { span: Span::default(), text: text.into() }
}

fn literal(text: &str) -> Expr {
    expr(Kind::Text(text.into()))
}

fn path(variable: &str, names: &[&str]) -> Expr {
    let property = |text: &&str| Step { safe: false, kind: StepKind::Property(name(text)) };
    let base = Box::new(expr(Kind::Variable(variable.into())));
    expr(Kind::Path { base, steps: names.iter().map(property).collect() })
}

fn user(attribute: &str) -> Expr {
    path("user", &[attribute])
}

fn leaves() -> Kinds {
    let words = [
        "",
        "a",
        "Ana",
        "ana@example.com",
        "a,b",
        " x , y",
        "12",
        "-3",
        "2.5",
        "😀",
        "ß É",
        "West Coast",
        "a.*",
    ];
    let attributes = ["firstName", "lastName", "login", "nickName", "emoji", "codes", "pattern"];
    let odd = ["middleName", "absent"];
    let text = prop_oneof![
        6 => select(words.to_vec()).prop_map(literal),
        6 => select(attributes.to_vec()).prop_map(user),
        1 => select(odd.to_vec()).prop_map(user),
    ];
    let number = prop_oneof![
        4 => (0_i64..6).prop_map(|it| expr(Kind::Int(it))),
        1 => select(vec![0.0, 0.5, 2.5, 3.0, 10.25]).prop_map(|it| expr(Kind::Num(it))),
        2 => select(vec!["age", "score", "absent"]).prop_map(user),
        1 => Just(expr(Kind::Int(i64::MAX))),
    ];
    let boolean = prop_oneof![any::<bool>().prop_map(|it| expr(Kind::Bool(it))), Just(user("active"))];
    let array = prop_oneof![
        3 => select(vec!["roles", "numbers", "absent", "codes"]).prop_map(user),
        1 => Just(path("app", &["profile", "allow"])),
        1 => Just(path("access", &["scope"])),
        1 => Just(expr(Kind::List(Vec::new()))),
    ];
    let any = prop_oneof![
        4 => text.clone(),
        3 => number.clone(),
        2 => boolean.clone(),
        2 => array.clone(),
        1 => Just(expr(Kind::Null)),
        1 => select(vec!["address", "teams"]).prop_map(user),
        1 => Just(expr(Kind::Variable("appuser".into()))),
    ];
    Kinds {
        text: text.boxed(),
        number: number.boxed(),
        boolean: boolean.boxed(),
        array: array.boxed(),
        any: any.boxed(),
    }
}

/// A call whose arguments are made by these.
fn call(full_name: &'static str, arguments: Vec<Made>) -> Made {
    let build = move |arguments| {
        let (namespace, function) = match full_name.split_once('.') {
            Some((namespace, function)) => (Some(name(namespace)), function),
            None => (None, full_name),
        };
        expr(Kind::Call(Call { namespace, name: name(function), arguments }))
    };
    arguments.prop_map(build).boxed()
}

fn composites(inner: &Kinds) -> Kinds {
    let Kinds { text, number, boolean, array, any } = inner.clone();
    // A part of another kind than is wanted, now and then.
    let mixed = |kind: &Made| prop_oneof![9 => kind.clone(), 1 => any.clone()].boxed();
    let composite = Kinds {
        text: texts(&mixed(&text), &mixed(&number), &mixed(&array)),
        number: numbers(&mixed(&text), &mixed(&number), &mixed(&array)),
        boolean: booleans(&mixed(&text), &mixed(&number), &mixed(&boolean), &mixed(&array), &any),
        array: arrays(&mixed(&text), &mixed(&number), &mixed(&array), &any),
        any: any.clone(),
    };
    let or_chosen = |made: Made, kind: &Made| {
        let chosen =
            (mixed(&boolean), kind.clone(), kind.clone()).prop_map(|(condition, then, otherwise)| {
                let (condition, then, otherwise) = (condition.into(), then.into(), otherwise.into());
                expr(Kind::Ternary { condition, then, otherwise })
            });
        let elvis = (kind.clone(), kind.clone()).prop_map(|(value, otherwise)| {
            expr(Kind::Elvis { value: value.into(), otherwise: otherwise.into() })
        });
        prop_oneof![6 => made, 2 => kind.clone(), 1 => chosen, 1 => elvis].boxed()
    };
    let kinds = Kinds {
        text: or_chosen(composite.text, &text),
        number: or_chosen(composite.number, &number),
        boolean: or_chosen(composite.boolean, &boolean),
        array: or_chosen(composite.array, &array),
        any: any.clone(),
    };
    let entries = prop::collection::vec((select(vec!["a", "b"]), any.clone()), 1..3);
    let map = entries.prop_map(|entries| {
        expr(Kind::Map(entries.into_iter().map(|(key, value)| (name(key), value)).collect()))
    });
    let every = prop_oneof![
        4 => kinds.text.clone(),
        3 => kinds.number.clone(),
        3 => kinds.boolean.clone(),
        3 => kinds.array.clone(),
        1 => map,
        2 => stepped(&any, &number),
    ];
    Kinds { any: every.boxed(), ..kinds }
}

fn texts(text: &Made, number: &Made, array: &Made) -> Made {
    let t = || text.clone();
    let joined =
        (t(), prop::collection::vec(prop_oneof![t(), number.clone()], 1..4)).prop_map(|(first, rest)| {
            let rest = rest.into_iter().map(|operand| (Arithmetic::Add, operand)).collect();
            expr(Kind::Arithmetic { first: first.into(), rest })
        });
    prop_oneof![
        2 => joined,
        1 => call("String.append", vec![t(), t()]),
        1 => call("String.join", vec![t(), t(), t()]),
        1 => call("String.removeSpaces", vec![t()]),
        1 => call("String.replace", vec![t(), t(), t()]),
        1 => call("String.stringSwitch", vec![t(), t(), t(), t(), t(), t()]),
        1 => call("String.substring", vec![t(), number.clone(), number.clone()]),
        1 => call("String.substringAfter", vec![t(), t()]),
        1 => call("String.substringBefore", vec![t(), t()]),
        1 => call("String.toUpperCase", vec![t()]),
        1 => call("String.toLowerCase", vec![t()]),
        1 => call("Arrays.toCsvString", vec![array.clone()]),
    ]
    .boxed()
}

fn numbers(text: &Made, number: &Made, array: &Made) -> Made {
    let operators = [
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Divide,
        Arithmetic::Remainder,
    ];
    let sum = (number.clone(), select(operators.to_vec()), number.clone()).prop_map(
        |(first, operator, operand)| {
            expr(Kind::Arithmetic { first: first.into(), rest: vec![(operator, operand)] })
        },
    );
    prop_oneof![
        4 => sum,
        1 => number.clone().prop_map(|operand| expr(Kind::Negate(operand.into()))),
        1 => call("String.len", vec![text.clone()]),
        1 => call("Arrays.size", vec![array.clone()]),
        1 => call("Convert.toInt", vec![text.clone()]),
        1 => call("Convert.toInt", vec![number.clone()]),
        1 => call("Convert.toNum", vec![text.clone()]),
    ]
    .boxed()
}

fn booleans(text: &Made, number: &Made, boolean: &Made, array: &Made, any: &Made) -> Made {
    let equality = select(vec![Comparison::Equal, Comparison::NotEqual]);
    let order = select(vec![
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ]);
    let compare = |(left, operator, right): (Expr, Comparison, Expr)| {
        expr(Kind::Compare { left: left.into(), operator, right: right.into() })
    };
    let patterns = ["", "a", ".*", "A.*", ".*@.*", "a*b*", "Ana", ".n."];
    let matched = (text.clone(), select(patterns.to_vec())).prop_map(|(subject, pattern)| {
        expr(Kind::Matches { subject: subject.into(), pattern: literal(pattern).into() })
    });
    let some = prop::collection::vec(boolean.clone(), 2..4);
    prop_oneof![
        2 => (any.clone(), equality, any.clone()).prop_map(compare),
        1 => (number.clone(), order.clone(), number.clone()).prop_map(compare),
        1 => (text.clone(), order, text.clone()).prop_map(compare),
        1 => matched,
        1 => some.clone().prop_map(|operands| expr(Kind::All(operands))),
        1 => some.prop_map(|operands| expr(Kind::Any(operands))),
        1 => boolean.clone().prop_map(|operand| expr(Kind::Not(operand.into()))),
        1 => call("String.startsWith", vec![text.clone(), text.clone()]),
        1 => call("String.stringContains", vec![text.clone(), text.clone()]),
        1 => call("Arrays.contains", vec![array.clone(), any.clone()]),
        1 => call("Arrays.isEmpty", vec![array.clone()]),
        1 => call("isMemberOfGroupName", vec![text.clone()]),
        1 => call("isMemberOfGroupNameStartsWith", vec![text.clone()]),
        1 => call("isMemberOfGroupNameContains", vec![text.clone()]),
    ]
    .boxed()
}

fn arrays(text: &Made, number: &Made, array: &Made, any: &Made) -> Made {
    let apps = select(vec!["OKTA", "google", "0oaad1"]).prop_map(literal).boxed();
    prop_oneof![
        2 => prop::collection::vec(any.clone(), 0..4).prop_map(|elements| expr(Kind::List(elements))),
        1 => call("Arrays.add", vec![array.clone(), any.clone()]),
        1 => call("Arrays.remove", vec![array.clone(), any.clone()]),
        1 => call("Arrays.clear", vec![array.clone()]),
        1 => call("Arrays.flatten", vec![array.clone(), any.clone()]),
        1 => call("Groups.startsWith", vec![apps.clone(), text.clone(), number.clone()]),
        1 => call("Groups.endsWith", vec![apps.clone(), text.clone(), number.clone()]),
        1 => call("Groups.contains", vec![apps, text.clone(), number.clone()]),
    ]
    .boxed()
}

/// A value and a step or two from it.
fn stepped(any: &Made, number: &Made) -> Made {
    let span = Span::default();
    let names = || select(vec!["name", "profile", "city", "a", "b", "lead"]).prop_map(name);
    let index = number.clone().prop_map(move |at| StepKind::Index { span, at });
    let key = names().prop_map(move |name| StepKind::Index { span, at: literal(&name.text) });
    let kind = prop_oneof![
        3 => names().prop_map(StepKind::Property),
        2 => index,
        1 => key,
        1 => prop::collection::vec(names(), 1..3).prop_map(move |names| StepKind::Project { span, names }),
    ];
    let step = (prop::bool::ANY, kind).prop_map(|(safe, kind)| Step { safe, kind });
    let steps = prop::collection::vec(step, 1..3);
    (any.clone(), steps).prop_map(|(base, steps)| expr(Kind::Path { base: base.into(), steps })).boxed()
}
