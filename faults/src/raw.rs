//! Requests that no client would send: any bytes, as many as the other end takes. Leaves out who sends them.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bench::clock;
use bench::http::{self, Target};

const LIMIT: Duration = Duration::from_secs(30);

/// What came of a request.
#[derive(Debug)]
pub struct Reply {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The answer's body, or why there is none.
    pub body: String,
    /// How many bytes of the request were taken.
    pub sent: u64,
    /// From the last byte that was taken to the answer.
    pub after: Duration,
}

/// Sends `head`, then the pieces that `body` makes until there is none or an answer comes, and reads that answer.
pub fn send(
    address: SocketAddr,
    head: &[u8],
    body: impl IntoIterator<Item = Vec<u8>>,
) -> Result<Reply, String> {
    let told = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_write_timeout(Some(Duration::from_secs(5))).map_err(told)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(told)?;
    let mut sent = 0;
    for piece in std::iter::once(head.to_vec()).chain(body) {
        if stream.write_all(&piece).is_err() || has_answer(&stream) {
            break;
        }
        sent += u64::try_from(piece.len()).unwrap_or(0);
    }
    let last = clock::now();
    let (status, body) = match http::read(&mut stream, &mut Vec::new()) {
        Ok(reply) => (Some(reply.status), String::from_utf8_lossy(&reply.body).into_owned()),
        Err(why) => (None, why),
    };
    Ok(Reply { status, body, sent, after: last.elapsed() })
}

/// Whether something can be read already.
fn has_answer(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let peeked = stream.peek(&mut [0]);
    let _ = stream.set_nonblocking(false);
    peeked.is_ok() || peeked.is_err_and(|error| error.kind() != ErrorKind::WouldBlock)
}

/// The head of a request with these headers and a body of so many bytes.
pub fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let target = Target { address: "mint.example.com".to_owned(), path: path.to_owned() };
    http::head(method, &target, headers, length).into_bytes()
}
