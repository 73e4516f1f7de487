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
use understudy_wire::{Name, NameBuf};
use understudy_zone::{SteeredChange, Zone};

use crate::error::EngineError;

/// One zone: its current version, and how many there have been.
#[derive(Debug)]
struct Served {
    origin: NameBuf,
    current: ArcSwap<Zone>,
    publications: AtomicU64,
}

/// The hash of a name without regard to case, eight octets at a time: setting bit 5 makes letters
/// equal in both cases, and some other octets too, which costs a comparison at most. The keys are
/// the operator's, so nobody can choose them to collide.
fn hash(name: Name<'_>) -> u64 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    // The 64-bit prime of FNV, whose bits spread well under multiplication.
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mix = |hash: u64, chunk: &[u8]| {
        let mut octets = [0; 8];
        for (to, from) in octets.iter_mut().zip(chunk) {
            *to = *from;
        }
        let word = u64::from_le_bytes(octets) | LOWER;
        (hash ^ word).wrapping_mul(PRIME).rotate_left(29)
    };
    name.octets().chunks(8).fold(0, mix).wrapping_mul(PRIME)
}

/// Equal but for case; most clients ask in lower case, which is quickly compared.
fn is_same(left: Name<'_>, right: Name<'_>) -> bool {
    left.octets() == right.octets() || left == right
}

/// A hasher for keys that are hashes already.
#[derive(Clone, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u64(u64::from(*octet));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.rotate_left(8) ^ number;
    }
}

/// Every served zone.
#[derive(Clone, Debug, Default)]
struct Table {
    /// By the hash of the origin; more than one only if hashes collide.
    by_hash: HashMap<u64, Vec<Arc<Served>>, BuildHasherDefault<AsItIs>>,
    /// The label counts of all origins, the largest first: where to look.
    depths: Vec<usize>,
}

impl Table {
    fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.by_hash.values().flatten()
    }

    fn at(&self, origin: Name<'_>) -> Option<&Arc<Served>> {
        let served = self.by_hash.get(&hash(origin))?;
        served
            .iter()
            .find(|served| is_same(served.origin.as_name(), origin))
    }

    fn insert(&mut self, served: Served) {
        let place = self.by_hash.entry(hash(served.origin.as_name()));
        place.or_default().push(Arc::new(served));
        self.index();
    }

    fn remove(&mut self, origin: Name<'_>) {
        if let Some(served) = self.by_hash.get_mut(&hash(origin)) {
            served.retain(|served| served.origin.as_name() != origin);
        }
        self.index();
    }

    fn index(&mut self) {
        let labels = |served: &Arc<Served>| served.origin.as_name().label_count();
        let mut depths: Vec<usize> = self.all().map(labels).collect();
        depths.sort_unstable_by(|left, right| right.cmp(left));
        depths.dedup();
        self.depths = depths;
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
        next.insert(Served {
            origin: zone.origin().to_buf(),
            current: ArcSwap::new(version),
            publications: AtomicU64::new(1),
        });
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
        let table = self.table.load();
        table.at(origin).ok_or_else(|| not_found(origin))?;
        let mut next = Table::clone(&table);
        next.remove(origin);
        self.table.store(Arc::new(next));
        Ok(())
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

fn not_found(origin: Name<'_>) -> EngineError {
    EngineError::ZoneNotFound(origin.to_string())
}

impl understudy_answer::Zones for Zones {
    fn nearest(&self, name: Name<'_>) -> Option<impl Deref<Target = Zone>> {
        let table = self.table.load();
        let mut ancestor = name;
        let mut labels = name.label_count();
        for depth in &table.depths {
            while labels > *depth {
                ancestor = ancestor.parent()?;
                labels -= 1;
            }
            if labels == *depth
                && let Some(served) = table.at(ancestor)
            {
                return Some(Reading(served.current.load()));
            }
        }
        None
    }
}
