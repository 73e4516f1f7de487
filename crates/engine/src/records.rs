//! How often each steered set answered.
//!
//! ```text
//! Register       owner and type -> number, made when a set is first published
//!   RecordCounts   one per thread: number -> count, in chunks of growing size
//! ```
//! The publisher gives every steered set a number and sees to it that each thread has a place for it
//! before the set can be seen. A thread then counts with a load and a store of its own.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use understudy_wire::{LowerName, Name, NameBuf, Rtype};
use understudy_zone::SteeredChange;

use crate::counters::Counters;

/// Places in the first chunk; each further one has twice as many.
const FIRST: u32 = 64;

/// Chunks that all numbers fit into.
const CHUNKS: usize = 27;

/// The counts of one thread.
#[derive(Debug)]
pub(crate) struct RecordCounts([OnceLock<Box<[AtomicU64]>>; CHUNKS]);

/// The chunk of a number, and the place in it.
#[inline]
fn place_of(number: u32) -> (usize, usize) {
    let shifted = u64::from(number) + u64::from(FIRST);
    let chunk = shifted.ilog2() - FIRST.ilog2();
    let place = shifted - (u64::from(FIRST) << chunk);
    (
        usize::try_from(chunk).unwrap_or(CHUNKS),
        usize::try_from(place).unwrap_or(usize::MAX),
    )
}

impl RecordCounts {
    pub(crate) fn new() -> Self {
        RecordCounts([const { OnceLock::new() }; CHUNKS])
    }

    /// Makes room for a number.
    fn make(&self, number: u32) {
        let (chunk, _) = place_of(number);
        let size = u64::from(FIRST) << chunk;
        if let Some(chunk) = self.0.get(chunk) {
            chunk.get_or_init(|| (0..size).map(|_| AtomicU64::new(0)).collect());
        }
    }

    #[inline]
    fn get(&self, number: u32) -> Option<&AtomicU64> {
        let (chunk, place) = place_of(number);
        self.0.get(chunk)?.get()?.get(place)
    }

    /// One more. Only the thread that owns the counts may do this.
    #[inline]
    pub(crate) fn add(&self, number: u32) {
        if let Some(count) = self.get(number) {
            let next = count.load(Ordering::Relaxed).wrapping_add(1);
            count.store(next, Ordering::Relaxed);
        }
    }

    fn read(&self, number: u32) -> u64 {
        self.get(number)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// The octets of an owner in lower case, then those of a type.
type Key = Box<[u8]>;

/// The numbers of all steered sets that have ever been published. A set keeps its number, and its
/// count, when it is removed and comes back.
#[derive(Debug, Default)]
pub(crate) struct Register {
    numbers: Mutex<Numbers>,
    threads: OnceLock<Vec<Arc<Counters>>>,
}

#[derive(Debug, Default)]
struct Numbers {
    by_set: HashMap<Key, u32>,
    /// Room for a key to look for.
    wanted: Vec<u8>,
}

impl Register {
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These threads count, before anything is published.
    pub(crate) fn count_with(&self, threads: Vec<Arc<Counters>>) {
        let _first_call_only = self.threads.set(threads);
    }

    /// The number of what a change publishes; 0 for what it removes.
    pub(crate) fn number_for(&self, change: &SteeredChange) -> u32 {
        match change {
            SteeredChange::Set(owner, set) => self.number((owner.as_name(), set.rtype)),
            SteeredChange::Remove(..) => 0,
        }
    }

    /// The number of a set; a place for its count is there in every thread.
    fn number(&self, (owner, rtype): (Name<'_>, Rtype)) -> u32 {
        let lower = LowerName::new(owner);
        let mut numbers = self.numbers();
        let Numbers { by_set, wanted } = &mut *numbers;
        wanted.clear();
        wanted.extend_from_slice(lower.octets());
        wanted.extend_from_slice(&rtype.number().to_be_bytes());
        if let Some(number) = by_set.get(wanted.as_slice()) {
            return *number;
        }
        // Beyond the last number sets are served and not counted.
        let number = u32::try_from(by_set.len() + 1).unwrap_or(0);
        by_set.insert(wanted.as_slice().into(), number);
        for thread in self.threads.get().into_iter().flatten() {
            thread.records().make(number);
        }
        number
    }

    /// How often each set answered, by owner and type.
    pub(crate) fn sums(&self) -> BTreeMap<(String, u16), u64> {
        let mut sums = BTreeMap::new();
        for (key, number) in &self.numbers().by_set {
            let Some((owner, rtype)) = key.split_last_chunk::<2>() else {
                continue;
            };
            let Ok(owner) = Name::from_octets(owner) else {
                continue;
            };
            let threads = self.threads.get().into_iter().flatten();
            let sum = threads.map(|it| it.records().read(*number)).sum();
            let owner: NameBuf = owner.to_buf();
            sums.insert((owner.to_string(), u16::from_be_bytes(*rtype)), sum);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use understudy_wire::{NameBuf, Rtype};

    use super::{RecordCounts, Register, place_of};
    use crate::counters::Counters;

    #[test]
    fn every_number_has_a_place_of_its_own_in_chunks_of_growing_size() {
        let mut expected = (0, 0);
        for number in 0..200_000 {
            assert_eq!(place_of(number), expected, "{number}");
            expected.1 += 1;
            if expected.1 == 64 << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(place_of(u32::MAX), (26, 63));
    }

    #[test]
    fn a_number_without_a_place_is_not_counted() {
        let counts = RecordCounts::new();
        counts.add(7);
        assert_eq!(counts.read(7), 0);
        counts.make(7);
        counts.add(7);
        counts.add(7);
        counts.add(8);
        assert_eq!(
            [7, 8, 9, 64].map(|number| counts.read(number)),
            [2, 1, 0, 0]
        );
    }

    #[test]
    fn sets_keep_their_numbers_and_are_summed_over_the_threads() {
        let register = Register::default();
        let threads: Vec<_> = (0..2).map(|_| Arc::new(Counters::new())).collect();
        register.count_with(threads.clone());
        let number = |owner: &str, rtype| {
            let owner: NameBuf = owner.parse().unwrap();
            register.number((owner.as_name(), rtype))
        };
        for index in 0..1000 {
            assert_eq!(
                number(&format!("r{index}.example.com."), Rtype::A),
                index + 1
            );
        }
        let (four, six) = (
            number("www.example.com.", Rtype::A),
            number("www.example.com.", Rtype::AAAA),
        );
        assert_ne!(four, six);
        assert_eq!(number("WWW.example.COM.", Rtype::A), four);
        for thread in &threads {
            thread.records().add(four);
        }
        let sums = register.sums();
        assert_eq!(sums.len(), 1002);
        assert_eq!(sums[&("www.example.com.".to_owned(), 1)], 2);
        assert_eq!(sums[&("www.example.com.".to_owned(), 28)], 0);
    }
}
