//! The zones being served: publication on one side, look-up on the other.
//!
//! ```text
//! Table  --origin-->  Served  --current-->  Zone (one immutable version)
//! ```
//!
//! Readers take no lock: the table and each zone's current version are swapped as whole. A change
//! of one zone swaps that zone's version only, so its cost does not grow with the number of zones.
//! The table is copied when zones come, which takes 20 ns for each that is there however many they are,
//! and laid out anew when one goes or there is no room. Writers take turns.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use understudy_wire::{Folded, LowerName, Name, NameBuf, NameHasher, Plain, Serial, is_same};
use understudy_zone::{SteeredChange, Zone};

use crate::access::Access;
use crate::changes::{Changes, Pause};
use crate::copies::{Copy, serial_changes, stamp_changes};
use crate::error::EngineError;
use crate::records::Register;
use crate::secondaries::Secondaries;

/// One zone: its current version, how many there have been, and what is transferred of it.
#[derive(Debug)]
pub(crate) struct Served {
    /// In lower case.
    origin: NameBuf,
    pub(crate) current: ArcSwap<Zone>,
    publications: AtomicU64,
    pub(crate) copy: ArcSwapOption<Copy>,
    pub(crate) access: ArcSwap<Access>,
}

impl Served {
    /// A zone that was not here.
    fn first(version: Zone) -> Self {
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
type Expected = HashMap<Box<[u8]>, AtomicU64>;

/// Instants in [`Expected`]: nobody has said yet; it does not expire.
const UNTOLD: u64 = 0;
const NEVER: u64 = u64::MAX;

/// Every served zone.
#[derive(Clone, Debug)]
struct Table {
    hasher: NameHasher,
    /// By the origin's hash: at the place that it says or one of those behind it, up to the first
    /// that is empty. At most half of the places, whose number is a power of two, are taken.
    places: Vec<Option<Arc<Served>>>,
    /// The label counts of all origins, the largest first: where to look.
    depths: Vec<usize>,
    /// No other table of this process has this number.
    stamp: u64,
    /// Those that should be here.
    expected: Arc<Expected>,
    /// How many of those are not: mostly none, and then nobody looks.
    missing: usize,
    /// Those of everything: here, so that a batch holds one thing that threads share and not two.
    changes: Changes,
}

/// Numbers for tables.
static STAMPS: AtomicU64 = AtomicU64::new(0);

impl Table {
    fn of(zones: &[Arc<Served>], expected: Arc<Expected>, changes: &Changes) -> Self {
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
    fn with(&self, coming: &[Arc<Served>]) -> Option<Self> {
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

    fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
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

    fn named(&self, origin: Name<'_>) -> Option<&Arc<Served>> {
        self.at(LowerName::new(origin).octets())
    }

    /// The zone with the longest origin at or above the ancestor of `name` that has so many labels.
    #[inline]
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<&Arc<Served>> {
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
    fn expire_s(&self, origin: Folded<'_>, now_ns: u64) -> Option<u32> {
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
    fn is_nearest_missing(&self, name: Folded<'_>, labels: usize) -> bool {
        let origins = self.depths.iter().filter(|depth| **depth <= labels);
        let mut origins = origins.filter_map(|depth| name.suffix(*depth));
        let nearest = origins.find(|it| self.at(it).is_some() || self.is_expected(it));
        nearest.is_some_and(|origin| self.at(origin).is_none())
    }
}

/// The zones as one batch of queries sees them. Most batches need one zone only: that is loaded
/// once.
pub struct Snapshot {
    pause: Pause,
    table: Arc<Table>,
    first: OnceCell<(Arc<Served>, Arc<Zone>)>,
}

/// A version that a reader holds.
enum Reading<'s> {
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

/// A version to be served: with these steered sets, and with this serial if that is to be another.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The zone without them.
    pub zone: Zone,
    /// What is laid over it.
    pub steered: Vec<SteeredChange>,
    /// What is answered until there is a copy.
    pub serial: Option<Serial>,
}

/// The version with the serial that is to be answered.
fn stamped(
    version: Zone,
    served: Option<&Arc<Served>>,
    serial: Option<Serial>,
) -> Result<Zone, EngineError> {
    let copy = served.and_then(|served| served.copy.load_full());
    Ok(match (copy, serial) {
        (Some(copy), _) => version.with_rrsets(&stamp_changes(&version, &copy.zone))?,
        (None, Some(serial)) => version.with_rrsets(&serial_changes(&version, serial))?,
        (None, None) => version,
    })
}

/// A served zone, as listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The version that is served.
    pub zone: Zone,
    /// How often the zone has been published since it came.
    pub publications: u64,
}

/// The published zones.
#[derive(Debug)]
pub struct Zones {
    changes: Changes,
    table: ArcSwap<Table>,
    writers: Mutex<()>,
    records: Register,
    secondaries: ArcSwap<Secondaries>,
}

impl Default for Zones {
    fn default() -> Self {
        let changes = Changes::default();
        Zones {
            table: ArcSwap::from_pointee(Table::of(&[], Arc::default(), &changes)),
            changes,
            writers: Mutex::default(),
            records: Register::default(),
            secondaries: ArcSwap::default(),
        }
    }
}

impl Zones {
    /// The zones as they are now, to answer a batch of queries from.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let pause = self.changes.pause();
        Snapshot {
            table: pause.read(&self.changes, || self.table.load_full()),
            pause,
            first: OnceCell::new(),
        }
    }

    /// The numbers that steered sets are counted by.
    pub(crate) fn records(&self) -> &Register {
        &self.records
    }

    /// A zone by its very name.
    pub(crate) fn served(&self, origin: Name<'_>) -> Result<Arc<Served>, EngineError> {
        let table = self.table.load();
        let served = table.named(origin).ok_or_else(|| not_found(origin))?;
        Ok(Arc::clone(served))
    }

    /// A turn at writing.
    pub(crate) fn write(&self) -> MutexGuard<'_, ()> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves each `zone` with `steered` laid over it, in place of the version before; all of them come in one
    /// step. Once one has a copy, the serial is that of the copy, whatever the zone's own: nobody may see one
    /// that is not remembered. Before that it is `serial`, if an earlier run has shown one.
    ///
    /// # Errors
    /// [`EngineError::Change`] if a steered set is not possible; then nothing has changed.
    pub fn publish_zones(&self, publications: &[Publication]) -> Result<(), EngineError> {
        let number = |change: &SteeredChange| self.records.number_for(change);
        let versions = publications
            .iter()
            .map(|each| each.zone.with_counted(&each.steered, number));
        let versions: Vec<Zone> = versions.collect::<Result<_, _>>()?;
        let _turn = self.write();
        let table = self.table.load();
        let stamped = publications.iter().zip(versions).map(|(each, version)| {
            let served = table.named(each.zone.origin());
            Ok((served, stamped(version, served, each.serial)?))
        });
        let stamped: Vec<_> = stamped.collect::<Result<_, EngineError>>()?;
        let mut coming = BTreeMap::new();
        for (served, version) in stamped {
            if let Some(served) = served {
                self.replace(served, version);
                served.publications.fetch_add(1, Ordering::Relaxed);
            } else {
                let served = Arc::new(Served::first(version));
                coming.insert(served.origin, served);
            }
        }
        if !coming.is_empty() {
            self.add(&table, coming.into_values().collect());
        }
        Ok(())
    }

    /// As [`Zones::publish_zones`], for one.
    ///
    /// # Errors
    /// As there.
    pub fn publish_zone(
        &self,
        zone: &Zone,
        steered: &[SteeredChange],
        serial: Option<Serial>,
    ) -> Result<(), EngineError> {
        self.publish_zones(&[Publication {
            zone: zone.clone(),
            steered: steered.to_vec(),
            serial,
        }])
    }

    fn add(&self, table: &Table, coming: Vec<Arc<Served>>) {
        if let Some(more) = table.with(&coming) {
            return self.replace_table(more);
        }
        let zones: Vec<_> = table.all().cloned().chain(coming).collect();
        self.lay_out(&zones, Arc::clone(&table.expected));
    }

    /// Changes some steered sets of a served zone.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`]; [`EngineError::Change`], and then nothing has changed.
    pub fn publish(&self, origin: Name<'_>, steered: &[SteeredChange]) -> Result<(), EngineError> {
        let _turn = self.write();
        let table = self.table.load();
        let served = table.named(origin).ok_or_else(|| not_found(origin))?;
        let number = |change: &SteeredChange| self.records.number_for(change);
        let next = served.current.load().with_counted(steered, number)?;
        self.replace(served, next);
        served.publications.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Serves these zones no longer, in one step.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`], and then nothing has changed.
    pub fn withdraw_zones<'n>(
        &self,
        origins: impl IntoIterator<Item = Name<'n>>,
    ) -> Result<(), EngineError> {
        let _turn = self.write();
        let table = self.table.load();
        let mut leaving = HashSet::new();
        for origin in origins {
            let served = table.named(origin).ok_or_else(|| not_found(origin))?;
            leaving.insert(Arc::as_ptr(served));
        }
        if leaving.is_empty() {
            return Ok(());
        }
        let stays = |served: &&Arc<Served>| !leaving.contains(&Arc::as_ptr(served));
        let zones: Vec<_> = table.all().filter(stays).cloned().collect();
        self.lay_out(&zones, Arc::clone(&table.expected));
        Ok(())
    }

    /// As [`Zones::withdraw_zones`], for one.
    ///
    /// # Errors
    /// As there.
    pub fn withdraw(&self, origin: Name<'_>) -> Result<(), EngineError> {
        self.withdraw_zones([origin])
    }

    /// Has exactly these zones from other servers from now on, whether or not they are here.
    pub fn set_secondaries(&self, secondaries: Secondaries) {
        let _turn = self.write();
        let table = self.table.load();
        let known = |origin: &[u8]| Some(table.expected.get(origin)?.load(Ordering::Relaxed));
        let expected = secondaries.origins().map(|origin| {
            let origin = origin.as_name().octets();
            let expires_ns = AtomicU64::new(known(origin).unwrap_or(UNTOLD));
            (origin.into(), expires_ns)
        });
        let expected = Arc::new(expected.collect());
        self.secondaries.store(Arc::new(secondaries));
        let zones: Vec<_> = table.all().cloned().collect();
        self.lay_out(&zones, expected);
    }

    /// When zones from other servers, by origin, will have expired if no primary is heard: `CLOCK_MONOTONIC` in
    /// nanoseconds; None: they do not. Other zones are left out.
    pub fn set_expiry(&self, instants: &[(NameBuf, Option<u64>)]) {
        let _turn = self.write();
        let table = self.table.load();
        for (origin, instant) in instants {
            let origin = LowerName::new(origin.as_name());
            if let Some(expires_ns) = table.expected.get(origin.octets()) {
                let instant = instant.map_or(NEVER, |it| it.clamp(UNTOLD + 1, NEVER - 1));
                expires_ns.store(instant, Ordering::Relaxed);
            }
        }
    }

    /// The zones that come from other servers.
    pub(crate) fn secondaries(&self) -> Guard<Arc<Secondaries>> {
        self.secondaries.load()
    }

    /// Answers from another version of a zone.
    pub(crate) fn replace(&self, served: &Served, version: Zone) {
        self.changes
            .make(|| served.current.store(Arc::new(version)));
    }

    fn replace_table(&self, table: Table) {
        self.changes.make(|| self.table.store(Arc::new(table)));
    }

    fn lay_out(&self, zones: &[Arc<Served>], expected: Arc<Expected>) {
        self.replace_table(Table::of(zones, expected, &self.changes));
    }

    /// The serial of a zone by its very name, if it is served.
    #[must_use]
    pub fn serial(&self, origin: Name<'_>) -> Option<Serial> {
        let table = self.table.load();
        Some(table.named(origin)?.current.load().serial())
    }

    /// Every served zone, in canonical order of the origins.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let table = self.table.load();
        let mut zones: Vec<Listed> = table
            .all()
            .map(|served| Listed {
                zone: Zone::clone(&served.current.load()),
                publications: served.publications.load(Ordering::Relaxed),
            })
            .collect();
        zones.sort_by(|left, right| left.zone.origin().cmp(&right.zone.origin()));
        zones
    }
}

pub(crate) fn not_found(origin: Name<'_>) -> EngineError {
    EngineError::ZoneNotFound(origin.to_string())
}

impl understudy_answer::Zones for Zones {
    fn nearest(&self, name: Folded<'_>, labels: usize) -> Option<impl Deref<Target = Zone>> {
        let table = self.table.load();
        let zone = table.nearest(name, labels)?.current.load();
        Some(Reading::Loaded(zone))
    }

    fn is_missing(&self, name: Folded<'_>, labels: usize) -> bool {
        self.table.load().is_nearest_missing(name, labels)
    }

    fn expire_s(&self, origin: Folded<'_>, now_ns: u64) -> Option<u32> {
        self.table.load().expire_s(origin, now_ns)
    }
}
