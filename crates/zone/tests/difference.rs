//! Differences of versions, what is kept of them, and walks that are taken up again.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use siphasher::sip::SipHasher13;
use understudy_wire::{Name, NameBuf, Rtype, Serial};
use understudy_zone::{
    Below, DamagedDifference, Difference, Digest, History, RRsetChange, Record, Records, Walk, Zone,
};

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

fn zone(serial: u32, records: &str) -> Zone {
    let text = format!("$TTL 300\n@ SOA ns hostmaster {serial} 2 3 4 5\n@ NS ns\n{records}");
    let origin = name("example.com.");
    Zone::parse(text.as_bytes(), "difference", origin.as_name())
        .unwrap()
        .zone
}

fn text(record: &Record<'_>) -> String {
    let Record {
        owner, rtype, ttl, ..
    } = record;
    format!("{owner} {ttl} {rtype} {:?}", record.rdata)
}

fn texts(records: Records<'_>) -> Vec<String> {
    records.skip(1).map(|record| text(&record)).collect()
}

fn owner(record: &Below<'_>, origin: Name<'_>) -> NameBuf {
    let octets = [record.labels, origin.octets()].concat();
    Name::from_octets(&octets).unwrap().to_buf()
}

fn contents(zone: &Zone) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut walk = Walk::new(zone.clone());
    let taken = walk.go_on(|record| {
        let owner = owner(record, zone.origin());
        let text = text(&Record {
            owner: owner.as_name(),
            rtype: record.rtype,
            ttl: record.ttl,
            rdata: record.rdata,
        });
        assert!(all.insert(text.clone()), "{text} comes once");
        Ok::<(), ()>(())
    });
    taken.unwrap();
    all
}

/// What a secondary does with a difference.
fn apply(contents: &BTreeSet<String>, difference: &Difference) -> BTreeSet<String> {
    let mut contents = contents.clone();
    for gone in texts(difference.deleted()) {
        assert!(contents.remove(&gone), "{gone} was there");
    }
    for new in texts(difference.added()) {
        assert!(contents.insert(new.clone()), "{new} was not there");
    }
    contents
}

fn address(last: u8) -> Vec<u8> {
    vec![192, 0, 2, last]
}

fn set(owner: &str, ttl: u32, addresses: &[u8]) -> RRsetChange {
    let rdatas = addresses.iter().copied().map(address).collect();
    RRsetChange::Set(name(owner), Rtype::A, ttl, rdatas)
}

fn with(zone: &Zone, serial: u32, changes: &[RRsetChange]) -> (Zone, Difference) {
    let mut all = changes.to_vec();
    all.push(zone.serial_change(Serial::new(serial)));
    let next = zone.with_rrsets(&all).unwrap();
    let difference = Difference::by_changes(zone, &next, &all);
    (next, difference)
}

#[test]
fn a_difference_has_what_is_on_one_side_only_behind_its_soa_records() {
    let old = zone(7, "www A 192.0.2.1\nwww A 192.0.2.2\nold TXT a\n");
    let changes = [
        set("www.example.com.", 300, &[2, 3]),
        RRsetChange::Remove(name("old.example.com."), Rtype::TXT),
        RRsetChange::Remove(name("none.example.com."), Rtype::TXT),
        set("NEW.example.com.", 5, &[9]),
    ];
    let (new, difference) = with(&old, 8, &changes);
    assert_eq!(
        texts(difference.deleted()),
        [
            "old.example.com. 300 TXT [1, 97]",
            "www.example.com. 300 A [192, 0, 2, 1]"
        ]
    );
    assert_eq!(
        texts(difference.added()),
        [
            "new.example.com. 5 A [192, 0, 2, 9]",
            "www.example.com. 300 A [192, 0, 2, 3]"
        ]
    );
    let serial = |mut records: Records<'_>| {
        let soa = records.next().unwrap();
        assert_eq!((soa.rtype, soa.ttl), (Rtype::SOA, 300));
        u32::from_be_bytes(*soa.rdata[soa.rdata.len() - 20..].first_chunk().unwrap())
    };
    assert_eq!(
        (serial(difference.deleted()), serial(difference.added())),
        (7, 8)
    );
    assert_eq!(difference, Difference::between(&old, &new));
    assert_eq!(apply(&contents(&old), &difference), contents(&new));
    assert!(!difference.is_empty());
}

