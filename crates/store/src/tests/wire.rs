//! A bad wire to a PostgreSQL: a proxy that reads the frames of both sides and loses, refuses, delays or withholds what a
//! test asks for. Knows nothing of ours, so that other suites take the file as it is.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// What is wrong at the moment. Each counter is used up; each percentage holds until it is changed.
#[derive(Debug, Default)]
pub struct Faults {
    /// So many commits are carried out, and the answer is lost with the connection.
    pub lose_commit_answers: AtomicUsize,
    /// So many commits are lost with the connection before the server reads them.
    pub lose_commits: AtomicUsize,
    /// So many commits reach the server this late, when the client has lost the connection already.
    pub late_commits: AtomicUsize,
    /// How late.
    pub late_milliseconds: AtomicU64,
    /// How many of a hundred statements the server answers with a serialization failure or a deadlock.
    pub refused_percent: AtomicUsize,
    /// How many of a hundred statements are never answered, with the connection left open.
    pub stalled_percent: AtomicUsize,
    /// How long each statement waits before the server sees it.
    pub delay_milliseconds: AtomicU64,
    /// Nothing passes in either direction, and nothing is closed.
    pub silent: AtomicBool,
    /// How many statements came by.
    pub statements: AtomicUsize,
    noise: AtomicU64,
}

impl Faults {
    fn takes(counter: &AtomicUsize) -> bool {
        counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn happens(&self, percent: &AtomicUsize) -> bool {
        // Any sequence will do, as long as it is the same in each run.
        let state = self.noise.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ state >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from((mixed >> 33) % 100).is_ok_and(|drawn| drawn < percent.load(Ordering::Relaxed))
    }

    async fn pass(&self) {
        while self.silent.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A listening proxy. Its connections end with it.
pub struct Wire {
    pub port: u16,
    pub faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// Carries connections to the server at `port` of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let faults = Arc::<Faults>::default();
        let shared = Arc::clone(&faults);
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let faults = Arc::clone(&shared);
                connections.spawn(async move { drop(carry(client, port, faults).await) });
            }
        });
        Self { port: own, faults, accepting }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One frame: its kind and everything after it, the length included.
type Frame = (u8, Vec<u8>);

async fn frame(from: &mut OwnedReadHalf) -> io::Result<Frame> {
    let kind = from.read_u8().await?;
    Ok((kind, rest(from).await?))
}

async fn rest(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = from.read_u32().await?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
    from.read_exact(&mut bytes[4..]).await?;
    Ok(bytes)
}

async fn carry(client: TcpStream, port: u16, faults: Arc<Faults>) -> io::Result<()> {
    faults.pass().await;
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    // The first message has no kind. TLS is not spoken here.
    let greeting = rest(&mut from_client).await?;
    to_server.write_all(&greeting).await?;
    let (going, gone) = oneshot::channel();
    let shared = Arc::clone(&faults);
    let task = tokio::spawn(async move {
        drop(answers(from_server, to_client, shared).await);
        drop(going);
    });
    let statements = Statements { faults, names: Mutex::default() };
    statements.carry(from_client, to_server, Answering { task, gone }).await
}

/// The way back. Dropped, it hangs up on the client.
struct Answering {
    task: JoinHandle<()>,
    gone: oneshot::Receiver<()>,
}

impl Answering {
    /// Waits until nobody answers any more.
    async fn gone(&mut self) {
        // Nothing is ever sent: the end is that the sender is dropped.
        drop((&mut self.gone).await);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries answers, except those that get lost.
async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, faults: Arc<Faults>) -> io::Result<()> {
    loop {
        let (kind, rest) = frame(&mut from).await?;
        faults.pass().await;
        if kind == b'C' && rest[4..].starts_with(b"COMMIT") && Faults::takes(&faults.lose_commit_answers) {
            return Ok(());
        }
        to.write_all(&[&[kind], rest.as_slice()].concat()).await?;
    }
}

struct Statements {
    faults: Arc<Faults>,
    /// The texts of prepared statements.
    names: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

impl Statements {
    async fn carry(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        mut answering: Answering,
    ) -> io::Result<()> {
        loop {
            let (kind, rest) = tokio::select! {
                read = frame(&mut from) => read?,
                () = answering.gone() => return Ok(()),
            };
            self.faults.pass().await;
            match kind {
                b'P' => self.remember(&rest),
                b'B' => {
                    self.faults.statements.fetch_add(1, Ordering::Relaxed);
                    let delay = self.faults.delay_milliseconds.load(Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(delay)).await;
                    let text = self.text(&rest);
                    if text == b"commit" && self.ends(&mut from, &mut to, &rest, &mut answering).await? {
                        return Ok(());
                    }
                    if text != b"begin" && self.faults.happens(&self.faults.refused_percent) {
                        let deadlock = self.faults.noise.load(Ordering::Relaxed) & 1 == 0;
                        refuse(&mut from, &mut to, deadlock).await?;
                        continue;
                    }
                    if self.faults.happens(&self.faults.stalled_percent) {
                        std::future::pending::<()>().await;
                    }
                }
                _ => {}
            }
            to.write_all(&[&[kind], rest.as_slice()].concat()).await?;
        }
    }

    /// Ends the connection at a commit, if it is one that gets lost.
    async fn ends(
        &self,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        bind: &[u8],
        answering: &mut Answering,
    ) -> io::Result<bool> {
        if Faults::takes(&self.faults.lose_commits) {
            return Ok(true);
        }
        if !Faults::takes(&self.faults.late_commits) {
            return Ok(false);
        }
        let mut late = [b"B", bind].concat();
        loop {
            let (kind, rest) = frame(from).await?;
            late.extend([&[kind], rest.as_slice()].concat());
            if kind == b'S' {
                break;
            }
        }
        // The client loses the connection now.
        answering.task.abort();
        answering.gone().await;
        let milliseconds = self.faults.late_milliseconds.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        to.write_all(&late).await?;
        // The server must read it before it learns that nobody listens.
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(true)
    }

    fn remember(&self, parse: &[u8]) {
        let mut parts = parse[4..].split(|byte| *byte == 0);
        if let (Some(name), Some(text)) = (parts.next(), parts.next()) {
            self.names.lock().expect("nobody panicked").insert(name.to_vec(), text.to_vec());
        }
    }

    /// The text of the statement that a `Bind` is for.
    fn text(&self, bind: &[u8]) -> Vec<u8> {
        let name = bind[4..].split(|byte| *byte == 0).nth(1).unwrap_or_default();
        self.names.lock().expect("nobody panicked").get(name).cloned().unwrap_or_default()
    }
}

/// Has the server fail in place of the statement: its transaction is then undone in earnest.
async fn refuse(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, deadlock: bool) -> io::Result<()> {
    while frame(from).await?.0 != b'S' {}
    let code = if deadlock { "40P01" } else { "40001" };
    let text = format!("do $$ begin raise exception 'a test says so' using errcode = '{code}'; end $$\0");
    let length = u32::try_from(text.len() + 4).map_err(io::Error::other)?;
    to.write_all(&[b"Q", length.to_be_bytes().as_slice(), text.as_bytes()].concat()).await
}
