//! The network that a client belongs to: what limits count by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::network_of;

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
}
