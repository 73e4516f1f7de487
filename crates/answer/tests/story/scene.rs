//! The zones and the server of a story.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::query::octets_of;
use understudy_answer::{CookieJar, Server, Zones};
use understudy_wire::{CookieSecret, CookieSecrets, Folded, LowerName, Name, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

/// Everything that a query meets.
pub struct Scene {
    pub zones: Served,
    pub server: Server,
}

/// Some zones.
#[derive(Default)]
pub struct Served(Vec<Zone>);

impl Zones for Served {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let name = Name::from_octets(name.suffix(labels)?).unwrap();
        let above = self
            .0
            .iter()
            .filter(|zone| name.is_at_or_below(zone.origin()));
        above.max_by_key(|zone| zone.origin().label_count())
    }
}

impl Default for Scene {
    fn default() -> Self {
        let server = Server::new(1232, "", "").unwrap();
        Scene {
            zones: Served::default(),
            server,
        }
    }
}

impl Scene {
    pub fn load(&mut self, origin: &str, text: &str) {
        let origin: NameBuf = origin.parse().unwrap();
        let loaded = Zone::parse(text.as_bytes(), "story", origin.as_name());
        self.replace(
            loaded
                .unwrap_or_else(|problems| panic!("{problems:?}"))
                .zone,
        );
    }

    fn replace(&mut self, zone: Zone) {
        self.zones.0.retain(|known| known.origin() != zone.origin());
        self.zones.0.push(zone);
    }

    pub fn serve(&mut self, words: &[&str]) {
        let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key));
        let udp_size = value("udp=").map_or(1232, |octets| octets.parse().unwrap());
        let text = |key| value(key).unwrap_or("");
        let mut server = Server::new(udp_size, text("version="), text("hostname="))
            .unwrap()
            .with_minimal_responses(words.contains(&"minimal"))
            .with_rotation(words.contains(&"rotate"));
        if let Some(secrets) = value("cookies=") {
            server = server.with_cookies(Arc::new(CookieJar::new(cookie_secrets(secrets))));
        }
        if let Some(octets) = value("udp_without_cookie=") {
            server = server.with_udp_size_without_cookie(octets.parse().unwrap());
        }
        if let Some(seconds) = value("keepalive=") {
            server = server.with_tcp_keepalive(Duration::from_secs(seconds.parse().unwrap()));
        }
        self.server = server;
    }

    pub fn steer(&mut self, words: &[&str]) {
        let [owner, rtype, kind, words @ ..] = words else {
            panic!("too little to steer")
        };
        let owner: NameBuf = owner.parse().unwrap();
        let rtype: Rtype = rtype.parse().unwrap();
        let set = |kind| SteeredChange::Set(owner, steered_set(rtype, kind, words));
        let change = match *kind {
            "remove" => SteeredChange::Remove(owner, rtype),
            "answer" => set(Kind::Answer),
            "nodata" => set(Kind::Nodata),
            "servfail" => set(Kind::Servfail),
            _ => panic!("there is no kind {kind}"),
        };
        let name = LowerName::new(owner.as_name());
        let zone = self
            .zones
            .nearest(name.folded(), name.label_count())
            .unwrap()
            .with_steered(&[change])
            .unwrap();
        self.replace(zone);
    }
}

/// One or two secrets, as `HEX` or `HEX,HEX`.
fn cookie_secrets(text: &str) -> CookieSecrets {
    let mut secrets = text
        .split(',')
        .map(|hex| CookieSecret::new(octets_of(hex).try_into().unwrap()));
    CookieSecrets {
        current: secrets.next().unwrap(),
        other: secrets.next(),
    }
}

fn steered_set(rtype: Rtype, kind: Kind, words: &[&str]) -> SteeredSet {
    let (mut ttl, mut due_ns, mut selector) = (30, None, Selector::One);
    let mut variants = vec![(1, Vec::new())];
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("ttl", value) => ttl = value.parse().unwrap(),
            ("due", value) => due_ns = Some((value.parse::<f64>().unwrap() * 1e9) as u64),
            ("one", _) => selector = Selector::One,
            ("chance", _) => selector = Selector::Chance,
            ("rotate", _) => selector = Selector::Rotate,
            ("|", _) => variants.push((1, Vec::new())),
            _ => {
                let (weight, rdata) = word.split_once('*').unwrap_or(("1", word));
                let variant = variants.last_mut().unwrap();
                variant.0 = weight.parse().unwrap();
                variant.1.push(rdata_octets(rtype, rdata));
            }
        }
    }
    variants.retain(|(_, rdatas)| !rdatas.is_empty());
    SteeredSet {
        rtype,
        kind,
        ttl,
        due_ns,
        selector,
        variants,
    }
}

fn rdata_octets(rtype: Rtype, text: &str) -> Vec<u8> {
    match (rtype, text.parse::<IpAddr>()) {
        (Rtype::A, Ok(IpAddr::V4(address))) => address.octets().to_vec(),
        (Rtype::AAAA, Ok(IpAddr::V6(address))) => address.octets().to_vec(),
        (Rtype::CNAME, Err(_)) => text.parse::<NameBuf>().unwrap().as_name().octets().to_vec(),
        _ => panic!("{text} is no {rtype}"),
    }
}
