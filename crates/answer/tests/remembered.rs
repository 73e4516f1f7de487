//! Answers that are kept: the same octets as if they were made anew, and never an old one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation
)]

use std::net::IpAddr;
use std::ops::Deref;

use understudy_answer::{
    Chance, Memory, Outcome, Request, Server, Summary, Transport, Zones, respond,
    respond_remembering,
};
use understudy_wire::{Folded, Name, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

const PARENT: &str = "$TTL 300
@ SOA ns hostmaster 1 2 3 4 5
@ NS ns
@ MX 10 mail
@ MX 20 steered
ns A 192.0.2.1
mail A 192.0.2.2
mail AAAA 2001:db8::2
alias CNAME mail
far CNAME www.child
out CNAME www.example.net.
circle CNAME circle
*.w A 192.0.2.3
*.m MX 10 mail
old DNAME new
x.new A 192.0.2.4
sub NS ns.sub
sub NS ns
ns.sub A 192.0.2.5
services SRV 1 2 3 mail
steered A 192.0.2.6
big MX 1 a.very.long.name.that.takes.room.in.any.message.of.any.server.there.is
big MX 2 b.very.long.name.that.takes.room.in.any.message.of.any.server.there.is
big MX 3 c.very.long.name.that.takes.room.in.any.message.of.any.server.there.is
a.very.long.name.that.takes.room.in.any.message.of.any.server.there.is AAAA 2001:db8::1
b.very.long.name.that.takes.room.in.any.message.of.any.server.there.is AAAA 2001:db8::2
c.very.long.name.that.takes.room.in.any.message.of.any.server.there.is AAAA 2001:db8::3
wide MX 1 mail
wide MX 2 hosts
$GENERATE 1-30 hosts A 192.0.2.$
";
const OWNERS: [&str; 22] = [
    "@",
    "ns",
    "mail",
    "alias",
    "ALIAS",
    "far",
    "out",
    "circle",
    "a.w",
    "b.w",
    "a.m",
    "w",
    "x.old",
    "X.old",
    "none",
    "b.none",
    "sub",
    "a.sub",
    "services",
    "big",
    "wide",
    "www.child",
];
const TYPES: [Rtype; 9] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::MX,
    Rtype::NS,
    Rtype::SRV,
    Rtype::TXT,
    Rtype::CNAME,
    Rtype::DS,
    Rtype::ANY,
];
const CHILD: &str =
    "$TTL 300\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 192.0.2.7\nwww A 192.0.2.8\n";

/// Some zones, of which the one with the longest origin is the nearest.
struct Served {
    zones: Vec<Zone>,
    stamp: u64,
    /// None: whole responses are not kept.
    version: Option<u64>,
}

impl Zones for Served {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let name = Name::from_octets(name.suffix(labels)?).unwrap();
        let above = self
            .zones
            .iter()
            .filter(|zone| name.is_at_or_below(zone.origin()));
        above.max_by_key(|zone| zone.origin_labels())
    }

    fn stamp(&self) -> Option<u64> {
        Some(self.stamp)
    }

    fn version(&self) -> Option<u64> {
        self.version
    }
}

fn name(text: &str) -> NameBuf {
    let text = if text == "@" {
        String::new()
    } else {
        format!("{text}.")
    };
    format!("{text}example.com.").parse().unwrap()
}

fn parse(text: &str, origin: &str) -> Zone {
    Zone::parse(text.as_bytes(), "remembered", name(origin).as_name())
        .unwrap()
        .zone
}

fn parent(more: &str) -> Zone {
    parse(&format!("{PARENT}{more}"), "@")
}

fn steered(zone: &Zone, last: u8) -> Zone {
    let set = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Answer,
        ttl: 30,
        due_ns: Some(20_000_000_000),
        selector: Selector::One,
        variants: vec![(1, vec![vec![192, 0, 2, last]])],
    };
    zone.with_steered(&[SteeredChange::Set(name("steered"), set)])
        .unwrap()
}

/// A query; with EDNS if a size is given.
fn query(owner: &str, rtype: Rtype, size: Option<u16>) -> Vec<u8> {
    let mut message = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(size.is_some())];
    message.extend(name(owner).as_name().octets());
    message.extend([rtype.number().to_be_bytes(), [0, 1]].concat());
    if let Some(size) = size {
        message.extend([0, 0, 41]);
        message.extend(size.to_be_bytes());
        message.extend([0; 6]);
    }
    message
}

