//! From a name to what it has: a persistent hash trie, which a query asks.
//!
//! Keys are names below the apex as lower-case wire octets without the apex's own, so that the
//! apex has the empty key. Every name that exists is there, empty non-terminals with empty octets.
//! The hash's upper bits lead through branches of sixteen to a bucket of a few packed entries; a
//! change copies the branches on its way and one bucket.
//!
//! ```text
//! bucket = count(1) tag(1)* filler place(4)* end(4) entry*
//! entry  = length(1) key(length) value
//! ```
//! A tag is the lowest octet of an entry's hash; tags and filler are whole words of eight octets. A
//! place is where the entry begins in the bucket; it ends where the next one begins.

mod bulk;

use std::sync::Arc;

use understudy_wire::{NameHasher, is_same};

pub(crate) use bulk::BulkIndex;

/// Hash bits that choose among the links of a branch.
const STEP: u32 = 4;
/// chosen: sixteen references are copied in well under a microsecond, and a million names are four
/// or five branches deep, of which all but the last stay in a cache.
const LINKS: usize = 1 << STEP;
/// The hash's bits are used up below this depth: what still collides shares a bucket.
const MAX_DEPTH: u32 = u64::BITS / STEP;
/// chosen: three words of tags are compared at once, and a bucket is copied in under a microsecond.
const MAX_ENTRIES: usize = 24;
/// What a bucket with so many entries begins with, before the first of them.
const HEAD_OCTETS: usize = 1 + MAX_ENTRIES + 4 * (MAX_ENTRIES + 1);
/// chosen: a bucket with more octets than this holds large nodes; apart they are cheaper to copy.
const MAX_OCTETS: usize = 8 * 1024;

#[derive(Clone, Debug)]
enum Link {
    Bucket(Arc<[u8]>),
    Branch(Arc<[Link; LINKS]>),
}

/// All names of a zone version. A clone is a reference.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    hasher: NameHasher,
    root: Link,
}

/// A look-up that has been begun. What it will read can be fetched from memory meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead<'z> {
    hash: u64,
    bucket: &'z [u8],
}

impl<'z> Ahead<'z> {
    /// What the look-up reads first.
    #[inline]
    #[must_use]
    pub fn first(&self) -> &'z [u8] {
        self.bucket.get(..HEAD_OCTETS).unwrap_or(self.bucket)
    }

    /// What it reads last, for which the first must be there.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Option<&'z [u8]> {
        find_tag(self.bucket, self.hash, |index| {
            whole_entry(self.bucket, index)
        })
    }

    /// What is behind the key that it was begun with.
    #[inline]
    pub(crate) fn finish(&self, key: &[u8]) -> Option<&'z [u8]> {
        look_up(self.bucket, self.hash, key)
    }
}

/// What shall be behind a key from now on; None: the name does not exist.
pub(crate) struct Change<'e> {
    pub(crate) key: &'e [u8],
    pub(crate) value: Option<&'e [u8]>,
}

/// Which link of a branch the upper bits of what is left of a hash choose.
#[inline]
fn turn(rest: u64) -> usize {
    usize::try_from(rest >> (u64::BITS - STEP)).unwrap_or(0)
}

/// What is left of a hash at a depth.
fn rest_of(hash: u64, depth: u32) -> u64 {
    hash.checked_shl(depth * STEP).unwrap_or(0)
}

#[inline]
fn tag(hash: u64) -> u8 {
    let [low, ..] = hash.to_le_bytes();
    low
}

impl Index {
    /// What is behind a key; no octets at an empty non-terminal.
    #[inline]
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let hash = self.hasher.hash(key);
        look_up(self.bucket(hash)?, hash, key)
    }

    /// Begin to look a key up: where the look-up will lead.
    #[inline]
    pub(crate) fn look_ahead(&self, key: &[u8]) -> Ahead<'_> {
        let hash = self.hasher.hash(key);
        let bucket = self.bucket(hash).unwrap_or_default();
        Ahead { hash, bucket }
    }

    #[inline]
    fn bucket(&self, hash: u64) -> Option<&[u8]> {
        let (mut link, mut rest) = (&self.root, hash);
        loop {
            match link {
                Link::Bucket(bucket) => return Some(bucket),
                Link::Branch(links) => link = links.get(turn(rest))?,
            }
            rest <<= STEP;
        }
    }

    /// The index with these entries changed; of two of the same key the later one holds.
    pub(crate) fn with<'e>(&self, changes: impl Iterator<Item = Change<'e>>) -> Self {
        let mut next = self.clone();
        for change in changes {
            let hash = self.hasher.hash(change.key);
            put(&mut next.root, self.hasher, &change, hash, 0);
        }
        next
    }
}

