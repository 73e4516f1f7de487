//! One page of the tree: sorted keys, packed without gaps. The octets that all keys begin with are
//! held once.

use std::cmp::Ordering;

/// Sorted keys. A page is never changed; the next version has another.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Where each key ends in `octets`; it begins where the one before ends.
    ends: Box<[u32]>,
    /// The common prefix, then the rest of each key.
    octets: Box<[u8]>,
    prefix: usize,
}

impl Page {
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
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
    pub(crate) fn search(&self, key: &[u8]) -> Result<usize, usize> {
        let Some(suffix) = key.strip_prefix(self.prefix()) else {
            return Err(if key < self.prefix() { 0 } else { self.count() });
        };
        let (mut low, mut high) = (0, self.count());
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
        let mut ends = Vec::with_capacity(count);
        let mut octets = Vec::with_capacity(prefix + self.keys.len() - count * prefix);
        octets.extend_from_slice(first.get(..prefix)?);
        let mut start = 0;
        for end in &self.ends {
            let suffix = self.keys.get(start + prefix..*end)?;
            octets.extend_from_slice(suffix);
            ends.push(u32::try_from(octets.len()).ok()?);
            start = *end;
        }
        Some(Page {
            ends: ends.into(),
            octets: octets.into(),
            prefix,
        })
    }
}
