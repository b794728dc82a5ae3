//! YAML for files that people write: read into JSON's values with the place of each, and written so that a small change is a
//! small difference. Owns the part of YAML that is taken; leaves out what a document means.
//!
//! Taken: maps with texts as keys, lists, and the scalars of YAML's core schema. Refused, with line and column: anchors
//! and aliases (a few lines of them make gigabytes), tags, several documents, a key that stands twice, deep nesting.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Map, Number, Value};

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;
/// How long a file may be, in bytes.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longer paths have no place of their own: keys may be as long as the file.
const PATH_BYTES_MAX: usize = 1_000;
/// How much all places of a file may take: a long key makes that of each value below it long.
const PLACES_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Beyond it a list of scalars is written over several lines.
const WIDTH: usize = 100;

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

impl Mistake {
    /// The same with its file, as an editor finds it.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        format!("{file}:{}:{}: {}", self.place.line, self.place.column, self.message)
    }
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Text {
    /// What it says.
    pub value: Value,
    places: HashMap<String, Place>,
}

impl Text {
    /// Where the value at `path` stands (`policies[0].rules[2].name`) or, where there is none, what it would belong to.
    pub fn place(&self, path: &str) -> Option<Place> {
        let mut path = path;
        loop {
            match self.places.get(path) {
                Some(place) => return Some(*place),
                None if path.is_empty() => return None,
                None => path = &path[..path.rfind(['.', '[']).unwrap_or(0)],
            }
        }
    }
}

/// Reads a file.
pub fn read(text: &str) -> Result<Text, Mistake> {
    if text.len() > BYTES_MAX {
        return Err(Mistake {
            place: Place { line: 1, column: 1 },
            message: format!("the file is longer than {BYTES_MAX} bytes"),
        });
    }
    // An empty file is a null without a place of its own.
    let places = HashMap::from([(String::new(), Place { line: 1, column: 1 })]);
    let mut reader = Reader { parser: Parser::new_from_str(text), places, places_left: PLACES_BYTES_MAX };
    let value = reader.document().map_err(|mistake| within(text, mistake))?;
    Ok(Text { value, places: reader.places })
}

