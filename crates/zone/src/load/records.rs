//! The records of a zone while it is read: octets in one place, and what sorts them.

use std::cmp::Ordering;

use understudy_wire::{Rtype, is_same};

use super::journal::{Place, Spot};

/// A stretch of [`Records::octets`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    start: usize,
    length: u16,
}

/// One record. There may be very many, so lengths and starts stand where they take the least room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    key_start: usize,
    rdata_start: usize,
    /// Where it was read.
    at: usize,
    file: u32,
    pub(crate) ttl: u32,
    pub(crate) rtype: Rtype,
    key_length: u16,
    rdata_length: u16,
}

impl Record {
    pub(crate) fn place(&self) -> Place {
        Place {
            file: self.file,
            at: Spot::Offset(self.at),
        }
    }

    /// Is the key in the same place? The apex has no octets there: behind an empty rdata another key may begin
    /// where its key does.
    #[inline]
    fn has_key_of(&self, other: &Self) -> bool {
        self.key_start == other.key_start && self.key_length == other.key_length
    }
}

/// All records read so far.
#[derive(Debug, Default)]
pub(crate) struct Records {
    octets: Vec<u8>,
    records: Vec<Record>,
}

/// A key's first octets, which decide most comparisons. A shorter key is filled with zeros; it ends
/// with one, and no key has two in a row, so that keys of so many octets at most are the same if
/// their heads are.
type Head = [u64; 2];
const HEAD_OCTETS: usize = 16;

fn head(key: &[u8]) -> Head {
    let mut octets = [0; HEAD_OCTETS];
    let length = key.len().min(HEAD_OCTETS);
    if let (Some(to), Some(from)) = (octets.get_mut(..length), key.get(..length)) {
        to.copy_from_slice(from);
    }
    let [high, low] = [0, 8].map(|start| octets.get(start..).and_then(|part| part.first_chunk()));
    [high, low].map(|part| part.map_or(0, |part| u64::from_be_bytes(*part)))
}

/// chosen: what each record takes beside its octets.
const RECORD_OCTETS: usize = 48;

/// What so many records take while they are read, with so many octets of keys and rdata.
pub(super) fn memory_octets((count, octets): (usize, usize)) -> usize {
    octets.saturating_add(count.saturating_mul(RECORD_OCTETS))
}

/// How many records this text has, about.
fn expected_count(text: &[u8]) -> usize {
    // chosen: what lines are like shows early, and room in vain is never touched.
    const SAMPLE_OCTETS: usize = 64 * 1024;
    let sample = text.get(..SAMPLE_OCTETS).unwrap_or(text);
    let lines = sample.split(|octet| *octet == b'\n').count();
    text.len() / sample.len().max(1) * lines * 9 / 8 + lines
}

/// What they will take, about.
pub(super) fn expected_octets(text: &[u8]) -> usize {
    memory_octets((expected_count(text), text.len()))
}

impl Records {
    /// Make room for about what this text has.
    pub(crate) fn expect_text(&mut self, text: &[u8]) {
        self.records.reserve(expected_count(text));
        self.octets.reserve(text.len());
    }

    /// Keep a key for records to come.
    pub(crate) fn push_key(&mut self, key: &[u8]) -> Stretch {
        let start = self.octets.len();
        self.octets.extend_from_slice(key);
        self.stretch_from(start)
    }

    /// Where rdata is appended; complete it with [`Records::push`] or take it back with
    /// [`Records::truncate`].
    pub(crate) fn octets_mut(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    pub(crate) fn octet_count(&self) -> usize {
        self.octets.len()
    }

    pub(crate) fn truncate(&mut self, octets: usize) {
        self.octets.truncate(octets);
    }

    /// What was appended since `start`: a key or the rdata of one record, neither of which is longer
    /// than 16 bits can say.
    pub(crate) fn stretch_from(&self, start: usize) -> Stretch {
        let length = u16::try_from(self.octets.len() - start).unwrap_or(u16::MAX);
        Stretch { start, length }
    }

    pub(crate) fn octets(&self, stretch: Stretch) -> &[u8] {
        self.slice(stretch.start, stretch.length)
    }

    #[inline]
    fn slice(&self, start: usize, length: u16) -> &[u8] {
        self.octets
            .get(start..start + usize::from(length))
            .unwrap_or_default()
    }

    pub(crate) fn push(
        &mut self,
        key: Stretch,
        (rtype, ttl): (Rtype, u32),
        rdata: Stretch,
        (file, at): (u32, usize),
    ) {
        self.records.push(Record {
            key_start: key.start,
            rdata_start: rdata.start,
            at,
            file,
            ttl,
            rtype,
            key_length: key.length,
            rdata_length: rdata.length,
        });
    }

    pub(crate) fn key(&self, record: &Record) -> &[u8] {
        self.slice(record.key_start, record.key_length)
    }

    pub(crate) fn rdata(&self, record: &Record) -> &[u8] {
        self.slice(record.rdata_start, record.rdata_length)
    }

    /// Order by owner, type, and place in the files. Files are often in order already, or in parts,
    /// which a stable sort makes use of; what it moves is small.
    pub(crate) fn sort(&mut self) {
        let heads = self.records.iter().map(|record| head(self.key(record)));
        let mut order: Vec<(Head, usize)> = heads.zip(0..).collect();
        order.sort_by(|(left_head, left), (right_head, right)| {
            left_head
                .cmp(right_head)
                .then_with(|| self.compare(*left, *right))
        });
        // A copy, because what is in order in parts is read in parts; an exchange in place jumps. It gets the room
        // that it needs and no more: of a large zone the rest would be felt.
        let mut sorted = Vec::with_capacity(order.len());
        let places = order.iter();
        sorted.extend(places.filter_map(|(_, at)| self.records.get(*at).copied()));
        self.records = sorted;
    }

    /// Compare two records whose heads are the same.
    fn compare(&self, left: usize, right: usize) -> Ordering {
        let (Some(left), Some(right)) = (self.records.get(left), self.records.get(right)) else {
            return Ordering::Equal;
        };
        let by_key = if left.has_key_of(right) {
            Ordering::Equal
        } else {
            self.key(left).cmp(self.key(right))
        };
        by_key
            .then_with(|| left.rtype.cmp(&right.rtype))
            .then_with(|| left.place().cmp(&right.place()))
            .then_with(|| left.rdata_start.cmp(&right.rdata_start))
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Record> {
        self.records.iter()
    }

    /// The records of each name together, in order.
    pub(crate) fn by_owner(&self) -> impl Iterator<Item = &[Record]> {
        self.records.chunk_by(|left, right| {
            left.has_key_of(right) || is_same(self.key(left), self.key(right))
        })
    }

    /// How many records there are, and how many octets their keys and rdata have.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.records.len(), self.octets.len())
    }

    /// What they take, about.
    pub(crate) fn memory_octets(&self) -> usize {
        memory_octets(self.size())
    }
}
