//! A compiled expression, and the way to one.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    check::{Setting, check},
    diagnostic::{Diagnostic, EvalError, Severity},
    eval::Evaluation,
    functions::Function,
    input::Input,
    limits::Limits,
    names::Names,
    parse::parse,
    pattern::Pattern,
    scope::Variables,
    span::Span,
    tree::Expr,
    value::Value,
};

/// An expression that can be evaluated.
#[derive(Clone)]
pub struct Program {
    pub(crate) text: Arc<str>,
    pub(crate) tree: Expr,
    pub(crate) limits: Limits,
    pub(crate) resolved: Resolved,
}

/// What checking found out about a tree. Places are those where the thing begins in the text.
#[derive(Clone, Default)]
pub(crate) struct Resolved {
    /// The function called at each place.
    pub functions: BTreeMap<usize, &'static Function>,
    /// The regular expression written at each place.
    pub patterns: BTreeMap<usize, Pattern>,
    /// How large these are together, and those within the expressions about groups.
    pub pattern_bytes: usize,
    /// The expression about groups written at each place.
    pub programs: BTreeMap<usize, Program>,
    pub names: Names,
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles an expression, or says everything that is wrong with it.
///
/// An unknown variable is a warning, because Okta saves claims such as `cool`; evaluating it fails.
pub fn compile(text: &str, limits: &Limits) -> Result<Program, Vec<Diagnostic>> {
    compile_in(Setting::CLAIM, text, limits)
}

/// Compiles an expression about `group`, as `getFilteredGroups` is given it in a string, or says the first thing that is wrong
/// with it.
pub(crate) fn compile_group_expression(text: &str, limits: &Limits) -> Result<Program, Diagnostic> {
    compile_in(Setting::GROUP, text, limits).map_err(|diagnostics| {
        let first = diagnostics.into_iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        first.unwrap_or_else(|| Diagnostic::error(Span::default(), "the expression about groups is wrong"))
    })
}

fn compile_in(setting: Setting, text: &str, limits: &Limits) -> Result<Program, Vec<Diagnostic>> {
    let tree = parse(text, limits).map_err(|diagnostic| vec![diagnostic])?;
    let mut resolved = check(&tree, text, setting, limits);
    resolved.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    if resolved.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(resolved.diagnostics);
    }
    Ok(Program { text: text.into(), tree, limits: limits.clone(), resolved })
}

impl Program {
    /// The value of the expression with these variables.
    pub fn evaluate(&self, scope: &dyn Variables) -> Result<Value, EvalError> {
        Evaluation::new(self, scope).run()
    }

    /// The value of the expression with these variables, and what was read of them, also if there is no value. What is kept
    /// of that is bounded.
    pub fn evaluate_traced(&self, scope: &dyn Variables) -> (Result<Value, EvalError>, Vec<Input>) {
        Evaluation::new(self, scope).run_traced()
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree of that text.
    pub fn tree(&self) -> &Expr {
        &self.tree
    }

    /// The names it mentions.
    pub fn names(&self) -> &Names {
        &self.resolved.names
    }

    /// What is doubtful about it. There are no errors among these.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.resolved.diagnostics
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Program").field(&self.text).finish()
    }
}

/// Programs are equal if their texts and limits are: everything else follows.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.limits == other.limits
    }
}

impl Eq for Program {}
