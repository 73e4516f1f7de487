//! What is counted as explained is what was told (RFC 8914 section 3): an explanation that had no room
//! left is neither.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;
use std::ops::Deref;

use understudy_answer::{
    Chance, ExtendedError, Outcome, Request, Server, Summary, Transport, Zones, respond,
};
use understudy_wire::{Folded, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

struct One(Zone);

impl Zones for One {
    fn nearest(&self, _name: Folded<'_>, _labels: usize) -> Option<impl Deref<Target = Zone>> {
        Some(&self.0)
    }
}

const ORIGIN: &str = "example.com.";

/// Names that lead to one that fails.
fn zone(names: &[String]) -> Zone {
    let mut text = "@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n".to_owned();
    let targets = names.iter().skip(1).map(String::as_str).chain(["down"]);
    for (alias, target) in names.iter().zip(targets) {
        writeln!(text, "{alias} 60 CNAME {target}").unwrap();
    }
    let origin: NameBuf = ORIGIN.parse().unwrap();
    let zone = Zone::parse(text.as_bytes(), "explained", origin.as_name());
    let set = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Servfail,
        ttl: 60,
        due_ns: None,
        selector: Selector::One,
        variants: Vec::new(),
    };
    let down = format!("down.{ORIGIN}").parse().unwrap();
    let change = SteeredChange::Set(down, set);
    zone.unwrap().zone.with_steered(&[change]).unwrap()
}

/// The response to a query with EDNS for 512 octets, and what is said of it.
fn ask(zone: Zone, name: &str, reply: &mut [u8; 512]) -> Summary {
    let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    let name: NameBuf = name.parse().unwrap();
    message.extend(name.as_name().octets());
    message.extend([0, 1, 0, 1]);
    message.extend([0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0]);
    let request = Request {
        message: &message,
        client: [192, 0, 2, 53].into(),
        transport: Transport::Udp,
        now_ns: 0,
        wall_s: 0,
    };
    let server = Server::new(1232, "", "").unwrap();
    match respond(&One(zone), &server, &request, &mut Chance::new(1), reply) {
        Outcome::Answered(summary) => summary,
        Outcome::Silent(why) => unreachable!("{why:?}"),
    }
}

#[test]
fn an_explanation_is_counted_where_it_is_told() {
    let mut seen = Vec::new();
    for length in 1..18 {
        let label = |letter: &str, count: usize| letter.repeat(count);
        let names = ["a", "b", "c"].map(|it| {
            let (first, others) = (label(it, length), label(it, 60));
            format!("{first}.{others}.{others}.{ORIGIN}")
        });
        let mut reply = [0; 512];
        let summary = ask(zone(&names), &names[0], &mut reply);
        // An OPT record without options is the last 11 octets.
        let plain_opt = &reply[summary.length - 11..][..3];
        let is_told = plain_opt != [0, 0, 41];
        let told = is_told.then_some(ExtendedError::NoneHealthy);
        assert_eq!(summary.error, told, "{length}");
        seen.push(is_told);
    }
    assert!(seen.contains(&true) && seen.contains(&false), "{seen:?}");
}
