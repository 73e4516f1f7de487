//! A zone as it is sent: the same records as a walk comes by, after any changes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::fmt::Write as _;

use understudy_wire::{NameBuf, Rtype, push_below_question};
use understudy_zone::{Image, RRsetChange, Walk, Zone};

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

/// More names than a small zone has.
const NAMES: u32 = 21_000;

fn zone(origin: &str) -> Zone {
    let mut text = String::from("$TTL 300\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\n@ MX 10 mail\n");
    for number in 0..NAMES {
        writeln!(text, "h{} A 192.0.2.{}", number * 7, number % 250).unwrap();
        if number % 100 == 0 {
            writeln!(text, "h{} MX 10 h1.x\nx{number}.y CNAME h7", number * 7).unwrap();
        }
    }
    let origin = name(origin);
    Zone::parse(text.as_bytes(), "image", origin.as_name())
        .unwrap()
        .zone
}

/// Every record as it is sent, by the walk.
fn walked(zone: &Zone) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let taken = Walk::new(zone.clone()).go_on(|record| {
        let mut octets = Vec::new();
        let head = (record.rtype, record.ttl);
        let owned = (record.labels, zone.origin());
        push_below_question(&mut octets, owned, head, record.rdata);
        records.push(octets);
        Ok::<(), ()>(())
    });
    taken.unwrap();
    records
}

/// The same by the image, taken in portions of so many octets.
fn pictured(image: &Image, room: usize) -> Vec<u8> {
    let (mut octets, mut number) = (Vec::new(), 0);
    while let Some(piece) = image.piece(number) {
        let mut given = 0;
        while given < piece.count() {
            let (count, portion) = piece.fitting(given, room);
            assert!(count > 0 && portion.len() <= room);
            octets.extend_from_slice(portion);
            given += count;
        }
        number += 1;
    }
    octets
}

#[test]
fn an_image_has_what_a_walk_comes_by() {
    for origin in ["example.com.", "."] {
        let zone = zone(origin);
        let image = Image::of(&zone).unwrap();
        let expected = walked(&zone);
        let most = expected.iter().map(Vec::len).max().unwrap();
        for room in [most, 100, 5000, usize::MAX] {
            assert!(pictured(&image, room) == expected.concat(), "{room}");
        }
        let piece = image.piece(0).unwrap();
        assert_eq!(piece.fitting(0, expected[0].len() - 1), (0, &[][..]));
        assert_eq!(piece.fitting(0, expected[0].len()).0, 1);
    }
}

#[test]
fn a_small_zone_has_none() {
    let origin = name("example.com.");
    let text = b"@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\n";
    let zone = Zone::parse(text, "small", origin.as_name()).unwrap().zone;
    assert!(Image::of(&zone).is_none());
}

/// Whatever comes and goes: single names, whole pieces, what stands first and last.
#[test]
fn an_image_after_changes_is_that_of_the_version() {
    let mut zone = zone("example.com.");
    let mut image = Image::of(&zone).unwrap();
    let mut seed = 7_u32;
    let mut draw = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % most
    };
    for round in 0..60 {
        let mut changes = Vec::new();
        let (first, count) = (
            draw(NAMES * 7),
            if round % 10 == 0 { 9000 } else { draw(4) },
        );
        for number in first..first + count {
            let owner = name(&format!("h{number}.example.com."));
            changes.push(match draw(3) {
                0 => RRsetChange::Remove(owner, Rtype::A),
                1 => RRsetChange::Set(owner, Rtype::TXT, 60, vec![b"\x01x".to_vec(); 1]),
                _ => RRsetChange::Set(owner, Rtype::A, 60, vec![vec![10, 0, 0, 1]]),
            });
        }
        let more = [
            "example.com.",
            "\\000.example.com.",
            "\\255.example.com.",
            "0.h7.example.com.",
        ];
        let owner = name(more[usize::try_from(draw(4)).unwrap()]);
        changes.push(RRsetChange::Set(
            owner,
            Rtype::TXT,
            round,
            vec![b"\x01y".to_vec()],
        ));
        changes.push(zone.serial_change(understudy_wire::Serial::new(round + 2)));
        zone = zone.with_rrsets(&changes).unwrap();
        image = image.after(&zone, &changes);
        assert!(
            pictured(&image, 70_000) == walked(&zone).concat(),
            "round {round}"
        );
    }
}

