//! `tokenmint completions`: what shells complete, from the same description as `--help`.

use clap::Command;
use clap_complete::Shell;

/// The script for `shell`.
pub fn script(shell: Shell, mut command: Command) -> String {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
