//! Puts generated text between two markers of a page: `<!-- NAME:begin -->` and `<!-- NAME:end -->`.

use std::fs;
use std::path::Path;

use crate::options::Options;

/// Replaces what lies between the markers that the options name with what stdin holds.
pub fn from_stdin(options: &Options) -> Result<(), String> {
    let text = std::io::read_to_string(std::io::stdin()).map_err(|error| error.to_string())?;
    into_file(Path::new(options.argument(1, "FILE")?), options.argument(0, "NAME")?, &text)
}

/// Replaces what lies between the markers `name` of `file`.
pub fn into_file(file: &Path, name: &str, text: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("`{}`: {error}", file.display());
    let page = fs::read_to_string(file).map_err(told)?;
    let page = between(&page, name, text)
        .ok_or_else(|| format!("`{}` has no markers `{name}:begin` and `{name}:end`", file.display()))?;
    fs::write(file, page).map_err(told)
}

fn between(page: &str, name: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- {name}:begin -->");
    let (before, rest) = page.split_once(&begin)?;
    let end = format!("<!-- {name}:end -->");
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_the_markers_changes() {
        let page = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let once = between(page, "x", "new\n").unwrap();
        assert_eq!(once, "a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb\n");
        assert_eq!(between(&once, "x", "new").unwrap(), once);
        assert_eq!(between(page, "y", "new"), None);
        assert_eq!(between("<!-- x:end --><!-- x:begin -->", "x", "new"), None);
    }
}