/// An OPT record with a cookie of the client's own.
fn with_cookie(mut message: Vec<u8>) -> Vec<u8> {
    message.truncate(message.len() - 2);
    message.extend([0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    message
}

fn request(message: &[u8], transport: Transport) -> Request<'_> {
    Request {
        message,
        client: IpAddr::from([192, 0, 2, 53]),
        transport,
        now_ns: 5_000_000_000,
        wall_s: 1_700_000_000,
    }
}

fn answered(outcome: Outcome, reply: &[u8]) -> (Summary, Vec<u8>) {
    let Outcome::Answered(summary) = outcome else {
        panic!("{outcome:?}");
    };
    (summary, reply[..summary.length].to_vec())
}

/// Asks with this memory, and checks that the answer is what it is without any.
fn check(zones: &Served, memory: &mut Memory, server: &Server, request: &Request<'_>) {
    let (mut kept, mut fresh) = ([0; 4096], [0; 4096]);
    let outcome = respond_remembering(
        (zones, memory),
        server,
        request,
        &mut Chance::new(1),
        &mut kept,
    );
    let expected = respond(zones, server, request, &mut Chance::new(1), &mut fresh);
    assert_eq!(
        answered(outcome, &kept),
        answered(expected, &fresh),
        "{request:?}"
    );
}

fn everything() -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for owner in OWNERS {
        for rtype in TYPES {
            messages.push(query(owner, rtype, None));
            for size in [512, 1232] {
                messages.push(query(owner, rtype, Some(size)));
                messages.push(with_cookie(query(owner, rtype, Some(size))));
            }
            for flags in [[0, 0], [0, 0x10], [1, 0x20]] {
                let mut message = query(owner, rtype, Some(1232));
                message[2..4].copy_from_slice(&flags);
                messages.push(message);
            }
        }
    }
    messages
}

fn served(zones: Vec<Zone>, stamp: u64) -> Served {
    Served {
        zones,
        stamp,
        version: None,
    }
}

/// The same, of which whole responses are kept.
fn versioned(zones: Vec<Zone>, version: u64) -> Served {
    Served {
        version: Some(version),
        ..served(zones, version)
    }
}

/// A name server with a long name, so that a response with NSID has less room for records.
fn server() -> Server {
    Server::new(1232, "", "ns1.example.com").unwrap()
}

#[test]
fn what_is_kept_is_what_would_be_made() {
    let (parent, child) = (parent(""), parse(CHILD, "child"));
    let other_child = parse(&CHILD.replace("192.0.2.8", "192.0.2.9"), "child");
    // Each after the other with one memory: nothing of an earlier version may be left.
    let mut versions = [
        served(vec![parent.clone()], 1),
        served(vec![steered(&parent, 9)], 1),
        served(vec![steered(&parent, 10)], 1),
        served(vec![self::parent("none MX 1 ns\n")], 1),
        served(vec![parent.clone()], 1),
        // The same version of the parent: but far.example.com leads into the child now.
        served(vec![parent.clone(), child.clone()], 2),
        served(vec![parent.clone(), other_child], 2),
        served(vec![parent], 3),
    ];
    for keeps_whole in [false, true] {
        let (server, mut memory) = (server(), Memory::default());
        for (zones, version) in versions.iter_mut().zip(1..) {
            zones.version = keeps_whole.then_some(version);
            for _ in 0..4 {
                for message in everything() {
                    for transport in [Transport::Udp, Transport::Tcp] {
                        check(zones, &mut memory, &server, &request(&message, transport));
                    }
                }
            }
        }
    }
}

#[test]
fn one_question_is_never_taken_for_another() {
    for version in [None, Some(1)] {
        let zones = Served {
            version,
            ..served(vec![parent("")], 1)
        };
        let (server, mut memory) = (server(), Memory::default());
        for _ in 0..3 {
            for number in 10_000..20_000 {
                let message = query(&format!("x{number}.old"), Rtype::A, None);
                let asked = request(&message, Transport::Udp);
                check(&zones, &mut memory, &server, &asked);
            }
        }
    }
}