/// A mistake at the end of a file stands in its last line: the parser counts on.
fn within(text: &str, mistake: Mistake) -> Mistake {
    let last = text.lines().enumerate().last();
    let (line, column) = last.map_or((1, 1), |(index, line)| (index + 1, line.chars().count() + 1));
    if mistake.place.line <= line {
        return mistake;
    }
    Mistake { place: Place { line, column }, ..mistake }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    places: HashMap<String, Place>,
    /// How many bytes of places may still be noted.
    places_left: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Mistake> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| of_scan(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn document(&mut self) -> Result<Value, Mistake> {
        let mut value = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::Nothing | Event::DocumentEnd => {}
                Event::DocumentStart(_) if value.is_some() => {
                    return Err(mistake(span.start, "a second document begins here; the file holds one"));
                }
                Event::DocumentStart(_) => {
                    let (event, span) = self.next()?;
                    value = Some(self.value(event, span, "", 0)?);
                }
                Event::StreamEnd => return Ok(value.unwrap_or_default()),
                _ => return Err(mistake(span.start, "this is not expected here")),
            }
        }
    }

    fn value(&mut self, event: Event<'t>, span: Span, path: &str, depth: usize) -> Result<Value, Mistake> {
        self.note(path, span);
        if depth > MAX_DEPTH {
            return Err(mistake(span.start, &format!("nested deeper than {MAX_DEPTH} levels")));
        }
        match event {
            Event::Scalar(text, style, 0, None) => scalar(&text, style).ok_or_else(|| {
                mistake(span.start, "this number cannot be kept; put it in quotes, if it is a text")
            }),
            Event::SequenceStart(0, None) => self.list(path, depth),
            Event::MappingStart(0, None) => self.map(path, depth),
            Event::Alias(_)
            | Event::Scalar(_, _, _, None)
            | Event::SequenceStart(_, None)
            | Event::MappingStart(_, None) => Err(mistake(
                span.start,
                "anchors (&) and aliases (*) are not taken; write it out, or in quotes",
            )),
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                Err(mistake(span.start, "tags (!) are not taken; write it in quotes, if it is a text"))
            }
            _ => Err(mistake(span.start, "a value is missing here")),
        }
    }

    fn note(&mut self, path: &str, span: Span) {
        if let Some(noted) = self.places.get_mut(path) {
            *noted = place(span.start);
            return;
        }
        let taken = path.len() + size_of::<(String, Place)>();
        if path.len() <= PATH_BYTES_MAX
            && let Some(left) = self.places_left.checked_sub(taken)
        {
            self.places_left = left;
            self.places.insert(path.to_owned(), place(span.start));
        }
    }

    fn list(&mut self, path: &str, depth: usize) -> Result<Value, Mistake> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            let inner = extended(path, format_args!("[{}]", items.len()));
            items.push(self.value(event, span, &inner, depth + 1)?);
        }
    }

    fn map(&mut self, path: &str, depth: usize) -> Result<Value, Mistake> {
        let mut members = Map::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(members)),
                Event::Scalar(text, _, 0, None) => text.into_owned(),
                _ => return Err(mistake(span.start, "a key must be a text")),
            };
            if members.contains_key(&key) {
                return Err(mistake(span.start, &format!("`{key}` stands here a second time")));
            }
            let (event, value_span) = self.next()?;
            let inner = extended(path, format_args!("{}{key}", if path.is_empty() { "" } else { "." }));
            let value = self.value(event, value_span, &inner, depth + 1)?;
            // What is said of a member is said of where it is named.
            self.note(&inner, span);
            members.insert(key, value);
        }
    }
}

/// The path of what is within, unless it is too long already.
fn extended(path: &str, step: fmt::Arguments<'_>) -> String {
    if path.len() > PATH_BYTES_MAX { path.to_owned() } else { format!("{path}{step}") }
}

/// A scalar by YAML's core schema; none if it is a number that is not kept as it is written.
fn scalar(text: &str, style: ScalarStyle) -> Option<Value> {
    if style != ScalarStyle::Plain {
        return Some(Value::String(text.to_owned()));
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" => return Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Value::Bool(false)),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let whole = text.strip_prefix('+').unwrap_or(text);
        return whole.parse::<i64>().ok().map(Value::from);
    }
    if is_float(unsigned) {
        return text.parse().ok().and_then(Number::from_f64).map(Value::Number);
    }
    Some(Value::String(text.to_owned()))
}

/// `1.5`, `.5`, `1e3`: as the core schema has it, without `.inf` and `.nan`, which JSON has not.
fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(part)
        && !(whole.is_empty() && part.is_empty())
        && !exponent.is_empty()
        && digits(exponent)
}

