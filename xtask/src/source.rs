//! Rust as the checks read it: code without comments and texts, the texts by themselves, and the paths that are named.
//! Leaves out everything that a real parser would know.

/// A Rust file, taken apart. Lines stay where they are.
#[derive(Debug, Default)]
pub struct Source {
    /// The code; comments, and what stands in quotes, are blanks.
    pub code: String,
    /// What stands in quotes, and the line where it begins.
    pub texts: Vec<(usize, String)>,
}

impl Source {
    /// Takes a file apart.
    pub fn read(text: &str) -> Self {
        let mut reader = Reader { rest: text, line: 1, source: Self::default() };
        while reader.step() {}
        reader.source
    }

    /// The same without items under `#[cfg(test)]`.
    #[must_use]
    pub fn without_tests(mut self) -> Self {
        while let Some(start) = self.code.find("#[cfg(test)]") {
            let end = item_end(&self.code, start);
            let lines = line_of(&self.code, start)..=line_of(&self.code, end);
            self.texts.retain(|(line, _)| !lines.contains(line));
            let blank: String =
                self.code[start..end].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
            self.code.replace_range(start..end, &blank);
        }
        self
    }

    /// The modules that are files of their own and only for tests: `#[cfg(test)] mod tests;`.
    pub fn test_modules(&self) -> Vec<String> {
        let behind = self.code.split("#[cfg(test)]").skip(1);
        let names = behind.filter_map(|rest| {
            let (item, _) = rest.split_once(';')?;
            let item = item.trim_start();
            let name = item.strip_prefix("pub ").unwrap_or(item).strip_prefix("mod ")?;
            (!name.contains('{')).then(|| name.trim().to_owned())
        });
        names.collect()
    }

    /// The lines on which `word` stands in the code, not as part of a longer name.
    pub fn lines_with(&self, word: &str) -> Vec<usize> {
        self.lines_with_start(word, &[])
    }

    /// The same, where nothing of `not_after` stands before.
    fn lines_with_start(&self, word: &str, not_after: &[&str]) -> Vec<usize> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let found = self.code.match_indices(word).filter(|(at, _)| {
            let (before, after) = (&self.code[..*at], &self.code[at + word.len()..]);
            let clear_before = !word.starts_with(is_name) || !before.ends_with(is_name);
            let clear_after = !word.ends_with(is_name) || !after.starts_with(is_name);
            clear_before && clear_after && !not_after.iter().any(|text| before.ends_with(text))
        });
        found.map(|(at, _)| line_of(&self.code, at)).collect()
    }

    /// The lines on which `path` (`std::fs`) or something below it is named, written out or imported in braces.
    pub fn lines_naming(&self, path: &str) -> Vec<usize> {
        let below = format!("{path}::");
        let imports = imports(&self.code).into_iter();
        let imported = imports.filter(|(_, import)| import == path || import.starts_with(&below));
        let mut lines: Vec<usize> = imported.map(|(line, _)| line).collect();
        // `http::` within `axum::http::` is another path.
        lines.extend(self.lines_with_start(&below, &["::"]));
        lines.sort_unstable();
        lines.dedup();
        lines
    }
}

/// The line of a byte, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Where the item that begins at `start` ends: behind its braces, or behind its semicolon.
fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, character) in code[start..].char_indices() {
        match character {
            ';' if depth == 0 => return start + at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return start + at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Every path that a `use` names, with the line of that `use`.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| !c.is_whitespace() && c != ';' && c != '{' && c != '}') {
            continue;
        }
        let tree = code[at + 4..].split(';').next().unwrap_or_default();
        let tree: String = tree.split(" as ").next().unwrap_or_default().split_whitespace().collect();
        let mut paths = Vec::new();
        expand("", &tree, &mut paths);
        found.extend(paths.into_iter().map(|path| (line_of(code, at), path)));
    }
    found
}

/// `std::{fs,io::Read}` is `std::fs` and `std::io::Read`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some(open) = tree.find('{') else {
        paths.push(format!("{prefix}{tree}"));
        return;
    };
    let prefix = format!("{prefix}{}", &tree[..open]);
    let inner = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&prefix, &inner[start..at], paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < inner.len() {
        expand(&prefix, &inner[start..], paths);
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    source: Source,
}

