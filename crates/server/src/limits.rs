//! What one client may take of the server. Owns the limits of connections, requests and bodies with their defaults;
//! leaves out request rates (`rate_limit`) and who enforces what (`listen`, `connection`, `front`).

use std::time::Duration;

/// Every limit of the shell. Each is also a setting: `--limit-connections`, `TOKENMINT_LIMIT_CONNECTIONS`, or
/// `connections` in the `[limits]` table of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. Beyond it we stop accepting until one ends, and the kernel's queue fills. Never more than the
    /// process may have open files, less [`RESERVED_FILES`].
    pub connections: usize,
    /// From accept to the end of the TLS handshake; longer ends the connection.
    pub handshake_time: Duration,
    /// Bytes of a request line and its headers (HTTP/2: of the header list); more is 431.
    pub header_bytes: usize,
    /// Number of headers; more is 431.
    pub headers: usize,
    /// From a request's first byte to the end of its headers, and from accept (or the TLS handshake) to the first byte.
    pub header_time: Duration,
    /// The longest pause between two pieces of a body; longer is 408.
    pub body_pause: Duration,
    /// Bytes of a body where the route does not say otherwise; more is 413.
    pub body_bytes: usize,
    /// Bytes of all bodies in memory together; more is 503.
    pub all_body_bytes: usize,
    /// How long a connection may stay open without a request.
    pub idle_time: Duration,
    /// How long a client may leave a reply unread before the connection ends.
    pub write_pause: Duration,
    /// From a request's headers to its reply, body included; longer is 503.
    pub request_time: Duration,
    /// Streams at the same time on one HTTP/2 connection.
    pub streams: u32,
    /// Streams that a client has reset and that are still unhandled; more ends the connection (rapid reset).
    pub reset_streams: usize,
    /// How long connections are still accepted once we were told to stop, so that clients who have one learn, with their
    /// next reply, to look elsewhere. It ends sooner where nobody is connected.
    pub drain_time: Duration,
    /// How long requests in flight may take to end after that.
    pub shutdown_time: Duration,
}

/// Open files that connections leave for the database, logs and outbound calls.
pub const RESERVED_FILES: usize = 64;

/// The smallest header limit that the HTTP/1.1 parser supports.
pub const MIN_HEADER_BYTES: usize = 8 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            handshake_time: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            headers: 100,
            header_time: Duration::from_secs(10),
            body_pause: Duration::from_secs(10),
            body_bytes: 1024 * 1024,
            all_body_bytes: 64 * 1024 * 1024,
            idle_time: Duration::from_secs(75),
            write_pause: Duration::from_secs(30),
            request_time: Duration::from_mins(1),
            streams: 100,
            reset_streams: 20,
            drain_time: Duration::from_millis(250),
            shutdown_time: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The connections that there can be where the process may have `open_files` files.
    pub fn connections_within(&self, open_files: Option<usize>) -> usize {
        let room = open_files.map_or(usize::MAX, |files| files.saturating_sub(RESERVED_FILES).max(files / 4));
        self.connections.min(room).max(1)
    }
}

/// How many files this process may have open; `None` where the system does not say.
pub fn open_files() -> Option<usize> {
    read_open_files(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

/// Reads the soft limit of the line `Max open files  1024  524288  files`.
fn read_open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        let limits = Limits::default();
        for (files, connections) in [
            (None, 10_000),
            (Some(256), 192),
            (Some(1_024), 960),
            (Some(1_000_000), 10_000),
            (Some(70), 17),
            (Some(0), 1),
        ] {
            assert_eq!(limits.connections_within(files), connections, "{files:?}");
        }
    }

    #[test]
    fn the_kernels_table_is_read() {
        let table =
            "Limit    Soft Limit  Hard Limit  Units\nMax open files            1024        524288   files\n";
        assert_eq!(read_open_files(table), Some(1_024));
        assert_eq!(read_open_files("Max open files  unlimited unlimited files"), None);
        assert!(open_files().is_none_or(|files| files > 0));
    }
}
