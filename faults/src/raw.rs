//! Requests that no client would send: any bytes, as many as the other end takes. Leaves out who sends them.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bench::{clock, http};

const LIMIT: Duration = Duration::from_secs(30);

/// What came of a request.
#[derive(Debug)]
pub struct Reply {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The answer's body.
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
    read(&mut stream, sent, last)
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

fn read(stream: &mut TcpStream, sent: u64, last: Instant) -> Result<Reply, String> {
    let (mut buffer, mut part) = (Vec::new(), [0; 16 * 1024]);
    let reply = loop {
        if let Some(reply) = http::reply(&buffer)? {
            break Some((reply.status, String::from_utf8_lossy(&reply.body).into_owned()));
        }
        match stream.read(&mut part) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break None,
            Ok(read) => buffer.extend_from_slice(&part[..read]),
        }
    };
    let (status, body) = reply.map_or((None, String::new()), |(status, body)| (Some(status), body));
    Ok(Reply { status, body, sent, after: last.elapsed() })
}

/// The head of a request with these headers and a body of so many bytes.
pub fn head(method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> Vec<u8> {
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: mint.example.com\r\naccept: application/json\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        text.extend(["content-length: ", &length.to_string(), "\r\n"]);
    }
    text.push_str("\r\n");
    text.into_bytes()
}
