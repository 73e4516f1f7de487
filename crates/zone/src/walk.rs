//! A walk through a zone that can be left and taken up again.

use understudy_wire::{Name, Rtype};

use crate::key;
use crate::node::Node;
use crate::record::{Record, records_of};
use crate::zone::Zone;

/// Every static record but the SOA, in canonical order of the owners.
///
/// It holds its version of the zone, so that whoever walks slowly sees one and the same.
#[derive(Clone, Debug)]
pub struct Walk {
    zone: Zone,
    /// The key of the name whose records come next.
    key: Vec<u8>,
    /// How many of its records have been given.
    given: usize,
}

impl Walk {
    /// A walk that has not begun.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            key: Vec::new(),
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
    pub fn go_on<E>(
        &mut self,
        mut take: impl FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let version = self.zone.version();
        let origin = version.origin.as_name();
        let (mut key, mut owner) = (Vec::new(), Vec::new());
        for parts in version.order.iter_from(&self.key) {
            key.clear();
            key.extend(parts.iter().copied().flatten());
            owner.clear();
            key::push_wire(&key, &mut owner);
            let node = Node::from_octets(version.index.get(&owner).unwrap_or_default());
            owner.extend_from_slice(origin.octets());
            let name = Name::from_octets(&owner).unwrap_or(origin);
            let sets = node.rrsets().filter(|set| set.rtype != Rtype::SOA);
            let records = sets.flat_map(|set| records_of(name, set));
            for record in records.skip(self.given) {
                if let Err(error) = take(&record) {
                    self.key.clone_from(&key);
                    return Err(error);
                }
                self.given += 1;
            }
            self.given = 0;
        }
        self.key = PAST_ALL.to_vec();
        Ok(())
    }
}

/// A key that stands behind every other: no label is that long.
const PAST_ALL: [u8; 64] = [u8::MAX; 64];
