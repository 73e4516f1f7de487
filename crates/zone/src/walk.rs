//! A walk through a zone that can be left and taken up again.

use std::hint::black_box;

use understudy_wire::Rtype;

use crate::index::{Ahead, Index};
use crate::key;
use crate::node::Node;
use crate::record::Below;
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
    /// The key of the first name that does not come any more.
    until: Option<Box<[u8]>>,
}

impl Walk {
    /// A walk that has not begun.
    #[must_use]
    pub fn new(zone: Zone) -> Self {
        Self::between(zone, &[], None)
    }

    /// A walk through the names from a key on, and before another one.
    pub(crate) fn between(zone: Zone, from: &[u8], until: Option<&[u8]>) -> Self {
        Self {
            zone,
            key: from.to_vec(),
            given: 0,
            until: until.map(Box::from),
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
        let version = self.zone.version();
        let until = self.until.as_deref();
        let mut keys = version
            .order
            .iter_from(&self.key)
            .take_while(|key| until.is_none_or(|until| is_before(*key, until)));
        let mut batch = Batch::default();
        while batch.fill(&mut keys, &version.index) {
            for step in &batch.steps {
                wait_for(step.ahead.first());
            }
            for step in &batch.steps {
                wait_for(step.ahead.last().unwrap_or_default());
            }
            for step in &batch.steps {
                let labels = batch.labels.get(step.start..step.end).unwrap_or_default();
                let node = Node::from_octets(step.ahead.finish(labels).unwrap_or_default());
                for record in records_of(labels, node).skip(self.given) {
                    if let Err(error) = take(&record) {
                        self.key = step.key.concat();
                        return Err(error);
                    }
                    self.given += 1;
                }
                self.given = 0;
            }
        }
        self.key = PAST_ALL.to_vec();
        Ok(())
    }
}

/// Names that are looked up side by side: each is somewhere else in memory, and one after the other
/// they would be waited for nine tenths of the time (ADR 0029).
#[derive(Default)]
struct Batch<'z> {
    steps: Vec<Step<'z>>,
    /// Those of all names.
    labels: Vec<u8>,
}

/// One name of a batch.
struct Step<'z> {
    key: [&'z [u8]; 2],
    start: usize,
    end: usize,
    ahead: Ahead<'z>,
}

/// What the processor loads at once, in octets.
const CACHE_LINE: usize = 64;

/// chosen: the memory has its hands full with fewer, and what has come stays in the nearest cache.
const BATCH: usize = 32;

impl<'z> Batch<'z> {
    /// Begin with the next names; false if there are none.
    fn fill(&mut self, keys: &mut impl Iterator<Item = [&'z [u8]; 2]>, index: &'z Index) -> bool {
        self.steps.clear();
        self.labels.clear();
        for key in keys.take(BATCH) {
            let start = self.labels.len();
            key::push_labels(key, &mut self.labels);
            let labels = self.labels.get(start..).unwrap_or_default();
            self.steps.push(Step {
                key,
                start,
                end: start + labels.len(),
                ahead: index.look_ahead(labels),
            });
        }
        !self.steps.is_empty()
    }
}

/// Reads some of these octets, so that they are on their way from memory.
#[inline]
fn wait_for(octets: &[u8]) {
    for line in octets.chunks(CACHE_LINE) {
        black_box(line.first().copied());
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

fn is_before([left, right]: [&[u8]; 2], until: &[u8]) -> bool {
    left.iter().chain(right).lt(until)
}

/// A key that stands behind every other: no label is that long.
const PAST_ALL: [u8; 64] = [u8::MAX; 64];
