//! Zones that come in from other servers (RFC 1995 sections 2 and 4, RFC 5936 sections 2.2 and 2.2.1), and those
//! servers' faults.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use understudy_wire::{Name, NameBuf, Rtype, Serial};
use understudy_zone::{Incoming, IncomingError, Progress, Received, Zone};

const ID: u16 = 0x4d2;
const LIMIT: usize = 1 << 20;
const AXFR: u16 = 252;
const IXFR: u16 = 251;

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn rr(owner: &str, rtype: Rtype, ttl: u32, rdata: &[u8]) -> Vec<u8> {
    let mut octets = name(owner).as_name().octets().to_vec();
    octets.extend_from_slice(&rtype.number().to_be_bytes());
    octets.extend_from_slice(&[0, 1]);
    octets.extend_from_slice(&ttl.to_be_bytes());
    octets.extend_from_slice(&u16::try_from(rdata.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(rdata);
    octets
}

fn soa(serial: u32) -> Vec<u8> {
    let mut rdata = name("ns.example.").as_name().octets().repeat(2);
    for number in [serial, 3600, 600, 86400, 300] {
        rdata.extend_from_slice(&number.to_be_bytes());
    }
    rr("example.", Rtype::SOA, 3600, &rdata)
}

fn ns() -> Vec<u8> {
    rr(
        "example.",
        Rtype::NS,
        3600,
        name("ns.example.").as_name().octets(),
    )
}

fn a(owner: &str, last: u8) -> Vec<u8> {
    rr(owner, Rtype::A, 60, &[192, 0, 2, last])
}

fn message(qtype: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = ID.to_be_bytes().to_vec();
    octets.extend_from_slice(&[0x84, 0, 0, 1]);
    octets.extend_from_slice(&u16::try_from(records.len()).unwrap().to_be_bytes());
    octets.extend_from_slice(&[0; 4]);
    octets.extend_from_slice(name("example.").as_name().octets());
    octets.extend_from_slice(&qtype.to_be_bytes());
    octets.extend_from_slice(&[0, 1]);
    octets.extend(records.concat());
    octets
}

fn origin() -> NameBuf {
    name("EXAMPLE.")
}

fn whole(held: Option<Zone>) -> Incoming {
    Incoming::whole(origin().as_name(), ID, held, LIMIT)
}

fn base(text: &str) -> Zone {
    let head = "@ 3600 SOA ns ns 1 3600 600 86400 300\n@ 3600 NS ns\n";
    Zone::parse(
        format!("{head}{text}").as_bytes(),
        "base",
        origin().as_name(),
    )
    .unwrap()
    .zone
}

fn receive(mut incoming: Incoming, messages: &[Vec<u8>]) -> Result<Received, IncomingError> {
    let (last, before) = messages.split_last().unwrap();
    for message in before {
        assert_eq!(incoming.feed(message)?, Progress::More);
    }
    assert_eq!(incoming.feed(last)?, Progress::Done);
    incoming.finish()
}

fn zone_of(received: Result<Received, IncomingError>) -> Zone {
    match received.unwrap() {
        Received::Newer(loaded) => loaded.zone,
        Received::Current => panic!("nothing newer"),
    }
}

fn difference(held: &str, records: &[Vec<u8>]) -> Result<Received, IncomingError> {
    receive(
        Incoming::differences(base(held), ID, LIMIT),
        &[message(IXFR, records)],
    )
}

fn addresses(zone: &Zone, owner: &str) -> Vec<u8> {
    let owner = name(owner);
    let set = zone
        .node(owner.as_name())
        .and_then(|node| node.rrset(Rtype::A));
    set.map_or_else(Vec::new, |set| set.rdatas().map(|rdata| rdata[3]).collect())
}

#[test]
fn a_whole_zone_comes_in_several_messages() {
    let zone = zone_of(receive(
        whole(None),
        &[
            message(AXFR, &[soa(7), ns(), a("ns.example.", 1)]),
            message(
                AXFR,
                &[a("b.a.example.", 3), a("A.example.", 2), a("a.example.", 4)],
            ),
            message(AXFR, &[soa(7)]),
        ],
    ));
    assert_eq!(zone.serial(), Serial::new(7));
    assert_eq!((zone.record_count(), zone.name_count()), (6, 4));
    assert_eq!(addresses(&zone, "a.example."), [2, 4]);
    assert_eq!(addresses(&zone, "b.a.example."), [3]);
}

#[test]
fn later_messages_may_leave_the_question_out() {
    let mut second = message(AXFR, &[soa(7)]);
    second.drain(12..25);
    second[5] = 0;
    let first = message(AXFR, &[soa(7), ns()]);
    assert!(receive(whole(None), &[first, second.clone()]).is_ok());
    assert_eq!(whole(None).feed(&second), Err(IncomingError::WrongQuestion));
}

#[test]
fn an_ixfr_may_be_answered_with_the_whole_zone() {
    let zone = zone_of(difference(
        "old A 192.0.2.9\n",
        &[soa(7), ns(), a("new.example.", 1), soa(7)],
    ));
    assert_eq!(addresses(&zone, "old.example."), []);
    assert_eq!(addresses(&zone, "new.example."), [1]);
}

#[test]
fn who_has_the_same_serial_has_nothing_newer() {
    let incoming = Incoming::differences(base(""), ID, LIMIT);
    let received = receive(incoming, &[message(IXFR, &[soa(1)])]);
    assert!(matches!(received, Ok(Received::Current)));
    let received = receive(
        whole(Some(base(""))),
        &[message(AXFR, &[soa(1), ns(), soa(1)])],
    );
    assert!(matches!(received, Ok(Received::Current)));
}

#[test]
fn differences_are_made_one_after_the_other() {
    let zone = zone_of(difference(
        "a A 192.0.2.1\na A 192.0.2.2\nb A 192.0.2.3\n",
        &[
            soa(3),
            soa(1),
            a("a.example.", 2),
            soa(2),
            a("c.example.", 5),
            soa(2),
            a("b.example.", 3),
            a("c.example.", 5),
            soa(3),
            a("a.example.", 7),
            soa(3),
        ],
    ));
    assert_eq!(zone.serial(), Serial::new(3));
    assert_eq!(addresses(&zone, "a.example."), [1, 7]);
    assert_eq!(addresses(&zone, "b.example."), []);
    assert_eq!(addresses(&zone, "c.example."), []);
    assert_eq!((zone.record_count(), zone.name_count()), (4, 2));
}

#[test]
fn differences_may_be_cut_anywhere_between_records() {
    let records = [
        soa(3),
        soa(1),
        a("a.example.", 1),
        soa(2),
        soa(2),
        soa(3),
        a("b.example.", 2),
        soa(3),
    ];
    let messages: Vec<_> = records
        .iter()
        .map(|record| message(IXFR, std::slice::from_ref(record)))
        .collect();
    let held = base("a A 192.0.2.1\n");
    let zone = zone_of(receive(Incoming::differences(held, ID, LIMIT), &messages));
    assert_eq!(addresses(&zone, "a.example."), []);
    assert_eq!(addresses(&zone, "b.example."), [2]);
}

#[test]
fn a_ttl_changes_with_all_records_of_its_set() {
    let zone = zone_of(difference(
        "a 60 A 192.0.2.1\n",
        &[
            soa(2),
            soa(1),
            a("a.example.", 1),
            soa(2),
            rr("a.example.", Rtype::A, 5, &[192, 0, 2, 1]),
            soa(2),
        ],
    ));
    let owner = name("a.example.");
    let set = zone.node(owner.as_name()).unwrap().rrset(Rtype::A).unwrap();
    assert_eq!(set.ttl, 5);
}

#[test]
fn a_ttl_above_31_bits_is_taken_for_zero() {
    let odd = rr("a.example.", Rtype::A, 0x8000_0000, &[192, 0, 2, 1]);
    let zone = zone_of(receive(
        whole(None),
        &[message(AXFR, &[soa(7), ns(), odd, soa(7)])],
    ));
    let owner = name("a.example.");
    let set = zone.node(owner.as_name()).unwrap().rrset(Rtype::A).unwrap();
    assert_eq!(set.ttl, 0);
}

#[test]
fn what_does_not_fit_what_we_have_is_refused() {
    let held = "a A 192.0.2.1\n";
    for (records, code) in [
        (
            vec![soa(2), soa(1), a("a.example.", 2), soa(2), soa(2)],
            "transfer.difference",
        ),
        (
            vec![soa(2), soa(1), a("x.example.", 1), soa(2), soa(2)],
            "transfer.difference",
        ),
        (
            vec![soa(2), soa(1), soa(2), a("a.example.", 1), soa(2)],
            "transfer.difference",
        ),
        (vec![soa(3), soa(1), soa(2), soa(3)], "transfer.difference"),
        (vec![soa(3), soa(1), soa(0)], "transfer.difference"),
        (vec![soa(3), soa(1), soa(1)], "transfer.difference"),
        (vec![soa(0)], "transfer.behind"),
        (vec![soa(2), soa(1), ns(), soa(2), soa(2)], "transfer.zone"),
    ] {
        let found = difference(held, &records).unwrap_err();
        assert_eq!(found.code(), code, "{found}");
    }
}

#[test]
fn a_difference_that_breaks_a_rule_is_refused() {
    let alias = rr(
        "a.example.",
        Rtype::CNAME,
        60,
        name("b.example.").as_name().octets(),
    );
    let records = [soa(2), soa(1), soa(2), alias, soa(2)];
    let found = difference("a A 192.0.2.1\n", &records).unwrap_err();
    assert!(
        found
            .to_string()
            .starts_with("zone.cname.other: a.example. has CNAME and A"),
        "{found}"
    );
}

#[test]
fn a_whole_zone_that_breaks_a_rule_is_refused() {
    let alias = rr(
        "a.example.",
        Rtype::CNAME,
        60,
        name("b.example.").as_name().octets(),
    );
    let records = [soa(2), ns(), a("a.example.", 1), alias, soa(2)];
    let found = receive(whole(None), &[message(AXFR, &records)]).unwrap_err();
    assert_eq!(found.code(), "transfer.zone");
    let found = receive(whole(None), &[message(AXFR, &[soa(2), soa(2)])]).unwrap_err();
    assert!(found.to_string().contains("zone.ns.missing"), "{found}");
}

/// Each is refused with its code, and nothing comes of the transfer any more.
fn assert_refused(cases: Vec<(Vec<u8>, &str)>) {
    for (hostile, code) in cases {
        let mut incoming = whole(None);
        let found = incoming.feed(&hostile).unwrap_err();
        assert_eq!(found.code(), code, "{found}");
        let good = message(AXFR, &[soa(7), ns(), soa(7)]);
        assert!(incoming.feed(&good).is_err(), "it goes on after: {found}");
        assert_eq!(incoming.finish().unwrap_err(), IncomingError::Unfinished);
    }
}

#[test]
fn messages_that_are_no_part_of_the_transfer_are_refused() {
    let good = message(AXFR, &[soa(7), ns(), soa(7)]);
    let edited = |at: usize, octet: u8| {
        let mut octets = good.clone();
        octets[at] = octet;
        octets
    };
    assert_refused(vec![
        (edited(0, 9), "transfer.mismatch"),     // another id
        (edited(2, 0x04), "transfer.mismatch"),  // a query
        (edited(2, 0xa4), "transfer.mismatch"),  // a NOTIFY
        (edited(2, 0x86), "transfer.malformed"), // TC
        (edited(3, 5), "transfer.refused"),      // REFUSED
        (edited(13, b'x'), "transfer.mismatch"), // another name
        (edited(22, 251), "transfer.mismatch"),  // another type
        (edited(7, 9), "transfer.malformed"),    // more records than there are
        (good[..good.len() - 1].to_vec(), "transfer.malformed"),
        (good[..11].to_vec(), "transfer.malformed"),
        (message(AXFR, &[]), "transfer.malformed"),
    ]);
}

#[test]
fn records_that_are_no_part_of_the_zone_are_refused() {
    let mut other_class = a("a.example.", 1);
    other_class[14] = 3;
    let cases = [
        (vec![ns(), soa(7)], "transfer.soa"),
        (vec![soa(7), ns(), soa(8)], "transfer.soa"),
        (vec![soa(7), ns(), soa(7), ns()], "transfer.soa"),
        (vec![soa(7), a("a.example.org.", 1)], "transfer.foreign"),
        (vec![soa(7), a("notexample.", 1)], "transfer.foreign"),
        (vec![soa(7), other_class], "transfer.foreign"),
        (
            vec![soa(7), rr("example.", Rtype::OPT, 0, &[])],
            "transfer.foreign",
        ),
        (
            vec![soa(7), rr("a.example.", Rtype::A, 0, &[1, 2, 3])],
            "transfer.malformed",
        ),
        (
            vec![soa(7), rr("example.", Rtype::SOA, 0, &[0, 0])],
            "transfer.malformed",
        ),
    ];
    let messages = cases.map(|(records, code)| (message(AXFR, &records), code));
    assert_refused(messages.to_vec());
}

#[test]
fn what_breaks_off_gives_nothing() {
    let mut incoming = whole(None);
    let first = message(AXFR, &[soa(7), ns(), a("a.example.", 1)]);
    assert_eq!(incoming.feed(&first), Ok(Progress::More));
    assert_eq!(incoming.finish().unwrap_err(), IncomingError::Unfinished);
}

#[test]
fn what_does_not_end_is_ended() {
    let mut incoming = whole(None);
    assert!(incoming.feed(&message(AXFR, &[soa(7), ns()])).is_ok());
    let endless = message(AXFR, &vec![a("a.example.", 1); 100]);
    let fault = (0..LIMIT).find_map(|_| incoming.feed(&endless).err());
    assert_eq!(fault, Some(IncomingError::TooLarge { limit: LIMIT }));
    let mut incoming = Incoming::differences(base("a A 192.0.2.1\n"), ID, LIMIT);
    let (one, other) = (a("x.example.", 1), a("a.example.", 1));
    assert!(
        incoming
            .feed(&message(IXFR, &[soa(u32::MAX / 4), soa(1)]))
            .is_ok()
    );
    assert!(
        incoming
            .feed(&message(IXFR, &[other, soa(2), one.clone()]))
            .is_ok()
    );
    let fault = (2..u32::MAX / 4).find_map(|serial| {
        let records = [soa(serial), one.clone(), soa(serial + 1), one.clone()];
        incoming.feed(&message(IXFR, &records)).err()
    });
    assert_eq!(fault, Some(IncomingError::TooLarge { limit: LIMIT }));
}

/// Names as servers compress them: what comes in is what went out.
#[test]
fn compressed_names_are_written_out() {
    let mut soa_record = b"\xc0\x0c\0\x06\0\x01\0\0\x0e\x10\0\x1b\x02ns\xc0\x0c\xc0\x0c".to_vec();
    for number in [7_u32, 3600, 600, 86400, 300] {
        soa_record.extend_from_slice(&number.to_be_bytes());
    }
    soa_record[11] = u8::try_from(soa_record.len() - 12).unwrap();
    let ns_at = b"\xc0\x0c\0\x02\0\x01\0\0\x0e\x10\0\x05\x02ns\xc0\x0c".to_vec();
    let records = [soa_record.clone(), ns_at, soa_record];
    let zone = zone_of(receive(whole(None), &[message(AXFR, &records)]));
    let ns = zone.apex().rrset(Rtype::NS).unwrap();
    let rdatas: Vec<_> = ns
        .rdatas()
        .map(|rdata| Name::from_octets(rdata).unwrap())
        .collect();
    assert_eq!(rdatas, [name("ns.example.").as_name()]);
}

fn dname(owner: &str) -> Vec<u8> {
    let target = name("other.");
    rr(owner, Rtype::DNAME, 60, target.as_name().octets())
}

fn changed(base_text: &str, deleted: &[Vec<u8>], added: &[Vec<u8>]) -> Result<usize, String> {
    let mut incoming = Incoming::differences(base(base_text), ID, LIMIT);
    let parts = [&[soa(2), soa(1)], deleted, &[soa(2)], added, &[soa(2)]].concat();
    incoming.feed(&message(IXFR, &parts)).unwrap();
    match incoming.finish() {
        Ok(Received::Newer(loaded)) => Ok(loaded.zone.record_count()),
        Ok(_) => Err("current".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whoever fetched the zone from here would get it up to there and never further.
#[test]
fn a_record_that_a_message_of_ours_may_have_no_room_for_is_refused_however_it_comes() {
    let long = |octets: usize| rr("a.example.", Rtype::new(16), 60, &vec![0; octets]);
    let fetched = |octets| {
        let records = [soa(7), ns(), a("ns.example.", 1), long(octets), soa(7)];
        let received = receive(whole(None), &records.map(|record| message(AXFR, &[record])));
        received.map(|_| 5).map_err(|error| error.to_string())
    };
    assert_eq!(changed("", &[], &[long(64_311)]), Ok(3));
    assert_eq!(fetched(64_311), Ok(5));
    for refused in [changed("", &[], &[long(64_312)]), fetched(64_312)] {
        let text = refused.unwrap_err();
        assert!(
            text.starts_with("zone.record.size: a TXT record here has 64312 octets"),
            "{text}"
        );
    }
}

/// RFC 6672 section 2.4: nothing may be below a DNAME, whichever of the two came first.
#[test]
fn differences_put_nothing_below_a_dname() {
    let below = |owner: &str, dname: &str| {
        Err(format!(
            "{owner} is below the DNAME {dname} (RFC 6672 section 2.4)"
        ))
    };
    let text = "x.sub 60 A 192.0.2.1\nsubway 60 A 192.0.2.1\n";
    let refused = below("x.sub.example.", "sub.example.");
    assert_eq!(changed(text, &[], &[dname("sub.example.")]), refused);
    let moved = [a("x.sub.example.", 1)];
    assert_eq!(changed(text, &moved, &[dname("sub.example.")]), Ok(4));
    assert_eq!(changed(text, &[], &[dname("x.sub.example.")]), Ok(5));
    let text = "sub 60 DNAME other.\nsub 60 A 192.0.2.1\nsubway 60 A 192.0.2.1\n";
    let refused = below("a.b.sub.example.", "sub.example.");
    assert_eq!(changed(text, &[], &[a("a.b.sub.example.", 1)]), refused);
    assert_eq!(changed(text, &[], &[a("sub.example.", 2)]), Ok(6));
    let moved = [dname("sub.example.")];
    assert_eq!(changed(text, &moved, &[a("a.b.sub.example.", 1)]), Ok(5));
    assert_eq!(changed("", &[], &[dname("example.")]), Ok(3));
    let refused = below("a.example.", "example.");
    assert_eq!(
        changed("a 60 A 192.0.2.1\n", &[], &[dname("example.")]),
        refused
    );
}
