//! Signed queries and their answers: RFC 8945 sections 5.2 and 5.3, in every kind of response.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::ops::Deref;
use std::sync::Arc;

use understudy_answer::{
    Chance, Outcome, Request, Server, SignatureUse, Summary, Transport, TsigKeys, Zones, respond,
};
use understudy_wire::{
    Folded, Header, NameBuf, Rcode, TsigAlgorithm, TsigFault, TsigKey, Verifier, sign_request,
};
use understudy_zone::Zone;

const NOW: u32 = 1_795_348_800;
const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\0\0\0\0";

struct One(Zone);

impl Zones for One {
    fn nearest(&self, _name: Folded<'_>, _labels: usize) -> Option<impl Deref<Target = Zone>> {
        Some(&self.0)
    }
}

/// A zone with so many addresses at one name.
fn zone(addresses: u8) -> One {
    let records = (1..=addresses).map(|last| format!("many 60 A 192.0.2.{last}\n"));
    let text = [
        "@ 60 SOA ns. root. 1 2 3 4 5\n@ 60 NS ns.\nwww 60 A 192.0.2.1\n".to_owned(),
        records.collect::<Vec<_>>().concat(),
    ];
    let origin: NameBuf = "example.com.".parse().unwrap();
    let loaded = Zone::parse(text.concat().as_bytes(), "test", origin.as_name());
    One(loaded.unwrap().zone)
}

fn key(name: &str) -> TsigKey {
    let name: NameBuf = name.parse().unwrap();
    TsigKey::new(name.as_name(), TsigAlgorithm::HmacSha512, b"a secret").unwrap()
}

fn query(name: &str, qtype: u8, extra: &[u8]) -> Vec<u8> {
    let name: NameBuf = name.parse().unwrap();
    let additional = u8::from(!extra.is_empty());
    let head = [0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, additional];
    [&head, name.as_name().octets(), &[0, qtype, 0, 1], extra].concat()
}

/// The answer of a server that knows this key and another.
fn answer_with(
    known: TsigKey,
    zone: &One,
    message: &[u8],
    transport: Transport,
    wall_s: u32,
) -> (Vec<u8>, Summary) {
    let keys = Arc::<TsigKeys>::default();
    keys.replace([known, key("other.")]);
    let server = Server::new(1232, "", "").unwrap().with_keys(keys);
    let request = Request {
        message,
        client: [192, 0, 2, 53].into(),
        transport,
        now_ns: 0,
        wall_s,
    };
    let mut reply = vec![0; 65_535];
    let outcome = respond(zone, &server, &request, &mut Chance::new(1), &mut reply);
    let Outcome::Answered(summary) = outcome else {
        panic!("{outcome:?}");
    };
    reply.truncate(summary.length);
    (reply, summary)
}

fn answer(message: &[u8], transport: Transport, wall_s: u32) -> (Vec<u8>, Summary) {
    answer_with(key("k."), &zone(60), message, transport, wall_s)
}

fn signed(message: &[u8], by: &str) -> (Vec<u8>, Verifier) {
    sign_request(&Arc::new(key(by)), message, u64::from(NOW)).unwrap()
}

/// The answer to the query, signed with the key `k.`, and proven.
fn proven(message: &[u8], transport: Transport) -> (Vec<u8>, Summary) {
    let (message, mut verifier) = signed(message, "k.");
    let (reply, summary) = answer(&message, transport, NOW);
    assert_eq!(verifier.take(&reply, u64::from(NOW)), Ok(()));
    assert_eq!(verifier.finish(), Ok(()));
    assert_eq!(summary.signature, SignatureUse::Valid);
    (reply, summary)
}

#[test]
fn every_kind_of_answer_is_signed() {
    for (qtype, extra, rcode) in [
        (1, &[][..], Rcode::NOERROR),
        (1, OPT, Rcode::NOERROR),
        (15, OPT, Rcode::NOERROR),
        (252, &[], Rcode::REFUSED),
        (249, OPT, Rcode::NOTIMP),
        (1, b"\0\0\x29\x04\xd0\0\x01\0\0\0\0", Rcode::BADVERS),
    ] {
        for transport in [Transport::Udp, Transport::Tcp] {
            let (reply, summary) = proven(&query("www.example.com.", qtype, extra), transport);
            assert_eq!(summary.rcode, rcode.number());
            let additional = reply[11];
            assert_eq!(usize::from(additional), 1 + usize::from(!extra.is_empty()));
        }
    }
    let mut notify = query("example.com.", 6, &[]);
    notify[2] = 4 << 3;
    assert_eq!(
        proven(&notify, Transport::Udp).1.rcode,
        Rcode::REFUSED.number()
    );
    let unsigned = answer(&query("www.example.com.", 1, &[]), Transport::Udp, NOW);
    assert_eq!(unsigned.1.signature, SignatureUse::None);
}