/// The names of whole pieces go, the first and the last of them too, and come again.
#[test]
fn an_image_shrinks_and_grows_with_its_zone() {
    let full = zone("example.com.");
    let owners: Vec<NameBuf> = full
        .nodes()
        .map(|(owner, _)| owner)
        .filter(|owner| owner.as_name() != full.origin())
        .collect();
    let gone = |owner: &NameBuf| {
        [Rtype::A, Rtype::MX, Rtype::CNAME].map(|rtype| RRsetChange::Remove(*owner, rtype))
    };
    let changes: Vec<RRsetChange> = owners.iter().flat_map(gone).collect();
    let empty = full.with_rrsets(&changes).unwrap();
    let image = Image::of(&full).unwrap().after(&empty, &changes);
    assert!(pictured(&image, 70_000) == walked(&empty).concat());
    let back: Vec<RRsetChange> = owners
        .iter()
        .map(|owner| RRsetChange::Set(*owner, Rtype::A, 5, vec![vec![192, 0, 2, 1]]))
        .collect();
    let again = empty.with_rrsets(&back).unwrap();
    let image = image.after(&again, &back);
    assert!(pictured(&image, 70_000) == walked(&again).concat());
    assert!(image.piece(5).is_some(), "one piece has become many");
}

/// One name after the other, the first of each piece last: no other change makes that piece anew then.
#[test]
fn every_name_of_a_piece_is_found_again() {
    let mut zone = zone("example.com.");
    let mut image = Image::of(&zone).unwrap();
    let owners: Vec<NameBuf> = zone.nodes().map(|(owner, _)| owner).take(1500).collect();
    let names = image.piece(0).unwrap().count() + image.piece(1).unwrap().count();
    assert!(names < owners.len(), "more than two pieces");
    for owner in owners.into_iter().rev() {
        let changes = [RRsetChange::Set(
            owner,
            Rtype::TXT,
            5,
            vec![b"\x01z".to_vec()],
        )];
        zone = zone.with_rrsets(&changes).unwrap();
        image = image.after(&zone, &changes);
    }
    assert!(pictured(&image, 70_000) == walked(&zone).concat());
}

/// An apex that has nothing but its SOA record is in no piece.
#[test]
fn an_apex_that_comes_back_stands_in_front() {
    let zone = zone("example.com.");
    let image = Image::of(&zone).unwrap();
    let apex = name("example.com.");
    let changes = [Rtype::NS, Rtype::MX].map(|rtype| RRsetChange::Remove(apex, rtype));
    let bare = zone.with_rrsets(&changes).unwrap();
    let image = image.after(&bare, &changes);
    assert!(pictured(&image, 70_000) == walked(&bare).concat());
    let back = [RRsetChange::Set(
        apex,
        Rtype::TXT,
        5,
        vec![b"\x01z".to_vec()],
    )];
    let again = bare.with_rrsets(&back).unwrap();
    assert!(pictured(&image.after(&again, &back), 70_000) == walked(&again).concat());
}

/// A zone may be left with its SOA record, and grow again.
#[test]
fn an_image_of_nothing_grows() {
    let full = zone("example.com.");
    let owners = || full.nodes().map(|(owner, _)| owner);
    let types = [Rtype::NS, Rtype::A, Rtype::MX, Rtype::CNAME];
    let changes: Vec<RRsetChange> = owners()
        .flat_map(|owner| types.map(|rtype| RRsetChange::Remove(owner, rtype)))
        .collect();
    let empty = full.with_rrsets(&changes).unwrap();
    let image = Image::of(&full).unwrap().after(&empty, &changes);
    assert!(image.piece(0).is_none());
    let back: Vec<RRsetChange> = owners()
        .map(|owner| RRsetChange::Set(owner, Rtype::A, 5, vec![vec![192, 0, 2, 1]]))
        .collect();
    let again = empty.with_rrsets(&back).unwrap();
    assert!(pictured(&image.after(&again, &back), 70_000) == walked(&again).concat());
}

/// Every change has another serial: what is made anew must be what else it touches, and no more.
#[test]
fn a_change_makes_only_the_pieces_anew_that_it_touches() {
    let zone = zone("example.com.");
    let image = Image::of(&zone).unwrap();
    let anew = |changes: &[RRsetChange]| -> Vec<usize> {
        let next = image.after(&zone.with_rrsets(changes).unwrap(), changes);
        let is_same = |number: &usize| {
            std::ptr::eq(image.piece(*number).unwrap(), next.piece(*number).unwrap())
        };
        let count = (0..).take_while(|number| image.piece(*number).is_some());
        count.filter(|number| !is_same(number)).collect()
    };
    let serial = zone.serial_change(understudy_wire::Serial::new(2));
    assert_eq!(anew(std::slice::from_ref(&serial)), [0_usize; 0]);
    let owner = name("h7.example.com.");
    let change = RRsetChange::Set(owner, Rtype::A, 300, vec![vec![10, 0, 0, 1]]);
    assert_eq!(anew(&[serial, change]).len(), 1);
}
