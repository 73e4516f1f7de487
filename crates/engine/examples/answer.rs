//! Answers queries without sockets, to count instructions: `answer COUNT [NAMES] [edns|missing]`.
//!
//! Under `valgrind --tool=callgrind` the difference between two counts, divided by the difference
//! of the counts, is what one answer costs, untouched by loading and by noise.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement stops at the first fault"
)]

use std::fmt::Write as _;

use understudy_answer::{Chance, Outcome, Request, Server, Transport, respond};
use understudy_engine::Zones;
use understudy_wire::NameBuf;
use understudy_zone::Zone;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().map(|text| text.parse::<usize>().unwrap());
    let count = number().unwrap_or(100_000);
    let names = number().unwrap_or(1000).clamp(1, 1_000_000);
    let kind = arguments.next().unwrap_or_default();
    let zones = Zones::default();
    zones.publish_zone(&zone(names), &[], None).unwrap();
    let zones = zones.snapshot();
    let queries: Vec<Vec<u8>> = (0..1024)
        .map(|number| query(number * 7919 % names, &kind))
        .collect();
    let server = Server::new(1232, "", "").unwrap();
    let mut chance = Chance::new(1);
    let mut reply = [0; 1232];
    let mut octets = 0;
    for message in queries.iter().cycle().take(count) {
        let (client, now_ns, wall_s) = ([127, 0, 0, 1].into(), 0, 0);
        let request = Request {
            message,
            client,
            transport: Transport::Udp,
            now_ns,
            wall_s,
        };
        if let Outcome::Answered(summary) =
            respond(&zones, &server, &request, &mut chance, &mut reply)
        {
            octets += summary.length;
        }
    }
    println!("{count} queries answered with {octets} octets");
}

fn zone(names: usize) -> Zone {
    let mut text = String::from("$TTL 300\n@ SOA ns. root. 1 2 3 4 5\n@ NS ns.\n");
    for number in 0..names {
        writeln!(text, "host{number} A 192.0.2.1").unwrap();
    }
    let origin: NameBuf = "example.com.".parse().unwrap();
    Zone::parse(text.as_bytes(), "answer", origin.as_name())
        .unwrap()
        .zone
}

fn query(number: usize, kind: &str) -> Vec<u8> {
    let host = if kind == "missing" { "nohost" } else { "host" };
    let name: NameBuf = format!("{host}{number}.example.com.").parse().unwrap();
    let has_opt = u8::from(kind == "edns");
    let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, has_opt];
    message.extend(name.as_name().octets());
    message.extend([0, 1, 0, 1]);
    if has_opt == 1 {
        message.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
    }
    message
}