/// Entries being collected for a part of an index.
struct IndexBuilder {
    hasher: NameHasher,
    /// Key and value of each entry, without a gap.
    octets: Vec<u8>,
    stored: Vec<Stored>,
}

/// Where an entry, the key and then the value, stands among others.
struct Stored {
    hash: u64,
    start: usize,
    key: u8,
    value: u32,
}

impl Stored {
    /// What it takes in a bucket besides tag and end.
    fn size(&self) -> usize {
        1 + usize::from(self.key) + usize::try_from(self.value).unwrap_or(0)
    }

    /// Its key and its value.
    fn split<'o>(&self, octets: &'o [u8]) -> Option<(&'o [u8], &'o [u8])> {
        let end = self.start + self.size() - 1;
        let octets = octets.get(self.start..end)?;
        octets.split_at_checked(usize::from(self.key))
    }
}

impl IndexBuilder {
    fn with_hasher(hasher: NameHasher) -> Self {
        Self {
            hasher,
            octets: Vec::new(),
            stored: Vec::new(),
        }
    }

    /// Add an entry; no key comes twice.
    fn push(&mut self, key: &[u8], value: &[u8]) {
        let hash = self.hasher.hash(key);
        self.push_hashed(hash, key, value);
    }

    fn push_hashed(&mut self, hash: u64, key: &[u8], value: &[u8]) {
        self.stored.push(Stored {
            hash,
            start: self.octets.len(),
            key: u8::try_from(key.len()).unwrap_or(u8::MAX),
            value: u32::try_from(value.len()).unwrap_or(u32::MAX),
        });
        self.octets.extend_from_slice(key);
        self.octets.extend_from_slice(value);
    }

    /// The link for these entries, which agree in all bits of their hashes above `depth`.
    fn grow(mut self, depth: u32) -> Link {
        self.stored.sort_unstable_by_key(|entry| entry.hash);
        grown(&self.octets, &self.stored, depth, &mut Vec::new())
    }

    /// Add every entry of a bucket that `is_wanted` by its key.
    fn push_bucket(&mut self, bucket: &[u8], is_wanted: impl Fn(&[u8]) -> bool) {
        for (key, value) in entries(bucket) {
            if is_wanted(key) {
                self.push(key, value);
            }
        }
    }
}

/// Read one entry of a bucket, if its tag and key are the ones wanted.
#[inline]
fn look_up<'b>(bucket: &'b [u8], hash: u64, key: &[u8]) -> Option<&'b [u8]> {
    find_tag(bucket, hash, |index| {
        let (there, value) = entry(bucket, index)?;
        is_same(there, key).then_some(value)
    })
}

/// What is read first of the entries of a bucket whose tags are that of the hash.
#[inline(always)]
fn find_tag<'b>(
    bucket: &'b [u8],
    hash: u64,
    read: impl Fn(usize) -> Option<&'b [u8]>,
) -> Option<&'b [u8]> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (count, tags) = bucket.split_first()?;
    let count = usize::from(*count);
    let pattern = u64::from(tag(hash)) * ONES;
    let (mut first, mut rest) = (0, tags);
    while first < count {
        let (word, after) = rest.split_first_chunk::<8>()?;
        // The upper bit of every octet that is the tag; of others perhaps, which the key shows.
        let differences = u64::from_le_bytes(*word) ^ pattern;
        let mut found = differences.wrapping_sub(ONES) & !differences & (ONES << 7);
        while found != 0 {
            let index = first + usize::try_from(found.trailing_zeros() / 8).ok()?;
            if index >= count {
                return None;
            }
            let read = read(index);
            if read.is_some() {
                return read;
            }
            found &= found - 1;
        }
        first += 8;
        rest = after;
    }
    None
}

/// Writes a value of the same length over the one of a key that is there. False: something else is to be done.
fn replace(bucket: &mut Arc<[u8]>, key: &[u8], hash: u64, value: &[u8]) -> bool {
    let Some(there) = look_up(bucket, hash, key).filter(|there| there.len() == value.len()) else {
        return false;
    };
    let start = there.as_ptr().addr() - bucket.as_ptr().addr();
    if let Some(place) = Arc::make_mut(bucket).get_mut(start..start + value.len()) {
        place.copy_from_slice(value);
    }
    true
}

