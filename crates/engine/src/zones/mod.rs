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

mod snapshot;
mod table;

use std::collections::{BTreeMap, HashSet};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use understudy_wire::{Folded, LowerName, Name, NameBuf, Serial};
use understudy_zone::{SteeredChange, Zone};

use crate::changes::Changes;
use crate::copies::{serial_changes, stamp_changes};
use crate::error::EngineError;
use crate::records::Register;
use crate::secondaries::Secondaries;
use snapshot::Reading;
pub use snapshot::Snapshot;
pub(crate) use table::Served;
use table::{Expected, NEVER, Table, UNTOLD};

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
        let table = pause.read(&self.changes, || self.table.load_full());
        Snapshot::new(pause, table)
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
