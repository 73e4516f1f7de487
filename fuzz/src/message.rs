//! What [`Query`] and [`Tsig`] read is what a naive reader reads, and what the `domain` crate does.

use domain::base::Message;
use understudy_wire::{
    HEADER_OCTETS, Header, LowerName, Name, Opcode, Plain, PlainOpt, Query, Refusal, Rtype,
    Silence, Tsig,
};

/// The input is the message.
pub fn run(octets: &[u8]) {
    let records = read_naively(octets);
    check_plain(octets);
    match Query::parse(octets) {
        Ok(query) | Err(Refusal::BadVersion(query) | Refusal::NoQuestion(query)) => {
            check_query(&query, records.as_deref());
        }
        Err(Refusal::Silent(Silence::Short)) => assert!(octets.len() < HEADER_OCTETS),
        Err(Refusal::Silent(Silence::Response)) => assert!(octets[2] & 0x80 != 0),
        Err(Refusal::UnknownOpcode(header)) => check_header(&header, octets),
        Err(Refusal::Malformed {
            header, question, ..
        }) => {
            check_header(&header, octets);
            if let Some(question) = question {
                assert!(octets[HEADER_OCTETS..].starts_with(question.octets));
            }
        }
    }
}

/// What is plain, or would be without its options, is read alike in both ways.
fn check_plain(octets: &[u8]) {
    let (plain, with_options) = match (Plain::parse(octets), Plain::parse_with_options(octets)) {
        (Some(plain), _) => (plain, None),
        (None, Some((plain, edns))) => (plain, Some(edns)),
        (None, None) => return,
    };
    let query = Query::parse(octets).expect("a plain query");
    if let (Some(left), Some(right)) = (with_options, query.edns) {
        assert_eq!(left.version, right.version);
        assert!(left.options().eq(right.options()));
    }
    assert_eq!(query.header.opcode(), Opcode::QUERY);
    assert!(query.signature.is_none());
    assert_eq!(plain.question.octets, query.question.octets);
    assert_eq!(plain.question.qtype, query.question.qtype);
    assert_eq!(plain.question.qclass, query.question.qclass);
    assert_eq!(plain.labels, query.question.qname.label_count());
    let (mut copy, expected) = (None, LowerName::new(query.question.qname));
    let folded = plain.folded(&mut copy);
    assert_eq!(folded.octets(), expected.octets());
    assert_eq!(folded.label_count(), expected.label_count());
    let opt = query.edns.map(|edns| PlainOpt {
        udp_size: edns.udp_size,
        dnssec_ok: edns.dnssec_ok,
    });
    assert_eq!(plain.opt, opt);
}

fn check_header(header: &Header, octets: &[u8]) {
    assert_eq!(header.id().to_be_bytes(), octets[..2]);
    assert_eq!(header.qdcount().to_be_bytes(), octets[4..6]);
    assert!(!header.is_response());
}

fn check_query(query: &Query<'_>, records: Option<&[Naive]>) {
    let octets = query.octets;
    check_header(&query.header, octets);
    let records = records.unwrap_or_else(|| panic!("{octets:02x?} is not whole"));
    check_question(query);
    assert!(matches!(
        query.header.opcode(),
        Opcode::QUERY | Opcode::NOTIFY | Opcode::UPDATE
    ));
    let of_type = |rtype: Rtype| records.iter().filter(move |it| it.rtype == rtype.number());
    assert_eq!(
        of_type(Rtype::OPT).count(),
        usize::from(query.edns.is_some())
    );
    if let (Some(edns), Some(opt)) = (query.edns, of_type(Rtype::OPT).next()) {
        assert_eq!(edns.udp_size, opt.class);
        let whole = edns.options().flat_map(|option| {
            let length = u16::try_from(option.octets.len()).expect("an option's length");
            let head = [option.code.to_be_bytes(), length.to_be_bytes()].concat();
            [head, option.octets.to_vec()].concat()
        });
        assert_eq!(whole.collect::<Vec<_>>(), opt.rdata(octets));
    }
    check_signature(query, of_type(Rtype::TSIG).next(), records.last());
    check_with_another(octets, records);
}

