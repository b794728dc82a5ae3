//! Clients that take their time: they send a head or a body a byte at a time, nothing at all, or read nothing of what they
//! asked for. One thread holds thousands of them.

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
    thread: JoinHandle<Found>,
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
    /// Sends so many clients of each sort; few of those that do not read, because each makes the server write megabytes before
    /// it notices. `path` answers with something long; `form` takes a form.
    pub fn start(address: SocketAddr, each: usize, path: &str, form: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, path, form) = (Arc::clone(&stop), path.to_owned(), form.to_owned());
        let thread = thread::spawn(move || run(address, each, (&path, &form), &stopped));
        Self { stop, thread }
    }

    /// Ends them, and says what they met.
    pub fn stop(self) -> Result<Found, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the slow clients panicked".to_owned())
    }
}

fn run(address: SocketAddr, each: usize, paths: (&str, &str), stop: &AtomicBool) -> Found {
    let mut found = Found::default();
    let of = |slowness| if slowness == Slowness::Read { each.div_ceil(40) } else { each };
    let sorts = Slowness::ALL.iter().flat_map(|slowness| std::iter::repeat_n(*slowness, of(*slowness)));
    let mut waiting: Vec<Slowness> = sorts.collect();
    let mut clients: Vec<Client> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = clock::now();
        // Not all at once: a queue that is full would make them wait before they can be slow.
        for slowness in waiting.split_off(waiting.len().saturating_sub(200)) {
            match begin(address, slowness, paths) {
                Ok(stream) => clients.push(Client { slowness, stream, since: clock::now() }),
                Err(_) => waiting.push(slowness),
            }
        }
        found.open = found.open.max(clients.len());
        clients.retain_mut(|client| {
            let goes_on = client.beat();
            if !goes_on {
                let sort = Slowness::ALL.iter().position(|known| *known == client.slowness).unwrap_or(0);
                found.cut[sort] += 1;
                found.longest[sort] = found.longest[sort].max(client.since.elapsed());
                waiting.push(client.slowness);
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