fn place(marker: Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

fn mistake(marker: Marker, message: &str) -> Mistake {
    Mistake { place: place(marker), message: message.to_owned() }
}

fn of_scan(error: &ScanError) -> Mistake {
    mistake(*error.marker(), error.info())
}

/// Writes a value. Lists of scalars stand on one line where they fit.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => write_map(&mut out, members, 0, false),
        Value::Array(items) if !items.is_empty() => write_list(&mut out, items, 0),
        other => {
            out.push_str(&inline(other));
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A longer key has to be said to be one: readers look no more than 1,024 characters ahead for its colon (YAML 1.2, 7.4.2).
const KEY_BYTES_MAX: usize = 1_000;

/// The members of a map, one to a line; the first continues a line that began with a dash.
fn write_map(out: &mut String, members: &Map<String, Value>, depth: usize, mut continues: bool) {
    for (key, value) in members {
        if !std::mem::take(&mut continues) {
            indent(out, depth);
        }
        let key = text(key);
        if key.len() > KEY_BYTES_MAX {
            out.push_str("? ");
            out.push_str(&key);
            out.push('\n');
            indent(out, depth);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        write_member(out, value, depth);
    }
}

fn write_member(out: &mut String, value: &Value, depth: usize) {
    let line = inline(value);
    let fits = depth * 2 + line.len() < WIDTH;
    match value {
        Value::Array(items) if !(items.is_empty() || is_flat(items) && fits) => {
            out.push('\n');
            write_list(out, items, depth + 1);
        }
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            write_map(out, members, depth + 1, false);
        }
        _ => {
            out.push(' ');
            out.push_str(&line);
            out.push('\n');
        }
    }
}

fn write_list(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push('-');
        match item {
            Value::Object(members) if !members.is_empty() => {
                out.push(' ');
                write_map(out, members, depth + 1, true);
            }
            other => write_member(out, other, depth),
        }
    }
}

fn is_flat(items: &[Value]) -> bool {
    items.iter().all(|item| !item.is_array() && !item.is_object())
}

/// A value on one line, as YAML's flow form has it.
fn inline(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                let (key, value) = (text(key), inline(value));
                if key.len() > KEY_BYTES_MAX {
                    format!("? {key} : {value}")
                } else {
                    format!("{key}: {value}")
                }
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text: as it is where no reader could take it for something else, and else in double quotes.
fn text(string: &str) -> String {
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ' ' | ':' | '+' | '(' | ')')
    };
    let safe = string.chars().all(plain)
        && string.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/')
        && string.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | ')'))
        && ![": ", " -"].iter().any(|sign| string.contains(sign))
        && scalar(string, ScalarStyle::Plain) == Some(Value::String(string.to_owned()))
        && !means_else(string);
    if safe { string.to_owned() } else { quoted(string) }
}

/// Words and numbers that readers of an older YAML take for a boolean, a number or a time.
fn means_else(string: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off"];
    let begins_like_a_number = string.starts_with(|c: char| c.is_ascii_digit());
    words.iter().any(|word| string.eq_ignore_ascii_case(word)) || begins_like_a_number
}

