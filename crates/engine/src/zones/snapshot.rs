//! The zones as one batch of queries sees them.

use std::cell::OnceCell;
use std::ops::Deref;
use std::sync::Arc;

use arc_swap::Guard;
use understudy_wire::{Folded, Plain, is_same};
use understudy_zone::Zone;

use super::table::{Served, Table};
use crate::changes::Pause;

/// The zones as they are at one moment. Most batches need one zone only: that is loaded once.
pub struct Snapshot {
    pause: Pause,
    table: Arc<Table>,
    first: OnceCell<(Arc<Served>, Arc<Zone>)>,
}

/// A version that a reader holds.
pub(super) enum Reading<'s> {
    Held(&'s Zone),
    Loaded(Guard<Arc<Zone>>),
}

impl Deref for Reading<'_> {
    type Target = Zone;

    #[inline]
    fn deref(&self) -> &Zone {
        match self {
            Self::Held(zone) => zone,
            Self::Loaded(zone) => zone,
        }
    }
}

impl Snapshot {
    pub(super) fn new(pause: Pause, table: Arc<Table>) -> Self {
        Snapshot {
            pause,
            table,
            first: OnceCell::new(),
        }
    }

    /// The zone that a message is about, where that is the first of the batch.
    pub(crate) fn zone_of(&self, message: &[u8]) -> Option<&Zone> {
        let plain = Plain::parse(message)?;
        let mut copy = None;
        let name = plain.folded(&mut copy);
        self.load_nearest(name, name.label_count())?;
        self.first.get().map(|(_, zone)| &**zone)
    }

    /// The first zone of the batch, if it is the nearest to this name and no origin is longer.
    #[inline(always)]
    fn first_if_nearest(&self, name: Folded<'_>, labels: usize) -> Option<&Zone> {
        let (first, zone) = self.first.get()?;
        let depth = zone.origin_labels();
        if depth > labels || self.table.depths.first() != Some(&depth) {
            return None;
        }
        is_same(name.suffix(depth)?, first.origin.as_name().octets()).then_some(zone)
    }

    #[inline(never)]
    fn load_nearest(&self, name: Folded<'_>, labels: usize) -> Option<Reading<'_>> {
        let served = self.table.nearest(name, labels)?;
        let load = || (Arc::clone(served), served.current.load_full());
        Some(self.pause.read(&self.table.changes, || {
            let (first, zone) = self.first.get_or_init(load);
            if Arc::ptr_eq(first, served) {
                Reading::Held(zone)
            } else {
                Reading::Loaded(served.current.load())
            }
        }))
    }
}

impl understudy_answer::Zones for Snapshot {
    #[inline(always)]
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        match self.first_if_nearest(name, labels) {
            Some(zone) => Some(Reading::Held(zone)),
            None => self.load_nearest(name, labels),
        }
    }

    #[inline]
    fn stamp(&self) -> Option<u64> {
        Some(self.table.stamp)
    }

    fn version(&self) -> Option<u64> {
        self.pause.number()
    }

    fn is_missing(&self, name: Folded<'_>, labels: usize) -> bool {
        self.table.is_nearest_missing(name, labels)
    }

    fn expire_s(&self, origin: Folded<'_>, now_ns: u64) -> Option<u32> {
        self.table.expire_s(origin, now_ns)
    }
}
