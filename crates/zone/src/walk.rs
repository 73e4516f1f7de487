//! A walk through a zone that can be left and taken up again.

use understudy_wire::Rtype;

use crate::node::Node;
use crate::record::Below;
use crate::zone::Zone;

/// Every static record but the SOA. Those of a name come together, by type; the names come as they
/// stand in memory, which is no order for people, and the quickest.
///
/// It holds its version of the zone, so that whoever walks slowly sees one and the same.
#[derive(Clone, Debug)]
pub struct Walk {
    zone: Zone,
    /// A hash in the range of the bucket that comes next; None when all have been walked through.
    hash: Option<u64>,
    /// How many of its names have been left behind.
    names: usize,
    /// How many records of the next name have been given.
    given: usize,
}

impl Walk {
    /// A walk that has not begun.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            hash: Some(0),
            names: 0,
            given: 0,
        }
    }

    /// The zone that is walked through.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Gives records to `take` until that fails; the walk goes on with the record that it has not
    /// taken.
    ///
    /// # Errors
    /// What `take` failed with. Ok: there is no further record.
    pub fn go_on<E>(&mut self, mut take: impl FnMut(&Below<'_>) -> Result<(), E>) -> Result<(), E> {
        let index = &self.zone.version().index;
        while let Some(hash) = self.hash {
            let (entries, next) = index.entries_around(hash);
            for (labels, value) in entries.skip(self.names) {
                let node = Node::from_octets(value);
                for record in records_of(labels, node).skip(self.given) {
                    take(&record)?;
                    self.given += 1;
                }
                self.given = 0;
                self.names += 1;
            }
            self.names = 0;
            self.hash = next;
        }
        Ok(())
    }
}

fn records_of<'z>(labels: &'z [u8], node: Node<'z>) -> impl Iterator<Item = Below<'z>> {
    let sets = node.rrsets().filter(|set| set.rtype != Rtype::SOA);
    sets.flat_map(move |set| {
        set.rdatas().map(move |rdata| Below {
            labels,
            rtype: set.rtype,
            ttl: set.ttl,
            rdata,
        })
    })
}
