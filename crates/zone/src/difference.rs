//! What became different from one version of a zone to another, as records (RFC 1995 section 4).

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use siphasher::sip::SipHasher13;
use understudy_wire::{Name, NameBuf, Rtype, Serial};

use crate::change::RRsetChange;
use crate::node::{Node, RRset};
use crate::record::{Record, Records, records_of};
use crate::zone::{SOA_SERIAL_FROM_END, Zone, soa_number};

/// The first octet of the form for the disk. Another form would have another.
const FORM: u8 = 1;
/// Form, both serials, both lengths.
const HEAD_OCTETS: usize = 17;
const CHECKSUM_OCTETS: usize = 8;

/// What was taken away and what was put in its place: each begins with its SOA record, which makes
/// it what a transfer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    from: Serial,
    to: Serial,
    deleted: Box<[u8]>,
    added: Box<[u8]>,
}

/// Octets that are no difference: of another form, cut off, or changed on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedDifference;

impl fmt::Display for DamagedDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the octets are no whole difference of two zone versions")
    }
}

impl std::error::Error for DamagedDifference {}

impl Difference {
    /// Between a version and the one that `changes` made of it. Costs by the changes.
    #[must_use]
    pub fn by_changes(old: &Zone, new: &Zone, changes: &[RRsetChange]) -> Self {
        let touched: BTreeSet<(NameBuf, u16)> = changes
            .iter()
            .map(|change| match change {
                RRsetChange::Set(owner, rtype, ..) | RRsetChange::Remove(owner, rtype) => {
                    (owner.as_name().to_lower(), rtype.number())
                }
            })
            .collect();
        let mut making = Making::new(old, new);
        for (owner, rtype) in touched {
            let (owner, rtype) = (owner.as_name(), Rtype::new(rtype));
            let (before, after) = (rrset_at(old, owner, rtype), rrset_at(new, owner, rtype));
            making.put(owner, rtype, before, after);
        }
        making.finish()
    }

