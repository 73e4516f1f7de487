//! Which zones an answer is made from.

use std::cell::Cell;
use std::ops::Deref;

use understudy_wire::Folded;
use understudy_zone::Zone;

use crate::memory::Source;
use crate::resolve::Zones;

/// Whose zones were looked at.
#[derive(Clone, Copy)]
enum Seen {
    None,
    One(u64),
    Several,
}

/// Zones that note which of them are asked for.
pub(crate) struct Noting<'z, Z> {
    zones: &'z Z,
    seen: Cell<Seen>,
}

impl<'z, Z: Zones> Noting<'z, Z> {
    pub(crate) fn new(zones: &'z Z) -> Self {
        Noting {
            zones,
            seen: Cell::new(Seen::None),
        }
    }

    /// The one version that was looked at. None if there was none, or more than one.
    pub(crate) fn source(&self) -> Option<Source> {
        let Seen::One(zone) = self.seen.get() else {
            return None;
        };
        let zones = self.zones.stamp()?;
        Some(Source { zones, zone })
    }
}

impl<Z: Zones> Zones for Noting<'_, Z> {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let zone = self.zones.nearest(name, labels)?;
        let stamp = zone.stamp();
        self.seen.set(match self.seen.get() {
            Seen::None => Seen::One(stamp),
            Seen::One(known) if known == stamp => Seen::One(stamp),
            Seen::One(_) | Seen::Several => Seen::Several,
        });
        Some(zone)
    }

    fn is_missing(&self, name: Folded<'_>, labels: usize) -> bool {
        self.zones.is_missing(name, labels)
    }
}
