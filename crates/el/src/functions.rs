//! The table of functions: what each is called, what it takes and gives. What it does is told in the file of its family.
//!
//! A further family is one more file with one more table, listed in [`FAMILIES`].

mod arrays;
mod convert;
mod countries;
mod country;
mod directory;
pub(crate) mod groups;
mod string;
pub(crate) mod time;

use std::{borrow::Cow, sync::Arc};

use crate::{
    budget::Budget,
    diagnostic::EvalError,
    nearest::nearest,
    number, operators,
    program::Program,
    scope::Variables,
    span::Span,
    tree::Expr,
    value::{ELEMENT_BYTES, Value},
};

/// The result of an evaluation.
pub(crate) type Evaluated<T = Value> = Result<T, EvalError>;

/// A function of the language.
pub(crate) struct Function {
    /// `String` in `String.len`; the deprecated functions have none.
    pub namespace: Option<&'static str>,
    /// `len` in `String.len`.
    pub name: &'static str,
    /// What must be given.
    pub parameters: &'static [Parameter],
    /// What may follow.
    pub optional: &'static [Parameter],
    /// What may come after that, any number of times, in groups of this length.
    pub repeated: &'static [Parameter],
    /// What comes out, if it is not null.
    pub returns: Type,
    /// Whether it reads more than its arguments: the time, or the user's groups.
    pub reads_surroundings: bool,
    /// Does it.
    pub run: fn(&mut Call<'_>) -> Evaluated,
}

/// Something that a function is given.
pub(crate) struct Parameter {
    /// What it is called in messages.
    pub name: &'static str,
    /// What it must be.
    pub accepts: Type,
    /// What can be said of it already when it is written as a literal.
    pub literal: Literal,
}

/// What a literal argument means, so that `check` can judge it and note what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Literal {
    /// Nothing in particular.
    Free,
    /// The id of a group.
    GroupId,
    /// An array of such ids.
    GroupIds,
    /// The name of a group.
    GroupName,
    /// A part of the names of groups.
    GroupPart,
    /// A regular expression that is compared with names of groups.
    GroupPattern,
    /// An expression about `group`.
    GroupExpression,
    /// How many groups there may be.
    GroupLimit,
    /// A pattern of times.
    TimePattern,
    /// The id of a time zone.
    TimeZone,
}

/// What a value may be, as far as that is known before evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    Array,
    Object,
}

impl Type {
    /// With an article, for messages.
    pub fn described(self) -> &'static str {
        match self {
            Type::Any => "some value",
            Type::Null => "null",
            Type::Boolean => "a boolean",
            Type::Integer => "an integer",
            Type::Number => "a number",
            Type::Text => "a string",
            Type::Array => "an array",
            Type::Object => "an object",
        }
    }

    /// Whether a parameter of this type can be given a value of the `other` type. [`Call`] has the conversions.
    pub fn accepts(self, other: Type) -> bool {
        match self {
            _ if other == Type::Any || other == self => true,
            Type::Text => other != Type::Object,
            Type::Integer => matches!(other, Type::Number | Type::Text),
            Type::Array => matches!(other, Type::Text | Type::Null),
            Type::Any => true,
            Type::Null | Type::Boolean | Type::Number | Type::Object => false,
        }
    }
}

const fn text(name: &'static str) -> Parameter {
    Parameter { name, accepts: Type::Text, literal: Literal::Free }
}

const fn integer(name: &'static str) -> Parameter {
    Parameter { accepts: Type::Integer, ..text(name) }
}

const fn array(name: &'static str) -> Parameter {
    Parameter { accepts: Type::Array, ..text(name) }
}

const fn any(name: &'static str) -> Parameter {
    Parameter { accepts: Type::Any, ..text(name) }
}

const FAMILIES: [&[Function]; 7] = [
    string::FUNCTIONS,
    arrays::FUNCTIONS,
    convert::FUNCTIONS,
    country::FUNCTIONS,
    groups::FUNCTIONS,
    directory::FUNCTIONS,
    time::FUNCTIONS,
];

fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().flatten()
}

/// The function with exactly this name.
pub(crate) fn find(namespace: Option<&str>, name: &str) -> Option<&'static Function> {
    all().find(|function| function.namespace == namespace && function.name == name)
}

/// The full name of the function that was probably meant.
pub(crate) fn suggest(namespace: Option<&str>, name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let same_namespace = |function: &&Function| {
        function.namespace.zip(namespace).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    all()
        .filter(same_namespace)
        .find(|function| function.name.eq_ignore_ascii_case(name))
        .or_else(|| {
            all().filter(same_namespace).find(|function| function.name.to_lowercase().ends_with(&lower))
        })
        .or_else(|| all().find(|function| function.name.eq_ignore_ascii_case(name)))
        .map(Function::full_name)
        .or_else(|| {
            let typed = namespace.map_or(name.to_owned(), |namespace| format!("{namespace}.{name}"));
            let known: Vec<String> = all().map(Function::full_name).collect();
            nearest(&typed, known.iter().map(String::as_str)).map(str::to_owned)
        })
}

impl Function {
    /// A function without a namespace that needs no arguments and nothing else.
    const fn new(name: &'static str, returns: Type, run: fn(&mut Call<'_>) -> Evaluated) -> Self {
        Function {
            namespace: None,
            name,
            parameters: &[],
            optional: &[],
            repeated: &[],
            returns,
            reads_surroundings: false,
            run,
        }
    }

    /// `String.len`
    pub fn full_name(&self) -> String {
        self.namespace.map_or(self.name.to_owned(), |namespace| format!("{namespace}.{}", self.name))
    }

    /// `String.join(separator, string, …)`
    pub fn signature(&self) -> String {
        let parameters = self.parameters.iter().chain(self.optional).chain(self.repeated);
        let mut names: Vec<&str> = parameters.map(|parameter| parameter.name).collect();
        if !self.repeated.is_empty() {
            names.push("…");
        }
        format!("{}({})", self.full_name(), names.join(", "))
    }

    /// What the argument at `index` is for.
    pub fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        self.parameters.iter().chain(self.optional).nth(index).or_else(|| {
            let beyond = index.checked_sub(self.parameters.len() + self.optional.len())?;
            self.repeated.get(beyond.checked_rem(self.repeated.len())?)
        })
    }

    /// Whether the function can be given so many arguments.
    pub fn takes(&self, count: usize) -> bool {
        count.checked_sub(self.parameters.len()).is_some_and(|more| match self.repeated.len() {
            0 => more <= self.optional.len(),
            group => more.is_multiple_of(group),
        })
    }
}

