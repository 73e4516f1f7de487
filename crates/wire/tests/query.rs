//! Messages as they come, whole, damaged and hostile.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{
    Class, Fault, Header, NameBuf, Opcode, Query, Refusal, Rtype, Section, Silence,
};

/// A query for `www.example.com A`, RD set.
const PLAIN: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x03wWw\x07example\x03com\0\0\x01\0\x01";
/// OPT: size 1232, DO, a cookie option of 8 octets and an empty NSID.
const OPT: &[u8] = b"\0\0\x29\x04\xd0\0\0\x80\0\0\x10\0\x0a\0\x0812345678\0\x03\0\0";

/// A message with these counts and this body.
fn message(counts: [u16; 4], body: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0, 0];
    message.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
    message.extend(body.concat());
    message
}

fn question() -> &'static [u8] {
    &PLAIN[12..]
}

fn fault(message: &[u8]) -> Fault {
    match Query::parse(message) {
        Err(Refusal::Malformed { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_query_is_read() {
    let query = Query::parse(PLAIN).unwrap();
    assert_eq!(query.header.id(), 0x1234);
    assert!(query.header.has(Header::RD) && !query.header.has(Header::CD));
    assert_eq!(query.header.opcode(), Opcode::QUERY);
    assert_eq!(query.header.count(Section::Additional), 0);
    assert_eq!(
        query.question.qname.octets(),
        b"\x03wWw\x07example\x03com\0"
    );
    assert_eq!(
        (query.question.qtype, query.question.qclass),
        (Rtype::A, Class::IN)
    );
    assert_eq!(query.question.octets, question());
    assert!(query.edns.is_none() && query.signature.is_none());
}

#[test]
fn edns_is_read() {
    let octets = message([1, 0, 0, 1], &[question(), OPT]);
    let edns = Query::parse(&octets).unwrap().edns.unwrap();
    assert_eq!(
        (edns.version, edns.udp_size, edns.dnssec_ok),
        (0, 1232, true)
    );
    let options: Vec<_> = edns
        .options()
        .map(|option| (option.code, option.octets))
        .collect();
    assert_eq!(options, [(10, &b"12345678"[..]), (3, &b""[..])]);
}

/// RFC 1035 section 7.3.
#[test]
fn some_messages_get_silence() {
    for length in 0..12 {
        assert!(matches!(
            Query::parse(&PLAIN[..length]),
            Err(Refusal::Silent(Silence::Short))
        ));
    }
    let mut response = PLAIN.to_vec();
    response[2] |= 0x80;
    assert!(matches!(
        Query::parse(&response),
        Err(Refusal::Silent(Silence::Response))
    ));
}

#[test]
fn unknown_opcodes_are_told_apart_before_the_body_is_looked_at() {
    for opcode in [1_u8, 2, 3, 6, 15] {
        let message = [&PLAIN[..2], &[opcode << 3], &PLAIN[3..14]].concat();
        let Err(Refusal::UnknownOpcode(header)) = Query::parse(&message) else {
            panic!()
        };
        assert_eq!(header.opcode().number(), opcode);
    }
}

/// RFC 9619 section 4.
#[test]
fn one_question_it_must_be() {
    assert_eq!(fault(&message([0, 0, 0, 0], &[])), Fault::NoQuestion);
    assert_eq!(
        fault(&message([2, 0, 0, 0], &[question(), question()])),
        Fault::SeveralQuestions
    );
    assert_eq!(
        fault(&message([65535, 0, 0, 0], &[question()])),
        Fault::SeveralQuestions
    );
}

#[test]
fn a_question_is_whole_and_uncompressed() {
    for body in [
        &b""[..],
        b"\x03www",
        b"\x03www\0",
        b"\x03www\0\0\x01\0",
        b"\xc0\x0c\0\x01\0\x01",
        b"\x03www\xc0\x0c\0\x01\0\x01",
        b"\xc0",
        b"\x40aaaa\0\0\x01\0\x01",
        b"\x80aaaa\0\0\x01\0\x01",
    ] {
        assert_eq!(
            fault(&message([1, 0, 0, 0], &[body])),
            Fault::BadQuestion,
            "{body:?}"
        );
    }
    let label = [&[63][..], &[b'a'; 63]].concat();
    let name = |last: u8| {
        let end = [
            &[last][..],
            &vec![b'a'; usize::from(last)],
            &[0],
            b"\0\x01\0\x01",
        ]
        .concat();
        message([1, 0, 0, 0], &[&label, &label, &label, &end])
    };
    assert!(Query::parse(&name(61)).is_ok());
    assert_eq!(fault(&name(62)), Fault::BadQuestion);
}

#[test]
fn counts_and_octets_agree() {
    let full = message([1, 0, 0, 1], &[question(), OPT]);
    for length in 12..full.len() {
        let expected = if length < 12 + question().len() {
            Fault::BadQuestion
        } else {
            Fault::BadRecord
        };
        assert_eq!(fault(&full[..length]), expected, "{length}");
    }
    assert_eq!(fault(&[PLAIN, b"x"].concat()), Fault::TrailingOctets);
    for counts in [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 65535]] {
        assert_eq!(fault(&message(counts, &[question()])), Fault::BadRecord);
    }
}

#[test]
fn the_question_is_returned_where_it_could_be_read() {
    let octets = message([1, 1, 0, 0], &[question()]);
    let Err(Refusal::Malformed {
        question: Some(question),
        header,
        ..
    }) = Query::parse(&octets)
    else {
        panic!()
    };
    assert_eq!((question.qtype, header.id()), (Rtype::A, 0x1234));
}

#[test]
fn opt_is_one_and_in_its_place() {
    let check = |counts, body: &[&[u8]]| fault(&message(counts, &[&[question()], body].concat()));
    assert_eq!(check([1, 0, 0, 2], &[OPT, OPT]), Fault::BadOpt);
    assert_eq!(check([1, 1, 0, 0], &[OPT]), Fault::BadOpt);
    assert_eq!(check([1, 0, 1, 0], &[OPT]), Fault::BadOpt);
    let named = [b"\x01a", OPT].concat();
    assert_eq!(check([1, 0, 0, 1], &[&named]), Fault::BadOpt);
    for options in [&b"\0\x0a\0"[..], b"\0\x0a\0\x05abcd", b"\0"] {
        let length = u16::try_from(options.len()).unwrap().to_be_bytes();
        let opt = [b"\0\0\x29\x04\xd0\0\0\0\0".as_slice(), &length, options].concat();
        assert_eq!(check([1, 0, 0, 1], &[&opt]), Fault::BadOpt, "{options:?}");
    }
}

#[test]
fn a_later_version_is_told_apart() {
    let mut opt = OPT.to_vec();
    opt[6] = 1;
    let octets = message([1, 0, 0, 1], &[question(), &opt]);
    let Err(Refusal::BadVersion(query)) = Query::parse(&octets) else {
        panic!()
    };
    assert_eq!(query.edns.unwrap().version, 1);
    let twice = message([1, 0, 0, 2], &[question(), &opt, OPT]);
    assert_eq!(fault(&twice), Fault::BadOpt);
}

/// RFC 8945 section 5.1.
#[test]
fn a_signature_is_the_last_record() {
    let tsig = b"\x01k\0\0\xfa\0\xff\0\0\0\0\0\x03abc";
    let octets = message([1, 0, 0, 2], &[question(), OPT, tsig]);
    let signature = Query::parse(&octets).unwrap().signature.unwrap();
    assert_eq!(
        (signature.rtype, signature.rdata),
        (Rtype::TSIG, &b"abc"[..])
    );
    assert_eq!(&octets[signature.offset..], tsig);
    let before = message([1, 0, 0, 2], &[question(), tsig, OPT]);
    assert_eq!(fault(&before), Fault::MisplacedSignature);
    let elsewhere = message([1, 1, 0, 0], &[question(), tsig]);
    assert_eq!(fault(&elsewhere), Fault::MisplacedSignature);
}

#[test]
fn pointers_of_other_records_are_followed_safely() {
    let record = |owner: &[u8]| [owner, b"\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01"].concat();
    let read = |owner: &[u8]| {
        let octets = message([1, 1, 0, 0], &[question(), &record(owner)]);
        Query::parse(&octets)
            .map(|_| ())
            .map_err(|refusal| match refusal {
                Refusal::Malformed { fault, .. } => fault,
                other => panic!("{other:?}"),
            })
    };
    let own = u8::try_from(12 + question().len()).unwrap();
    assert_eq!(read(b"\xc0\x0c"), Ok(()));
    assert_eq!(read(b"\x01a\xc0\x10"), Ok(()));
    for (owner, what) in [
        (&[0xc0, own][..], "itself"),
        (&[1, b'a', 0xc0, own], "its own beginning"),
        (&[0xc0, own + 2], "forward"),
        (&[0xff, 0xff], "beyond the end"),
        (&[0xc0, 0], "into the header"),
        (&[0xc0, 2], "to the end of a name in the header"),
        (&[0x40, 1], "a reserved label type"),
        (&[0x80, 1], "another"),
    ] {
        assert_eq!(read(owner), Err(Fault::BadRecord), "{what}");
    }
    assert_eq!(
        read(&[0xc0, 0x0d]),
        Err(Fault::BadRecord),
        "into the middle of a label"
    );
    let label = [&[63][..], &[b'a'; 63]].concat();
    for (last, expected) in [(45_u8, Ok(())), (46, Err(Fault::BadRecord))] {
        // With what the pointer leads to, 255 octets and one more.
        let last = [&[last][..], &vec![b'a'; last.into()]].concat();
        let long = [&label[..], &label, &label, &last, b"\xc0\x0c"].concat();
        assert_eq!(
            read(&long),
            expected,
            "{} octets with the pointer itself",
            long.len()
        );
    }
}

/// Mutated messages never panic, and what is read as a query keeps its promises.
#[test]
fn mutated_messages_are_read_or_refused() {
    let tsig = b"\x01k\0\0\xfa\0\xff\0\0\0\0\0\x03abc".as_slice();
    let pointer = b"\xc0\x10\0\x01\0\x01\0\0\0\0\0\x04\x7f\0\0\x01".as_slice();
    let samples = [
        PLAIN.to_vec(),
        message([1, 0, 0, 1], &[question(), OPT]),
        message([1, 0, 0, 2], &[question(), OPT, tsig]),
        message([1, 2, 1, 1], &[question(), pointer, pointer, pointer, OPT]),
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..200_000 {
        let mut octets = samples[random.usize(0..samples.len())].clone();
        for _ in 0..random.usize(0..4) {
            let at = random.usize(0..octets.len());
            match random.u8(0..5) {
                0 => octets[at] = random.u8(..),
                1 => octets[at] ^= 1 << random.u8(0..8),
                2 => octets.truncate(at.max(1)),
                3 => octets.insert(at, random.u8(..)),
                _ => octets[at] = 0xc0,
            }
        }
        match Query::parse(&octets) {
            Ok(query) => {
                read += 1;
                assert!(query.question.qname.octets().len() <= 255);
                assert_eq!(query.header.qdcount(), 1);
                let text = query.question.qname.to_string();
                let back: NameBuf = text.parse().unwrap();
                assert_eq!(back.as_name().octets(), query.question.qname.octets());
                if let Some(edns) = query.edns {
                    assert!(edns.version == 0 && edns.options().count() < 600);
                }
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read > 20_000 && refused > 20_000, "{read} {refused}");
}
