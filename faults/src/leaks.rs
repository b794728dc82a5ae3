//! Where secrets must not stand: what the nodes wrote to their outputs, temporary files, bodies of errors. Owns the search;
//! what is found is named, never shown.

use std::fs;
use std::path::Path;

use crate::history::Entry;
use crate::record::Recorder;

/// A file that is larger is read to this point only.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Which of `secrets`, or what else that is never written in clear, stands in `text`.
pub fn find(text: &str, secrets: &[(String, String)]) -> Vec<String> {
    let known = secrets.iter().filter(|(_, secret)| text.contains(secret.as_str()));
    let mut found: Vec<String> = known.map(|(name, _)| name.clone()).collect();
    if text.match_indices("eyJ").any(|(at, _)| is_token(&text[at..])) {
        found.push("a signed token".to_owned());
    }
    if text.contains("PRIVATE KEY-----") || text.contains("\"d\":\"") {
        found.push("a private key".to_owned());
    }
    if text.contains("tmk1:") {
        found.push("a master key".to_owned());
    }
    found
}

/// Three parts of base64url, two of which are objects.
fn is_token(text: &str) -> bool {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
    let mut parts = text[..end.unwrap_or(text.len())].split('.');
    let (Some(_), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    claims.starts_with("eyJ") && signature.len() > 20
}

/// Searches what lies in a directory: outputs, temporary files, the database. The master key's own file is left out, whose
/// place is there.
pub fn search(directory: &Path, secrets: &[(String, String)], recorder: &Recorder) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            search(&path, secrets, recorder);
        } else if !name.starts_with("master.key")
            && path.extension().is_none_or(|extension| extension != "jsonl")
        {
            let mut bytes = fs::read(&path).unwrap_or_default();
            bytes.truncate(FILE_BYTES_MAX);
            for what in find(&String::from_utf8_lossy(&bytes), secrets) {
                recorder.add(Entry::Leak { place: name.clone(), what });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_tokens_and_keys_are_found_and_named_and_nothing_else_is() {
        let secrets = [("the door".to_owned(), "open-sesame".to_owned())];
        let token = format!("eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiJBVC4xIn0.{}", "s".repeat(43));
        for (text, expected) in [
            ("nothing to see, not even eyJ.eyJ.x".to_owned(), vec![]),
            ("he said open-sesame!".to_owned(), vec!["the door"]),
            (format!("got {token}"), vec!["a signed token"]),
            ("-----BEGIN PRIVATE KEY-----".to_owned(), vec!["a private key"]),
            ("tmk1:0123".to_owned(), vec!["a master key"]),
        ] {
            assert_eq!(find(&text, &secrets), expected, "{text}");
        }
    }
}