/// JSON's form of a text is also YAML's, but for characters that YAML wants escaped.
fn quoted(string: &str) -> String {
    let json = Value::from(string).to_string();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let printable = matches!(c, '\t' | '\n' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        if printable && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}') {
            out.push(c);
        } else {
            let _ = write!(out, "\\U{:08x}", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn complaint(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    #[test]
    fn the_places_of_a_file_take_no_more_than_they_may() {
        let key = "k".repeat(900);
        let text = format!("{key}:\n{}", "- 1\n".repeat(60_000));
        let read = read(&text).unwrap();
        assert_eq!(read.value[&key].as_array().unwrap().len(), 60_000);
        assert!(read.places.keys().map(String::len).sum::<usize>() <= PLACES_BYTES_MAX);
        assert_eq!(read.place(&format!("{key}[7]")), Some(Place { line: 9, column: 3 }));
        let owner = read.place(&key);
        assert_eq!(read.place(&format!("{key}[59999]")), owner, "what has none is where it belongs");
    }

    #[test]
    fn a_file_is_read_as_yaml_1_2_has_it() {
        let text = "# a comment\nname: Partner portal\non: no\nlist: [a, 1, 2.5, true, ~]\nlong: >-\n  one\n  two\n'q': \"a\\tb\"\n";
        let expected = json!({
            "name": "Partner portal", "on": "no", "list": ["a", 1, 2.5, true, null], "long": "one two", "q": "a\tb",
        });
        assert_eq!(read(text).unwrap().value, expected);
        assert_eq!(read("").unwrap().value, Value::Null);
        assert_eq!(read("{\"a\": [1, \"b\"]}").unwrap().value, json!({"a": [1, "b"]}), "JSON is YAML");
    }

    #[test]
    fn what_is_not_taken_is_refused_with_its_place() {
        for (text, said) in [
            ("a: 1\nb: *x\n", "line 2, column 4"),
            ("a: &x 1\n", "line 1, column 4: anchors (&) and aliases (*)"),
            ("a: !!str 1\n", "line 1, column 4: tags (!)"),
            ("a: 1\na: 2\n", "line 2, column 1: `a` stands here a second time"),
            ("a: 1\n---\nb: 2\n", "line 2, column 1: a second document begins here"),
            ("a: [1\n", "line 1, column 6"),
            ("a: {b\n\n", "line 2, column 1"),
            ("a:\n\tb: 1\n", "line 2"),
            ("a: 99999999999999999999\n", "line 1, column 4: this number cannot be kept"),
            ("[1]: 2\n", "line 1, column 1: a key must be a text"),
            ("? {a: 1}\n: 2\n", "line 1, column 3: a key must be a text"),
        ] {
            assert!(complaint(text).starts_with(said), "{text:?}: {}", complaint(text));
        }
        assert!(complaint(&"[".repeat(100)).contains("nested"));
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(complaint(&"- ".repeat(1_000)).contains("nested"));
    }

    #[test]
    fn a_value_has_a_place_and_what_is_not_there_has_that_of_its_owner() {
        let text = read("a:\n  - b: 1\n    c: x\n  -\n    b: 2\n").unwrap();
        let place = |path: &str| text.place(path).map(|place| (place.line, place.column));
        assert_eq!(place("a[0].c"), Some((3, 5)));
        assert_eq!(place("a[1].b"), Some((5, 5)));
        assert_eq!(place("a[1].missing"), Some((5, 5)));
        assert_eq!(place("a[7]"), Some((1, 1)));
        assert_eq!(place("nothing.of.this"), Some((1, 1)));
        assert_eq!(place(""), Some((1, 1)));
        assert_eq!(read("").unwrap().place("server.name"), Some(Place { line: 1, column: 1 }));
    }

    #[test]
    fn a_value_is_written_as_a_person_would() {
        let value = json!({
            "tokenmint": 1,
            "server": {"name": "Partner portal", "audience": "https://api.example.com", "description": "a: b"},
            "scopes": [{"name": "orders:read"}, {"name": "null"}],
            "policies": [{"name": "1st", "clients": ["ALL_CLIENTS", "*"], "rules": []}],
            "empty": {},
        });
        let expected = "\
tokenmint: 1
server:
  name: Partner portal
  audience: https://api.example.com
  description: \"a: b\"
scopes:
  - name: orders:read
  - name: \"null\"
policies:
  - name: \"1st\"
    clients: [ALL_CLIENTS, \"*\"]
    rules: []
empty: {}
";
        assert_eq!(write(&value), expected);
    }

    #[test]
    fn a_key_of_any_length_is_written_so_that_it_is_read_again() {
        let long = "k".repeat(5_000);
        let odd = "\u{10}".repeat(300);
        let value = json!({
            &long: 1, "list": [{&odd: {&long: [1, 2]}, "b": 2}, [{&long: "x"}]], "c": {&odd: {"d": null}, "e": []},
        });
        assert_eq!(read(&write(&value)).unwrap().value, value, "{}", write(&value));
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![any::<String>(), "[a-z :#\\-\\[\\]{}&*!|>'\"%@`,?0-9.\n\t]{0,12}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((text.clone(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_as_it_was(value in any_value()) {
            let text = write(&value);
            prop_assert_eq!(read(&text).map(|text| text.value), Ok(value), "{}", text);
        }

        #[test]
        fn nothing_that_is_read_panics(text in "[a-z:\\-\\[\\]{}&*!|>'\"%@`,?#0-9. \n\t]{0,60}") {
            drop(read(&text));
        }
    }
}