    /// Between any two versions of one zone. Costs by the zones.
    #[must_use]
    pub fn between(old: &Zone, new: &Zone) -> Self {
        let mut making = Making::new(old, new);
        let (mut olds, mut news) = (old.nodes().peekable(), new.nodes().peekable());
        loop {
            let order = match (olds.peek(), news.peek()) {
                (None, None) => return making.finish(),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((old, _)), Some((new, _))) => old.cmp(new),
            };
            let before = (order != Ordering::Greater).then(|| olds.next()).flatten();
            let after = (order != Ordering::Less).then(|| news.next()).flatten();
            let owner = before.as_ref().or(after.as_ref()).map(|(owner, _)| *owner);
            let node = |it: Option<(NameBuf, _)>| it.map(|(_, node)| node).unwrap_or_default();
            if let Some(owner) = owner {
                making.put_node(owner.as_name(), node(before), node(after));
            }
        }
    }

    /// One difference for several that follow each other: what came and went again is in neither
    /// part. None for none.
    #[must_use]
    pub fn condense<'d>(parts: impl IntoIterator<Item = &'d Difference>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        let mut net = Net::default();
        let (mut to, mut last_soa) = (first.to, first.added_soa());
        for difference in std::iter::once(first).chain(parts) {
            (to, last_soa) = (difference.to, difference.added_soa());
            for octets in pieces(&difference.deleted).skip(1) {
                net.turn(octets, Turn::Added, Turn::Deleted);
            }
            for octets in pieces(&difference.added).skip(1) {
                net.turn(octets, Turn::Deleted, Turn::Added);
            }
        }
        let (mut deleted, mut added) = (first.deleted_soa().to_vec(), last_soa.to_vec());
        for octets in net.order {
            match net.turns.remove(octets) {
                Some(Turn::Deleted) => deleted.extend_from_slice(octets),
                Some(Turn::Added) => added.extend_from_slice(octets),
                None => (),
            }
        }
        Some(Self {
            from: first.from,
            to,
            deleted: deleted.into_boxed_slice(),
            added: added.into_boxed_slice(),
        })
    }

    /// The zone.
    #[must_use]
    pub fn origin(&self) -> Name<'_> {
        let soa = self.added().next();
        soa.map_or(Name::ROOT, |soa| soa.owner)
    }

    /// The serial of the version before.
    #[must_use]
    pub fn from(&self) -> Serial {
        self.from
    }

    /// The serial of the version after.
    #[must_use]
    pub fn to(&self) -> Serial {
        self.to
    }

    /// What was taken away, the SOA record of the version before first.
    #[must_use]
    pub fn deleted(&self) -> Records<'_> {
        Records::new(&self.deleted)
    }

    /// What was put there, the SOA record of the version after first.
    #[must_use]
    pub fn added(&self) -> Records<'_> {
        Records::new(&self.added)
    }

    /// Octets of the records: about what a transfer of it costs.
    #[must_use]
    pub fn size_octets(&self) -> usize {
        self.deleted.len() + self.added.len()
    }

    /// How many records, SOA records as well.
    #[must_use]
    pub fn count(&self) -> usize {
        self.deleted().chain(self.added()).count()
    }

    /// Is nothing but the serial another, and the message digest that changes with it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests()
            .is_some_and(|(deleted, added)| deleted == added)
    }

    /// Is nothing but the serial another, and are message digests of the one before gone?
    #[must_use]
    pub fn only_ends_digests(&self) -> bool {
        self.digests().is_some_and(|(_, added)| added.is_empty())
    }

    /// The kinds of message digests that are deleted and added; None if there is more than these and
    /// the serial.
    fn digests(&self) -> Option<(Kinds<'_>, Kinds<'_>)> {
        let (mut deleted, mut added) = (self.deleted(), self.added());
        let (old, new) = (deleted.next()?, added.next()?);
        let frames_are_same = old.ttl == new.ttl && old.rdata.len() == new.rdata.len();
        let is_same = frames_are_same && around_serial(old.rdata) == around_serial(new.rdata);
        let kinds = |records| zonemd_kinds(records, self.origin());
        is_same.then_some((kinds(deleted)?, kinds(added)?))
    }

    /// A form for the disk, which tells when it was damaged.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(HEAD_OCTETS + self.size_octets() + CHECKSUM_OCTETS);
        octets.push(FORM);
        for serial in [self.from, self.to] {
            octets.extend_from_slice(&serial.number().to_be_bytes());
        }
        for part in [&self.deleted, &self.added] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            octets.extend_from_slice(&length.to_be_bytes());
        }
        octets.extend_from_slice(&self.deleted);
        octets.extend_from_slice(&self.added);
        let checksum = checksum(&octets);
        octets.extend_from_slice(&checksum);
        octets
    }

    /// Read that form.
    ///
    /// # Errors
    /// Octets that [`Difference::octets`] has not made.
    pub fn from_octets(octets: &[u8]) -> Result<Self, DamagedDifference> {
        Self::read(octets).ok_or(DamagedDifference)
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (signed, sum) = octets.split_last_chunk::<CHECKSUM_OCTETS>()?;
        let ([form, numbers @ ..], records) = signed.split_first_chunk::<HEAD_OCTETS>()?;
        if *form != FORM || *sum != checksum(signed) {
            return None;
        }
        let mut numbers = numbers.chunks_exact(4).map(be_number);
        let (from, to) = (numbers.next()?, numbers.next()?);
        let (deleted, added) = (numbers.next()?, numbers.next()?);
        let (deleted, rest) = records.split_at_checked(usize::try_from(deleted).ok()?)?;
        (rest.len() == usize::try_from(added).ok()?).then_some(())?;
        let is_sound = begins_with_soa(deleted, from)
            && begins_with_soa(rest, to)
            && is_same_soa(deleted, rest);
        is_sound.then(|| Self {
            from: Serial::new(from),
            to: Serial::new(to),
            deleted: deleted.into(),
            added: rest.into(),
        })
    }

    fn deleted_soa(&self) -> &[u8] {
        pieces(&self.deleted).next().unwrap_or_default()
    }

    fn added_soa(&self) -> &[u8] {
        pieces(&self.added).next().unwrap_or_default()
    }
}

/// What became of a record over several differences.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Deleted,
    Added,
}

/// What became of all of them. By hash and not in order: a transfer waits for it.
#[derive(Default)]
struct Net<'d> {
    turns: HashMap<&'d [u8], Turn>,
    /// The records, some of them more than once.
    order: Vec<&'d [u8]>,
}

impl<'d> Net<'d> {
    /// A record is `now`; if it was `before`, the two cancel out.
    fn turn(&mut self, octets: &'d [u8], before: Turn, now: Turn) {
        match self.turns.entry(octets) {
            Entry::Occupied(entry) if *entry.get() == before => {
                entry.remove();
            }
            entry => {
                entry.insert_entry(now);
                self.order.push(octets);
            }
        }
    }
}

/// The octets of each record.
fn pieces(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut records = Records::new(octets);
    std::iter::from_fn(move || {
        let before = records.rest();
        records.next()?;
        before.get(..before.len() - records.rest().len())
    })
}

