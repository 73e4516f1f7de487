//! Whatever arrives gets a well-formed response or silence, never a panic, never too long.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a test stops at the first surprise"
)]

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use domain::base::Message;
use domain::rdata::AllRecordData;
use understudy_answer::{
    Chance, CookieJar, CookieUse, Outcome, Request, Server, Summary, Transport, Zones, respond,
};
use understudy_wire::{CookieSecret, CookieSecrets, Folded, Name, NameBuf, Rtype};
use understudy_zone::{Kind, Selector, SteeredChange, SteeredSet, Zone};

/// Messages per kind of damage.
const MESSAGES: usize = 20_000;

const ZONE: &str = "
$TTL 300
@ SOA ns1 hostmaster 1 2 3 4 5
@ NS ns1
@ NS ns1.sub
ns1 A 192.0.2.1
www A 192.0.2.2
www AAAA 2001:db8::1
*.w MX 10 www
*.w MX 20 ns1.sub
alias CNAME b.alias
b.alias CNAME any.w
old DNAME new
big TXT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
big TXT baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
big TXT caaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
big TXT daaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
big TXT eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
sub NS ns1.sub
ns1.sub A 192.0.2.3
";

const NAMES: [&str; 12] = [
    ".",
    "example.com.",
    "www.example.com.",
    "wWw.ExAmPlE.com.",
    "x.y.w.example.com.",
    "alias.example.com.",
    "a.old.example.com.",
    "big.example.com.",
    "deep.in.sub.example.com.",
    "missing.example.com.",
    "steered.example.com.",
    "version.bind.",
];

const TYPES: [Rtype; 10] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::NS,
    Rtype::SOA,
    Rtype::MX,
    Rtype::TXT,
    Rtype::CNAME,
    Rtype::DS,
    Rtype::ANY,
    Rtype::AXFR,
];

struct One(Zone);

impl Zones for One {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let name = Name::from_octets(name.suffix(labels)?).unwrap();
        name.is_at_or_below(self.0.origin()).then_some(&self.0)
    }
}

fn zone() -> One {
    let origin: NameBuf = "example.com.".parse().unwrap();
    let zone = Zone::parse(ZONE.as_bytes(), "garbage", origin.as_name())
        .unwrap()
        .zone;
    let steered = SteeredSet {
        rtype: Rtype::A,
        kind: Kind::Answer,
        ttl: 30,
        due_ns: Some(9_000_000_000),
        selector: Selector::Rotate,
        variants: vec![(1, vec![vec![192, 0, 2, 1], vec![192, 0, 2, 2]])],
    };
    let owner = "steered.example.com.".parse().unwrap();
    One(zone
        .with_steered(&[SteeredChange::Set(owner, steered)])
        .unwrap())
}

fn pick(chance: &mut Chance, limit: usize) -> usize {
    chance.below(limit as u64) as usize
}

/// A good query, with EDNS in two of three, signed one in eight.
fn query(chance: &mut Chance) -> Vec<u8> {
    let name: NameBuf = NAMES[pick(chance, NAMES.len())].parse().unwrap();
    let rtype = TYPES[pick(chance, TYPES.len())];
    let has_opt = pick(chance, 3) > 0;
    let is_signed = pick(chance, 8) == 0;
    let mut message = vec![
        7,
        7,
        pick(chance, 2) as u8,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        u8::from(has_opt) + u8::from(is_signed),
    ];
    message.extend(name.as_name().octets());
    message.extend(rtype.number().to_be_bytes());
    message.extend([0, 1]);
    if has_opt {
        let size = pick(chance, 5000) as u16;
        message.extend([0, 0, 41]);
        message.extend(size.to_be_bytes());
        message.extend([0, 0, 0x80, 0]);
        message.extend(options(chance));
    }
    if is_signed {
        message.extend([0xc0, 12, 0, 250, 0, 255, 0, 0, 0, 0, 0, 21]);
        message.extend(b"\x01a\0\0\0\x6a\x11\x60\x40\x01\x2c\0\x02ab\0\0\0\0\0\0");
    }
    message
}

/// None, one that is not known, the known ones with whatever contents.
fn options(chance: &mut Chance) -> Vec<u8> {
    let mut options = Vec::new();
    for _ in 0..pick(chance, 4) {
        let code = [3_u16, 10, 11, 15, 0xfde9][pick(chance, 5)];
        let length = [0, 2, 7, 8, 16, 24, 40, 41][pick(chance, 8)];
        options.extend(code.to_be_bytes());
        options.extend([0, length]);
        options.extend((0..length).map(|_| pick(chance, 256) as u8));
    }
    [&(options.len() as u16).to_be_bytes()[..], &options].concat()
}

