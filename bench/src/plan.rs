//! The requests of a round, written down for the driver: the bytes of each, behind a line with their number.

use std::fs;
use std::path::Path;

/// Writes `requests` to `file`.
pub fn write(file: &Path, requests: &[Vec<u8>]) -> Result<(), String> {
    let mut text = Vec::new();
    for request in requests {
        text.extend_from_slice(format!("{}\n", request.len()).as_bytes());
        text.extend_from_slice(request);
    }
    fs::write(file, text).map_err(|error| format!("`{}`: {error}", file.display()))
}

/// Reads what `write` wrote; at least one request.
pub fn read(file: &Path) -> Result<Vec<Vec<u8>>, String> {
    let text = fs::read(file).map_err(|error| format!("`{}`: {error}", file.display()))?;
    let requests = parse(&text).filter(|requests| !requests.is_empty());
    requests.ok_or_else(|| format!("`{}` is no plan", file.display()))
}

fn parse(mut text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut requests = Vec::new();
    while !text.is_empty() {
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let length: usize = str::from_utf8(&text[..end]).ok()?.parse().ok()?;
        let request = text.get(end + 1..)?.get(..length)?;
        requests.push(request.to_vec());
        text = &text[end + 1 + length..];
    }
    Some(requests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let file = std::env::temp_dir().join(format!("bench-plan-{}", std::process::id()));
        let requests = vec![b"POST / HTTP/1.1\r\n\r\n3\n".to_vec(), Vec::new(), b"x".to_vec()];
        write(&file, &requests).unwrap();
        let again = read(&file);
        let _ = fs::remove_file(&file);
        assert_eq!(again.unwrap(), requests);
    }

    #[test]
    fn what_is_cut_off_is_no_plan() {
        assert_eq!(parse(b"3\nab"), None);
        assert_eq!(parse(b"x\nab"), None);
        assert_eq!(parse(b"2"), None);
    }
}
