//! The program `tokenmint` as fault runs use it: with places at which it can be ended, and a command that lists them. It is
//! built with the feature `kill-points` only, and never shipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("kill-points") {
        for place in store::KILL_POINTS {
            println!("{place}");
        }
        return ExitCode::SUCCESS;
    }
    server::cli::run(std::env::args_os(), &|name| std::env::var_os(name))
}
