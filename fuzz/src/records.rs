//! Zones as sets of records: slow and plain.

use std::collections::BTreeSet;

use understudy_wire::{NameBuf, Rtype};
use understudy_zone::{Node, Record, Zone};

/// A record whose owner is in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) owner: NameBuf,
    pub(crate) rtype: u16,
    pub(crate) ttl: u32,
    pub(crate) rdata: Vec<u8>,
}

impl Fact {
    pub(crate) fn is_soa(&self) -> bool {
        self.rtype == Rtype::SOA.number()
    }
}

pub(crate) fn of(record: &Record<'_>) -> Fact {
    Fact {
        owner: record.owner.to_lower(),
        rtype: record.rtype.number(),
        ttl: record.ttl,
        rdata: record.rdata.to_vec(),
    }
}

/// Everything that a zone has, its SOA record as well.
pub(crate) fn facts_of(zone: &Zone) -> BTreeSet<Fact> {
    let mut facts = BTreeSet::new();
    for (owner, node) in zone.nodes() {
        for set in Node::rrsets(&node) {
            for rdata in set.rdatas() {
                facts.insert(Fact {
                    owner: owner.as_name().to_lower(),
                    rtype: set.rtype.number(),
                    ttl: set.ttl,
                    rdata: rdata.to_vec(),
                });
            }
        }
    }
    facts
}