/// RFC 2181 section 5.2: the TTL is the set's, so all of its records are others.
#[test]
fn another_ttl_makes_every_record_of_a_set_another() {
    let old = zone(7, "www A 192.0.2.1\nwww A 192.0.2.2\n");
    let (_, difference) = with(&old, 8, &[set("www.example.com.", 30, &[1, 2])]);
    assert_eq!(difference.deleted().count(), 3);
    assert_eq!(difference.added().count(), 3);
}

#[test]
fn versions_that_differ_in_the_serial_alone_have_an_empty_difference_and_one_digest() {
    let old = zone(7, "www A 192.0.2.1\n");
    let (new, difference) = with(&old, 8, &[set("www.example.com.", 300, &[1])]);
    assert!(difference.is_empty() && difference.only_ends_digests());
    assert_eq!(Digest::of(&old), Digest::of(&new));
    for (owner, is_empty) in [("@", true), ("www", false)] {
        let digest = |serial| format!("{owner} ZONEMD {serial} 1 1 {}\n", "00".repeat(48));
        let difference = Difference::between(&zone(7, &digest(7)), &zone(8, &digest(8)));
        assert_eq!(
            difference.is_empty(),
            is_empty,
            "a message digest of {owner}"
        );
    }
    let other_soa = "$TTL 300\n@ SOA ns hostmaster 8 2 3 4 6\n@ NS ns\nwww A 192.0.2.1\n";
    let origin = name("example.com.");
    let other = Zone::parse(other_soa.as_bytes(), "other", origin.as_name()).unwrap();
    assert!(!Difference::between(&old, &other.zone).is_empty());
    assert_ne!(Digest::of(&old), Digest::of(&other.zone));
}

fn assert_leads(version: &Zone, parts: &[Arc<Difference>], last: &Zone) {
    let owned: Vec<_> = parts.iter().map(|it| Difference::clone(it)).collect();
    let after = version.after(&owned).unwrap().zone;
    assert_eq!(contents(&after), contents(last));
    assert_eq!(Digest::of(&after), Digest::of(last));
    let late = &owned[1..];
    assert!(late.is_empty() || version.after(late).is_none());
}

/// Each of many random versions is the one before and their difference, one at a time and condensed.
#[test]
fn differences_add_up() {
    let mut random = fastrand::Rng::with_seed(20);
    let mut versions = vec![zone(4_294_967_290, "www A 192.0.2.1\n")];
    let mut history = History::default();
    let mut digest = Digest::of(&versions[0]);
    for serial in 1..60_u32 {
        let before = versions.last().unwrap().clone();
        let changes: Vec<_> = (0..random.usize(0..6))
            .map(|_| {
                let owner = format!("n{}.example.com.", random.u8(0..8));
                match random.u8(0..3) {
                    0 => RRsetChange::Remove(name(&owner), Rtype::A),
                    _ => set(&owner, u32::from(random.u8(1..3)), &[random.u8(0..3), 7]),
                }
            })
            .collect();
        let serial = serial.wrapping_add(4_294_967_290);
        let (next, difference) = with(&before, serial, &changes);
        assert_eq!(difference, Difference::between(&before, &next));
        digest = digest.after(&difference);
        assert_eq!(digest, Digest::of(&next), "kept up to date");
        let read = Difference::from_octets(&difference.octets());
        assert_eq!(read.as_ref(), Ok(&difference));
        history = history.with(Arc::new(difference));
        versions.push(next);
    }
    let last = versions.last().unwrap();
    for version in &versions[..versions.len() - 1] {
        let parts = history.since(version.serial()).unwrap();
        let stepwise = parts
            .iter()
            .fold(contents(version), |contents, it| apply(&contents, it));
        assert_eq!(stepwise, contents(last));
        assert_leads(version, parts, last);
        let condensed = Difference::condense(parts.iter().map(AsRef::as_ref)).unwrap();
        assert_eq!(apply(&contents(version), &condensed), contents(last));
        assert_eq!(
            (condensed.from(), condensed.to()),
            (version.serial(), last.serial())
        );
        let direct = Difference::between(version, last);
        assert_eq!(
            condensed.size_octets(),
            direct.size_octets(),
            "nothing in vain"
        );
    }
    assert!(history.since(last.serial()).is_none());
    assert!(history.since(Serial::new(5)).is_some());
    assert!(history.since(Serial::new(4_294_967_289)).is_none());
    assert!(Difference::condense([]).is_none());
}