#[test]
fn a_rotated_answer_is_never_kept_in_one_order() {
    let zones = served(vec![parse(PARENT, "@")], 1);
    let (server, mut memory) = (server().with_rotation(true), Memory::default());
    let message = query("big", Rtype::MX, Some(1232));
    let (mut chance, mut seen) = (Chance::new(1), std::collections::BTreeSet::new());
    for _ in 0..50 {
        let mut reply = [0; 1232];
        let asked = request(&message, Transport::Udp);
        let outcome = respond_remembering(
            (&zones, &mut memory),
            &server,
            &asked,
            &mut chance,
            &mut reply,
        );
        seen.insert(answered(outcome, &reply).1);
    }
    assert_eq!(seen.len(), 3, "three orders");
}

/// The proof that something is kept at all: an answer from a zone that says nothing of a change.
#[test]
fn what_is_asked_for_the_third_time_comes_from_memory() {
    let (old, new) = (
        parse(PARENT, "@"),
        parse(&PARENT.replace("192.0.2.2", "192.0.2.99"), "@"),
    );
    let (server, mut memory) = (server(), Memory::default());
    let message = query("alias", Rtype::A, Some(1232));
    let asked = request(&message, Transport::Udp);
    let mut answers = Vec::new();
    for zones in [&old, &old, &old, &new] {
        let (mut reply, mut chance) = ([0; 1232], Chance::new(1));
        let zones = served(vec![zones.clone()], 1);
        let outcome = respond_remembering(
            (&zones, &mut memory),
            &server,
            &asked,
            &mut chance,
            &mut reply,
        );
        answers.push((
            answered(outcome, &reply).1,
            format!("{memory:?}").matches("Kept").count(),
        ));
    }
    let counts: Vec<usize> = answers.iter().map(|(_, count)| *count).collect();
    assert_eq!(
        counts,
        [0, 1, 1, 1],
        "the second answer is kept, and none at the first"
    );
    assert_eq!(answers[1].0, answers[2].0);
    assert_ne!(
        answers[2].0, answers[3].0,
        "another version has another answer"
    );
}

/// A zone in which the steered name has what this set says.
fn with_set(kind: Kind, selector: Selector, variants: &[(u32, &[u8])]) -> Zone {
    let address = |last: &u8| vec![192, 0, 2, *last];
    let set = SteeredSet {
        rtype: Rtype::A,
        kind,
        ttl: 30,
        due_ns: None,
        selector,
        variants: variants
            .iter()
            .map(|(weight, last)| (*weight, last.iter().map(address).collect()))
            .collect(),
    };
    let change = SteeredChange::Set(name("steered"), set);
    parent("").with_steered(&[change]).unwrap()
}

/// Is the response to a message that came three times given again, where the zone is another and its
/// version says that it is not?
fn is_kept_whole(old: &Zone, message: &[u8], transport: Transport) -> bool {
    let other = parse("$TTL 300\n@ SOA other other 1 2 3 4 5\n@ NS ns\n", "@");
    let (server, mut memory) = (server(), Memory::default());
    let mut ask = |zone: &Zone| {
        let (mut reply, mut chance) = ([0; 1232], Chance::new(1));
        let zones = versioned(vec![zone.clone()], 1);
        let asked = request(message, transport);
        let from = (&zones, &mut memory);
        let outcome = respond_remembering(from, &server, &asked, &mut chance, &mut reply);
        answered(outcome, &reply)
    };
    let before = [old, old, old].map(&mut ask);
    assert_eq!(before[0], before[2]);
    before[2] == ask(&other)
}

#[test]
fn whole_responses_are_kept_where_they_are_always_the_same() {
    let [kept, made] = [true, false];
    let (one, chance, rotate) = (Selector::One, Selector::Chance, Selector::Rotate);
    let answers = |selector, variants| with_set(Kind::Answer, selector, variants);
    let cases = [
        (kept, "one answer", answers(one, &[(1, &[1])])),
        (kept, "three orders", answers(rotate, &[(1, &[1, 2, 3])])),
        (kept, "weights", answers(chance, &[(3, &[1]), (1, &[2, 3])])),
        (kept, "no data", with_set(Kind::Nodata, one, &[])),
        (made, "a fault, and why", with_set(Kind::Servfail, one, &[])),
        (
            made,
            "many numbers",
            answers(chance, &[(99, &[1]), (1, &[2])]),
        ),
        (
            made,
            "many orders",
            answers(rotate, &[(1, &[1, 2, 3, 4, 5])]),
        ),
        (made, "a change to come", steered(&parent(""), 1)),
    ];
    for (is_kept, what, zone) in cases {
        for size in [None, Some(1232)] {
            let message = query("steered", Rtype::A, size);
            let found = is_kept_whole(&zone, &message, Transport::Udp);
            assert_eq!(found, is_kept, "{what}");
        }
    }
}

