//! One connection to one node, kept open: a call, and whether what failed can have been done. Owns the difference between
//! "never sent" and "not known"; leaves out what is asked (`workload`).

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bench::http::{self, Target};
use serde_json::Value;

use crate::history::{Outcome, Told};

/// How a failure begins that a connection met with the first request on it.
pub const ON_A_NEW_CONNECTION: &str = "on a new connection: ";
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// Longer than the server takes to give up by itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(65);

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Request {
    method: &'static str,
    path: String,
    authorization: Option<String>,
    content_type: &'static str,
    body: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failed {
    /// Nobody listened: nothing was done.
    Unsent(String),
    /// It was sent, wholly or in part.
    Unknown(String),
}

/// A connection, made when it is needed.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Request {
    /// A reading.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    /// Something with a body of JSON.
    pub fn json(method: &'static str, path: impl Into<String>, body: &Value) -> Self {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        Self { method, path: path.into(), content_type: "application/json", body, ..Self::default() }
    }

    /// A form.
    pub fn form(path: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let content_type = "application/x-www-form-urlencoded";
        Self { method: "POST", path: path.into(), content_type, body, ..Self::default() }
    }

    /// The same request with this `Authorization`.
    pub fn by(mut self, authorization: impl Into<String>) -> Self {
        self.authorization = Some(authorization.into());
        self
    }

    fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let target = Target { address: address.to_string(), path: self.path.clone() };
        let mut headers = Vec::new();
        headers.extend(self.authorization.as_deref().map(|text| ("authorization", text)));
        if !self.body.is_empty() {
            headers.push(("content-type", self.content_type));
        }
        http::request(self.method, &target, &headers, &self.body)
    }
}

impl Connection {
    /// A connection to come.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends and waits. A kept connection that the other end has closed meanwhile is made anew, as any client does; what
    /// was sent on it and got no byte back may or may not have been done.
    pub fn call(&mut self, request: &Request) -> Result<Answer, Failed> {
        let bytes = request.bytes(self.address);
        if self.stream.as_ref().is_some_and(is_over) {
            self.stream = None;
        }
        let (mut stream, place) = match self.stream.take() {
            Some(stream) => (stream, ""),
            None => (connect(self.address).map_err(Failed::Unsent)?, ON_A_NEW_CONNECTION),
        };
        let unknown = |why: String| Failed::Unknown(format!("{place}{why}"));
        stream.write_all(&bytes).map_err(|error| unknown(error.to_string()))?;
        let (answer, closes) = read(&mut stream).map_err(unknown)?;
        if !closes {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    /// Calls, and fails unless it was acknowledged; what it said, as JSON.
    pub fn must(&mut self, request: &Request) -> Result<Value, String> {
        let asked = || format!("{} {}", request.method, request.path);
        let answer = self.call(request).map_err(|failed| format!("{}: {failed:?}", asked()))?;
        if !(200..300).contains(&answer.status) {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            return Err(format!("{}: {} {said}", asked(), answer.status));
        }
        Ok(answer.json())
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_LIMIT).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(ANSWER_LIMIT)).map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

/// Whether the other end has closed a connection on which nothing is expected.
fn is_over(stream: &TcpStream) -> bool {
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let peeked = stream.peek(&mut [0]);
    let is_quiet = peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    !is_quiet || stream.set_nonblocking(false).is_err()
}

fn read(stream: &mut TcpStream) -> Result<(Answer, bool), String> {
    let mut buffer = Vec::new();
    let reply = http::read(stream, &mut buffer)?;
    let end = http::find(&buffer, b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    Ok((Answer { status: reply.status, head, body: reply.body.into_owned() }, reply.closes))
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Every value of a header.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What a call came to. A 5xx tells nothing about what was done.
pub fn outcome(answer: &Result<Answer, Failed>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Failed::Unsent(_)) => return Outcome::Unsent,
        Err(Failed::Unknown(why)) => return Outcome::Unknown { why: why.clone(), status: None },
    };
    let json = answer.json();
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    let told = Told {
        status: answer.status,
        request: answer.header("x-okta-request-id").map(str::to_owned),
        id: text("id"),
        active: json.get("active").and_then(Value::as_bool),
        code: text("error").or_else(|| text("errorCode")),
        ..Told::default()
    };
    match answer.status {
        200..300 => Outcome::Done(told),
        400..500 => Outcome::Refused(told),
        status => Outcome::Unknown { why: told.code.unwrap_or_default(), status: Some(status) },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answering(replies: Vec<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(reply.as_bytes());
            }
        });
        address
    }

    #[test]
    fn what_nobody_heard_is_unsent_and_what_was_cut_off_is_unknown() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let unheard = Connection::new(free).call(&Request::get("/"));
        assert!(matches!(unheard, Err(Failed::Unsent(_))), "{unheard:?}");
        assert_eq!(outcome(&unheard), Outcome::Unsent);
        let address = answering(vec!["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"]);
        let cut = Connection::new(address).call(&Request::get("/"));
        assert!(matches!(cut, Err(Failed::Unknown(_))), "{cut:?}");
        assert!(outcome(&cut).is_unknown());
    }

    #[test]
    fn an_answer_is_done_refused_or_unknown_by_its_status() {
        let of = |line: &str| {
            let head = format!("HTTP/1.1 {line}\r\nX-Okta-Request-Id: q1");
            outcome(&Ok(Answer { status: line[..3].parse().unwrap(), head, body: br#"{"id":"a"}"#.to_vec() }))
        };
        let done = of("201 Created");
        let told = done.done().unwrap();
        assert_eq!((told.id.as_deref(), told.request.as_deref()), (Some("a"), Some("q1")));
        assert!(matches!(of("404 Not Found"), Outcome::Refused(_)));
        assert!(matches!(of("503 No"), Outcome::Unknown { status: Some(503), .. }));
    }

    #[test]
    fn a_connection_that_was_closed_is_made_anew() {
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let mut connection = Connection::new(answering(vec![reply, reply]));
        assert_eq!(connection.call(&Request::get("/")).unwrap().status, 200);
        thread::sleep(Duration::from_millis(50));
        assert_eq!(connection.call(&Request::get("/")).unwrap().status, 200);
    }
}