#[test]
fn octets_that_were_damaged_anywhere_are_no_difference() {
    let (_, difference) = with(&zone(7, ""), 8, &[set("www.example.com.", 300, &[1])]);
    let octets = difference.octets();
    for at in 0..octets.len() {
        let mut other = octets.clone();
        other[at] ^= 1;
        assert_eq!(
            Difference::from_octets(&other),
            Err(DamagedDifference),
            "octet {at}"
        );
        assert!(
            Difference::from_octets(&octets[..at]).is_err(),
            "{at} octets"
        );
    }
    assert!(Difference::from_octets(&[&octets[..], &[0]].concat()).is_err());
}

/// As a version of this software might write it that has a fault: the checksum is right.
#[test]
fn deletions_of_one_zone_and_additions_of_another_are_no_difference() {
    let between = |origin: &str| {
        let version = |serial: u32| {
            let text = format!("@ 300 SOA ns. root. {serial} 2 3 4 5\n@ 300 NS ns.\n");
            Zone::parse(text.as_bytes(), "other", name(origin).as_name()).unwrap()
        };
        Difference::between(&version(7).zone, &version(8).zone).octets()
    };
    let (one, other) = (between("one.example."), between("two.example."));
    let middle = 17 + (one.len() - 17 - 8) / 2; // as many octets are deleted as added
    for (end, is_whole) in [(&one, true), (&other, false)] {
        let mut octets = [&one[..middle], &end[middle..one.len() - 8]].concat();
        let sum = SipHasher13::new_with_keys(0, 0).hash(&octets);
        octets.extend(sum.to_be_bytes());
        assert_eq!(Difference::from_octets(&octets).is_ok(), is_whole);
    }
}

#[test]
fn a_history_that_does_not_go_on_begins_anew() {
    let first = zone(7, "");
    let (second, one) = with(&first, 8, &[set("www.example.com.", 300, &[1])]);
    let (_, two) = with(&second, 9, &[set("www.example.com.", 300, &[2])]);
    let history = History::default().with(Arc::new(one.clone()));
    assert_eq!(history.with(Arc::new(two.clone())).count(), 2);
    assert_eq!(history.with(Arc::new(one)).count(), 1);
}

#[test]
fn older_differences_are_taken_as_far_as_they_lead_without_a_gap() {
    let mut version = zone(1, "");
    let mut all = Vec::new();
    for serial in 2..7 {
        let last = u8::try_from(serial).unwrap();
        let (next, difference) = with(&version, serial, &[set("a.example.com.", 1, &[last])]);
        version = next;
        all.push(difference);
    }
    let end = Serial::new(6);
    let restored = History::default().with_older(all.clone(), end);
    assert_eq!(restored.count(), 5);
    assert!(restored.since(Serial::new(1)).is_some());
    let mut gap = all.clone();
    gap.remove(2);
    assert_eq!(History::default().with_older(gap, end).count(), 2);
    assert_eq!(
        History::default()
            .with_older(all.clone(), Serial::new(9))
            .count(),
        0
    );
    let begun = History::default().with(Arc::new(all[4].clone()));
    assert_eq!(begun.with_older(all[..4].to_vec(), end).count(), 5);
}

