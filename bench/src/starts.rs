//! How long a start takes: the very first one, which makes keys, and one on data that is there.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::client::Client;
use crate::mint::{self, Mint};
use crate::process::Server;
use crate::{clock, fixture};

/// How often each start is repeated.
pub const REPEATS: usize = 5;

const LIMIT: Duration = Duration::from_secs(20);

/// Very first starts, each on an empty directory.
#[derive(Debug, Default)]
pub struct FirstStarts {
    /// Until the server calls itself ready.
    pub ready: Vec<Duration>,
    /// Until the first token, after the whole set-up over the API.
    pub token: Vec<Duration>,
}

/// Measures very first starts.
pub fn first(mint: &Mint) -> Result<FirstStarts, String> {
    let mut starts = FirstStarts::default();
    for number in 0..REPEATS {
        let data = mint.scratch.join(format!("first-{number}"));
        let begun = clock::now();
        let server = mint.start(&data)?;
        mint::wait_ready(&server.url)?;
        starts.ready.push(begun.elapsed());
        fixture::small(&server.url, None)?.token(&server.url)?;
        starts.token.push(begun.elapsed());
        server.stop()?;
    }
    Ok(starts)
}

/// Ends `server` and starts it again on its data, several times; measures from the start of the process to its first
/// token.
pub fn again(
    mint: &Mint,
    data: &Path,
    client: &Client,
    mut server: Server,
) -> Result<(Server, Vec<Duration>), String> {
    let mut taken = Vec::new();
    for _ in 0..REPEATS {
        server.stop()?;
        let begun = clock::now();
        server = mint.start(data)?;
        while let Err(error) = client.token(&server.url) {
            if begun.elapsed() > LIMIT {
                return Err(format!("no token {} s after a restart: {error}", LIMIT.as_secs()));
            }
            thread::sleep(Duration::from_millis(1));
        }
        taken.push(begun.elapsed());
    }
    Ok((server, taken))
}
