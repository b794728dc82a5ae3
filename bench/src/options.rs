//! Sub-commands and their options: `--name value`, `--flag` and the rest in order. Owns their syntax, not their meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::str::FromStr;

/// Gives this process's sub-command and the arguments after it to `dispatch`; a mistake is told under the program's name,
/// and ends with 2.
pub fn dispatched(
    program: &str,
    dispatch: impl FnOnce(&str, &[String]) -> Result<ExitCode, String>,
) -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    dispatch(&command, &arguments).unwrap_or_else(|message| {
        eprintln!("{program}: {message}");
        ExitCode::from(2)
    })
}

/// The options of one sub-command.
#[derive(Debug, Default)]
pub struct Options {
    values: BTreeMap<String, String>,
    flags: BTreeSet<String>,
    rest: Vec<String>,
}

impl Options {
    /// Reads `arguments`; a name that is in neither list is refused.
    pub fn parse(arguments: &[String], names: &[&str], flags: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else {
                options.rest.push(argument.clone());
                continue;
            };
            if flags.contains(&name) {
                options.flags.insert(name.to_owned());
            } else if names.contains(&name) {
                let value = arguments.next().ok_or_else(|| format!("`--{name}` needs a value"))?;
                options.values.insert(name.to_owned(), value.clone());
            } else {
                return Err(format!("no option `--{name}`"));
            }
        }
        Ok(options)
    }

    /// Whether `--name` was given.
    pub fn has(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// The text of `--name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The value of `--name` as a `T`, or `default`.
    pub fn get<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|_| format!("`{text}` does not fit `--{name}`"))
    }

    /// The argument at `index` that belongs to no option.
    pub fn argument(&self, index: usize, what: &str) -> Result<&str, String> {
        self.rest.get(index).map(String::as_str).ok_or_else(|| format!("{what} is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments, &["seconds", "write"], &["check"])
    }

    #[test]
    fn values_flags_and_the_rest_are_told_apart() {
        let options = parse("http://x --seconds 7 --check tail").unwrap();
        assert_eq!(options.get("seconds", 5_u64), Ok(7));
        assert_eq!(options.get("rounds", 3_u64), Ok(3));
        assert!(options.has("check"));
        assert_eq!(options.argument(0, "URL"), Ok("http://x"));
        assert_eq!(options.argument(1, "FILE"), Ok("tail"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(parse("--nope").unwrap_err(), "no option `--nope`");
        assert_eq!(parse("--seconds").unwrap_err(), "`--seconds` needs a value");
        assert_eq!(
            parse("--seconds ten").unwrap().get("seconds", 5_u64).unwrap_err(),
            "`ten` does not fit `--seconds`"
        );
        assert_eq!(parse("").unwrap().argument(0, "URL").unwrap_err(), "URL is missing");
    }
}
