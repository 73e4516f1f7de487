//! Differences between the versions of a drawn zone: each leads from one version to the next, several as
//! one lead as far, the digest follows them, and what is damaged on the disk is told from what is whole.

use std::collections::BTreeSet;

use understudy_wire::Serial;
use understudy_zone::{Difference, Digest, RRsetChange, Zone};

use crate::draw::Draw;
use crate::records::{Fact, facts_of, of};
use crate::world;

/// chosen: enough that a record comes, goes and comes again.
const VERSIONS: usize = 6;

/// Version by version.
pub fn run(input: &[u8]) {
    assert!(
        Difference::from_octets(input).is_err(),
        "a checksum by chance"
    );
    let mut draw = Draw::new(input);
    let origin = world::name(draw.pick(&["example.", "."]));
    let mut versions = vec![world::bare_zone(origin.as_name())];
    let mut parts = Vec::new();
    for _ in 0..=draw.below(VERSIONS) {
        let old = &versions[versions.len() - 1];
        let (new, part) = next(&mut draw, old);
        check(old, &new, &part);
        check_disk(&mut draw, &part);
        versions.push(new);
        parts.push(part);
    }
    let start = draw.below(parts.len());
    let end = start + 1 + draw.below(parts.len() - start);
    let condensed = Difference::condense(&parts[start..end]).expect("a difference of several");
    check(&versions[start], &versions[end], &condensed);
    assert!(condensed.size_octets() <= parts[start..end].iter().map(Difference::size_octets).sum());
    assert!(Difference::condense(&[]).is_none());
}

/// Another version, and how it differs by what was changed.
fn next(draw: &mut Draw<'_>, old: &Zone) -> (Zone, Difference) {
    let step = draw.pick(&[1, 1, 7, 0x7fff_ffff]);
    let serial = Serial::new(old.serial().number().wrapping_add(step));
    let mut changes: Vec<RRsetChange> = (0..draw.below(6))
        .map(|_| world::rrset_change(draw, old.origin()))
        .collect();
    changes.push(old.serial_change(serial));
    let new = old.with_rrsets(&changes).expect("changes of the zone");
    assert_eq!(new.serial(), serial);
    let difference = Difference::by_changes(old, &new, &changes);
    if draw.one_in(2) {
        return (new, difference);
    }
    let between = Difference::between(old, &new);
    (new, between)
}

/// What is taken away was there, what is added was not; then it is the new version.
fn check(old: &Zone, new: &Zone, difference: &Difference) {
    assert_eq!(difference.origin(), old.origin());
    assert_eq!(
        (difference.from(), difference.to()),
        (old.serial(), new.serial())
    );
    let mut facts = facts_of(old);
    for record in difference.deleted() {
        let fact = of(&record);
        assert!(facts.remove(&fact), "{fact:?} was not there");
    }
    for record in difference.added() {
        let fact = of(&record);
        assert!(facts.insert(fact.clone()), "{fact:?} was there");
    }
    assert_eq!(facts, facts_of(new));
    assert_eq!(
        difference.count(),
        difference.deleted().count() + difference.added().count()
    );
    assert_eq!(Digest::of(old).after(difference), Digest::of(new));
    let without_soa = |zone: &Zone| -> BTreeSet<Fact> {
        facts_of(zone)
            .into_iter()
            .filter(|fact| !fact.is_soa())
            .collect()
    };
    assert_eq!(difference.is_empty(), without_soa(old) == without_soa(new));
}

/// On the disk and back, and damaged there.
fn check_disk(draw: &mut Draw<'_>, difference: &Difference) {
    let mut octets = difference.octets();
    assert_eq!(Difference::from_octets(&octets).as_ref(), Ok(difference));
    let at = draw.below(octets.len());
    match draw.below(3) {
        0 => octets.truncate(at),
        1 => octets[at] ^= 1 << draw.below(8),
        _ => octets.insert(at, draw.octet()),
    }
    if octets != difference.octets() {
        assert!(Difference::from_octets(&octets).is_err(), "damaged at {at}");
    }
}
