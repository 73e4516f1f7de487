//! Who may have a zone as a whole.

use std::net::IpAddr;

use understudy_wire::{Name, NameBuf};

use crate::network::Network;

/// Nobody, unless a network, a key, or both together say otherwise.
#[derive(Clone, Debug, Default)]
pub struct Access {
    networks: Vec<Network>,
    keys: Vec<NameBuf>,
    both: Vec<(Network, NameBuf)>,
}

impl Access {
    /// Whoever asks from one of these networks, or signs with one of these keys.
    #[must_use]
    pub fn new(networks: Vec<Network>, keys: Vec<NameBuf>) -> Self {
        Access {
            networks,
            keys,
            both: Vec::new(),
        }
    }

    /// And whoever asks from a network and signs with the key beside it.
    #[must_use]
    pub fn and_both(self, both: Vec<(Network, NameBuf)>) -> Self {
        Access { both, ..self }
    }

    /// May this client, who has signed with this key or with none, have the zone?
    pub(crate) fn permits(&self, client: IpAddr, key: Option<Name<'_>>) -> bool {
        let knows = |key: Name<'_>| {
            let from = |(network, it): &(Network, NameBuf)| {
                network.contains(client) && it.as_name() == key
            };
            self.keys.iter().any(|it| it.as_name() == key) || self.both.iter().any(from)
        };
        self.networks.iter().any(|it| it.contains(client)) || key.is_some_and(knows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_or_a_key_is_enough_and_nothing_is_nobody() {
        let client = |text: &str| text.parse::<IpAddr>().unwrap();
        let key: NameBuf = "Corp-Key.".parse().unwrap();
        let other: NameBuf = "other.".parse().unwrap();
        let access = Access::new(vec!["192.0.2.0/24".parse().unwrap()], vec![key]);
        let same: NameBuf = "corp-key.".parse().unwrap();
        assert!(access.permits(client("192.0.2.9"), None));
        assert!(access.permits(client("::1"), Some(same.as_name())));
        assert!(access.permits(client("192.0.2.9"), Some(other.as_name())));
        assert!(!access.permits(client("::1"), Some(other.as_name())));
        assert!(!access.permits(client("198.51.100.1"), None));
        assert!(!Access::default().permits(client("192.0.2.9"), Some(key.as_name())));
    }

    #[test]
    fn a_network_with_a_key_asks_for_both() {
        let client = |text: &str| text.parse::<IpAddr>().unwrap();
        let key: NameBuf = "corp-key.".parse().unwrap();
        let other: NameBuf = "other.".parse().unwrap();
        let both = vec![
            ("192.0.2.0/24".parse().unwrap(), key),
            ("198.51.100.0/24".parse().unwrap(), other),
        ];
        let access = Access::default().and_both(both);
        assert!(access.permits(client("192.0.2.9"), Some(key.as_name())));
        assert!(access.permits(client("198.51.100.9"), Some(other.as_name())));
        assert!(!access.permits(client("192.0.2.9"), None));
        assert!(!access.permits(client("192.0.2.9"), Some(other.as_name())));
        assert!(!access.permits(client("198.51.100.9"), Some(key.as_name())));
    }
}