/// 60,000 octets deleted and as many added.
fn large_differences(serials: Range<u32>) -> Vec<Difference> {
    let long = |serial: u32| vec![u8::try_from(serial % 251).unwrap(); 60_000];
    let change = |it| RRsetChange::Set(name("a.example.com."), Rtype::NULL, 1, vec![long(it)]);
    let mut version = zone(serials.start, "");
    serials
        .skip(1)
        .map(|serial| {
            let (next, difference) = with(&version, serial, &[change(serial)]);
            version = next;
            difference
        })
        .collect()
}

#[test]
fn older_differences_are_taken_as_far_as_there_is_room_beside_those_that_are_there() {
    let all = large_differences(1..200);
    let begun = |it: History, difference: &Difference| it.with(Arc::new(difference.clone()));
    let recent = all[100..].iter().fold(History::default(), begun);
    let history = recent.with_older(all[..100].to_vec(), Serial::new(199));
    assert!(history.size_octets() <= 16 << 20);
    assert!(history.size_octets() > (16 << 20) - 130_000);
    assert!(history.since(Serial::new(198)).is_some());
}

#[test]
fn a_history_keeps_the_newest_that_fit() {
    let all = large_differences(1..400).into_iter().map(Arc::new);
    let history = all.fold(History::default(), |it, next| it.with(next));
    assert!(history.size_octets() <= 16 << 20);
    assert!(history.size_octets() > (16 << 20) - 130_000);
    assert!(history.since(Serial::new(398)).is_some());
    assert!(history.since(Serial::new(2)).is_none());
}

/// However little is taken at a time, everything comes once, in canonical order, of one version.
#[test]
fn a_walk_goes_on_where_it_was_left() {
    use std::fmt::Write as _;
    let mut records = String::new();
    for number in 0..500 {
        writeln!(records, "a{}.b{number} A 192.0.2.1", number % 7).unwrap();
        writeln!(records, "a{}.b{number} A 192.0.2.2", number % 7).unwrap();
    }
    records.push_str("\\000.b3 TXT x\n\\255\\255 TXT y\n@ TXT z\n");
    let zone = zone(1, &records);
    let whole = pieces(&zone, usize::MAX);
    let in_order = zone.nodes().flat_map(|(owner, node)| {
        let sets = node.rrsets().filter(|set| set.rtype != Rtype::SOA);
        sets.flat_map(|set| set.rdatas().map(move |rdata| (set.rtype, rdata.to_vec())))
            .map(|(rtype, rdata)| (owner, rtype, rdata))
            .collect::<Vec<_>>()
    });
    assert_eq!(whole.len(), 1004);
    assert!(
        in_order.eq(whole.iter().cloned()),
        "all of the zone, in order"
    );
    for step in [1, 2, 3, 64, 1003, 1004, 1005] {
        assert!(pieces(&zone, step) == whole, "{step} at a time");
    }
}

/// What a walk comes by that is left after so many records and taken up again.
fn pieces(zone: &Zone, step: usize) -> Vec<(NameBuf, Rtype, Vec<u8>)> {
    let mut walk = Walk::new(zone.clone());
    let mut pieces = Vec::new();
    loop {
        let mut room = step;
        let left = walk.go_on(|record| {
            if room == 0 {
                return Err(());
            }
            room -= 1;
            let owner = owner(record, zone.origin());
            pieces.push((owner, record.rtype, record.rdata.to_vec()));
            Ok(())
        });
        if left.is_ok() {
            break;
        }
    }
    assert_eq!(walk.go_on(|_| Err(())), Ok(()), "it has ended");
    pieces
}
