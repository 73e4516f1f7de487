//! Readers see whole versions, in order, while writers flip steered sets and replace zones: the
//! same law as `tests/unit/engine/test_flips.py`, without sockets and so much faster.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use understudy_answer::{Outcome, Request, Server, Transport};
use understudy_engine::{Engine, Settings};
use understudy_wire::{LowerName, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

const FLIPS: u32 = 20_000;
const READERS: usize = 3;

fn engine() -> Engine {
    Engine::new(&[], Settings::default(), Server::new(1232, "", "").unwrap()).unwrap()
}

fn steered(number: u32) -> Vec<SteeredChange> {
    let set = |rtype, rdata: Vec<u8>| {
        let set = SteeredSet {
            rtype,
            kind: Kind::Answer,
            ttl: 5,
            due_ns: None,
            selector: Selector::One,
            variants: vec![(1, vec![rdata])],
        };
        SteeredChange::Set("www.example.com.".parse().unwrap(), set)
    };
    let four = number.to_be_bytes().to_vec();
    let six = [&[0; 12][..], &four].concat();
    vec![set(Rtype::A, four), set(Rtype::AAAA, six)]
}

/// ANY over TCP: both steered sets of one version. Their last four octets are its number.
fn ask(engine: &Engine) -> (u32, u32) {
    let mut message = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let name: NameBuf = "www.example.com.".parse().unwrap();
    message.extend(name.as_name().octets());
    message.extend([0, 255, 0, 1]);
    let request = Request {
        message: &message,
        client: [127, 0, 0, 1].into(),
        transport: Transport::Tcp,
        now_ns: 0,
        wall_s: 0,
    };
    let mut reply = vec![0; 4096];
    let Outcome::Answered(summary) = engine.answer(&request, &mut reply) else {
        return (0, u32::MAX);
    };
    // Two records behind pointers to the question: 12 octets each before the rdata of 4 and 16.
    assert_eq!(
        summary.length,
        message.len() + 12 + 4 + 12 + 16,
        "both sets, and nothing else"
    );
    let number_at = |end: usize| u32::from_be_bytes(reply[end - 4..end].try_into().unwrap());
    (number_at(summary.length - 28), number_at(summary.length))
}

#[test]
fn readers_see_whole_versions_in_order() {
    let engine = engine();
    let origin: NameBuf = "example.com.".parse().unwrap();
    let text = b"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n";
    let zone = Zone::parse(text, "flips", origin.as_name()).unwrap().zone;
    engine
        .zones()
        .publish_zone(&zone, &steered(1), None)
        .unwrap();
    let (done, begun) = (AtomicU32::new(1), AtomicU32::new(1));
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                let mut last = 0;
                while !is_over.load(SeqCst) {
                    let oldest = done.load(SeqCst);
                    let (four, six) = ask(&engine);
                    let newest = begun.load(SeqCst);
                    assert_eq!(four, six, "a mixture of two versions");
                    assert!(
                        (oldest..=newest).contains(&four),
                        "{four}: {oldest}..={newest}"
                    );
                    assert!(four >= last, "back from {last} to {four}");
                    last = four;
                }
            });
        }
        for number in 2..=FLIPS {
            begun.store(number, SeqCst);
            if number % 100 == 0 {
                engine
                    .zones()
                    .publish_zone(&zone, &steered(number), None)
                    .unwrap();
            } else {
                engine
                    .zones()
                    .publish(origin.as_name(), &steered(number))
                    .unwrap();
            }
            done.store(number, SeqCst);
        }
        is_over.store(true, SeqCst);
    });
    assert_eq!(engine.zones().list()[0].publications, u64::from(FLIPS));
}

#[test]
fn zones_come_and_go_above_and_below_each_other() {
    let engine = engine();
    let zone = |origin: &str| {
        let origin: NameBuf = origin.parse().unwrap();
        let text = b"@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\n";
        Zone::parse(text, "zones", origin.as_name()).unwrap().zone
    };
    let nearest = |name: &str| {
        let name: NameBuf = name.parse().unwrap();
        let name = LowerName::new(name.as_name());
        understudy_answer::Zones::nearest(engine.zones(), name.folded(), name.label_count())
            .map(|zone| zone.origin().to_string())
    };
    assert_eq!(nearest("www.example.com."), None);
    for origin in ["com.", "Sub.Example.com.", "example.com.", "."] {
        engine
            .zones()
            .publish_zone(&zone(origin), &[], None)
            .unwrap();
    }
    for (name, origin) in [
        ("www.SUB.example.com.", "sub.example.com."),
        ("sub.example.com.", "sub.example.com."),
        ("xsub.example.com.", "example.com."),
        ("example.com.", "example.com."),
        ("notexample.com.", "com."),
        ("org.", "."),
        (".", "."),
    ] {
        assert_eq!(nearest(name).as_deref(), Some(origin), "{name}");
    }
    let origins: Vec<String> = engine
        .zones()
        .list()
        .iter()
        .map(|it| it.zone.origin().to_string())
        .collect();
    assert_eq!(origins, [".", "com.", "example.com.", "sub.example.com."]);
    let middle: NameBuf = "EXAMPLE.com.".parse().unwrap();
    engine.zones().withdraw(middle.as_name()).unwrap();
    assert!(engine.zones().withdraw(middle.as_name()).is_err());
    assert_eq!(nearest("www.example.com.").as_deref(), Some("com."));
}
