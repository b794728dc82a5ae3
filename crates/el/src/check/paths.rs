//! Checks what is read of a value: properties, elements, and the methods of a user.

use super::{Checker, counted};
use crate::{
    diagnostic::Diagnostic,
    functions::{
        self, Type,
        groups::criteria::{KEYS, ONE_KEY, problem_of_key, problem_of_value},
    },
    nearest::nearest,
    span::Span,
    tree::{Expr, Kind, Name, Step, StepKind},
};

/// A method of a user.
struct Method {
    name: &'static str,
    /// How many arguments it takes: at least, at most.
    arguments: (usize, usize),
    returns: Type,
}

/// Okta: the methods.
const METHODS: [Method; 3] = [
    Method { name: "getInternalProperty", arguments: (1, 1), returns: Type::Any },
    Method { name: "getLinkedObject", arguments: (1, 1), returns: Type::Any },
    Method { name: "getGroups", arguments: (1, usize::MAX), returns: Type::Array },
];

/// Okta: what `user.getInternalProperty` knows.
const INTERNAL: [&str; 2] = ["id", "status"];

impl Checker<'_> {
    pub(super) fn path(&mut self, base: &Expr, steps: &[Step]) -> Type {
        let variable = self.base(base, steps.first());
        let mut reached = Type::Any;
        for step in steps {
            reached = match &step.kind {
                StepKind::Property(_) => Type::Any,
                StepKind::Project { .. } => Type::Array,
                StepKind::Index { at, .. } => {
                    self.expression(at);
                    Type::Any
                }
                StepKind::Method { name, arguments, .. } => self.method(variable, name, arguments),
            };
            if step.safe {
                reached = Type::Any;
            }
        }
        reached
    }

    /// Checks what a path begins with; the variable, if it is one.
    fn base<'b>(&mut self, base: &'b Expr, step: Option<&Step>) -> Option<&'b str> {
        let Kind::Variable(variable) = &base.kind else {
            self.expression(base);
            return None;
        };
        let uses = self.variable(variable, base.span);
        match step.map(|step| &step.kind) {
            Some(StepKind::Property(name)) => {
                uses.properties.insert(name.text.to_string());
            }
            Some(StepKind::Index { at: Expr { kind: Kind::Text(name), .. }, .. }) => {
                uses.properties.insert(name.to_string());
            }
            Some(StepKind::Method { name, .. }) => {
                uses.methods.insert(name.text.to_string());
            }
            Some(StepKind::Index { .. } | StepKind::Project { .. }) | None => uses.whole = true,
        }
        Some(variable)
    }

    fn method(&mut self, variable: Option<&str>, name: &Name, arguments: &[Expr]) -> Type {
        self.all(arguments);
        let Some(method) = METHODS.iter().find(|method| method.name == &*name.text) else {
            self.unknown_method(variable, name);
            return Type::Any;
        };
        let (least, most) = method.arguments;
        if !(least..=most).contains(&arguments.len()) {
            let more = if most > least { " or more" } else { "" };
            let (wanted, given) = (counted(least), arguments.len());
            self.error(name.span, format!("`{}` takes {wanted}{more}, not {given}", method.name));
        }
        match method.name {
            "getInternalProperty" => self.internal_property(arguments),
            "getLinkedObject" => self.linked_object(arguments),
            _ => self.groups(arguments),
        }
        method.returns
    }

    fn unknown_method(&mut self, variable: Option<&str>, name: &Name) {
        let unknown = Diagnostic::error(name.span, format!("unknown method `{}`", name.text));
        let method = nearest(&name.text, METHODS.iter().map(|method| method.name)).map(str::to_owned);
        // `string.len(x)` and `user.firstName.toUpperCase()` are meant for functions.
        let function = || functions::suggest(variable, &name.text).map(|function| format!("{function}()"));
        self.resolved.diagnostics.push(match method.or_else(function) {
            Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
            None => unknown,
        });
    }

    fn internal_property(&mut self, arguments: &[Expr]) {
        if let [Expr { kind: Kind::Text(name), span }] = arguments
            && !INTERNAL.contains(&&**name)
        {
            let unknown = Diagnostic::error(*span, format!("there is no internal property `{name}`"));
            self.resolved.diagnostics.push(unknown.suggest("write \"id\" or \"status\""));
        }
    }

    fn linked_object(&mut self, arguments: &[Expr]) {
        let links = &mut self.resolved.names.linked_objects;
        match arguments {
            [Expr { kind: Kind::Text(name), .. }] => {
                links.names.insert(name.to_string());
            }
            _ => links.all = true,
        }
    }

    /// Checks the criteria of `user.getGroups`, and notes which groups they name.
    fn groups(&mut self, criteria: &[Expr]) {
        for criterion in criteria {
            match &criterion.kind {
                Kind::Map(entries) => self.criterion(entries, criterion.span),
                Kind::List(_) | Kind::Text(_) | Kind::Int(_) | Kind::Num(_) | Kind::Bool(_) | Kind::Null => {
                    let message = "`getGroups` wants objects that say which groups are meant";
                    let refusal = Diagnostic::error(criterion.span, message);
                    self.resolved.diagnostics.push(refusal.suggest("write `{'group.id': {'…'}}`"));
                }
                _ => {}
            }
        }
        let by_literals = criteria.iter().find_map(|criterion| match &criterion.kind {
            Kind::Map(entries) => named_groups(entries),
            _ => None,
        });
        let groups = &mut self.resolved.names.groups;
        match by_literals {
            Some(("group.id", ids)) => groups.ids.extend(ids),
            Some((_, names)) => groups.names.extend(names),
            None => groups.all = true,
        }
    }

    fn criterion(&mut self, entries: &[(Name, Expr)], span: Span) {
        for (key, value) in entries {
            if let Some(problem) = problem_of_key(&key.text) {
                self.error(key.span, problem);
            }
            for literal in literals(value) {
                if let Kind::Text(text) = &literal.kind
                    && let Some(problem) = problem_of_value(&key.text, text)
                {
                    self.error(literal.span, problem);
                }
            }
        }
        let known = |key: &&(Name, Expr)| KEYS.contains(&&*key.0.text) && &*key.0.text != "operator";
        if entries.iter().all(|(key, _)| KEYS.contains(&&*key.text))
            && entries.iter().filter(known).count() != 1
        {
            self.error(span, ONE_KEY.to_owned());
        }
    }
}

/// A value, or the elements of an array.
fn literals(value: &Expr) -> &[Expr] {
    match &value.kind {
        Kind::List(elements) => elements,
        _ => std::slice::from_ref(value),
    }
}

/// The groups that one of the criteria names in literals and nothing else, and by what.
fn named_groups(entries: &[(Name, Expr)]) -> Option<(&str, Vec<String>)> {
    let operator = entries.iter().find(|(key, _)| &*key.text == "operator").map(|(_, value)| &value.kind);
    let exact = matches!(operator, Some(Kind::Text(operator)) if &**operator == "EXACT");
    let by_name = |key: &str| key == "group.profile.name" && exact;
    let (key, value) = entries.iter().find(|(key, _)| &*key.text == "group.id" || by_name(&key.text))?;
    let texts = literals(value).iter().map(|literal| match &literal.kind {
        Kind::Text(text) => Some(text.to_string()),
        _ => None,
    });
    Some((&*key.text, texts.collect::<Option<_>>()?))
}
