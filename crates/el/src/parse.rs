//! Builds the tree: a Pratt parser with the precedences of the Spring Expression Language. Whether names exist and types fit
//! is `check`'s business.

use std::sync::Arc;

use crate::{
    diagnostic::Diagnostic,
    lex::{Kind as Lexed, Symbol, Token, lex},
    limits::Limits,
    span::Span,
    tree::{Arithmetic, Call, Comparison, Expr, Kind, Name, Step, StepKind},
};

/// Parses a text, without checking it: [`compile`](crate::compile) does both.
pub fn parse(text: &str, limits: &Limits) -> Result<Expr, Diagnostic> {
    let characters = text.chars().count();
    if characters > limits.characters {
        let start = text.char_indices().nth(limits.characters).map_or(text.len(), |(offset, _)| offset);
        let message =
            format!("the expression has {characters} characters; at most {} are allowed", limits.characters);
        return Err(Diagnostic::error(Span { start, end: text.len() }, message));
    }
    let mut parser = Parser { text, tokens: lex(text)?, at: 0, depth: 0, deepest: limits.effective_depth() };
    let expression = parser.expression(Power::Conditional)?;
    match parser.peek().kind {
        Lexed::End => Ok(expression),
        _ => Err(parser.expected("an operator")),
    }
}

type Parsed<T = Expr> = Result<T, Diagnostic>;

/// How strongly an operator binds, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Conditional,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Unary,
}

/// What may stand between two expressions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Infix {
    Ternary,
    Elvis,
    Or,
    And,
    Compare(Comparison),
    Matches,
    Arithmetic(Arithmetic),
}

impl Infix {
    fn power(self) -> Power {
        match self {
            Infix::Ternary | Infix::Elvis => Power::Conditional,
            Infix::Or => Power::Or,
            Infix::And => Power::And,
            Infix::Compare(_) | Infix::Matches => Power::Compare,
            Infix::Arithmetic(Arithmetic::Add | Arithmetic::Subtract) => Power::Sum,
            Infix::Arithmetic(_) => Power::Product,
        }
    }

    fn from_symbol(symbol: Symbol) -> Option<Infix> {
        Some(match symbol {
            Symbol::Question => Infix::Ternary,
            Symbol::Elvis => Infix::Elvis,
            Symbol::Or => Infix::Or,
            Symbol::And => Infix::And,
            Symbol::Equal => Infix::Compare(Comparison::Equal),
            Symbol::NotEqual => Infix::Compare(Comparison::NotEqual),
            Symbol::Less => Infix::Compare(Comparison::Less),
            Symbol::LessOrEqual => Infix::Compare(Comparison::LessOrEqual),
            Symbol::Greater => Infix::Compare(Comparison::Greater),
            Symbol::GreaterOrEqual => Infix::Compare(Comparison::GreaterOrEqual),
            Symbol::Plus => Infix::Arithmetic(Arithmetic::Add),
            Symbol::Minus => Infix::Arithmetic(Arithmetic::Subtract),
            Symbol::Star => Infix::Arithmetic(Arithmetic::Multiply),
            Symbol::Slash => Infix::Arithmetic(Arithmetic::Divide),
            Symbol::Percent => Infix::Arithmetic(Arithmetic::Remainder),
            _ => return None,
        })
    }

    /// Guess: the words that the Spring Expression Language takes for operators, in any case; Okta documents `AND`, `OR` and
    /// `matches`.
    fn from_word(word: &str) -> Option<Infix> {
        const WORDS: [(&str, Infix); 11] = [
            ("and", Infix::And),
            ("or", Infix::Or),
            ("matches", Infix::Matches),
            ("eq", Infix::Compare(Comparison::Equal)),
            ("ne", Infix::Compare(Comparison::NotEqual)),
            ("lt", Infix::Compare(Comparison::Less)),
            ("le", Infix::Compare(Comparison::LessOrEqual)),
            ("gt", Infix::Compare(Comparison::Greater)),
            ("ge", Infix::Compare(Comparison::GreaterOrEqual)),
            ("div", Infix::Arithmetic(Arithmetic::Divide)),
            ("mod", Infix::Arithmetic(Arithmetic::Remainder)),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, infix)| *infix)
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
    deepest: usize,
}

