//! A master key that several nodes share, made by the program itself.

use std::path::Path;
use std::process::Command;

/// A new one.
pub fn generate(binary: &Path) -> Result<String, String> {
    let output = Command::new(binary).args(["key", "generate"]).output();
    let output = output.map_err(|error| format!("`{}`: {error}", binary.display()))?;
    let said = String::from_utf8_lossy(if output.status.success() { &output.stdout } else { &output.stderr });
    if output.status.success() { Ok(said.trim().to_owned()) } else { Err(format!("no master key: {said}")) }
}
