//! Zones that are drawn, and served together.

use std::ops::Deref;

use understudy_answer::Zones;
use understudy_wire::{Folded, Name, NameBuf, Rtype};
use understudy_zone::{Kind, RRsetChange, Selector, SteeredChange, SteeredSet, Zone};

use crate::draw::Draw;

/// Some zones, none with the origin of another.
#[derive(Default)]
pub(crate) struct Served(pub(crate) Vec<Zone>);

impl Zones for Served {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let name = Name::from_octets(name.suffix(labels)?).expect("an ancestor");
        let above = self.0.iter();
        above
            .filter(|zone| name.is_at_or_below(zone.origin()))
            .max_by_key(|zone| zone.origin().label_count())
    }

    fn stamp(&self) -> Option<u64> {
        Some(0)
    }

    fn version(&self) -> Option<u64> {
        Some(0)
    }
}

/// A name that is known to be one.
pub(crate) fn name(text: &str) -> NameBuf {
    text.parse().expect("a name")
}

/// A zone of what every zone has.
pub(crate) fn bare_zone(origin: Name<'_>) -> Zone {
    let text = b"@ 60 SOA ns root 1 2 3 4 30\n@ 60 NS ns\n";
    Zone::parse(text, "bare", origin).expect("a zone").zone
}

pub(crate) fn rrset_change(draw: &mut Draw<'_>, origin: Name<'_>) -> RRsetChange {
    let (owner, rtype) = (draw.name(origin), draw.rtype());
    if draw.one_in(6) {
        return RRsetChange::Remove(owner, rtype);
    }
    let ttl = draw.ttl();
    RRsetChange::Set(owner, rtype, ttl, draw.rdatas(rtype, origin))
}

pub(crate) fn steered_change(draw: &mut Draw<'_>, origin: Name<'_>) -> SteeredChange {
    let owner = draw.name(origin);
    let rtype = draw.pick(&[Rtype::A, Rtype::AAAA, Rtype::CNAME, Rtype::TXT]);
    if draw.one_in(6) {
        return SteeredChange::Remove(owner, rtype);
    }
    let kind = draw.pick(&[Kind::Answer, Kind::Nodata, Kind::Servfail]);
    let count = match kind {
        Kind::Answer => draw.below(3) + 1,
        Kind::Nodata | Kind::Servfail => 0,
    };
    let variants = (0..count).map(|_| {
        let weight = draw.pick(&[1, 0, 7, u32::MAX]);
        let mut rdatas = draw.rdatas(rtype, origin);
        // The control plane steers to an address once.
        rdatas.sort();
        rdatas.dedup();
        (weight, rdatas)
    });
    let variants = variants.collect();
    let set = SteeredSet {
        rtype,
        kind,
        ttl: draw.ttl(),
        due_ns: draw.pick(&[None, Some(0), Some(6_000_000_000)]),
        selector: draw.pick(&[Selector::One, Selector::Chance, Selector::Rotate]),
        variants,
    };
    SteeredChange::Set(owner, set)
}

/// A zone with some static and some steered sets. What may not stand beside each other may: a look-up
/// has to live with any zone.
pub(crate) fn zone(draw: &mut Draw<'_>, origin: Name<'_>) -> Zone {
    let bare = bare_zone(origin);
    let rrsets: Vec<_> = (0..draw.below(24))
        .map(|_| rrset_change(draw, origin))
        .collect();
    let steered: Vec<_> = (0..draw.below(4))
        .map(|_| steered_change(draw, origin))
        .collect();
    let zone = bare.with_rrsets(&rrsets).expect("changes of the zone");
    zone.with_steered(&steered).expect("changes of the zone")
}