impl<'t> Parser<'t> {
    /// An expression whose operators all bind at least as strongly as `floor`.
    fn expression(&mut self, floor: Power) -> Parsed {
        self.depth += 1;
        if self.depth > self.deepest {
            return Err(Diagnostic::error(self.peek().span, "the expression nests too deeply here"));
        }
        let mut left = self.prefix()?;
        while let Some(infix) = self.infix(floor) {
            left = self.with_right_side(left, infix)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Parsed {
        let build: fn(Box<Expr>) -> Kind = match self.peek().kind {
            Lexed::Symbol(Symbol::Not) => Kind::Not,
            Lexed::Symbol(Symbol::Minus) => Kind::Negate,
            Lexed::Word(word) if word.eq_ignore_ascii_case("not") => Kind::Not,
            _ => return self.path(),
        };
        let start = self.advance();
        let operand = self.expression(Power::Unary)?;
        Ok(Expr { span: start.to(operand.span), kind: build(Box::new(operand)) })
    }

    /// The operator that comes next, if it binds at least as strongly as `floor`.
    fn infix(&self, floor: Power) -> Option<Infix> {
        let infix = match self.peek().kind {
            Lexed::Symbol(symbol) => Infix::from_symbol(symbol),
            Lexed::Word(word) => Infix::from_word(word),
            _ => None,
        };
        infix.filter(|infix| infix.power() >= floor)
    }

    fn with_right_side(&mut self, left: Expr, infix: Infix) -> Parsed {
        let start = left.span;
        let left = Box::new(left);
        let (kind, end) = match infix {
            Infix::Or | Infix::And => return self.logic(*left, infix),
            Infix::Arithmetic(_) => return self.arithmetic(left, infix.power()),
            Infix::Compare(operator) => {
                let right = self.right_of_comparison()?;
                let end = right.span;
                (Kind::Compare { left, operator, right: Box::new(right) }, end)
            }
            Infix::Matches => {
                let pattern = self.right_of_comparison()?;
                let end = pattern.span;
                (Kind::Matches { subject: left, pattern: Box::new(pattern) }, end)
            }
            Infix::Ternary => {
                self.advance();
                let then = Box::new(self.expression(Power::Conditional)?);
                self.expect(Symbol::Colon, "`:` and the other value")?;
                let otherwise = self.expression(Power::Conditional)?;
                let end = otherwise.span;
                (Kind::Ternary { condition: left, then, otherwise: Box::new(otherwise) }, end)
            }
            Infix::Elvis => {
                self.advance();
                let otherwise = self.expression(Power::Conditional)?;
                let end = otherwise.span;
                (Kind::Elvis { value: left, otherwise: Box::new(otherwise) }, end)
            }
        };
        Ok(Expr { span: start.to(end), kind })
    }

    fn right_of_comparison(&mut self) -> Parsed {
        self.advance();
        let right = self.expression(Power::Sum)?;
        match self.infix(Power::Compare) {
            Some(Infix::Compare(_) | Infix::Matches) => {
                let refusal = Diagnostic::error(self.peek().span, "comparisons do not chain");
                Err(refusal.suggest("put the first one in brackets"))
            }
            _ => Ok(right),
        }
    }

    /// The whole chain of one logical operator.
    fn logic(&mut self, first: Expr, infix: Infix) -> Parsed {
        let above = if infix == Infix::Or { Power::And } else { Power::Compare };
        let start = first.span;
        let mut operands = vec![first];
        while self.infix(infix.power()) == Some(infix) {
            self.advance();
            operands.push(self.expression(above)?);
        }
        let end = operands.last().map_or(start, |operand| operand.span);
        let kind = if infix == Infix::Or { Kind::Any(operands) } else { Kind::All(operands) };
        Ok(Expr { span: start.to(end), kind })
    }

    /// The whole chain of operators that bind as strongly as `power`.
    fn arithmetic(&mut self, first: Box<Expr>, power: Power) -> Parsed {
        let above = if power == Power::Sum { Power::Product } else { Power::Unary };
        let mut span = first.span;
        let mut rest = Vec::new();
        while let Some(Infix::Arithmetic(operator)) = self.infix(power).filter(|infix| infix.power() == power)
        {
            self.advance();
            let operand = self.expression(above)?;
            span = span.to(operand.span);
            rest.push((operator, operand));
        }
        Ok(Expr { span, kind: Kind::Arithmetic { first, rest } })
    }

    /// A primary expression and the steps that follow it.
    fn path(&mut self) -> Parsed {
        let base = self.primary()?;
        let mut steps = Vec::new();
        loop {
            let kind = match self.peek().kind {
                Lexed::Symbol(Symbol::Dot) => self.member("a name after `.`")?,
                Lexed::Symbol(Symbol::OpenSquare) => self.index()?,
                Lexed::Symbol(Symbol::Project) => self.projection()?,
                Lexed::Symbol(Symbol::Safe) => {
                    steps.push(Step { safe: true, kind: self.safe_step()? });
                    continue;
                }
                _ => break,
            };
            steps.push(Step { safe: false, kind });
        }
        match steps.last() {
            None => Ok(base),
            Some(last) => {
                let span = base.span.to(last.span());
                Ok(Expr { span, kind: Kind::Path { base: Box::new(base), steps } })
            }
        }
    }

    /// `?.name`, `?.name()`, `?.[0]` or `?.![name]`.
    fn safe_step(&mut self) -> Parsed<StepKind> {
        match self.tokens.get(self.at + 1).map(|token| &token.kind) {
            Some(Lexed::Symbol(Symbol::OpenSquare)) => {
                self.advance();
                self.index()
            }
            Some(Lexed::Symbol(Symbol::Not)) => {
                self.advance();
                self.projection()
            }
            _ => self.member("a name, `[` or `![` after `?.`"),
        }
    }

    fn member(&mut self, wanted: &str) -> Parsed<StepKind> {
        self.advance();
        let name = self.name(wanted)?;
        if !self.next_is(Symbol::OpenRound) {
            return Ok(StepKind::Property(name));
        }
        let (arguments, end) = self.arguments()?;
        Ok(StepKind::Method { span: name.span.to(end), name, arguments })
    }

    fn index(&mut self) -> Parsed<StepKind> {
        let open = self.advance();
        let at = self.expression(Power::Conditional)?;
        let close = self.expect(Symbol::CloseSquare, "`]`")?;
        Ok(StepKind::Index { span: open.to(close), at })
    }

    fn projection(&mut self) -> Parsed<StepKind> {
        let open = self.advance();
        self.expect(Symbol::OpenSquare, "`[` after `.!`")?;
        let mut names = vec![self.name("the name of a property")?];
        while self.eat(Symbol::Dot) {
            names.push(self.name("a name after `.`")?);
        }
        let close = self.expect(Symbol::CloseSquare, "`]` after the name of a property")?;
        Ok(StepKind::Project { span: open.to(close), names })
    }

    fn primary(&mut self) -> Parsed {
        let Token { kind, span } = self.peek();
        let (kind, span) = match (kind, *span) {
            (Lexed::Int(value), span) => (Kind::Int(*value), span),
            (Lexed::Num(value), span) => (Kind::Num(*value), span),
            (Lexed::Text(value), span) => (Kind::Text(value.as_str().into()), span),
            (Lexed::Word(word), span) => return self.word(word, span),
            (Lexed::Symbol(Symbol::OpenCurly), _) => return self.braces(),
            (Lexed::Symbol(Symbol::OpenRound), _) => return self.brackets(),
            (Lexed::Symbol(_) | Lexed::End, _) => return Err(self.expected("a value")),
        };
        self.advance();
        Ok(Expr { span, kind })
    }

    fn brackets(&mut self) -> Parsed {
        self.advance();
        let inner = self.expression(Power::Conditional)?;
        self.expect(Symbol::CloseRound, "`)`")?;
        Ok(inner)
    }

    /// A literal, a variable or a function.
    fn word(&mut self, word: &'t str, span: Span) -> Parsed {
        if Infix::from_word(word).is_some() {
            return Err(self.expected("a value"));
        }
        self.advance();
        if self.next_is(Symbol::OpenRound) {
            if word == "T" {
                return Err(Diagnostic::error(
                    span,
                    "type references with `T()` are not part of the language",
                ));
            }
            return self.call(None, Name { span, text: word.into() });
        }
        if word == "new"
            && matches!(self.peek().kind, Lexed::Word(class) if Infix::from_word(class).is_none())
        {
            return Err(Diagnostic::error(span, "constructors with `new` are not part of the language"));
        }
        if word.starts_with(char::is_uppercase) && self.function_follows() {
            self.advance();
            let name = self.name("the name of a function")?;
            return self.call(Some(Name { span, text: word.into() }), name);
        }
        Ok(Expr { span, kind: literal(word).unwrap_or_else(|| Kind::Variable(word.into())) })
    }

    /// Whether `.name(` comes next.
    fn function_follows(&self) -> bool {
        let ahead = |distance: usize| self.tokens.get(self.at + distance).map(|token| &token.kind);
        self.next_is(Symbol::Dot)
            && matches!(ahead(1), Some(Lexed::Word(_)))
            && ahead(2) == Some(&Lexed::Symbol(Symbol::OpenRound))
    }

    fn call(&mut self, namespace: Option<Name>, name: Name) -> Parsed {
        let start = namespace.as_ref().map_or(name.span, |namespace| namespace.span);
        let (arguments, end) = self.arguments()?;
        Ok(Expr { span: start.to(end), kind: Kind::Call(Call { namespace, name, arguments }) })
    }

    /// What stands between round brackets, and where the closing one is.
    fn arguments(&mut self) -> Parsed<(Vec<Expr>, Span)> {
        self.advance();
        let mut arguments = Vec::new();
        if !self.next_is(Symbol::CloseRound) {
            arguments.push(self.expression(Power::Conditional)?);
            while self.eat(Symbol::Comma) {
                arguments.push(self.expression(Power::Conditional)?);
            }
        }
        let close = self.expect(Symbol::CloseRound, "`,` or `)`")?;
        Ok((arguments, close))
    }

    /// `{1, 2}`, `{'k': 1}`, `{}` or `{:}`.
    fn braces(&mut self) -> Parsed {
        let open = self.advance();
        if self.next_is(Symbol::Colon) {
            self.advance();
            let close = self.expect(Symbol::CloseCurly, "`}`")?;
            return Ok(Expr { span: open.to(close), kind: Kind::Map(Vec::new()) });
        }
        let mut elements = Vec::new();
        if !self.next_is(Symbol::CloseCurly) {
            let first = self.expression(Power::Conditional)?;
            if self.next_is(Symbol::Colon) {
                return self.map(open, first);
            }
            elements.push(first);
            while self.eat(Symbol::Comma) {
                elements.push(self.expression(Power::Conditional)?);
            }
        }
        let close = self.expect(Symbol::CloseCurly, "`,` or `}`")?;
        Ok(Expr { span: open.to(close), kind: Kind::List(elements) })
    }

    fn map(&mut self, open: Span, first: Expr) -> Parsed {
        let mut key = key(first)?;
        let mut entries = Vec::new();
        loop {
            self.expect(Symbol::Colon, "`:` after a key")?;
            entries.push((key, self.expression(Power::Conditional)?));
            if !self.eat(Symbol::Comma) {
                break;
            }
            key = self::key(self.expression(Power::Conditional)?)?;
        }
        let close = self.expect(Symbol::CloseCurly, "`,` or `}`")?;
        Ok(Expr { span: open.to(close), kind: Kind::Map(entries) })
    }

    fn name(&mut self, wanted: &str) -> Parsed<Name> {
        match self.peek() {
            Token { kind: Lexed::Word(word), span } => {
                let name = Name { span: *span, text: Arc::from(*word) };
                self.advance();
                Ok(name)
            }
            _ => Err(self.expected(wanted)),
        }
    }

    fn peek(&self) -> &Token<'t> {
        const NOTHING: &Token<'static> = &Token { kind: Lexed::End, span: Span { start: 0, end: 0 } };
        self.tokens.get(self.at).or(self.tokens.last()).unwrap_or(NOTHING)
    }

    fn next_is(&self, symbol: Symbol) -> bool {
        self.peek().kind == Lexed::Symbol(symbol)
    }

    /// Goes on to the next token, and says where the one left behind stands.
    fn advance(&mut self) -> Span {
        let span = self.peek().span;
        self.at += 1;
        span
    }

    fn eat(&mut self, symbol: Symbol) -> bool {
        let there = self.next_is(symbol);
        if there {
            self.advance();
        }
        there
    }

    fn expect(&mut self, symbol: Symbol, wanted: &str) -> Parsed<Span> {
        if self.next_is(symbol) {
            return Ok(self.advance());
        }
        Err(self.expected(wanted))
    }

    fn expected(&self, wanted: &str) -> Diagnostic {
        const SHOWN: usize = 24;
        let Token { kind, span } = self.peek();
        if *kind == Lexed::End {
            let message = if self.tokens.len() == 1 {
                "the expression is empty".to_owned()
            } else {
                format!("expected {wanted}, but the expression ends here")
            };
            return Diagnostic::error(*span, message);
        }
        let found = self.text.get(span.start..span.end).unwrap_or_default();
        let start: String = found.chars().take(SHOWN).collect();
        let more = if start.len() < found.len() { "…" } else { "" };
        Diagnostic::error(*span, format!("expected {wanted}, found `{start}{more}`"))
    }
}

/// Guess: `null`, `true` and `false` in any case, as in the Spring Expression Language; Okta's examples have `null` and
/// `NULL`.
fn literal(word: &str) -> Option<Kind> {
    const WORDS: [(&str, Kind); 3] =
        [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))];
    WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, kind)| kind.clone())
}

/// A key of a map: a string, or a word that stands for itself.
fn key(expression: Expr) -> Parsed<Name> {
    match expression.kind {
        Kind::Text(text) | Kind::Variable(text) => Ok(Name { span: expression.span, text }),
        _ => Err(Diagnostic::error(expression.span, "the key of an entry is a string")),
    }
}