fn be_number(octets: &[u8]) -> u32 {
    octets
        .first_chunk()
        .map_or(0, |octets| u32::from_be_bytes(*octets))
}

fn checksum(octets: &[u8]) -> [u8; CHECKSUM_OCTETS] {
    // Keys that everybody may know: a disk chooses no collisions.
    SipHasher13::new_with_keys(0, 0).hash(octets).to_be_bytes()
}

/// Are these whole records, the first of them the SOA record with this serial, and no other SOA?
fn begins_with_soa(octets: &[u8], serial: u32) -> bool {
    let mut records = Records::new(octets);
    let first = records.next();
    let begins = first.is_some_and(|it| {
        it.rtype == Rtype::SOA && soa_number(it.rdata, SOA_SERIAL_FROM_END) == serial
    });
    begins && records.all(|it| it.rtype != Rtype::SOA) && ends_whole(octets)
}

fn ends_whole(octets: &[u8]) -> bool {
    let mut records = Records::new(octets);
    records.by_ref().for_each(drop);
    records.rest().is_empty()
}

/// Are both parts of the same zone?
fn is_same_soa(deleted: &[u8], added: &[u8]) -> bool {
    let owner = |octets| Records::new(octets).next().map(|it| it.owner);
    owner(deleted) == owner(added)
}

/// TTLs, schemes and hashes of message digests.
type Kinds<'r> = Vec<(u32, &'r [u8])>;

/// Those of the zone; None if there is any other record.
fn zonemd_kinds<'r>(records: Records<'r>, origin: Name<'_>) -> Option<Kinds<'r>> {
    let kind = |it: Record<'r>| {
        let is_digest = it.rtype == Rtype::ZONEMD && it.owner == origin;
        is_digest.then_some((it.ttl, it.rdata.get(ZONEMD_KIND)?))
    };
    records.map(kind).collect()
}

/// Scheme and hash stand behind the serial (RFC 8976 section 2.2).
const ZONEMD_KIND: Range<usize> = 4..6;

/// SOA rdata before and behind its serial.
fn around_serial(rdata: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, numbers) =
        rdata.split_at_checked(rdata.len().checked_sub(SOA_SERIAL_FROM_END)?)?;
    Some((before, numbers.get(4..)?))
}

fn rrset_at<'z>(zone: &'z Zone, owner: Name<'_>, rtype: Rtype) -> Option<RRset<'z>> {
    zone.node(owner)?.rrset(rtype)
}

/// A difference in the making.
struct Making {
    from: Serial,
    to: Serial,
    deleted: Vec<u8>,
    added: Vec<u8>,
}

impl Making {
    fn new(old: &Zone, new: &Zone) -> Self {
        let soa = |zone: &Zone| {
            let mut octets = Vec::new();
            records_of(zone.origin(), zone.soa()).for_each(|record| record.push(&mut octets));
            octets
        };
        Self {
            from: old.serial(),
            to: new.serial(),
            deleted: soa(old),
            added: soa(new),
        }
    }

    fn put_node(&mut self, owner: Name<'_>, old: Node<'_>, new: Node<'_>) {
        if old.octets() == new.octets() {
            return;
        }
        let types: BTreeSet<u16> = old
            .rrsets()
            .chain(new.rrsets())
            .map(|set| set.rtype.number())
            .collect();
        for rtype in types.into_iter().map(Rtype::new) {
            self.put(owner, rtype, old.rrset(rtype), new.rrset(rtype));
        }
    }

    /// Records that are on one side only. Of another TTL all are others.
    fn put(
        &mut self,
        owner: Name<'_>,
        rtype: Rtype,
        old: Option<RRset<'_>>,
        new: Option<RRset<'_>>,
    ) {
        if rtype == Rtype::SOA {
            return; // it stands at the front already
        }
        let same_ttl = old.zip(new).is_some_and(|(old, new)| old.ttl == new.ttl);
        let only = |this: Option<RRset<'_>>, other: Option<RRset<'_>>, to: &mut Vec<u8>| {
            let others: BTreeSet<&[u8]> = other
                .filter(|_| same_ttl)
                .iter()
                .flat_map(RRset::rdatas)
                .collect();
            if let Some(set) = this {
                records_of(owner, set)
                    .filter(|record: &Record<'_>| !others.contains(record.rdata))
                    .for_each(|record| record.push(to));
            }
        };
        only(old, new, &mut self.deleted);
        only(new, old, &mut self.added);
    }

    fn finish(self) -> Difference {
        Difference {
            from: self.from,
            to: self.to,
            deleted: self.deleted.into(),
            added: self.added.into(),
        }
    }
}
