//! The PostgreSQL of a row: where it listens, how it is set, and what is said where there is none.

use std::path::Path;

pub use bench::cluster::Cluster;

use crate::node::free_address;

/// Why a row was skipped.
pub const MISSING: &str = "PostgreSQL is not installed, or TOKENMINT_TEST_SKIP_POSTGRES=1";
/// The processes are killed, the machine is not: nothing need be durable.
const SETTINGS: [&str; 3] = ["max_connections=200", "shared_buffers=64MB", "fsync=off"];

/// Starts one that is named after a row's directory; `None` where PostgreSQL is not installed or not wanted.
pub fn start(scratch: &Path) -> Result<Option<Cluster>, String> {
    if std::env::var("TOKENMINT_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1") {
        return Ok(None);
    }
    let name = scratch.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    Cluster::start(&format!("faults-pg-{name}"), free_address()?, &SETTINGS)
}