/// An entry as it stands; nothing of it is read.
#[inline]
fn whole_entry(bucket: &[u8], index: usize) -> Option<&[u8]> {
    let places = 1 + usize::from(*bucket.first()?).next_multiple_of(8);
    let [s0, s1, s2, s3, e0, e1, e2, e3] = *bucket.get(places + 4 * index..)?.first_chunk()?;
    let start = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).ok()?;
    let end = usize::try_from(u32::from_le_bytes([e0, e1, e2, e3])).ok()?;
    bucket.get(start..end)
}

/// The key and the value of an entry.
#[inline]
fn entry(bucket: &[u8], index: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = whole_entry(bucket, index)?.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// Every entry of a bucket.
fn entries(bucket: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let count = bucket.first().copied().unwrap_or(0);
    (0..usize::from(count)).filter_map(|index| entry(bucket, index))
}

/// The octets of a bucket, put together in `bucket`. More than 255 entries collide in all 64 bits of their hash only if
/// somebody knew the secret; those beyond are left out, and look like names that are not there.
fn packed(octets: &[u8], stored: &[Stored], bucket: &mut Vec<u8>) -> Arc<[u8]> {
    let stored = stored.get(..stored.len().min(255)).unwrap_or_default();
    let tags = stored.len().next_multiple_of(8);
    let head = 1 + tags + 4 * (stored.len() + 1);
    bucket.clear();
    bucket.push(u8::try_from(stored.len()).unwrap_or(u8::MAX));
    bucket.extend(stored.iter().map(|entry| tag(entry.hash)));
    bucket.resize(1 + tags, 0);
    let mut place = head;
    let put_place = |bucket: &mut Vec<u8>, place: usize| {
        bucket.extend_from_slice(&u32::try_from(place).unwrap_or(u32::MAX).to_le_bytes());
    };
    for entry in stored {
        put_place(bucket, place);
        place += entry.size();
    }
    put_place(bucket, place);
    for entry in stored {
        bucket.push(entry.key);
        let end = entry.start + entry.size() - 1;
        bucket.extend_from_slice(octets.get(entry.start..end).unwrap_or_default());
    }
    Arc::from(bucket.as_slice())
}

/// The link for these entries, which are sorted by hash and agree in all bits above `depth`.
fn grown(octets: &[u8], stored: &[Stored], depth: u32, bucket: &mut Vec<u8>) -> Link {
    let size: usize = stored.iter().map(Stored::size).sum();
    let is_small = stored.len() <= MAX_ENTRIES && size <= MAX_OCTETS;
    if is_small || stored.len() == 1 || depth >= MAX_DEPTH {
        return Link::Bucket(packed(octets, stored, bucket));
    }
    let mut rest = stored;
    let links = std::array::from_fn(|link| {
        let mine = rest.partition_point(|entry| turn(rest_of(entry.hash, depth)) <= link);
        let (here, later) = rest.split_at_checked(mine).unwrap_or((rest, &[]));
        rest = later;
        grown(octets, here, depth + 1, bucket)
    });
    Link::Branch(Arc::new(links))
}

/// Put an entry in its place, or take its key away.
fn put(link: &mut Link, hasher: NameHasher, change: &Change<'_>, hash: u64, depth: u32) {
    match link {
        Link::Branch(links) => {
            let links = Arc::make_mut(links);
            if let Some(link) = links.get_mut(turn(rest_of(hash, depth))) {
                put(link, hasher, change, hash, depth + 1);
            }
            if change.value.is_none()
                && let Some(joined) = joined(links, hasher, depth)
            {
                *link = joined;
            }
        }
        Link::Bucket(bucket) => {
            if let Some(value) = change.value
                && replace(bucket, change.key, hash, value)
            {
                return;
            }
            let mut builder = IndexBuilder::with_hasher(hasher);
            builder.push_bucket(bucket, |key| key != change.key);
            if let Some(value) = change.value {
                builder.push_hashed(hash, change.key, value);
            }
            *link = builder.grow(depth);
        }
    }
}

/// One bucket in place of a branch that has become nearly empty.
fn joined(links: &[Link; LINKS], hasher: NameHasher, depth: u32) -> Option<Link> {
    let mut builder = IndexBuilder::with_hasher(hasher);
    for link in links {
        let Link::Bucket(bucket) = link else {
            return None;
        };
        builder.push_bucket(bucket, |_| true);
        if builder.stored.len() > MAX_ENTRIES / 4 || builder.octets.len() > MAX_OCTETS / 4 {
            return None;
        }
    }
    Some(builder.grow(depth))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(number: usize) -> Vec<u8> {
        let label = format!("host{number}");
        [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat()
    }

    fn check(index: &Index, model: &BTreeMap<Vec<u8>, Vec<u8>>, numbers: usize) {
        for number in 0..numbers {
            let key = key(number);
            let begun = index.look_ahead(&key);
            assert!(begun.last().is_some() || !model.contains_key(&key));
            assert_eq!(index.get(&key), model.get(&key).map(Vec::as_slice));
            assert_eq!(begun.finish(&key), model.get(&key).map(Vec::as_slice));
        }
    }

    #[test]
    fn a_built_index_and_a_grown_one_have_the_same_and_versions_stay() {
        let model: BTreeMap<_, _> = (0..3000)
            .map(|number| (key(number), vec![7; number % 50]))
            .collect();
        // One part, many with room, with room for some, and without any.
        let rooms = [(0, 0), (0, 1000), (3000, 0), (10_000, 0), (10_000, 1 << 20)];
        let built = rooms.map(|(expected, octets)| {
            let mut builder = BulkIndex::expecting(expected, octets);
            for (key, value) in &model {
                builder.push(key, value);
            }
            builder.finish()
        });
        let empty = BulkIndex::expecting(0, 0).finish();
        let grown = empty.with(model.iter().map(|(key, value)| Change {
            key,
            value: Some(value),
        }));
        for built in &built {
            check(built, &model, 3100);
        }
        check(&grown, &model, 3100);
        check(&empty, &BTreeMap::new(), 10);
    }

    #[test]
    fn a_value_that_gives_way_to_another_of_any_length_stays_in_older_versions() {
        let mut model: BTreeMap<_, _> = (0..300).map(|number| (key(number), vec![1; 8])).collect();
        let empty = BulkIndex::expecting(0, 0).finish();
        let change = |(key, value): (&'static [u8], &'static [u8])| Change {
            key,
            value: Some(value),
        };
        let older = empty.with(model.iter().map(|(key, value)| Change {
            key,
            value: Some(value),
        }));
        let before = model.clone();
        let changes: [(&[u8], &[u8]); 4] = [
            (b"\x05host7", &[2; 8]),
            (b"\x05host7", &[3; 8]),
            (b"\x05host8", &[4; 9]),
            (b"\x05host9", &[]),
        ];
        let newer = older.with(changes.into_iter().map(change));
        for (key, value) in changes {
            model.insert(key.to_vec(), value.to_vec());
        }
        check(&newer, &model, 300);
        check(&older, &before, 300);
    }

    #[test]
    fn an_index_that_shrinks_becomes_one_bucket_again() {
        let keys: Vec<_> = (0..2000).map(key).collect();
        let empty = BulkIndex::expecting(0, 0).finish();
        let full = empty.with(keys.iter().map(|key| Change {
            key,
            value: Some(&[1]),
        }));
        assert!(matches!(full.root, Link::Branch(_)));
        let left = full.with(keys.iter().skip(3).map(|key| Change { key, value: None }));
        assert!(matches!(left.root, Link::Bucket(_)));
        assert_eq!(keys.iter().filter(|key| left.get(key).is_some()).count(), 3);
        assert_eq!(full.get(&keys[1999]), Some(&[1][..]));
    }

    #[test]
    fn the_apex_and_large_nodes_are_entries_like_others() {
        let large = vec![9; 3 * MAX_OCTETS];
        let empty = BulkIndex::expecting(0, 0).finish();
        let changes = (0..10).map(key).collect::<Vec<_>>();
        let index = empty.with(changes.iter().map(|key| Change {
            key,
            value: Some(&large),
        }));
        let index = index.with(
            [Change {
                key: &[],
                value: Some(&[5]),
            }]
            .into_iter(),
        );
        assert_eq!(index.get(&[]), Some(&[5][..]));
        assert!(changes.iter().all(|key| index.get(key) == Some(&large)));
    }
}
