//! Which zones there are, by their origins.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};
use understudy_wire::{Folded, LowerName, Name, NameBuf, NameHasher, is_same};
use understudy_zone::Zone;

use crate::access::Access;
use crate::changes::Changes;
use crate::copies::Copy;

/// One zone: its current version, how many there have been, and what is transferred of it.
#[derive(Debug)]
pub(crate) struct Served {
    /// In lower case.
    pub(super) origin: NameBuf,
    pub(crate) current: ArcSwap<Zone>,
    pub(super) publications: AtomicU64,
    pub(crate) copy: ArcSwapOption<Copy>,
    pub(crate) access: ArcSwap<Access>,
}

impl Served {
    /// A zone that was not here.
    pub(super) fn first(version: Zone) -> Self {
        Served {
            origin: version.origin().to_lower(),
            current: ArcSwap::from_pointee(version),
            publications: AtomicU64::new(1),
            copy: ArcSwapOption::empty(),
            access: ArcSwap::default(),
        }
    }

    fn labels(&self) -> usize {
        self.origin.as_name().label_count()
    }
}

/// Origins, in lower case, of zones from other servers, and at which instant of `CLOCK_MONOTONIC`, in
/// nanoseconds, each will have expired if no primary is heard.
pub(super) type Expected = HashMap<Box<[u8]>, AtomicU64>;

/// Instants in [`Expected`]: nobody has said yet; it does not expire.
pub(super) const UNTOLD: u64 = 0;
pub(super) const NEVER: u64 = u64::MAX;

/// Every served zone.
#[derive(Clone, Debug)]
pub(super) struct Table {
    hasher: NameHasher,
    /// By the origin's hash: at the place that it says or one of those behind it, up to the first
    /// that is empty. At most half of the places, whose number is a power of two, are taken.
    places: Vec<Option<Arc<Served>>>,
    /// The label counts of all origins, the largest first: where to look.
    pub(super) depths: Vec<usize>,
    /// No other table of this process has this number.
    pub(super) stamp: u64,
    /// Those that should be here.
    pub(super) expected: Arc<Expected>,
    /// How many of those are not: mostly none, and then nobody looks.
    missing: usize,
    /// Those of everything: here, so that a batch holds one thing that threads share and not two.
    pub(super) changes: Changes,
}

/// Numbers for tables.
static STAMPS: AtomicU64 = AtomicU64::new(0);

impl Table {
    pub(super) fn of(zones: &[Arc<Served>], expected: Arc<Expected>, changes: &Changes) -> Self {
        let depths = zones.iter().map(|served| served.labels());
        let named = expected
            .keys()
            .filter_map(|origin| Name::from_octets(origin).ok());
        let depths = depths.chain(named.map(Name::label_count)).collect();
        let mut table = Table {
            hasher: NameHasher::secret(),
            // Twice as many as are needed, so that as many again may come.
            places: vec![None; (4 * zones.len()).next_power_of_two().max(2)],
            depths,
            stamp: STAMPS.fetch_add(1, Ordering::Relaxed),
            missing: expected.len(),
            expected,
            changes: changes.clone(),
        };
        for served in zones {
            table.place(Arc::clone(served));
        }
        table.order_depths();
        table
    }

    /// The same with more zones, which are not in it, unless there is no room.
    pub(super) fn with(&self, coming: &[Arc<Served>]) -> Option<Self> {
        if 2 * (self.all().count() + coming.len()) > self.places.len() {
            return None;
        }
        let mut table = self.clone();
        table.stamp = STAMPS.fetch_add(1, Ordering::Relaxed);
        table
            .depths
            .extend(coming.iter().map(|served| served.labels()));
        table.order_depths();
        for served in coming {
            table.place(Arc::clone(served));
        }
        Some(table)
    }

    fn place(&mut self, served: Arc<Served>) {
        let mut place = self.place_of(served.origin.as_name().octets());
        while let Some(Some(_)) = self.places.get(place) {
            place = self.after(place);
        }
        if self.is_expected(served.origin.as_name().octets()) {
            self.missing -= 1;
        }
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(served);
        }
    }

    fn order_depths(&mut self) {
        self.depths.sort_unstable_by(|left, right| right.cmp(left));
        self.depths.dedup();
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.places.iter().flatten()
    }

    #[inline]
    fn place_of(&self, origin: &[u8]) -> usize {
        let places = u64::try_from(self.places.len()).unwrap_or(1);
        usize::try_from(self.hasher.hash(origin) & (places - 1)).unwrap_or(0)
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    /// The zone whose origin, in lower case, has these octets.
    #[inline]
    fn at(&self, origin: &[u8]) -> Option<&Arc<Served>> {
        let mut place = self.place_of(origin);
        while let Some(Some(served)) = self.places.get(place) {
            if is_same(served.origin.as_name().octets(), origin) {
                return Some(served);
            }
            place = self.after(place);
        }
        None
    }

    pub(super) fn named(&self, origin: Name<'_>) -> Option<&Arc<Served>> {
        self.at(LowerName::new(origin).octets())
    }

    /// The zone with the longest origin at or above the ancestor of `name` that has so many labels.
    #[inline]
    pub(super) fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<&Arc<Served>> {
        for depth in &self.depths {
            if *depth > labels {
                continue;
            }
            let origin = name.suffix(*depth)?;
            if let Some(served) = self.at(origin) {
                return Some(served);
            }
            if self.is_expected(origin) {
                return None;
            }
        }
        None
    }

    /// Should the zone with this origin, in lower case, be here? Not said once all are.
    #[inline]
    fn is_expected(&self, origin: &[u8]) -> bool {
        self.missing > 0 && self.expected.contains_key(origin)
    }

    /// As `understudy_answer::Zones::expire_s`. A primary tells what it asks of secondaries; what a secondary
    /// has left is never more than that.
    pub(super) fn expire_s(&self, origin: Folded<'_>, now_ns: u64) -> Option<u32> {
        let whole_s = self.at(origin.octets())?.current.load().expire_s();
        let Some(expires_ns) = self.expected.get(origin.octets()) else {
            return Some(whole_s);
        };
        match expires_ns.load(Ordering::Relaxed) {
            UNTOLD => None,
            NEVER => Some(whole_s),
            at => {
                let left_s = at.saturating_sub(now_ns) / 1_000_000_000;
                Some(u32::try_from(left_s).map_or(whole_s, |left_s| left_s.min(whole_s)))
            }
        }
    }

    /// Is the nearest zone at or above that ancestor one that should be here, and is not?
    pub(super) fn is_nearest_missing(&self, name: Folded<'_>, labels: usize) -> bool {
        let origins = self.depths.iter().filter(|depth| **depth <= labels);
        let mut origins = origins.filter_map(|depth| name.suffix(*depth));
        let nearest = origins.find(|it| self.at(it).is_some() || self.is_expected(it));
        nearest.is_some_and(|origin| self.at(origin).is_none())
    }
}