fn check_question(query: &Query<'_>) {
    let question = query.question;
    assert!(query.octets[HEADER_OCTETS..].starts_with(question.octets));
    if query.header.qdcount() == 0 {
        assert!(question.octets.is_empty());
        return;
    }
    let fixed = [question.qtype.number(), question.qclass.number()].map(u16::to_be_bytes);
    let expected = [question.qname.octets(), &fixed.concat()].concat();
    assert_eq!(question.octets, expected);
}

fn check_signature(query: &Query<'_>, tsig: Option<&Naive>, last: Option<&Naive>) {
    assert_eq!(query.signature.is_some(), tsig.is_some());
    let read = Tsig::read(query);
    let (Some(signature), Some(tsig)) = (query.signature, tsig) else {
        assert!(read.is_none());
        return;
    };
    assert_eq!(signature.offset, tsig.offset);
    assert_eq!(
        last.map(|it| it.offset),
        Some(tsig.offset),
        "it is the last record"
    );
    let rdata = tsig.rdata(query.octets);
    assert_eq!(signature.rdata, rdata);
    let Some(read) = read else { return };
    assert_eq!(read.key.as_name().octets(), tsig.owner);
    let (algorithm, rest) = Name::split_from(rdata).expect("an algorithm");
    assert_eq!(read.algorithm.octets(), algorithm.octets());
    assert_eq!(rest[..6], read.time_signed);
    assert_eq!(rest[6..8], read.fudge.to_be_bytes());
    let mac_end = 10 + usize::from(u16::from_be_bytes([rest[8], rest[9]]));
    assert_eq!(&rest[10..mac_end], read.mac);
    assert_eq!(rest[mac_end..mac_end + 2], read.original_id.to_be_bytes());
}

/// What is taken for whole is whole to the `domain` crate as well.
fn check_with_another(octets: &[u8], records: &[Naive]) {
    let message = Message::from_octets(octets).expect("a header");
    let (_, answer, authority, additional) = message.sections().expect("sections");
    let mut count = 0;
    for section in [answer, authority, additional] {
        for record in section {
            let record = record.expect("a record");
            assert_eq!(record.rtype().to_int(), records[count].rtype);
            count += 1;
        }
    }
    assert_eq!(count, records.len());
}

/// A record as somebody reads it who has no time to be clever.
struct Naive {
    offset: usize,
    owner: Vec<u8>,
    rtype: u16,
    class: u16,
    rdata: (usize, usize),
}

impl Naive {
    fn rdata<'m>(&self, message: &'m [u8]) -> &'m [u8] {
        &message[self.rdata.0..self.rdata.1]
    }
}

/// Every record of a message with at most one question that ends where its last record does.
fn read_naively(message: &[u8]) -> Option<Vec<Naive>> {
    let count = |at| number(message, at).map(usize::from);
    let mut at = match count(4)? {
        0 => HEADER_OCTETS,
        _ => naive_name(message, HEADER_OCTETS)?.1 + 4,
    };
    let mut records = Vec::new();
    for _ in 0..count(6)? + count(8)? + count(10)? {
        let offset = at;
        let (owner, end) = naive_name(message, at)?;
        let (rtype, class) = (number(message, end)?, number(message, end + 2)?);
        let start = end + 10;
        at = start + usize::from(number(message, end + 8)?);
        message.get(start..at)?;
        records.push(Naive {
            offset,
            owner,
            rtype,
            class,
            rdata: (start, at),
        });
    }
    (at == message.len()).then_some(records)
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([
        *message.get(at)?,
        *message.get(at + 1)?,
    ]))
}

/// The name at an offset written out, and where it ends there.
fn naive_name(message: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    naive_labels(message, at, at)
}

/// The labels at an offset of a part of a name. A pointer points to a place before the part that it
/// ends (RFC 1035 section 4.1.4), and into no header.
fn naive_labels(message: &[u8], at: usize, part: usize) -> Option<(Vec<u8>, usize)> {
    let length = usize::from(*message.get(at)?);
    match length {
        0 => Some((vec![0], at + 1)),
        1..=63 => {
            let (rest, end) = naive_labels(message, at + 1 + length, part)?;
            let octets = [message.get(at..=at + length)?, &rest].concat();
            (octets.len() <= 255).then_some((octets, end))
        }
        0xc0.. => {
            let target = usize::from(number(message, at)? & 0x3fff);
            if !(HEADER_OCTETS..part).contains(&target) {
                return None;
            }
            let (octets, _) = naive_labels(message, target, target)?;
            Some((octets, at + 2))
        }
        _ => None,
    }
}
