//! Sorted records to the nodes of a zone: `RRsets` with one TTL, each record once.

use understudy_wire::{Name, Rtype};

use super::check::{SetSummary, check_apex, check_node, check_size};
use super::journal::Journal;
use super::records::{Record, Records};
use crate::index::BulkIndex;
use crate::key;
use crate::pack::{mark, push_static, static_key};
use crate::rdata;
use crate::tally::Tally;
use crate::tree::Tree;
use crate::zone::Zone;

/// Make the zone; None if it has no SOA record, which everything else rests on.
pub(super) fn assemble(records: &Records, origin: Name<'_>, journal: &mut Journal) -> Option<Zone> {
    let has_soa = check_apex(records, origin, journal);
    let mut order = Tree::builder();
    let mut index = IndexWriter::expecting(records);
    let mut tally = Tally::default();
    let mut node = Vec::new();
    let mut sets = Vec::new();
    for group in records.by_owner() {
        let key = group
            .first()
            .map(|record| records.key(record))
            .unwrap_or_default();
        node.clear();
        node.push(0);
        sets.clear();
        for set in group.chunk_by(|left, right| left.rtype == right.rtype) {
            sets.extend(push_set(records, set, &mut node, journal));
        }
        check_node(key, &sets, origin, journal);
        tally = tally.plus(Tally::of(key, &node));
        order.push([key, &[]]);
        index.push(key, &node);
    }
    has_soa.then(|| {
        let order = Tree::from_pages(order.finish());
        Zone::from_parts(origin, order, index.builder.finish(), tally)
    })
}

/// Fills the index in canonical order, empty non-terminals as well.
struct IndexWriter {
    builder: BulkIndex,
    before: Vec<u8>,
    wire: Vec<u8>,
}

impl IndexWriter {
    fn expecting(records: &Records) -> Self {
        // A node's flags, and what stands before the rdata of its only record; a few empty
        // non-terminals make no difference.
        const HEAD_OCTETS: usize = 14;
        let (count, octets) = records.size();
        Self {
            builder: BulkIndex::expecting(count, octets + HEAD_OCTETS * count),
            before: Vec::new(),
            wire: Vec::new(),
        }
    }

    fn push(&mut self, key: &[u8], node: &[u8]) {
        // An ancestor that has data came before, and everything since is below it.
        let first_new = key::shared_depth(&self.before, key) + 1;
        for depth in first_new..key::depth(key) {
            self.push_as_wire(key::ancestor(key, depth), &[]);
        }
        self.push_as_wire(key, node);
        self.before.clear();
        self.before.extend_from_slice(key);
    }

    fn push_as_wire(&mut self, key: &[u8], node: &[u8]) {
        self.wire.clear();
        key::push_wire(key, &mut self.wire);
        self.builder.push(&self.wire, node);
    }
}

/// Append the `RRset` of these records, which have one owner and type.
fn push_set<'r>(
    records: &Records,
    set: &'r [Record],
    node: &mut Vec<u8>,
    journal: &mut Journal,
) -> Option<SetSummary<'r>> {
    let first = set.first()?;
    let rtype = first.rtype;
    mark(node, static_key(rtype));
    if let [only] = set {
        check_size(
            records,
            first,
            std::iter::once(records.rdata(only)),
            journal,
        );
        push_static(node, rtype, only.ttl, std::iter::once(records.rdata(only)));
        return Some(SetSummary {
            rtype,
            count: 1,
            first,
        });
    }
    let ttl = lowest_ttl(set, journal);
    let distinct = distinct_rdatas(records, rtype, set, journal);
    let count = distinct.len();
    check_size(records, first, distinct.iter().copied(), journal);
    push_static(node, rtype, ttl, distinct.into_iter());
    Some(SetSummary {
        rtype,
        count,
        first,
    })
}

/// RFC 2181 section 5.2: an `RRset` has one TTL; of several the lowest is taken.
fn lowest_ttl(set: &[Record], journal: &mut Journal) -> u32 {
    let lowest = set
        .iter()
        .map(|record| record.ttl)
        .min()
        .unwrap_or_default();
    let mut before = set.iter().zip(set.iter().skip(1));
    if let Some((first, other)) = before.find(|(left, right)| left.ttl != right.ttl) {
        let message = format!(
            "the TTL {} differs from {} of the same RRset ({lowest} is used)",
            other.ttl, first.ttl
        );
        journal.warn(other.place(), "zone.ttl.differs", message);
    }
    lowest
}

/// Canonical order, each record once (RFC 2181 section 5).
fn distinct_rdatas<'r>(
    records: &'r Records,
    rtype: Rtype,
    set: &[Record],
    journal: &mut Journal,
) -> Vec<&'r [u8]> {
    let mut sorted: Vec<(Vec<u8>, &Record)> = set
        .iter()
        .map(|record| {
            (
                rdata::canonical(rtype, records.rdata(record)).into_owned(),
                record,
            )
        })
        .collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            let message = format!("the {rtype} record is there twice (one is kept)");
            journal.warn(later.1.place(), "zone.record.duplicate", message);
        }
        is_same
    });
    sorted
        .into_iter()
        .map(|(_, record)| records.rdata(record))
        .collect()
}
