//! Clients that take their time: they send a head or a body a byte at a time, nothing at all, or read nothing of what they
//! asked for. A few threads hold thousands of them.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bench::clock;

use crate::node::API_TOKEN;

/// How a client is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowness {
    /// Its head never ends.
    Header,
    /// Its body never ends.
    Body,
    /// It asks for much, again and again, and reads nothing.
    Read,
    /// It says nothing.
    Idle,
}

impl Slowness {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Header, Self::Body, Self::Read, Self::Idle];
}

/// How many begin between two beats of one thread.
const AT_ONCE: usize = 300;
/// How many of one thread do not read: each makes the server write megabytes before it notices.
const UNREAD_MAX: usize = 2;
/// How many threads hold them.
const THREADS: usize = 4;
/// How often a byte is sent.
const BEAT: Duration = Duration::from_millis(400);

/// One slow client.
#[derive(Debug)]
struct Client {
    slowness: Slowness,
    stream: TcpStream,
    since: Instant,
}

/// Many slow clients, each of which comes back as soon as it was cut off.
#[derive(Debug)]
pub struct Crowd {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Found>>,
}

/// What the clients met.
#[derive(Debug, Default)]
pub struct Found {
    /// How many were cut off, in the order of [`Slowness::ALL`].
    pub cut: [usize; 4],
    /// The longest that one of each was suffered.
    pub longest: [Duration; 4],
    /// The most that were open at once.
    pub open: usize,
}

impl Crowd {
    /// Sends so many clients of each sort, but few that do not read. `path` answers with something long; `form` takes a form.
    pub fn start(address: SocketAddr, each: usize, path: &str, form: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..THREADS).map(|_| {
            let (stopped, path, form) = (Arc::clone(&stop), path.to_owned(), form.to_owned());
            thread::spawn(move || run(address, each.div_ceil(THREADS), (&path, &form), &stopped))
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// Ends them, and says what they met.
    pub fn stop(self) -> Result<Found, String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Found::default();
        for thread in self.threads {
            let found = thread.join().map_err(|_| "the slow clients panicked".to_owned())?;
            sum.open += found.open;
            for sort in 0..Slowness::ALL.len() {
                sum.cut[sort] += found.cut[sort];
                sum.longest[sort] = sum.longest[sort].max(found.longest[sort]);
            }
        }
        Ok(sum)
    }
}

fn run(address: SocketAddr, each: usize, paths: (&str, &str), stop: &AtomicBool) -> Found {
    let mut found = Found::default();
    // Side by side, so that every sort is there from the beginning.
    let of = |slowness| if slowness == Slowness::Read { each.min(UNREAD_MAX) } else { each };
    let sorts = (0..each).flat_map(|number| Slowness::ALL.into_iter().filter(move |sort| number < of(*sort)));
    let mut waiting: VecDeque<Slowness> = sorts.collect();
    let mut clients: Vec<Client> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = clock::now();
        // Not all at once: a queue that is full would make them wait before they can be slow.
        for slowness in waiting.drain(..waiting.len().min(AT_ONCE)).collect::<Vec<_>>() {
            match begin(address, slowness, paths) {
                Ok(stream) => clients.push(Client { slowness, stream, since: clock::now() }),
                Err(_) => waiting.push_back(slowness),
            }
        }
        found.open = found.open.max(clients.len());
        clients.retain_mut(|client| {
            let goes_on = client.beat();
            if !goes_on {
                let sort = Slowness::ALL.iter().position(|known| *known == client.slowness).unwrap_or(0);
                found.cut[sort] += 1;
                found.longest[sort] = found.longest[sort].max(client.since.elapsed());
                waiting.push_back(client.slowness);
            }
            goes_on
        });
        thread::sleep(BEAT.saturating_sub(begun.elapsed()).max(Duration::from_millis(20)));
    }
    found
}

fn begin(address: SocketAddr, slowness: Slowness, (path, form): (&str, &str)) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    let host = "host: mint.example.com\r\n";
    let text = match slowness {
        Slowness::Header => format!("GET {path} HTTP/1.1\r\n{host}x-slow: "),
        Slowness::Body => {
            let kind = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000";
            format!("POST {form} HTTP/1.1\r\n{host}{kind}\r\n\r\n")
        }
        Slowness::Read => {
            format!("GET {path} HTTP/1.1\r\n{host}authorization: SSWS {API_TOKEN}\r\n\r\n").repeat(60)
        }
        Slowness::Idle => String::new(),
    };
    stream.set_nonblocking(true)?;
    // What does not fit at once is not needed.
    let _ = stream.write(text.as_bytes());
    Ok(stream)
}

impl Client {
    /// Does the little that it does; `false` once it was cut off.
    fn beat(&mut self) -> bool {
        match self.slowness {
            Slowness::Header | Slowness::Body => {
                goes_on(self.stream.write(b"x")) && goes_on(self.stream.read(&mut [0; 512]))
            }
            // A side that has gone refuses more requests.
            Slowness::Read => goes_on(self.stream.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")),
            Slowness::Idle => goes_on(self.stream.read(&mut [0; 64])),
        }
    }
}

/// Whether a connection still stands after this. An answer to a slow request, 408 say, is read and followed by the end.
fn goes_on(done: std::io::Result<usize>) -> bool {
    match done {
        Ok(count) => count > 0,
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
    }
}
