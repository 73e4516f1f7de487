//! The rules that a zone must keep, and what is odd in one that keeps them.
//!
//! Errors are what makes answers ambiguous or the zone unusable: no SOA or NS at the apex, two SOA
//! records, CNAME beside other data, two CNAME or DNAME records, names below a DNAME (RFC 6672
//! section 2.4; Knot refuses it too). All else is a warning: data outside the zone and occluded data
//! are kept out of answers, as in BIND.

use understudy_wire::{Name, Rtype};

use super::journal::{Journal, Place};
use super::records::{Record, Records};
use crate::find::Match;
use crate::key;
use crate::node::Node;
use crate::zone::Zone;

/// A set of one node.
pub(super) struct SetSummary<'r> {
    pub(super) rtype: Rtype,
    pub(super) count: usize,
    pub(super) first: &'r Record,
}

/// RFC 1035 section 5.2: a SOA record and NS records at the apex. Is there a SOA record?
pub(super) fn check_apex(records: &Records, origin: Name<'_>, journal: &mut Journal) -> bool {
    let apex = || {
        records
            .iter()
            .take_while(|record| records.key(record).is_empty())
    };
    let Some(soa) = apex().find(|record| record.rtype == Rtype::SOA) else {
        // Where something else was wrong, that may have been the SOA record.
        if !journal.has_errors() {
            let message = format!("{origin} has no SOA record (write one for the zone's own name)");
            journal.error(Place::MAIN, "zone.soa.missing", message);
        }
        return false;
    };
    if !apex().any(|record| record.rtype == Rtype::NS) {
        let message = format!("{origin} has no NS record (write one for each name server)");
        journal.error(soa.place(), "zone.ns.missing", message);
    }
    true
}

/// RFC 1035 section 4.2.2: a message has 65,535 octets at most. What may stand there beside one record:
/// a header (12), a question (259), the record's owner and head (265), EDNS (312) and a signature (375), with the
/// longest names and options there are.
const RDATA_MAX: usize = 65_535 - 1_224;

/// What is wrong with a record of so many octets, if no message may have room for it. Who fetches the zone would get it
/// up to there and never further.
pub(super) fn long_record(rtype: Rtype, octets: usize) -> Option<String> {
    (octets > RDATA_MAX).then(|| {
        format!(
            "a {rtype} record here has {octets} octets, and there is no message with room for more than {RDATA_MAX}: \
             nobody could fetch the zone (split what it says)"
        )
    })
}

/// RFC 1035 section 4.2.2: a message has 65,535 octets at most, and these records go together.
pub(super) fn check_size<'r>(
    records: &Records,
    first: &Record,
    rdatas: impl Iterator<Item = &'r [u8]>,
    journal: &mut Journal,
) {
    // What stands before the rdata: a pointer to the owner, type, class, TTL and length.
    const RECORD_OCTETS: usize = 12;
    const POINTER_OCTETS: usize = 2;
    // A header, and what a question has beside its name.
    const FRAME_OCTETS: usize = 16;
    let rtype = first.rtype;
    let (mut count, mut octets) = (0, FRAME_OCTETS + records.key(first).len());
    let mut longest = 0;
    for rdata in rdatas {
        longest = longest.max(rdata.len());
        let least = if matches!(rtype, Rtype::NS | Rtype::MX | Rtype::PTR) {
            POINTER_OCTETS // whatever its name is, the message may have it already
        } else {
            rdata.len()
        };
        count += 1;
        octets += RECORD_OCTETS + least;
    }
    if let Some(message) = long_record(rtype, longest) {
        journal.error(first.place(), "zone.record.size", message);
    } else if octets > usize::from(u16::MAX) {
        let message = format!(
            "the {count} {rtype} records here take {octets} octets, and no message has room for more than 65535: \
             nobody can have them (spread them over several names)"
        );
        journal.warn(first.place(), "zone.rrset.size", message);
    }
}

/// The rules about what may stand beside what, for some names.
pub(super) fn check_names(records: &Records, origin: Name<'_>, journal: &mut Journal) {
    for group in records.by_owner() {
        let sets = group.chunk_by(|left, right| left.rtype == right.rtype);
        let sets: Vec<_> = sets
            .filter_map(|set| {
                set.first().map(|first| SetSummary {
                    rtype: first.rtype,
                    count: set.len(),
                    first,
                })
            })
            .collect();
        let key = group
            .first()
            .map(|record| records.key(record))
            .unwrap_or_default();
        check_node(key, &sets, origin, journal);
    }
}