impl Reader<'_> {
    /// Takes the next piece; false at the end.
    fn step(&mut self) -> bool {
        let Some(first) = self.rest.chars().next() else { return false };
        if self.rest.starts_with("//") {
            self.blank(self.rest.find('\n').unwrap_or(self.rest.len()));
        } else if self.rest.starts_with("/*") {
            self.blank(comment_end(self.rest));
        } else if let Some((open, close)) = text_bounds(self.rest) {
            let end = text_end(self.rest, open, &close);
            let inner = self.rest[open..end].strip_suffix(close.as_str()).unwrap_or(&self.rest[open..end]);
            self.source.texts.push((self.line, inner.to_owned()));
            self.blank(end);
        } else if let Some(end) = character_end(self.rest) {
            self.blank(end);
        } else if first.is_alphabetic() || first == '_' {
            let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
            self.keep(end);
        } else {
            self.keep(first.len_utf8());
        }
        true
    }

    fn keep(&mut self, bytes: usize) {
        let (piece, rest) = self.rest.split_at(bytes);
        self.line += piece.matches('\n').count();
        self.source.code.push_str(piece);
        self.rest = rest;
    }

    fn blank(&mut self, bytes: usize) {
        let (piece, rest) = self.rest.split_at(bytes);
        self.line += piece.matches('\n').count();
        self.source.code.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        self.rest = rest;
    }
}

fn comment_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Where the inside of a text begins, and what closes it; nothing if no text begins here.
fn text_bounds(text: &str) -> Option<(usize, String)> {
    let prefix = text.len() - text.trim_start_matches(['b', 'c']).len();
    let after = &text[prefix.min(1)..];
    if let Some(raw) = after.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let open = prefix.min(1) + 1 + hashes + 1;
        return raw[hashes..].starts_with('"').then(|| (open, format!("\"{}", "#".repeat(hashes))));
    }
    after.starts_with('"').then(|| (prefix.min(1) + 1, "\"".to_owned()))
}

fn text_end(text: &str, open: usize, close: &str) -> usize {
    let escapes = close == "\"" && !text[..open].contains('r');
    let mut characters = text[open..].char_indices();
    while let Some((at, character)) = characters.next() {
        if escapes && character == '\\' {
            characters.next();
        } else if text[open + at..].starts_with(close) {
            return open + at + close.len();
        }
    }
    text.len()
}

/// The end of `'x'`; nothing for a lifetime.
fn character_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        let close = inner[2..].find('\'')?;
        return Some(1 + 2 + close + 1);
    }
    inner[first.len_utf8()..].starts_with('\'').then(|| 1 + first.len_utf8() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_no_code() {
        let text = "let a = \"x // y\"; // unwrap()\n/* a /* b */ unwrap() */ let c = '\"'; let d: &'a str = r#\"q\"q\"#;";
        let source = Source::read(text);
        assert!(!source.code.contains("unwrap") && !source.code.contains('q'), "{}", source.code);
        assert!(source.code.contains("let c =") && source.code.contains("&'a str"), "{}", source.code);
        assert_eq!(source.texts, [(1, "x // y".to_owned()), (2, "q\"q".to_owned())]);
        assert_eq!(source.code.lines().count(), text.lines().count());
    }

    #[test]
    fn escapes_and_prefixes_are_understood() {
        let source = Source::read(r#"f(b"a\"b", br"c\", '\'', '\u{e9}', 'é', "d\\"); crab"#);
        let texts: Vec<_> = source.texts.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, [r#"a\"b"#, r"c\", r"d\\"]);
        assert!(source.code.ends_with("); crab"), "{}", source.code);
    }

    #[test]
    fn tests_can_be_left_out() {
        let text = "fn a() { b(); }\n#[cfg(test)]\nmod tests {\n    fn c() { x.unwrap(); }\n}\nfn d() {}\n";
        let source = Source::read(text).without_tests();
        assert!(!source.code.contains("unwrap") && source.code.contains("fn d()"), "{}", source.code);
        let files = Source::read("#[cfg(test)]\nmod testing;\n#[cfg(test)]\nmod inner { fn a() {} }");
        assert_eq!(files.test_modules(), ["testing"]);
    }

    #[test]
    fn names_are_whole_and_imports_in_braces_are_seen() {
        let source = Source::read(
            "use std::{\n    fs,\n    io::{Read, Write},\n};\nfn f() { std::net::x(); unrand::y(); }",
        );
        assert_eq!(source.lines_naming("std::fs"), [1]);
        assert_eq!(source.lines_naming("std::io"), [1]);
        assert_eq!(source.lines_naming("std::net"), [5]);
        assert!(source.lines_naming("rand").is_empty());
        assert!(source.lines_naming("std::env").is_empty());
    }
}
