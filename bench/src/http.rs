//! As much HTTP/1.1 as a driver needs: an address, a request as bytes, where a reply ends, and a call
//! that blocks.

use std::borrow::Cow;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// Begins with a slash.
    pub path: String,
}

impl Target {
    /// Reads `http://host:port/path`.
    pub fn parse(url: &str) -> Result<Self, String> {
        let rest =
            url.strip_prefix("http://").ok_or_else(|| format!("`{url}` does not begin with http://"))?;
        let (address, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        Ok(Self { address: address.to_owned(), path: path.to_owned() })
    }
}

/// A request, ready to be sent any number of times.
pub fn request(method: &str, target: &Target, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    [head(method, target, headers, body.len()).as_bytes(), body.as_bytes()].concat()
}

/// The head of a request whose body has so many bytes.
pub fn head(method: &str, target: &Target, headers: &[(&str, &str)], length: usize) -> String {
    let Target { address, path } = target;
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\n");
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if method != "GET" {
        text.extend(["content-length: ", &length.to_string(), "\r\n"]);
    }
    text.push_str("\r\n");
    text
}

/// A form sent to `url` and `path`, ready to be sent any number of times.
pub fn form(url: &str, path: &str, authorization: Option<&str>, body: &str) -> Result<Vec<u8>, String> {
    let target = Target::parse(&format!("{url}{path}"))?;
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(authorization.map(|authorization| ("authorization", authorization)));
    Ok(request("POST", &target, &headers, body))
}

/// One whole reply at the beginning of a buffer.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// As in the first line.
    pub status: u16,
    /// Without its chunks' frames.
    pub body: Cow<'a, [u8]>,
    /// How many bytes of the buffer it took.
    pub length: usize,
    /// Whether the server will close the connection.
    pub closes: bool,
    /// Where a list goes on (`Link`, `rel="next"`).
    pub next: Option<String>,
}

/// The reply that `buffer` begins with, or nothing while it is not complete.
pub fn reply(buffer: &[u8]) -> Result<Option<Reply<'_>>, String> {
    let Some(end) = find(buffer, b"\r\n\r\n") else { return Ok(None) };
    let head = str::from_utf8(&buffer[..end]).map_err(|_| "the head is not text".to_owned())?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| format!("`{first}` is no status line"))?;
    let (mut size, mut chunked, mut closes, mut next) = (0, false, false, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            size = value.parse().map_err(|_| format!("`{value}` is no length"))?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("link") && value.ends_with("rel=\"next\"") {
            next = value.strip_prefix('<').and_then(|rest| rest.split('>').next()).map(str::to_owned);
        }
    }
    let start = end + 4;
    let (body, length) = if chunked {
        let Some((body, taken)) = unchunk(&buffer[start..])? else { return Ok(None) };
        (Cow::Owned(body), start + taken)
    } else {
        let Some(body) = buffer.get(start..start + size) else { return Ok(None) };
        (Cow::Borrowed(body), start + size)
    };
    Ok(Some(Reply { status, body, length, closes, next }))
}

fn unchunk(buffer: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = find(&buffer[at..], b"\r\n") else { return Ok(None) };
        let size =
            str::from_utf8(&buffer[at..at + line]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let size = size.ok_or("a chunk without a size")?;
        let start = at + line + 2;
        let Some(chunk) = buffer.get(start..start + size + 2) else { return Ok(None) };
        body.extend_from_slice(&chunk[..size]);
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

/// Where `needle` begins in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// Reads one whole reply; `buffer` then holds it as it came.
pub fn read(stream: &mut impl Read, buffer: &mut Vec<u8>) -> Result<Reply<'static>, String> {
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(Reply { status, body, length, closes, next }) = reply(buffer)? {
            return Ok(Reply { status, body: Cow::Owned(body.into_owned()), length, closes, next });
        }
        match stream.read(&mut part) {
            Ok(0) => return Err("closed before the reply ended".to_owned()),
            Ok(read) => buffer.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Sends `request` on a connection of its own and waits for the whole reply.
pub fn call(address: &str, request: &[u8]) -> Result<Reply<'static>, String> {
    let told = |error: std::io::Error| format!("{address}: {error}");
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).map_err(told)?;
    stream.write_all(request).map_err(told)?;
    read(&mut stream, &mut Vec::new()).map_err(|error| format!("{address}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_falls_into_address_and_path() {
        let target = Target::parse("http://127.0.0.1:80/oauth2/x/v1/token").unwrap();
        assert_eq!((target.address.as_str(), target.path.as_str()), ("127.0.0.1:80", "/oauth2/x/v1/token"));
        assert_eq!(Target::parse("http://a:1").unwrap().path, "/");
        assert!(Target::parse("https://a:1").is_err());
    }

    #[test]
    fn a_request_states_its_length() {
        let target = Target::parse("http://a:1/t").unwrap();
        let text = String::from_utf8(request("POST", &target, &[("x", "y")], "k=v")).unwrap();
        assert_eq!(
            text,
            "POST /t HTTP/1.1\r\nhost: a:1\r\naccept: application/json\r\nx: y\r\ncontent-length: 3\r\n\r\nk=v"
        );
    }

    #[test]
    fn a_reply_is_complete_only_with_its_last_byte() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
        for end in 0..whole.len() {
            assert_eq!(reply(&whole[..end]), Ok(None));
        }
        let mut next = whole.to_vec();
        next.extend_from_slice(b"HTTP");
        let found = reply(&next).unwrap().unwrap();
        assert_eq!(
            (found.status, &*found.body, found.length, found.closes),
            (200, &b"body"[..], whole.len(), false)
        );
    }

    #[test]
    fn a_reply_in_chunks_is_put_together() {
        let whole = b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(reply(&whole[..end]), Ok(None));
        }
        let found = reply(whole).unwrap().unwrap();
        assert_eq!((found.status, &*found.body, found.closes), (503, &b"abc0123456789"[..], true));
        assert_eq!(found.length, whole.len());
    }

    #[test]
    fn a_list_says_where_it_goes_on() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nlink: <http://a/l>; rel=\"self\"\r\nlink: <http://a/l?after=x>; rel=\"next\"\r\n\r\n";
        assert_eq!(reply(head.as_bytes()).unwrap().unwrap().next.as_deref(), Some("http://a/l?after=x"));
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(reply(b"SSH-2.0\r\n\r\n").is_err());
        assert!(reply(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n").is_err());
    }
}