/// The rules about what may stand beside what.
pub(super) fn check_node(
    key: &[u8],
    sets: &[SetSummary<'_>],
    origin: Name<'_>,
    journal: &mut Journal,
) {
    let is_ordinary = |set: &SetSummary<'_>| {
        !matches!(
            set.rtype,
            Rtype::SOA | Rtype::CNAME | Rtype::DNAME | Rtype::NS | Rtype::DS
        )
    };
    if sets.iter().all(is_ordinary) {
        return;
    }
    let find = |rtype| sets.iter().find(|set| set.rtype == rtype);
    if let Some(cname) = find(Rtype::CNAME) {
        check_cname(key, sets, cname, origin, journal);
    }
    for (rtype, code) in [
        (Rtype::SOA, "zone.soa.multiple"),
        (Rtype::CNAME, "zone.cname.multiple"),
        (Rtype::DNAME, "zone.dname.multiple"),
    ] {
        if let Some(set) = find(rtype).filter(|set| set.count > 1) {
            let owner = key::to_name(key, origin);
            let message = format!(
                "{owner} has {} {rtype} records (one is possible)",
                set.count
            );
            journal.error(set.first.place(), code, message);
        }
    }
    match key {
        [] => check_apex_node(find(Rtype::DS), journal),
        _ => check_lower_node(key, sets, origin, journal),
    }
}

/// RFC 1034 section 3.6.2; RFC 4034 sections 3 and 4 and RFC 2535 allow their records beside it.
fn check_cname(
    key: &[u8],
    sets: &[SetSummary<'_>],
    cname: &SetSummary<'_>,
    origin: Name<'_>,
    journal: &mut Journal,
) {
    let is_other = |set: &&SetSummary<'_>| {
        !matches!(
            set.rtype,
            Rtype::CNAME | Rtype::RRSIG | Rtype::NSEC | Rtype::SIG | Rtype::NXT | Rtype::KEY
        )
    };
    if let Some(other) = sets.iter().find(is_other) {
        let message = format!(
            "{} has CNAME and {} records (an alias has nothing else)",
            key::to_name(key, origin),
            other.rtype
        );
        journal.error(cname.first.place(), "zone.cname.other", message);
    }
}

fn check_apex_node(ds: Option<&SetSummary<'_>>, journal: &mut Journal) {
    if let Some(ds) = ds {
        let message = "DS at the apex is never answered (it belongs in the parent zone)".to_owned();
        journal.warn(ds.first.place(), "zone.ds.apex", message);
    }
}

fn check_lower_node(key: &[u8], sets: &[SetSummary<'_>], origin: Name<'_>, journal: &mut Journal) {
    let find = |rtype| sets.iter().find(|set| set.rtype == rtype);
    let owner = || key::to_name(key, origin);
    if let Some(soa) = find(Rtype::SOA) {
        let message = format!("SOA at {} (it belongs at {origin} only)", owner());
        journal.error(soa.first.place(), "zone.soa.misplaced", message);
    }
    if let (Some(_), Some(dname)) = (find(Rtype::NS), find(Rtype::DNAME)) {
        let message = format!(
            "{} has NS and DNAME records (delegate or redirect)",
            owner()
        );
        journal.error(dname.first.place(), "zone.dname.delegation", message);
    }
    if let (None, Some(ds)) = (find(Rtype::NS), find(Rtype::DS)) {
        let message = format!("{} has DS but no NS records", owner());
        journal.warn(ds.first.place(), "zone.ds.stray", message);
    }
    let is_wildcard = key::is_wildcard(key);
    // RFC 4592 sections 4.2 and 4.4: what they mean there is not defined.
    for rtype in [Rtype::NS, Rtype::DNAME] {
        if let Some(set) = find(rtype).filter(|_| is_wildcard) {
            let message = format!("{rtype} at the wildcard {} (RFC 4592 section 4)", owner());
            journal.warn(set.first.place(), "zone.wildcard.odd", message);
        }
    }
}

/// What can be seen only when the zone is whole.
pub(super) fn check(zone: &Zone, records: &Records, journal: &mut Journal) {
    if zone.may_hide_names() {
        check_covered(zone, records, journal);
    }
    if journal.has_errors() {
        // A target may be missing because its line has a fault.
        return;
    }
    for record in records.iter() {
        let rdata = records.rdata(record);
        let target = match record.rtype {
            Rtype::NS => Some(rdata),
            Rtype::MX => rdata.get(2..),
            Rtype::SRV => rdata.get(6..),
            _ => None,
        };
        if let Some(Ok(target)) = target.map(Name::from_octets) {
            check_target(zone, records, record, target, journal);
        }
    }
}

/// What covers the names below it.
struct Cover<'r> {
    key: &'r [u8],
    is_dname: bool,
}

