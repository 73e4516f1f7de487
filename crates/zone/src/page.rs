//! One page of the tree: sorted keys, packed without gaps.
//!
//! The octets that all keys begin with are held once. The next eight of each key stand in an array
//! of their own, so that a search touches the keys themselves only where these are equal.

use std::cmp::Ordering;

/// Sorted keys. A page is never changed; the next version has another.
#[derive(Debug, Default)]
pub(crate) struct Page {
    heads: Box<[u64]>,
    /// Where each key ends in `octets`; it begins where the one before ends.
    ends: Box<[u32]>,
    /// The common prefix, then the rest of each key.
    octets: Box<[u8]>,
    prefix: usize,
    /// The prefix as a head, and which bits of a head it decides; none if it is longer than that.
    prefix_head: u64,
    prefix_mask: u64,
}

/// The first eight octets as a number; a shorter key is filled with zeros, which no key continues
/// with.
#[inline]
fn head(suffix: &[u8]) -> u64 {
    if let Some(octets) = suffix.first_chunk() {
        return u64::from_be_bytes(*octets);
    }
    let mut octets = [0; 8];
    for (to, from) in octets.iter_mut().zip(suffix) {
        *to = *from;
    }
    u64::from_be_bytes(octets)
}

/// The bits of a head that a prefix of so many octets decides; 0 if it is empty or longer than one.
fn prefix_mask(octets: usize) -> u64 {
    match u32::try_from(octets) {
        Ok(octets @ 1..=8) => u64::MAX << (64 - 8 * octets),
        _ => 0,
    }
}

impl Page {
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.heads.len()
    }

    #[inline]
    fn prefix(&self) -> &[u8] {
        self.octets.get(..self.prefix).unwrap_or_default()
    }

    /// The rest of a key.
    #[inline]
    fn suffix(&self, index: usize) -> Option<&[u8]> {
        let end = usize::try_from(*self.ends.get(index)?).ok()?;
        let start = match index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
        {
            Some(before) => usize::try_from(*before).ok()?,
            None => self.prefix,
        };
        self.octets.get(start..end)
    }

    /// A key in two pieces.
    #[inline]
    pub(crate) fn key(&self, index: usize) -> Option<[&[u8]; 2]> {
        self.suffix(index).map(|suffix| [self.prefix(), suffix])
    }

    /// Where the key is, or where it would be.
    #[inline]
    pub(crate) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let Some(suffix) = self.strip_prefix(key) else {
            return Err(if key < self.prefix() { 0 } else { self.count() });
        };
        let wanted = head(suffix);
        let from = self.heads.partition_point(|head| *head < wanted);
        if self.heads.get(from) != Some(&wanted) {
            return Err(from);
        }
        self.search_equal_heads(suffix, wanted, from)
    }

    /// What follows the common prefix. Most prefixes are short: then no call is needed.
    #[inline]
    fn strip_prefix<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        if self.prefix_mask != 0 && head(key) & self.prefix_mask == self.prefix_head {
            return key.get(self.prefix..);
        }
        key.strip_prefix(self.prefix())
    }

    #[inline]
    fn search_equal_heads(&self, suffix: &[u8], wanted: u64, from: usize) -> Result<usize, usize> {
        if suffix.len() < size_of::<u64>() {
            // The zeros that fill the head are in no key, so that it has the whole suffix.
            return Ok(from);
        }
        let is_equal = |at: usize| self.heads.get(at) == Some(&wanted);
        let (mut low, mut high) = (from, from + 1);
        if is_equal(high) {
            high += self
                .heads
                .get(high..)
                .unwrap_or_default()
                .partition_point(|h| *h == wanted);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.suffix(middle).unwrap_or_default().cmp(suffix) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Ok(middle),
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }
}

/// Keys being collected into pages of limited size.
pub(crate) struct PageBuilder {
    keys: Vec<u8>,
    /// Where each key ends.
    ends: Vec<usize>,
    max_keys: usize,
    done: Vec<Page>,
}

impl PageBuilder {
    /// Pages are ended at `max_keys`.
    pub(crate) fn new(max_keys: usize) -> Self {
        Self {
            keys: Vec::new(),
            ends: Vec::new(),
            max_keys,
            done: Vec::new(),
        }
    }

    /// Add a key in two pieces; keys come in ascending order.
    pub(crate) fn push(&mut self, key: [&[u8]; 2]) {
        if self.ends.len() >= self.max_keys {
            self.flush();
        }
        for piece in key {
            self.keys.extend_from_slice(piece);
        }
        self.ends.push(self.keys.len());
    }

    /// The pages; none if nothing was pushed.
    pub(crate) fn finish(mut self) -> Vec<Page> {
        self.flush();
        self.done
    }

    fn flush(&mut self) {
        if let Some(page) = self.pack() {
            self.done.push(page);
        }
        self.keys.clear();
        self.ends.clear();
    }

    fn pack(&self) -> Option<Page> {
        let first = self.keys.get(..*self.ends.first()?)?;
        let count = self.ends.len();
        let last_start = count.checked_sub(2).and_then(|at| self.ends.get(at));
        let last = self.keys.get(last_start.copied().unwrap_or(0)..)?;
        let prefix = first.iter().zip(last).take_while(|(a, b)| a == b).count();
        let mut heads = Vec::with_capacity(count);
        let mut ends = Vec::with_capacity(count);
        let mut octets = Vec::with_capacity(prefix + self.keys.len() - count * prefix);
        octets.extend_from_slice(first.get(..prefix)?);
        let mut start = 0;
        for end in &self.ends {
            let suffix = self.keys.get(start + prefix..*end)?;
            heads.push(head(suffix));
            octets.extend_from_slice(suffix);
            ends.push(u32::try_from(octets.len()).ok()?);
            start = *end;
        }
        let prefix_mask = prefix_mask(prefix);
        Some(Page {
            heads: heads.into(),
            ends: ends.into(),
            octets: octets.into(),
            prefix,
            prefix_head: head(first) & prefix_mask,
            prefix_mask,
        })
    }
}
