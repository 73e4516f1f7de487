//! What publishing one changed steered RRset costs in a large zone: `publish [NAMES] [CHANGES]`.
//!
//! Prints one line of JSON. The time is processor time of the whole process, so what is left for
//! later (old versions) counts as well; sockets and Python do not take part.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a measurement stops at the first fault"
)]

use std::fmt::Write as _;
use std::fs;

use understudy_engine::Zones;
use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

/// Names that are steered, spread over the zone.
const STEERED: usize = 10_000;

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<usize>().unwrap());
    let names = arguments
        .next()
        .unwrap_or(1_000_000)
        .clamp(STEERED, 1_000_000);
    let changes = arguments.next().unwrap_or(100_000).clamp(1, 1_000_000);
    let zones = Zones::default();
    let zone = zone(names);
    let owner = |number: usize| number * (names / STEERED);
    let all: Vec<_> = (0..STEERED)
        .map(|number| change(owner(number), 1))
        .collect();
    zones.publish_zone(&zone, &all, None).unwrap();
    let prepared: Vec<_> = (0..changes)
        .map(|number| {
            let version = u8::try_from(number / STEERED % 250).unwrap() + 2;
            [change(owner(number * 7919 % STEERED), version)]
        })
        .collect();
    let before = processor_ns();
    for each in &prepared {
        zones.publish(zone.origin(), each).unwrap();
    }
    let each = (processor_ns() - before) as f64 / changes as f64 / 1000.0;
    println!("{{\"names\": {names}, \"publications\": {changes}, \"processor_us\": {each:.3}}}");
}

fn change(host: usize, last: u8) -> SteeredChange {
    let owner: NameBuf = format!("host{host}.example.com").parse().unwrap();
    let set = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Answer,
        ttl: 30,
        due_ns: None,
        selector: Selector::One,
        variants: vec![(1, vec![vec![192, 0, 2, last]])],
    };
    SteeredChange::Set(owner, set)
}

fn zone(names: usize) -> Zone {
    let mut text = String::from("$TTL 300\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n");
    for number in 0..names {
        writeln!(text, "host{number} A 192.0.2.1").unwrap();
    }
    let origin: NameBuf = "example.com.".parse().unwrap();
    Zone::parse(text.as_bytes(), "publish", origin.as_name())
        .unwrap()
        .zone
}

/// Processor time so far of every thread.
fn processor_ns() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks
        .map(|task| {
            let account = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            let first = account.split_whitespace().next().unwrap();
            first.parse::<u64>().unwrap()
        })
        .sum()
}