/// Find data at and below cuts, and below DNAMEs. Records are sorted, so that what is below follows.
fn check_covered(zone: &Zone, records: &Records, journal: &mut Journal) {
    let mut cover: Option<Cover<'_>> = None;
    for group in records.by_owner() {
        let Some(first) = group.first() else { continue };
        let key = records.key(first);
        if let Some(cover) = cover.as_ref().filter(|cover| key.starts_with(cover.key)) {
            report_covered(cover, key, group, zone.origin(), journal);
            continue;
        }
        let has = |rtype| group.iter().any(|record| record.rtype == rtype);
        let (is_cut, is_dname) = (has(Rtype::NS) && !key.is_empty(), has(Rtype::DNAME));
        cover = (is_cut || is_dname).then_some(Cover {
            key,
            is_dname: is_dname && !is_cut,
        });
        if is_cut {
            report_at_cut(key, group, zone.origin(), journal);
        }
    }
}

fn report_covered(
    cover: &Cover<'_>,
    key: &[u8],
    group: &[Record],
    origin: Name<'_>,
    journal: &mut Journal,
) {
    let above = key::to_name(cover.key, origin);
    let owner = key::to_name(key, origin);
    if cover.is_dname {
        let message = format!("{owner} is below the DNAME {above} (RFC 6672 section 2.4)");
        if let Some(first) = group.first() {
            journal.error(first.place(), "zone.dname.below", message);
        }
        return;
    }
    let is_glue = |record: &&Record| matches!(record.rtype, Rtype::A | Rtype::AAAA);
    if let Some(record) = group.iter().find(|record| !is_glue(record)) {
        let message = format!(
            "{} at {owner} is below the zone cut {above} and never answered",
            record.rtype
        );
        journal.warn(record.place(), "zone.occluded", message);
    }
}

/// A cut has NS, what DNSSEC needs, and perhaps glue for itself (RFC 4035 section 2.2).
fn report_at_cut(key: &[u8], group: &[Record], origin: Name<'_>, journal: &mut Journal) {
    let is_proper = |record: &&Record| {
        matches!(
            record.rtype,
            Rtype::NS | Rtype::DS | Rtype::NSEC | Rtype::RRSIG | Rtype::A | Rtype::AAAA
        )
    };
    if let Some(record) = group.iter().find(|record| !is_proper(record)) {
        let owner = key::to_name(key, origin);
        let message = format!("{} at the zone cut {owner} is never answered", record.rtype);
        journal.warn(record.place(), "zone.occluded", message);
    }
}

/// Targets must be no aliases (RFC 2181 section 10.3, RFC 2782), and name servers in the zone need
/// addresses.
fn check_target(
    zone: &Zone,
    records: &Records,
    record: &Record,
    target: Name<'_>,
    journal: &mut Journal,
) {
    let Some(found) = zone.find(target).filter(|_| !target.is_root()) else {
        return;
    };
    let rtype = record.rtype;
    let node = match found.at {
        Match::Exact(node) => Some(node),
        Match::Missing { wildcard } if found.cut.is_none() => wildcard,
        _ => None,
    };
    if found.cut.is_none() && node.is_some_and(|node| node.has_cname()) {
        let message = format!("the {rtype} target {target} is an alias (name the host itself)");
        journal.warn(record.place(), "zone.target.alias", message);
    }
    let has_address = |node: Node<'_>| {
        [Rtype::A, Rtype::AAAA]
            .iter()
            .any(|rtype| node.rrset(*rtype).is_some())
    };
    let is_alias = node.is_some_and(|node| node.has_cname());
    if rtype != Rtype::NS || found.dname.is_some() || is_alias || node.is_some_and(has_address) {
        return;
    }
    let owner = key::to_name(records.key(record), zone.origin());
    let cut = found.cut.and_then(|cut| cut.owner(target));
    let (code, what) = match cut {
        None => ("zone.ns.address", "has no address in this zone"),
        Some(cut) if owner.as_name() == cut => ("zone.ns.glue", "needs a glue address"),
        Some(_) => return,
    };
    let message = format!("the name server {target} {what} (add an A or AAAA record)");
    journal.warn(record.place(), code, message);
}