#[test]
fn whole_responses_are_kept_to_plain_messages_alone() {
    let (zone, edns) = (parent(""), Some(1232));
    let ask = |owner: &str, rtype| query(owner, rtype, edns);
    // Behind its id a message has 39 octets more than this owner.
    let so_long = |octets: usize| {
        let owner = ["a".repeat(40), "b".repeat(63)].join(".");
        ask(&owner[..octets], Rtype::A)
    };
    let cases = [
        (true, "an answer", ask("ns", Rtype::A)),
        (true, "no such name", ask("none", Rtype::A)),
        (true, "another zone's", ask("sub", Rtype::A)),
        (true, "an alias", ask("alias", Rtype::A)),
        (true, "a line", so_long(25)),
        (true, "more than a line", so_long(26)),
        (true, "two lines", so_long(89)),
        (false, "more than two lines", so_long(90)),
        (false, "a long answer", ask("hosts", Rtype::A)),
        (false, "what is cut", query("hosts", Rtype::A, None)),
        (false, "a cookie", with_cookie(ask("ns", Rtype::A))),
        (false, "of all types", ask("ns", Rtype::ANY)),
    ];
    for (is_kept, what, message) in cases {
        let found = is_kept_whole(&zone, &message, Transport::Udp);
        assert_eq!(found, is_kept, "{what}");
    }
    let message = ask("ns", Rtype::A);
    assert!(!is_kept_whole(&zone, &message, Transport::Tcp), "over TCP");
}

/// What is kept is chosen among by the same numbers as what is made: as often, and by chance alone.
#[test]
fn chance_chooses_among_kept_responses_as_among_others() {
    let answers = |selector, variants| with_set(Kind::Answer, selector, variants);
    let sets = [
        answers(Selector::Chance, &[(3, &[1]), (1, &[2, 3]), (2, &[1])]),
        answers(Selector::Rotate, &[(1, &[1, 2, 3])]),
        answers(Selector::Rotate, &[(1, &[1])]),
    ];
    for zone in sets {
        let (zones, message) = (versioned(vec![zone], 1), query("steered", Rtype::A, None));
        let (server, mut memory) = (server(), Memory::default());
        for seed in 0..500 {
            let (mut kept, mut fresh) = ([0; 1232], [0; 1232]);
            let asked = request(&message, Transport::Udp);
            let (from, chance) = ((&zones, &mut memory), &mut Chance::new(seed));
            let outcome = respond_remembering(from, &server, &asked, chance, &mut kept);
            let expected = respond(&zones, &server, &asked, &mut Chance::new(seed), &mut fresh);
            assert_eq!(answered(outcome, &kept), answered(expected, &fresh));
        }
    }
}

/// A response that was kept is not given where there is less room for one.
#[test]
fn a_kept_response_is_for_as_much_room_as_there_was() {
    let zones = versioned(vec![parent("")], 1);
    let (server, mut memory) = (server(), Memory::default());
    // With less room than for all of them the additional records are left out.
    for (owner, rtype) in [("mail", Rtype::A), ("@", Rtype::MX)] {
        let message = query(owner, rtype, None);
        for room in [100, 100, 100, 1232, 1232, 1232, 60, 60, 60, 1232] {
            let asked = request(&message, Transport::Udp);
            let (mut kept, mut fresh) = (vec![0; room], vec![0; room]);
            let (from, chance) = ((&zones, &mut memory), &mut Chance::new(1));
            let outcome = respond_remembering(from, &server, &asked, chance, &mut kept);
            let expected = respond(&zones, &server, &asked, &mut Chance::new(1), &mut fresh);
            assert_eq!(answered(outcome, &kept), answered(expected, &fresh));
        }
    }
}
