//! The program `tokenmint`: hands its arguments and environment to `server::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::run(std::env::args_os(), &|name| std::env::var_os(name))
}
