//! The zones being served: publication on one side, look-up on the other.
//!
//! ```text
//! Table  --origin-->  Served  --current-->  Zone (one immutable version)
//! ```
//!
//! Readers take no lock: the table and each zone's current version are swapped as whole. A change
//! of one zone swaps that zone's version only, so its cost does not grow with the number of zones;
//! the table is copied when a zone comes or goes. Writers take turns.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::{ArcSwap, Guard};
use understudy_wire::Name;
use understudy_zone::{SteeredChange, Zone};

use crate::error::EngineError;

/// One zone: its current version, and how many there have been.
#[derive(Debug)]
struct Served {
    current: ArcSwap<Zone>,
    publications: AtomicU64,
}

/// A small, fast hash for names in lower case: FNV-1a. The keys are the operator's, so nobody can
/// choose them to collide.
#[derive(Clone, Debug)]
struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        NameHasher(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Every served zone by its origin.
#[derive(Clone, Debug, Default)]
struct Table {
    by_origin: HashMap<Vec<u8>, Arc<Served>, BuildHasherDefault<NameHasher>>,
    /// The label counts of all origins, the largest first: where to look.
    depths: Vec<usize>,
}

impl Table {
    fn index(&mut self) {
        let labels = |octets: &Vec<u8>| Name::from_octets(octets).map_or(0, Name::label_count);
        self.depths = self.by_origin.keys().map(labels).collect();
        self.depths.sort_unstable_by(|left, right| right.cmp(left));
        self.depths.dedup();
    }

    fn at(&self, origin: Name<'_>) -> Option<&Arc<Served>> {
        self.by_origin.get(origin.to_lower().as_name().octets())
    }
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
#[derive(Debug, Default)]
pub struct Zones {
    table: ArcSwap<Table>,
    writers: Mutex<()>,
}

/// A version that a reader holds.
struct Reading(Guard<Arc<Zone>>);

impl Deref for Reading {
    type Target = Zone;

    fn deref(&self) -> &Zone {
        &self.0
    }
}

impl Zones {
    fn write(&self) -> MutexGuard<'_, ()> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves `zone` with `steered` laid over it, in place of the version before.
    ///
    /// # Errors
    /// [`EngineError::Change`] if a steered set is not possible; then nothing has changed.
    pub fn publish_zone(&self, zone: &Zone, steered: &[SteeredChange]) -> Result<(), EngineError> {
        let version = Arc::new(zone.with_steered(steered)?);
        let _turn = self.write();
        let table = self.table.load();
        if let Some(served) = table.at(zone.origin()) {
            served.current.store(version);
            served.publications.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let mut next = Table::clone(&table);
        let served = Served {
            current: ArcSwap::new(version),
            publications: AtomicU64::new(1),
        };
        let origin = zone.origin().to_lower().as_name().octets().to_vec();
        next.by_origin.insert(origin, Arc::new(served));
        next.index();
        self.table.store(Arc::new(next));
        Ok(())
    }

    /// Changes some steered sets of a served zone.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`]; [`EngineError::Change`], and then nothing has changed.
    pub fn publish(&self, origin: Name<'_>, steered: &[SteeredChange]) -> Result<(), EngineError> {
        let _turn = self.write();
        let table = self.table.load();
        let served = table.at(origin).ok_or_else(|| not_found(origin))?;
        let next = served.current.load().with_steered(steered)?;
        served.current.store(Arc::new(next));
        served.publications.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Serves a zone no longer.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`].
    pub fn withdraw(&self, origin: Name<'_>) -> Result<(), EngineError> {
        let _turn = self.write();
        let mut next = Table::clone(&self.table.load());
        let removed = next.by_origin.remove(origin.to_lower().as_name().octets());
        removed.ok_or_else(|| not_found(origin))?;
        next.index();
        self.table.store(Arc::new(next));
        Ok(())
    }

    /// Every served zone, in canonical order of the origins.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let table = self.table.load();
        let mut zones: Vec<Listed> = table
            .by_origin
            .values()
            .map(|served| Listed {
                zone: Zone::clone(&served.current.load()),
                publications: served.publications.load(Ordering::Relaxed),
            })
            .collect();
        zones.sort_by(|left, right| left.zone.origin().cmp(&right.zone.origin()));
        zones
    }
}

fn not_found(origin: Name<'_>) -> EngineError {
    EngineError::ZoneNotFound(origin.to_string())
}

impl understudy_answer::Zones for Zones {
    fn nearest(&self, name: Name<'_>) -> Option<impl Deref<Target = Zone>> {
        let table = self.table.load();
        let lower = name.to_lower();
        let labels = name.label_count();
        for depth in table.depths.iter().filter(|depth| **depth <= labels) {
            let origin = lower.as_name().suffix(*depth)?;
            if let Some(served) = table.by_origin.get(origin.octets()) {
                return Some(Reading(served.current.load()));
            }
        }
        None
    }
}
