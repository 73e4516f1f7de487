//! Records made once for all messages of a zone, read back from such a message.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{
    Full, NameBuf, Query, Reply, ReplyRecord, Rtype, Writer, push_below_question, push_expanded,
};

/// The types with how many octets their rdata has before its name; none has no name.
fn rdatas(origin: &[u8]) -> Vec<(Rtype, Option<usize>, Vec<u8>)> {
    let below = [b"\x02NS", origin].concat();
    let away: NameBuf = "ns.badexample.com.".parse().unwrap();
    let away = away.as_name().octets();
    vec![
        (Rtype::A, None, vec![192, 0, 2, 1]),
        (Rtype::NS, Some(0), below),
        (Rtype::NS, Some(0), origin.to_ascii_uppercase()),
        (Rtype::MX, Some(2), [&[0, 10], away].concat()),
    ]
}

/// What a record has, names written out and in lower case.
fn read(message: &[u8], record: &ReplyRecord, name_at: Option<usize>) -> (Vec<u8>, Vec<u8>) {
    let (mut owner, mut rdata) = (Vec::new(), Vec::new());
    push_expanded(message, record.owner_at, &mut owner).unwrap();
    match name_at {
        None => rdata.extend_from_slice(&message[record.rdata_at..record.rdata_end]),
        Some(before) => {
            let name_at = record.rdata_at + before;
            rdata.extend_from_slice(&message[record.rdata_at..name_at]);
            push_expanded(message, name_at, &mut rdata).unwrap();
        }
    }
    (owner.to_ascii_lowercase(), rdata.to_ascii_lowercase())
}

#[test]
fn a_pressed_record_is_read_as_the_one_that_it_was_made_of() {
    for origin in ["example.com.", "."] {
        let origin: NameBuf = origin.parse().unwrap();
        let (origin, octets) = (origin.as_name(), origin.as_name().octets());
        let rdatas = rdatas(octets);
        let mut pressed = Vec::new();
        for (rtype, _, rdata) in &rdatas {
            push_below_question(&mut pressed, (b"\x01a", origin), (*rtype, 60), rdata);
        }
        let header = [0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let asked = [&header, octets, &[0, 252, 0, 1]].concat();
        let query = Query::parse(&asked).unwrap();
        let mut buffer = [0; 1024];
        let mut writer = Writer::response(&mut buffer, 1024, &query.header).unwrap();
        writer.question(&query.question).unwrap();
        for _ in 0..2 {
            writer.pressed(rdatas.len(), &pressed).unwrap();
        }
        assert_eq!(
            writer.pressed(1, &[0; 1024]),
            Err(Full),
            "and nothing changes"
        );
        let length = writer.finish();
        let message = &buffer[..length];
        let records: Vec<_> = Reply::parse(message)
            .unwrap()
            .answers()
            .map(Option::unwrap)
            .collect();
        assert_eq!(records.len(), 2 * rdatas.len());
        for (record, (rtype, name_at, rdata)) in records.iter().zip(rdatas.iter().cycle()) {
            let expected = ([b"\x01a", octets].concat(), rdata.to_ascii_lowercase());
            assert_eq!((record.rtype, record.ttl), (*rtype, 60));
            assert_eq!(read(message, record, *name_at), expected);
        }
    }
}

/// RFC 1035 section 4.1.4.
#[test]
fn names_of_the_zone_are_pointers_to_the_question() {
    let origin: NameBuf = "example.com.".parse().unwrap();
    let rdata = [b"\x02ns", origin.as_name().octets()].concat();
    let mut pressed = Vec::new();
    let owned = (&b"\x01a"[..], origin.as_name());
    push_below_question(&mut pressed, owned, (Rtype::NS, 60), &rdata);
    let expected = b"\x01a\xc0\x0c\0\x02\0\x01\0\0\0\x3c\0\x05\x02ns\xc0\x0c";
    assert_eq!(pressed, expected);
    let mut of_root = Vec::new();
    let owned = (&b"\x01a"[..], understudy_wire::Name::ROOT);
    push_below_question(&mut of_root, owned, (Rtype::NS, 60), b"\x02ns\0");
    let expected = b"\x01a\0\0\x02\0\x01\0\0\0\x3c\0\x04\x02ns\0";
    assert_eq!(of_root, expected, "a pointer to the root would be longer");
}
