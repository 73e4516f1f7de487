//! All entries of an index at once, as a zone that is read has them.
//!
//! ```text
//! part  = entry*
//! entry = hash(8) length-of-key(1) length-of-value(4) key value
//! ```

use std::sync::Arc;

use understudy_wire::NameHasher;

use super::{Index, IndexBuilder, LINKS, Link, MAX_ENTRIES, STEP, Stored, grown, turn};

/// Levels of branches that a large index surely has.
const LEVELS: u32 = 2;
const PARTS: usize = LINKS.pow(LEVELS);
/// What stands before an entry's key.
const HEAD_OCTETS: usize = 13;

/// Entries being collected for a whole index. Those of each of its parts are together: what one part
/// needs to be sorted and packed is still in the processor's cache when it is read again.
pub(crate) struct BulkIndex {
    hasher: NameHasher,
    /// Room for all parts, of the same size each.
    octets: Vec<u8>,
    room: usize,
    parts: Vec<Part>,
}

/// One part: how much of its room it uses, and what had no room there.
struct Part {
    used: usize,
    others: IndexBuilder,
}

impl BulkIndex {
    /// For about so many entries, with so many octets in keys and values.
    pub(crate) fn expecting(entries: usize, octets: usize) -> Self {
        let hasher = NameHasher::secret();
        let count = if entries < PARTS * MAX_ENTRIES {
            1
        } else {
            PARTS
        };
        // chosen: the hash fills parts evenly but for large nodes, and room in vain is never touched.
        let room = (octets + HEAD_OCTETS * entries) / count * 5 / 4;
        let part = || Part {
            used: 0,
            others: IndexBuilder::with_hasher(hasher),
        };
        Self {
            hasher,
            octets: vec![0; room * count],
            room,
            parts: (0..count).map(|_| part()).collect(),
        }
    }

    /// Add an entry; no key comes twice.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        let hash = self.hasher.hash(key);
        let number = match self.parts.len() {
            1 => 0,
            _ => turn(hash) * LINKS + turn(hash << STEP),
        };
        let Some(part) = self.parts.get_mut(number) else {
            return;
        };
        let start = number * self.room;
        let free = self.octets.get_mut(start + part.used..start + self.room);
        match free.and_then(|free| write_entry(free, hash, key, value)) {
            Some(length) => part.used += length,
            None => part.others.push_hashed(hash, key, value),
        }
    }

    pub(crate) fn finish(self) -> Index {
        let depth = if self.parts.len() == 1 { 0 } else { LEVELS };
        let mut stored = Vec::new();
        let mut bucket = Vec::new();
        let mut links = Vec::with_capacity(self.parts.len());
        for (number, mut part) in self.parts.into_iter().enumerate() {
            let start = number * self.room;
            let octets = self.octets.get(start..start + part.used);
            let octets = octets.unwrap_or_default();
            stored.clear();
            stored.extend(entries(octets));
            if part.others.stored.is_empty() {
                stored.sort_unstable_by_key(|entry| entry.hash);
                links.push(grown(octets, &stored, depth, &mut bucket));
                continue;
            }
            for entry in &stored {
                if let Some((key, value)) = entry.split(octets) {
                    part.others.push_hashed(entry.hash, key, value);
                }
            }
            links.push(part.others.grow(depth));
        }
        while links.len() > 1 {
            links = links.chunks_exact(LINKS).filter_map(branch).collect();
        }
        let root = links.pop().unwrap_or_else(|| Link::Bucket(Arc::default()));
        Index {
            hasher: self.hasher,
            root,
        }
    }
}

/// Write an entry to the start of `room`; how long it is. None if there is no room for it.
fn write_entry(room: &mut [u8], hash: u64, key: &[u8], value: &[u8]) -> Option<usize> {
    let length = HEAD_OCTETS + key.len() + value.len();
    let (head, rest) = room.get_mut(..length)?.split_first_chunk_mut()?;
    let [h0, h1, h2, h3, h4, h5, h6, h7] = hash.to_le_bytes();
    let [v0, v1, v2, v3] = u32::try_from(value.len()).ok()?.to_le_bytes();
    let key_length = u8::try_from(key.len()).ok()?;
    *head = [h0, h1, h2, h3, h4, h5, h6, h7, key_length, v0, v1, v2, v3];
    let (key_room, value_room) = rest.split_at_mut_checked(key.len())?;
    key_room.copy_from_slice(key);
    value_room.copy_from_slice(value);
    Some(length)
}

/// The entries of a part.
fn entries(octets: &[u8]) -> impl Iterator<Item = Stored> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let head: &[u8; HEAD_OCTETS] = octets.get(at..)?.first_chunk()?;
        let [h0, h1, h2, h3, h4, h5, h6, h7, key, v0, v1, v2, v3] = *head;
        let entry = Stored {
            hash: u64::from_le_bytes([h0, h1, h2, h3, h4, h5, h6, h7]),
            start: at + HEAD_OCTETS,
            key,
            value: u32::from_le_bytes([v0, v1, v2, v3]),
        };
        at = entry.start + entry.size() - 1;
        Some(entry)
    })
}

fn branch(links: &[Link]) -> Option<Link> {
    let links: &[Link; LINKS] = links.try_into().ok()?;
    Some(Link::Branch(Arc::new(links.clone())))
}
