//! Connecting to the one of several servers that takes writes. The one that did so last is asked first; another is asked
//! as soon as one has failed or is slow to answer, so that a dead host costs a moment and no more.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::{JoinHandle, JoinSet};
use tokio_postgres::{Client, Config, Connection, Error, Socket};

use super::servers::Servers;
use super::tls::Secured;

/// How long a server is waited for before the next one is asked, too.
const HEAD_START: Duration = Duration::from_millis(300);

type Dialled = (Client, Connection<Socket, Secured<Socket>>);

/// The servers, and which of them took writes last.
#[derive(Debug)]
pub(super) struct Dial {
    servers: Arc<Servers>,
    last: Arc<AtomicUsize>,
}

impl Dial {
    pub(super) fn new(servers: Servers) -> Self {
        Self { servers: Arc::new(servers), last: Arc::default() }
    }

    /// How long connecting may take at most.
    pub(super) fn patience(&self) -> Duration {
        let slowest = self.servers.each.iter().filter_map(Config::get_connect_timeout).max();
        let behind = u32::try_from(self.servers.each.len()).unwrap_or(u32::MAX);
        slowest.copied().unwrap_or_default() + HEAD_START.saturating_mul(behind)
    }
}

impl Connect for Dial {
    // The configuration is one for all servers; ours are in `servers`.
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async move {
            let (place, (client, connection)) =
                race(&self.servers, self.last.load(Ordering::Relaxed)).await?;
            self.last.store(place, Ordering::Relaxed);
            let carried = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the database ended");
                }
            });
            Ok((client, carried))
        })
    }
}

/// The first server that takes writes; `first` has a head start.
async fn race(servers: &Arc<Servers>, first: usize) -> Result<(usize, Dialled), Error> {
    let count = servers.each.len();
    let mut waiting = (0..count).map(|turn| (first + turn) % count);
    let mut under_way = JoinSet::new();
    let mut failed = None;
    loop {
        if let Some(place) = waiting.next() {
            let servers = Arc::clone(servers);
            under_way.spawn(async move { (place, attempt(&servers, place).await) });
        } else if under_way.is_empty() {
            return Err(failed.unwrap_or_else(Error::__private_api_timeout));
        }
        match tokio::time::timeout(HEAD_START, under_way.join_next()).await {
            Ok(Some(Ok((place, Ok(dialled))))) => return Ok((place, dialled)),
            // What a server says is more telling than that another one was silent.
            Ok(Some(Ok((_, Err(Some(error)))))) => failed = Some(error),
            _ => {}
        }
    }
}

/// Connects to one server: its address, TLS, the password, and whether it takes writes. The error is none where it only
/// was too slow.
async fn attempt(servers: &Arc<Servers>, place: usize) -> Result<Dialled, Option<Error>> {
    let config = &servers.each[place];
    let all = async {
        config.connect(servers.tls.connector().await).await.map_err(|error| {
            tracing::debug!(host = ?config.get_hosts(), %error, "a database server was not reached");
            Some(error)
        })
    };
    let patience = config.get_connect_timeout().copied().unwrap_or_default();
    tokio::time::timeout(patience, all).await.unwrap_or(Err(None))
}
