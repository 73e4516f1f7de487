//! What a response is about, so that a rate limit knows the same response when it comes again under
//! names that somebody makes up; and what is sent in place of one that is too many.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::ops::Deref;
use std::sync::Arc;

use understudy_answer::{
    Chance, CookieJar, CookieUse, Outcome, Request, Server, Silence, Subject, Summary, Transport,
    Zones, respond, slip,
};
use understudy_wire::{CookieSecret, CookieSecrets, Folded, NameBuf};
use understudy_zone::Zone;

const ZONE: &str = "@ 60 SOA ns. root. 1 2 3 4 5
@ 60 NS ns.
www 60 A 192.0.2.1
alias 60 CNAME gone
*.wild 60 A 192.0.2.1
sub 60 NS ns.
tree 60 DNAME wild
b.ent 60 A 192.0.2.1
";

struct One(Zone);

impl Zones for One {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let is_ours = labels >= 2 && name.octets().ends_with(b"\x07example\x03com\0");
        is_ours.then_some(&self.0)
    }
}

fn zones() -> One {
    let origin: NameBuf = "example.com.".parse().unwrap();
    One(Zone::parse(ZONE.as_bytes(), "subjects", origin.as_name())
        .unwrap()
        .zone)
}

fn query(name: &str, rtype: u8, edns: &[u8]) -> Vec<u8> {
    let count = u8::from(!edns.is_empty());
    let mut message = vec![7, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, count];
    let name: NameBuf = name.parse().unwrap();
    message.extend(name.as_name().octets());
    message.extend([0, rtype, 0, 1]);
    message.extend(edns);
    message
}

fn request(message: &[u8]) -> Request<'_> {
    Request {
        message,
        client: [192, 0, 2, 53].into(),
        transport: Transport::Udp,
        now_ns: 0,
        wall_s: 0,
    }
}

fn summary(name: &str, rtype: u8) -> Summary {
    let (message, mut reply) = (query(name, rtype, &[]), [0; 512]);
    let server = Server::new(1232, "", "").unwrap();
    let chance = &mut Chance::new(1);
    match respond(&zones(), &server, &request(&message), chance, &mut reply) {
        Outcome::Answered(summary) => summary,
        Outcome::Silent(_) => unreachable!("a good query is answered"),
    }
}

#[test]
fn names_that_are_made_up_are_about_what_they_are_below() {
    let cases = [
        ("www.example.com.", 1, 255, true),
        ("www.example.com.", 28, 255, false), // no such type
        ("ent.example.com.", 1, 255, false),
        ("no.example.com.", 1, 2, false),
        ("a.b.c.no.example.com.", 28, 2, false),
        ("a.wild.example.com.", 1, 3, true),
        ("a.b.wild.example.com.", 1, 3, true),
        ("a.b.wild.example.com.", 28, 3, false),
        ("sub.example.com.", 1, 3, false),
        ("a.b.sub.example.com.", 28, 3, false),
        ("a.tree.example.com.", 1, 3, true),
        ("alias.example.com.", 1, 255, true), // where it leads does not matter
    ];
    for (name, rtype, labels, has_type) in cases {
        let expected = Subject { labels, has_type };
        assert_eq!(summary(name, rtype).subject, expected, "{name} {rtype}");
    }
}

fn slipped(message: &[u8], rcode: u16, reply: &mut [u8]) -> Outcome {
    let secrets = CookieSecrets {
        current: CookieSecret::new([1; 16]),
        other: None,
    };
    let server = Server::new(1232, "", "").unwrap();
    let server = server.with_cookies(Arc::new(CookieJar::new(secrets)));
    let kept = Summary {
        rcode,
        ..Summary::default()
    };
    let chance = &mut Chance::new(1);
    slip(&server, (&request(message), &kept), chance, reply)
}

#[test]
fn a_slipped_response_has_the_code_the_question_tc_and_the_cookie_and_nothing_else() {
    let cookie = [
        0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
    ];
    let message = query("www.example.com.", 1, &cookie);
    for rcode in [0, 2, 3, 5] {
        let mut reply = [0; 512];
        let Outcome::Answered(summary) = slipped(&message, rcode, &mut reply) else {
            unreachable!("there is room for it")
        };
        let question = message.len() - cookie.len();
        assert_eq!(summary.length, question + 11 + 4 + 24);
        let low = u8::try_from(rcode).unwrap();
        assert_eq!(reply[..12], [7, 7, 0x82, low, 0, 1, 0, 0, 0, 0, 0, 1]);
        assert_eq!(reply[12..question], message[12..question]);
        assert!(summary.is_slipped && summary.is_truncated);
        assert_eq!((summary.cookies, summary.rcode), (CookieUse::New, rcode));
    }
}

#[test]
fn nothing_is_slipped_to_a_malformed_cookie() {
    let cookie = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 5, 0, 10, 0, 1, 1];
    let message = query("www.example.com.", 1, &cookie);
    let outcome = slipped(&message, 1, &mut [0; 512]);
    assert_eq!(outcome, Outcome::Silent(Silence::Limited));
}

#[test]
fn nothing_is_slipped_to_what_was_no_query() {
    let mut reply = [0; 512];
    for message in [&[7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[1, 2, 3]] {
        assert_eq!(
            slipped(message, 0, &mut reply),
            Outcome::Silent(Silence::Limited)
        );
    }
}
