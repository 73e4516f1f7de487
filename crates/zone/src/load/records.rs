//! The records of a zone while it is read: octets in one place, and what sorts them.

use std::cmp::Ordering;

use understudy_wire::Rtype;

use super::journal::{Place, Spot};

/// A stretch of [`Records::octets`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    start: usize,
    length: u32,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// The key's first octets, which decide most comparisons.
    head: [u64; 2],
    key: Stretch,
    rdata: Stretch,
    /// Where it was read.
    at: usize,
    file: u32,
    pub(crate) ttl: u32,
    pub(crate) rtype: Rtype,
}

impl Record {
    pub(crate) fn place(&self) -> Place {
        Place {
            file: self.file,
            at: Spot::Offset(self.at),
        }
    }
}

/// All records read so far.
#[derive(Debug, Default)]
pub(crate) struct Records {
    octets: Vec<u8>,
    records: Vec<Record>,
}

fn head(key: &[u8]) -> [u64; 2] {
    let mut octets = [0; 16];
    for (to, from) in octets.iter_mut().zip(key) {
        *to = *from;
    }
    let [high, low] = [0, 8].map(|start| octets.get(start..).and_then(|part| part.first_chunk()));
    [high, low].map(|part| part.map_or(0, |part| u64::from_be_bytes(*part)))
}

impl Records {
    /// Make room for about so many octets of text to come.
    pub(crate) fn expect_text(&mut self, octets: usize) {
        // chosen: a record with its owner seldom has fewer octets of text than this.
        const OCTETS_PER_RECORD: usize = 32;
        self.records.reserve(octets / OCTETS_PER_RECORD);
        self.octets.reserve(octets / 2);
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

    /// What was appended since `start`.
    pub(crate) fn stretch_from(&self, start: usize) -> Stretch {
        let length = u32::try_from(self.octets.len() - start).unwrap_or(u32::MAX);
        Stretch { start, length }
    }

    pub(crate) fn octets(&self, stretch: Stretch) -> &[u8] {
        let length = usize::try_from(stretch.length).unwrap_or(0);
        self.octets
            .get(stretch.start..stretch.start + length)
            .unwrap_or_default()
    }

    pub(crate) fn push(
        &mut self,
        key: Stretch,
        (rtype, ttl): (Rtype, u32),
        rdata: Stretch,
        (file, at): (u32, usize),
    ) {
        let head = head(self.octets(key));
        self.records.push(Record {
            head,
            key,
            rdata,
            at,
            file,
            ttl,
            rtype,
        });
    }

    pub(crate) fn key(&self, record: &Record) -> &[u8] {
        self.octets(record.key)
    }

    pub(crate) fn rdata(&self, record: &Record) -> &[u8] {
        self.octets(record.rdata)
    }

    /// Order by owner, type, and place in the files. Files are often in order already.
    pub(crate) fn sort(&mut self) {
        let octets = &self.octets;
        let key = |stretch: Stretch| {
            let length = usize::try_from(stretch.length).unwrap_or(0);
            octets
                .get(stretch.start..stretch.start + length)
                .unwrap_or_default()
        };
        let compare = |left: &Record, right: &Record| -> Ordering {
            left.head
                .cmp(&right.head)
                .then_with(|| {
                    if left.key == right.key {
                        return Ordering::Equal;
                    }
                    key(left.key).cmp(key(right.key))
                })
                .then_with(|| left.rtype.cmp(&right.rtype))
                .then_with(|| left.file.cmp(&right.file))
                .then_with(|| left.at.cmp(&right.at))
                .then_with(|| left.rdata.start.cmp(&right.rdata.start))
        };
        self.records.sort_unstable_by(compare);
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Record> {
        self.records.iter()
    }

    /// The records of each name together, in order.
    pub(crate) fn by_owner(&self) -> impl Iterator<Item = &[Record]> {
        self.records.chunk_by(|left, right| {
            left.head == right.head && (left.key == right.key || self.key(left) == self.key(right))
        })
    }
}
