//! The network that a client belongs to: what limits count by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::EngineError;

/// The first address of the network of `ipv4_bits` or `ipv6_bits` that has `address` in it. More
/// bits than an address has mean the address itself.
pub(crate) fn network_of(address: IpAddr, ipv4_bits: u8, ipv6_bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = !u32::MAX.checked_shr(ipv4_bits.into()).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = !u128::MAX.checked_shr(ipv6_bits.into()).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

/// A network, such as `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// Is the address in it?
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        network_of(address, self.bits, self.bits) == self.first
    }
}

impl FromStr for Network {
    type Err = EngineError;

    /// Reads `192.0.2.0/24`, or an address alone.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        let not_one = || EngineError::NotANetwork(text.to_owned());
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| {
                (address, Some(bits.parse::<u8>().map_err(|_| not_one())))
            });
        let address: IpAddr = address.parse().map_err(|_| not_one())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.transpose()?.unwrap_or(most);
        let first = network_of(address, bits, bits);
        if bits > most || first != address {
            return Err(not_one());
        }
        Ok(Network { first, bits })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Network, network_of};

    fn network(address: &str, ipv4_bits: u8, ipv6_bits: u8) -> String {
        let address: IpAddr = address.parse().unwrap();
        network_of(address, ipv4_bits, ipv6_bits).to_string()
    }

    #[test]
    fn addresses_of_one_network_have_its_first_address() {
        assert_eq!(network("192.0.2.77", 24, 56), "192.0.2.0");
        assert_eq!(network("192.0.2.77", 32, 56), "192.0.2.77");
        assert_eq!(network("192.0.2.77", 0, 56), "0.0.0.0");
        assert_eq!(network("2001:db8:1:23ff::9", 24, 56), "2001:db8:1:2300::");
        assert_eq!(network("2001:db8::9", 24, 128), "2001:db8::9");
        assert_eq!(network("2001:db8::9", 24, 0), "::");
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_with_its_bits() {
        let contains = |network: &str, address: &str| {
            let network: Network = network.parse().unwrap();
            network.contains(address.parse().unwrap())
        };
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.6"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(contains("0.0.0.0/0", "203.0.113.1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(!contains("::/0", "203.0.113.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "192.0.2.1/24",
            "192.0.2.0/33",
            "192.0.2.0/",
            "::/129",
            "a/8",
            "::1/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
