//! Where the operator wants it, the records of a static `RRset` take turns in the first place, and always
//! those of a steered one that rotates.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::ops::Deref;

use understudy_answer::{Chance, Outcome, Request, Server, Transport, Zones, respond};
use understudy_wire::{Folded, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

struct One(Zone);

impl Zones for One {
    fn nearest(&self, _name: Folded<'_>, _labels: usize) -> Option<impl Deref<Target = Zone>> {
        Some(&self.0)
    }
}

/// A zone with four addresses at one name, perhaps steered ones.
fn zone(selector: Option<Selector>) -> Zone {
    let text = "@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n\
        a 60 A 192.0.2.1\na 60 A 192.0.2.2\na 60 A 192.0.2.3\na 60 A 192.0.2.4\n";
    let origin: NameBuf = "example.com.".parse().unwrap();
    let zone = Zone::parse(text.as_bytes(), "rotation", origin.as_name())
        .unwrap()
        .zone;
    let Some(selector) = selector else {
        return zone;
    };
    let set = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Answer,
        ttl: 60,
        due_ns: None,
        selector,
        variants: vec![(1, (1..=4).map(|last| vec![192, 0, 2, last]).collect())],
    };
    let owner = "a.example.com.".parse().unwrap();
    zone.with_steered(&[SteeredChange::Set(owner, set)])
        .unwrap()
}

/// The last octets of the addresses in each of many answers, and how often each order came.
fn orders(server: &Server, zone: Zone) -> BTreeMap<Vec<u8>, u32> {
    let zones = One(zone);
    let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let name: NameBuf = "a.example.com.".parse().unwrap();
    message.extend(name.as_name().octets());
    message.extend([0, 1, 0, 1]);
    let request = Request {
        message: &message,
        client: [192, 0, 2, 53].into(),
        transport: Transport::Udp,
        now_ns: 0,
        wall_s: 0,
    };
    let (mut chance, mut reply, mut orders) = (Chance::new(1), [0; 512], BTreeMap::new());
    for _ in 0..4000 {
        let Outcome::Answered(summary) = respond(&zones, server, &request, &mut chance, &mut reply)
        else {
            unreachable!("a good query is answered")
        };
        // Behind a pointer to the question, 12 octets, the address.
        let records = &reply[message.len()..summary.length];
        let order = records.chunks(16).map(|record| record[15]).collect();
        *orders.entry(order).or_insert(0) += 1;
    }
    orders
}

fn server(rotates: bool) -> Server {
    Server::new(1232, "", "").unwrap().with_rotation(rotates)
}

#[test]
fn records_stay_in_their_order_where_nothing_is_said() {
    for (rotates, selector) in [(false, None), (true, Some(Selector::One))] {
        let orders = orders(&server(rotates), zone(selector));
        assert_eq!(orders, BTreeMap::from([(vec![1, 2, 3, 4], 4000)]));
    }
}

#[test]
fn rotated_records_come_first_about_equally_often() {
    for (rotates, selector) in [(true, None), (false, Some(Selector::Rotate))] {
        let orders = orders(&server(rotates), zone(selector));
        let known: Vec<&[u8]> = orders.keys().map(Vec::as_slice).collect();
        let expected: [&[u8]; 4] = [&[1, 2, 3, 4], &[2, 3, 4, 1], &[3, 4, 1, 2], &[4, 1, 2, 3]];
        assert_eq!(known, expected);
        assert!(
            orders.values().all(|count| (850..1150).contains(count)),
            "{orders:?}"
        );
    }
}
