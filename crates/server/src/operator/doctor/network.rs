//! What clients meet: the port, the certificate, the base URLs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;

use super::files::others_may_read;
use super::finding::Findings;
use crate::config::Config;
use crate::origin::Origin;
use crate::tls::identity::Identity;
use crate::{clock, tls};

/// A certificate that ends sooner is a warning.
const DAYS_LEFT: i64 = 21;
const PATIENCE: Duration = Duration::from_secs(3);

/// Examines the certificate that was given, and whether it is for the base URLs.
pub fn certificate(config: &Config, findings: &mut Findings) {
    let Some(tls::Settings::Files(files)) = &config.tls else { return };
    let now = clock::now();
    if others_may_read(&files.key) {
        let key = files.key.display();
        findings.warning(format!("certificate: others may read the key `{key}`: chmod 600 closes it"));
    }
    match files.read(&default_provider(), now) {
        Ok(identity) => {
            for origin in config.base_urls.iter().filter(|origin| origin.is_https()) {
                names(&identity, origin, findings);
            }
            let days = (identity.ends.seconds() - now.seconds()) / 86_400;
            let text = format!("certificate: valid for {days} more days, until {}", identity.ends);
            if days < DAYS_LEFT { findings.warning(format!("{text}: renew it")) } else { findings.ok(text) }
        }
        Err(error) => findings.error(format!("certificate: {error}")),
    }
}

/// Whether the certificate is for the name that clients call.
fn names(identity: &Identity, origin: &Origin, findings: &mut Findings) {
    let host = origin.host();
    if identity.is_for(host) {
        findings.ok(format!("certificate: is for {host}, as in {origin}"));
    } else {
        findings.error(format!(
            "certificate: is not for {host}, and clients of {origin} refuse it: get one with that name (--tls-cert), or \
             name the URL that it is for (--base-url)"
        ));
    }
}

/// Tries to take the port that serve would take.
pub fn port(flag: &str, address: SocketAddr, findings: &mut Findings) {
    match TcpListener::bind(address) {
        Ok(_) => findings.ok(format!("port: {address} is free (--{flag})")),
        Err(error) => findings.error(format!("port: cannot listen on {address}: {error}; see --{flag}")),
    }
}

/// Asks whether a base URL leads anywhere.
pub fn base_url(origin: &Origin, running: bool, findings: &mut Findings) {
    let authority = origin.as_str().split_once("://").map_or(origin.as_str(), |(_, authority)| authority);
    let port = if origin.is_https() { 443 } else { 80 };
    let named = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if named { authority.to_owned() } else { format!("{authority}:{port}") };
    let Ok(Some(address)) = place.to_socket_addrs().map(|mut found| found.next()) else {
        return findings
            .warning(format!("base URL: {origin} has no address here; clients need one (--base-url)"));
    };
    if !running {
        return findings.ok(format!("base URL: {origin} has the address {}", address.ip()));
    }
    if origin.is_https() {
        return match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => {
                findings
                    .ok(format!("base URL: {origin} accepts connections (what it answers was not asked)"));
            }
            Err(error) => findings.warning(format!("base URL: {origin} is not reached from here: {error}")),
        };
    }
    match is_ready(address, authority) {
        Ok(true) => findings.ok(format!("base URL: {origin}/health/ready answers that it is ready")),
        Ok(false) => {
            findings
                .error(format!("base URL: {origin}/health/ready does not answer 200: is it this server?"));
        }
        Err(error) => findings.warning(format!("base URL: {origin} is not reached from here: {error}")),
    }
}

fn is_ready(address: SocketAddr, authority: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(&line == b"HTTP/1.1 200")
}