/// RFC 8945 section 5.3: what the signature takes is not there for records.
#[test]
fn a_signed_answer_stays_within_its_limit() {
    let message = query("many.example.com.", 1, &[]);
    let (reply, summary) = proven(&message, Transport::Udp);
    assert!(summary.is_truncated && reply.len() <= 512);
    assert!(reply[2] & 0x02 != 0, "TC");
    let (reply, summary) = proven(&message, Transport::Tcp);
    assert!(!summary.is_truncated && reply.len() > 60 * 16);
    // Where the signature is what makes it too much, too.
    for addresses in 20..=29 {
        let (message, mut verifier) = signed(&message, "k.");
        let zone = zone(addresses);
        let (reply, _) = answer_with(key("k."), &zone, &message, Transport::Udp, NOW);
        assert!(reply.len() <= 512, "{addresses}");
        assert_eq!(verifier.take(&reply, NOW.into()), Ok(()));
    }
}

/// A name of 255 octets and a key of as many: TC, so that the client asks over TCP.
#[test]
fn where_no_signature_fits_the_client_is_sent_to_tcp() {
    let long = format!("{0}.{0}.{0}.{1}.", "a".repeat(63), "b".repeat(61));
    let name: NameBuf = long.parse().unwrap();
    let key = TsigKey::new(name.as_name(), TsigAlgorithm::HmacSha512, b"a secret").unwrap();
    let question = format!(
        "{0}.{0}.{0}.{1}.example.com.",
        "a".repeat(60),
        "b".repeat(55)
    );
    let message = query(&question, 1, &[]);
    let (message, mut verifier) =
        sign_request(&Arc::new(key.clone()), &message, NOW.into()).unwrap();
    for (transport, is_truncated) in [(Transport::Udp, true), (Transport::Tcp, false)] {
        let known = key.clone();
        let (reply, summary) = answer_with(known, &zone(1), &message, transport, NOW);
        assert_eq!(summary.is_truncated, is_truncated);
        let header = Header::parse(&reply).unwrap();
        assert_eq!(header.has(Header::TC), is_truncated);
        let taken = verifier.take(&reply, NOW.into());
        assert_eq!(taken.is_err(), is_truncated);
    }
}

#[test]
fn a_bad_signature_is_told_and_nothing_else() {
    let message = query("www.example.com.", 1, OPT);
    let cases = [
        ("stranger.", NOW, SignatureUse::BadKey, Rcode::BADKEY),
        ("k.", NOW - 301, SignatureUse::BadTime, Rcode::BADTIME),
        ("k.", NOW + 301, SignatureUse::BadTime, Rcode::BADTIME),
    ];
    for (by, now, signature, error) in cases {
        let (message, mut verifier) = signed(&message, by);
        let (reply, summary) = answer(&message, Transport::Udp, now);
        assert_eq!(summary.rcode, Rcode::NOTAUTH.number());
        assert_eq!(summary.signature, signature);
        assert_eq!(reply[6..10], [0; 4], "no records of the zone");
        let taken = verifier.take(&reply, u64::from(NOW));
        assert_eq!(taken, Err(TsigFault::Told(error)));
    }
    let (mut message, mut verifier) = signed(&message, "k.");
    message[13] ^= 0x01;
    let (reply, summary) = answer(&message, Transport::Udp, NOW);
    assert_eq!(summary.signature, SignatureUse::BadSig);
    assert_eq!(summary.rcode, Rcode::NOTAUTH.number());
    let taken = verifier.take(&reply, u64::from(NOW));
    assert_eq!(taken, Err(TsigFault::Told(Rcode::BADSIG)));
}

#[test]
fn keys_are_replaced_while_queries_are_answered() {
    let keys = TsigKeys::default();
    let named = |text: &str| text.parse::<NameBuf>().unwrap();
    assert!(keys.find(named("k.").as_name()).is_none());
    keys.replace([key("k."), key("two.")]);
    assert!(keys.find(named("K.").as_name()).is_some());
    keys.replace([key("two.")]);
    assert!(keys.find(named("k.").as_name()).is_none());
    assert!(keys.find(named("two.").as_name()).is_some());
}