/// One call of a function: its arguments, and what it may still spend.
pub(crate) struct Call<'c> {
    pub function: &'static Function,
    pub arguments: &'c [Value],
    /// The arguments as they were written.
    pub written: &'c [Expr],
    pub span: Span,
    pub budget: &'c mut Budget,
    pub scope: &'c dyn Variables,
    pub program: &'c Program,
}

/// An array argument.
pub(crate) struct Array {
    pub elements: Arc<[Value]>,
    /// Whether it was given as text with commas, so that its elements are text whatever they look like.
    pub from_text: bool,
}

impl<'c> Call<'c> {
    pub fn argument(&self, index: usize) -> &'c Value {
        self.arguments.get(index).unwrap_or(&Value::Null)
    }

    /// An argument as text; `None` if it is null. Conversions are those of [`operators::text`].
    pub fn text(&mut self, index: usize) -> Evaluated<Option<Cow<'c, str>>> {
        let value = self.argument(index);
        if *value == Value::Null {
            return Ok(None);
        }
        self.budget.read(value.size(), self.span)?;
        operators::text(value).map(Some).ok_or_else(|| self.refuse(index))
    }

    /// An argument as an integer.
    ///
    /// Guess: a whole number and a string of digits will do, as the Spring Expression Language converts arguments.
    pub fn integer(&mut self, index: usize) -> Evaluated<i64> {
        match self.argument(index) {
            Value::Int(value) => Some(*value),
            Value::Num(value) => number::exact(*value),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
        .ok_or_else(|| self.refuse(index))
    }

    /// An argument as an array. Okta: strings with commas are accepted wherever an array is.
    ///
    /// Guess: null is the empty array everywhere, as Okta documents for `Arrays.size` and `Arrays.isEmpty`.
    pub fn array(&mut self, index: usize) -> Evaluated<Array> {
        let (elements, from_text) = match self.argument(index) {
            Value::Null => (Arc::from([]), false),
            Value::List(elements) => (Arc::clone(elements), false),
            Value::Text(text) => (self.split(text)?.into(), true),
            _ => return Err(self.refuse(index)),
        };
        self.budget.read(elements.len().saturating_mul(ELEMENT_BYTES), self.span)?;
        Ok(Array { elements, from_text })
    }

    /// The elements of a string with commas.
    ///
    /// Guess: white space around an element is dropped and the empty string has none, as in the Spring Expression Language.
    /// Okta support relies on the last: `Arrays.add(Arrays.toCsvString({}), x)` makes an array of one.
    pub fn split(&mut self, text: &str) -> Evaluated<Vec<Value>> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let elements = text.matches(',').count().saturating_add(1);
        self.reserve(text.len().saturating_add(elements.saturating_mul(ELEMENT_BYTES)))?;
        Ok(text.split(',').map(|element| Value::from(element.trim())).collect())
    }

    /// Accounts for so many bytes of a result that is about to be made.
    pub fn reserve(&mut self, bytes: usize) -> Evaluated<()> {
        self.budget.build(bytes, self.span)
    }

    /// The parts as one text.
    pub fn joined(&mut self, parts: &[&str]) -> Evaluated {
        self.reserve(parts.iter().fold(0, |sum, part| sum.saturating_add(part.len())))?;
        Ok(Value::from(parts.concat()))
    }

    /// The elements as an array.
    pub fn listed(&mut self, elements: Vec<Value>) -> Evaluated {
        self.reserve(elements.len().saturating_mul(ELEMENT_BYTES))?;
        Ok(Value::from(elements))
    }

    /// Says that the function fails as a whole.
    pub fn fail(&self, message: &str) -> EvalError {
        EvalError::new(self.span, format!("`{}`: {message}", self.function.full_name()))
    }

    /// Says that the function fails because of the argument at `index`.
    pub fn fail_at(&self, index: usize, message: &str) -> EvalError {
        EvalError { span: self.place(index), ..self.fail(message) }
    }

    /// Where the argument at `index` stands.
    pub fn place(&self, index: usize) -> Span {
        self.written.get(index).map_or(self.span, |argument| argument.span)
    }

    /// Says that the argument at `index` is of the wrong kind.
    pub fn refuse(&self, index: usize) -> EvalError {
        let (wanted, name) = self
            .function
            .parameter(index)
            .map_or(("less", "argument"), |parameter| (parameter.accepts.described(), parameter.name));
        let found = self.argument(index).described();
        let message =
            format!("`{}` wants {wanted} as `{name}`, but this is {found}", self.function.full_name());
        EvalError { message, ..self.fail_at(index, "") }
    }
}