fn server() -> Server {
    let secrets = CookieSecrets {
        current: CookieSecret::new([1; 16]),
        other: Some(CookieSecret::new([2; 16])),
    };
    Server::new(1232, "understudy", "")
        .unwrap()
        .with_cookies(Arc::new(CookieJar::new(secrets)))
        .with_udp_size_without_cookie(600)
        .with_tcp_keepalive(Duration::from_secs(10))
}

fn ask(zones: &One, message: &[u8], chance: &mut Chance) {
    let server = server();
    let transport = if pick(chance, 2) == 0 {
        Transport::Udp
    } else {
        Transport::Tcp
    };
    let (client, now_ns, wall_s) = ([192, 0, 2, 53].into(), 5, 0);
    let request = Request {
        message,
        client,
        transport,
        now_ns,
        wall_s,
    };
    let mut reply = vec![0; 65_535];
    let outcome = respond(zones, &server, &request, chance, &mut reply);
    let is_silent_to = message.len() < 12 || message[2] & 0x80 != 0;
    match outcome {
        Outcome::Silent(_) => assert!(is_silent_to, "silence to {message:02x?}"),
        Outcome::Answered(summary) => {
            assert!(!is_silent_to, "an answer to {message:02x?}");
            let octets = &reply[..summary.length];
            // Nobody guesses a cookie, so nobody gets more than whoever has none.
            assert_ne!(summary.cookies, CookieUse::Valid);
            assert!(transport == Transport::Tcp || summary.length <= 600);
            check(message, octets, &summary);
        }
    }
}

/// The response as the `domain` crate reads it: every count, name and rdata whole.
fn check(query: &[u8], response: &[u8], summary: &Summary) {
    let message = Message::from_octets(response).unwrap();
    assert_eq!(response[..2], query[..2]);
    assert!(message.header().qr());
    assert_eq!(message.header().tc(), summary.is_truncated);
    let (questions, answer, authority, additional) = message.sections().unwrap();
    assert!(questions.count() <= 1);
    for section in [answer, authority, additional] {
        for record in section {
            record
                .unwrap()
                .to_any_record::<AllRecordData<_, _>>()
                .unwrap();
        }
    }
}

#[test]
fn good_queries_get_well_formed_responses() {
    let (zones, mut chance) = (zone(), Chance::new(1));
    for _ in 0..MESSAGES {
        let message = query(&mut chance);
        ask(&zones, &message, &mut chance);
    }
}

#[test]
fn damaged_queries_get_well_formed_responses() {
    let (zones, mut chance) = (zone(), Chance::new(2));
    for _ in 0..MESSAGES {
        let mut message = query(&mut chance);
        for _ in 0..=pick(&mut chance, 3) {
            let at = pick(&mut chance, message.len());
            message[at] = pick(&mut chance, 256) as u8;
        }
        ask(&zones, &message, &mut chance);
    }
}

#[test]
fn cut_and_lengthened_queries_get_well_formed_responses() {
    let (zones, mut chance) = (zone(), Chance::new(3));
    for _ in 0..MESSAGES {
        let mut message = query(&mut chance);
        let length = pick(&mut chance, message.len() + 20);
        message.resize(length, 0xc0);
        ask(&zones, &message, &mut chance);
    }
}

#[test]
fn noise_gets_well_formed_responses() {
    let (zones, mut chance) = (zone(), Chance::new(4));
    for _ in 0..MESSAGES {
        let length = pick(&mut chance, 80);
        let mut message: Vec<u8> = (0..length).map(|_| pick(&mut chance, 256) as u8).collect();
        if pick(&mut chance, 2) == 0 && message.len() >= 12 {
            message[2..12].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 1, 0, 1]);
        }
        ask(&zones, &message, &mut chance);
    }
}

#[test]
fn a_buffer_of_any_size_is_never_overrun() {
    let (zones, mut chance) = (zone(), Chance::new(5));
    let server = server();
    for room in 0..600 {
        let message = query(&mut chance);
        let (client, now_ns, wall_s) = ([192, 0, 2, 53].into(), 5, 0);
        let request = Request {
            message: &message,
            client,
            transport: Transport::Tcp,
            now_ns,
            wall_s,
        };
        let mut reply = vec![0; room];
        match respond(&zones, &server, &request, &mut chance, &mut reply) {
            Outcome::Silent(_) => assert!(room < message.len() + 11),
            Outcome::Answered(summary) => check(&message, &reply[..summary.length], &summary),
        }
    }
}
