//! Base URLs of the configuration, the `Host` of a request, and networks that may be called. An origin has one spelling;
//! a host only ever selects one that is configured; a network holds its own address.
//!
//! Input: a base URL or network on the first line, a host on the second.

use std::net::IpAddr;

use server::origin::{Here, Origin, Origins};
use server::outbound::network::{Network, may_call};

use crate::pieces::texts;

/// A base URL or network, and a host.
pub fn run(bytes: &[u8]) {
    let Some([text, host]) = texts(bytes) else { return };
    network(text);
    let Ok(origin) = Origin::parse(text) else { return };
    let spelled = origin.as_str();
    assert_eq!(Origin::parse(spelled).as_ref(), Ok(&origin), "its own spelling is not read back");
    assert_eq!(Origin::parse(&format!("{spelled}/")).as_ref(), Ok(&origin));
    assert!(spelled.starts_with("http://") || spelled.starts_with("https://"));
    assert!(spelled.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    let (_, authority) = spelled.split_once("://").expect("a scheme");
    assert!(!authority.contains(['/', '?', '#', '@', '\\', '<', '>', '"']), "{spelled}");
    assert!(!origin.host().is_empty() && authority.contains(origin.host()));

    let default = Origin::parse("https://id.example.com").expect("a base URL");
    let origins = Origins::new(default.clone(), [origin.clone()]);
    let selected = origins.select(Some(host));
    assert!(**selected == default || **selected == origin, "a host made an origin");
    if **selected != default {
        let port = if origin.is_https() { ":443" } else { ":80" };
        let named = host.to_ascii_lowercase();
        assert!(named == authority || named.strip_suffix(port) == Some(authority), "{host} is not {origin}");
    }
    let here = Here::new(&origins, std::sync::Arc::clone(selected), "/api/v1/groups?q=1");
    assert_eq!(here.url(), format!("{selected}/api/v1/groups?q=1"));
}

fn network(text: &str) {
    let Ok(network) = Network::parse(text) else { return };
    let shown = network.to_string();
    assert_eq!(Network::parse(&shown), Ok(network), "its own spelling is not read back");
    let (address, _) = shown.split_once('/').expect("an address and a length");
    if let Ok(address @ IpAddr::V4(_)) = address.parse() {
        assert!(may_call(address, &[network]), "{network} does not hold its own address");
    }
}
