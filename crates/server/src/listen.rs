//! The accept loop. Owns binding, the number of connections, backing off when the process has no more files, and the
//! graceful stop; leaves out what happens on a connection (`connection`) and signals (`signals`).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};

use crate::front::Front;
use crate::limits::Limits;
use crate::tls::Tls;
use crate::{connection, limits};

const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const LAST_BACK_OFF: Duration = Duration::from_secs(1);
/// How often it is looked whether everybody has left.
const GLANCE: Duration = Duration::from_millis(5);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every connection ended by itself.
    Quietly,
    /// So many connections were cut off: their time was up, or we were told twice.
    CutOff(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Serving,
    /// Requests in flight are still answered.
    Stopping,
    Over,
}

/// Binds `address`, which `--flag` chose; the error says in words of the reader what is in the way.
pub async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "cannot listen on {address}: the port is in use by another process; choose another one with --{flag}"
        ),
        io::ErrorKind::AddrNotAvailable => {
            format!("cannot listen on {address}: this machine has no such address; see --{flag}")
        }
        io::ErrorKind::PermissionDenied => {
            format!("cannot listen on {address}: ports below 1024 need a privilege; see --{flag}")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Serves until `stop` brings a word (or its sender is gone). Then clients are told to leave while connections are still
/// accepted, for `limits.drain_time`: a connection that is closed while its client sends is a request that fails. At last
/// requests in flight may end, until `limits.shutdown_time` is over or `stop` brings a second word. With `tls`, nothing else
/// is spoken.
pub async fn serve(
    listener: TcpListener,
    front: Arc<Front>,
    tls: Option<Arc<Tls>>,
    mut stop: mpsc::Receiver<()>,
) -> Ended {
    let most = front.shell().limits.connections_within(limits::open_files()).min(Semaphore::MAX_PERMITS);
    let slots = Arc::new(Semaphore::new(most));
    let (stage, _) = watch::channel(Stage::Serving);
    let served = Served { front: &front, tls: tls.as_ref(), slots: &slots, stage: &stage };
    tokio::select! {
        biased;
        _ = stop.recv() => {}
        () = served.accept_forever(&listener) => {}
    }
    let Limits { drain_time, shutdown_time, .. } = front.shell().limits;
    front.shell().stop();
    tokio::select! {
        () = served.accept_forever(&listener) => {}
        () = everybody_has_left(&slots, most) => {}
        () = tokio::time::sleep(drain_time) => {}
    }
    served.accept_the_last(listener);
    stage.send_replace(Stage::Stopping);
    tracing::info!(connections = most - slots.available_permits(), "stopping");
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    let told_twice = async {
        if stop.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        _ = slots.acquire_many(all) => return Ended::Quietly,
        () = tokio::time::sleep(shutdown_time) => {}
        () = told_twice => {}
    }
    let open = most - slots.available_permits();
    stage.send_replace(Stage::Over);
    Ended::CutOff(open)
}

/// Until no connection is left. One slot is always taken, for the connection that is waited for.
async fn everybody_has_left(slots: &Semaphore, most: usize) {
    while slots.available_permits() + 1 < most {
        tokio::time::sleep(GLANCE).await;
    }
}

/// What every connection is served with.
struct Served<'a> {
    front: &'a Arc<Front>,
    tls: Option<&'a Arc<Tls>>,
    slots: &'a Arc<Semaphore>,
    stage: &'a watch::Sender<Stage>,
}

impl Served<'_> {
    async fn accept_forever(&self, listener: &TcpListener) {
        let mut back_off = FIRST_BACK_OFF;
        loop {
            let Ok(slot) = Arc::clone(self.slots).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    back_off = FIRST_BACK_OFF;
                    self.begin(stream, peer, slot);
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!("cannot accept connections, trying again in {back_off:?}: {error}");
                    tokio::time::sleep(back_off).await;
                    back_off = (back_off * 2).min(LAST_BACK_OFF);
                }
            }
        }
    }

    /// Connections that the kernel has made already would be reset with the listener. The runtime may not have been told of
    /// them yet, so the kernel itself is asked until it has no more.
    fn accept_the_last(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok(slot) = Arc::clone(self.slots).try_acquire_owned() {
            match listener.accept() {
                Ok((stream, peer)) => {
                    let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
                    if let Ok(stream) = stream {
                        self.begin(stream, peer, slot);
                    }
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn begin(&self, stream: TcpStream, peer: SocketAddr, slot: OwnedSemaphorePermit) {
        let builder = connection::builder(&self.front.shell().limits);
        let (front, tls) = (Arc::clone(self.front), self.tls.cloned());
        tokio::spawn(serve_one(builder, stream, peer, front, tls, slot, self.stage.subscribe()));
    }
}

async fn serve_one(
    builder: hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    tls: Option<Arc<Tls>>,
    _slot: OwnedSemaphorePermit,
    stage: watch::Receiver<Stage>,
) {
    let shell = Arc::clone(front.shell());
    let _open = shell.meters.connections.raise();
    let reached = |least: Stage| {
        let mut stage = stage.clone();
        async move { drop(stage.wait_for(|stage| *stage >= least).await) }
    };
    let stopping = reached(Stage::Stopping);
    tokio::select! {
        () = reached(Stage::Over) => {}
        () = connection::serve(builder, stream, peer, front, tls, stopping) => {}
    }
}

/// Errors of a connection that ended before we took it. Others (no more files) concern every next one, too.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
