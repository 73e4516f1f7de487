//! The message digest of a zone (ZONEMD, RFC 8976): made, and compared with what the zone says.
//!
//! The scheme SIMPLE (section 3.3) is one hash over all records in canonical form and order. It has
//! no parts that could be kept, so that it costs by the zone, also where little has changed.

use sha2::{Sha384, Sha512};
use understudy_wire::{Name, Rtype};

use crate::change::RRsetChange;
use crate::key;
use crate::node::{Node, RRset};
use crate::rdata;
use crate::record::{Record, records_of};
use crate::zone::Zone;

/// RFC 8976 section 5.2.
const SIMPLE: u8 = 1;
/// Serial, scheme, hash algorithm.
const HEAD_OCTETS: usize = 6;
/// chosen: what a hash takes at a time.
const AT_ONCE: usize = 16_384;

/// The hash that a digest is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZonemdHash {
    /// 48 octets.
    Sha384,
    /// 64 octets.
    Sha512,
}

/// What a zone's own digests say about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZonemdVerdict {
    /// One of them is that of the zone: nothing is missing, nothing was changed.
    Verified,
    /// There is none.
    Absent,
    /// None with a scheme and a hash that are known here.
    Unknown,
    /// They are those of another version.
    OtherSerial,
    /// They are those of other content.
    Mismatch,
}

impl ZonemdHash {
    /// Every hash that is known here.
    pub const ALL: [Self; 2] = [Self::Sha384, Self::Sha512];

    /// RFC 8976 section 5.3.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Sha384 => 1,
            Self::Sha512 => 2,
        }
    }
}

impl Zone {
    /// The digest of all static records but the ZONEMD records of the apex and their signatures.
    /// Costs by the zone.
    #[must_use]
    pub fn zonemd(&self, hash: ZonemdHash) -> Vec<u8> {
        match hash {
            ZonemdHash::Sha384 => digest::<Sha384>(self),
            ZonemdHash::Sha512 => digest::<Sha512>(self),
        }
    }

    /// The change that gives the zone the ZONEMD record of what it has now, and no other one. Costs
    /// by the zone.
    #[must_use]
    pub fn zonemd_change(&self, hash: ZonemdHash) -> RRsetChange {
        let mut rdata = self.serial().number().to_be_bytes().to_vec();
        rdata.extend([SIMPLE, hash.number()]);
        rdata.extend(self.zonemd(hash));
        let (origin, ttl) = (self.origin().to_buf(), self.soa().ttl);
        RRsetChange::Set(origin, Rtype::ZONEMD, ttl, vec![rdata])
    }

    /// Compares the zone with the digests that it has (RFC 8976 section 4). Costs by the zone where
    /// there is one that can be compared.
    #[must_use]
    pub fn verify_zonemd(&self) -> ZonemdVerdict {
        let Some(set) = self.apex().rrset(Rtype::ZONEMD) else {
            return ZonemdVerdict::Absent;
        };
        let serial = self.serial().number().to_be_bytes();
        let mut verdict = ZonemdVerdict::Unknown;
        for hash in ZonemdHash::ALL {
            let Some(rdata) = the_one(set, hash) else {
                continue;
            };
            verdict = if !rdata.starts_with(&serial) {
                ZonemdVerdict::OtherSerial
            } else if rdata.get(HEAD_OCTETS..) == Some(&self.zonemd(hash)) {
                return ZonemdVerdict::Verified;
            } else {
                ZonemdVerdict::Mismatch
            };
        }
        verdict
    }
}

/// The rdata with the scheme SIMPLE and this hash. Of several none counts (section 4, step 5.3).
fn the_one(set: RRset<'_>, hash: ZonemdHash) -> Option<&[u8]> {
    let is_such = |rdata: &&[u8]| rdata.get(4..HEAD_OCTETS) == Some(&[SIMPLE, hash.number()]);
    let mut such = set.rdatas().filter(is_such);
    such.next().filter(|_| such.next().is_none())
}

fn digest<H: sha2::Digest>(zone: &Zone) -> Vec<u8> {
    let version = zone.version();
    let origin = zone.origin();
    let (mut hasher, mut octets) = (H::new(), Vec::with_capacity(2 * AT_ONCE));
    let (mut key, mut owner) = (Vec::new(), Vec::new());
    for parts in version.order.iter() {
        key.clear();
        key.extend(parts.iter().copied().flatten());
        owner.clear();
        key::push_wire(&key, &mut owner);
        let is_apex = owner.is_empty();
        let node = Node::from_octets(version.index.get(&owner).unwrap_or_default());
        owner.extend_from_slice(origin.octets());
        let name = Name::from_octets(&owner).unwrap_or(origin);
        for set in node.rrsets() {
            if is_apex && set.rtype == Rtype::ZONEMD {
                continue;
            }
            let records = records_of(name, set).filter(|it| !(is_apex && signs_zonemd(it)));
            push_canonical(set.rtype, records, &mut octets);
        }
        if octets.len() >= AT_ONCE {
            hasher.update(&octets);
            octets.clear();
        }
    }
    hasher.update(&octets);
    hasher.finalize().to_vec()
}

/// RFC 4034 section 3.1.1: the type that is covered comes first.
fn signs_zonemd(record: &Record<'_>) -> bool {
    record.rtype == Rtype::RRSIG
        && record
            .rdata
            .starts_with(&Rtype::ZONEMD.number().to_be_bytes())
}

/// Append the records of a set, in canonical form and order (RFC 4034 sections 6.2 and 6.3); their
/// owner is in lower case, and they come in the order of the zone.
fn push_canonical<'r>(rtype: Rtype, records: impl Iterator<Item = Record<'r>>, to: &mut Vec<u8>) {
    let mut push = |record: Record<'_>| {
        let rdata = &*rdata::signed_form(rtype, record.rdata);
        Record { rdata, ..record }.push(to);
    };
    if rdata::is_in_signed_order(rtype) {
        records.for_each(push);
        return;
    }
    let mut sorted: Vec<_> = records.collect();
    sorted.sort_by(|left, right| left.rdata.cmp(right.rdata));
    sorted.into_iter().for_each(&mut push);
}
