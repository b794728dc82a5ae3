//! Which addresses may be called: those of the public internet, and networks that the operator names. Leaves out names,
//! which are resolved before (`outbound`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::whole_number::whole_number;

/// A network: addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address. The error follows the text in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let why = || "is not a network; write such as 10.1.0.0/16, fd00::/8 or 127.0.0.1".to_owned();
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| why())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), whole_number).ok_or_else(why)?;
        if bits > most {
            return Err(why());
        }
        Ok(Self { address, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, length: u32| (a ^ b).checked_shr(length - self.bits).unwrap_or(0) == 0;
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// Whether `address` may be called: it is public, or one of `allowed` holds it. An IPv4 address in IPv6 clothes is the
/// IPv4 address.
pub fn may_call(address: IpAddr, allowed: &[Network]) -> bool {
    // Judged by what it leads to: allowing a network of IPv6 opens none of IPv4.
    let leads_to = match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    };
    if allowed.iter().any(|network| network.contains(leads_to)) {
        return true;
    }
    match leads_to {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped (RFC 4291), or translated by NAT64 (RFC 6052).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Some(mapped);
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => None,
    }
}

/// Not what IANA keeps for special purposes (RFC 6890): private, loopback, link-local (with the metadata of clouds),
/// shared, benchmarks, documentation, relays, multicast, reserved.
fn is_public_v4(address: Ipv4Addr) -> bool {
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    let special = |(octets, bits): &([u8; 4], u32)| Network {
        address: IpAddr::V4(Ipv4Addr::from_octets(*octets)),
        bits: *bits,
    };
    // Azure's metadata service has a public address.
    address != Ipv4Addr::new(168, 63, 129, 16)
        && !SPECIAL.iter().any(|network| special(network).contains(IpAddr::V4(address)))
}

/// Global unicast only (`2000::/3`), and of that neither special purposes nor tunnels, which lead to an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x2002, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(address: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<Network> = allowed.iter().map(|network| Network::parse(network).unwrap()).collect();
        may_call(address.parse().unwrap(), &allowed)
    }

    #[test]
    fn public_addresses_may_be_called() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::8a",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(call(address, &[]), "{address}");
        }
    }

    #[test]
    fn others_may_not() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "239.1.2.3",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "100::1",
            "2001::7f00:1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!call(address, &[]), "{address}");
        }
    }

    #[test]
    fn a_named_network_may_be_called_and_its_neighbour_not() {
        assert!(call("10.1.2.3", &["10.1.0.0/16"]));
        assert!(!call("10.2.2.3", &["10.1.0.0/16"]));
        assert!(call("::ffff:10.1.2.3", &["10.1.0.0/16"]));
        assert!(call("127.0.0.1", &["fd00::/8", "127.0.0.1"]));
        assert!(!call("127.0.0.2", &["127.0.0.1"]));
        assert!(call("fd12::1", &["fd00::/8"]) && !call("fe80::1", &["fd00::/8"]));
        assert!(call("127.0.0.1", &["0.0.0.0/0"]) && !call("::1", &["0.0.0.0/0"]));
        assert!(call("::1", &["::/0"]) && !call("10.0.0.1", &["::/0"]));
        assert!(!call("::ffff:169.254.169.254", &["::/0"]) && !call("64:ff9b::a00:1", &["::/0"]));
    }

    #[test]
    fn networks_are_read_strictly() {
        for bad in ["", "10", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/x", "localhost", "10.0.0.0/-1"]
        {
            assert!(Network::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Network::parse("127.0.0.1").unwrap().to_string(), "127.0.0.1/32");
    }
}
