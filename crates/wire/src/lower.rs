//! A name ready for look-ups: in lower case, with its labels counted and found.

use crate::name::{MAX_NAME_OCTETS, Name};

/// Whole blocks, so that folding works on blocks.
const ROOM: usize = MAX_NAME_OCTETS.div_ceil(BLOCK) * BLOCK;
const BLOCK: usize = 16;

/// The canonical form of a name (RFC 4034 section 6.2), held in place. Only the letters of ASCII have
/// case (RFC 4343 section 3).
#[derive(Clone)]
pub struct LowerName {
    octets: [u8; ROOM],
    length: usize,
    labels: usize,
}

impl LowerName {
    /// Fold a name.
    #[inline]
    #[must_use]
    pub fn new(name: Name<'_>) -> Self {
        let mut lower = Self {
            octets: [0; ROOM],
            length: name.octets().len(),
            labels: name.label_count(),
        };
        lower.fill(name.octets());
        lower
    }

    /// Block by block; the last one overlaps the one before, since folding twice changes nothing.
    #[inline]
    fn fill(&mut self, octets: &[u8]) {
        let Some(last) = octets.last_chunk::<BLOCK>() else {
            let mut block = [0; BLOCK];
            for (to, from) in block.iter_mut().zip(octets) {
                *to = *from;
            }
            if let Some(room) = self.octets.first_chunk_mut() {
                *room = folded(&block);
            }
            return;
        };
        let blocks = self.octets.chunks_exact_mut(BLOCK);
        for (to, from) in blocks.zip(octets.chunks_exact(BLOCK)) {
            if let (Some(to), Some(from)) = (to.first_chunk_mut(), from.first_chunk()) {
                *to = folded(from);
            }
        }
        let room = self.octets.get_mut(octets.len() - BLOCK..octets.len());
        if let Some(room) = room.and_then(|room| room.first_chunk_mut()) {
            *room = folded(last);
        }
    }

    /// The octets, root label included.
    #[inline]
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// How many labels, the root label not counted.
    #[inline]
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels
    }

    /// The name as what is looked up.
    #[inline]
    #[must_use]
    pub fn folded(&self) -> Folded<'_> {
        Folded {
            octets: self.octets(),
            labels: self.labels,
        }
    }
}

/// A name in lower case, wherever it stands, with its labels counted.
///
/// Most names are in lower case as they come. They are looked up where they stand: octets that were
/// written a moment ago in other pieces than they are read in have to be waited for.
#[derive(Clone, Copy, Debug)]
pub struct Folded<'n> {
    octets: &'n [u8],
    labels: usize,
}

impl<'n> Folded<'n> {
    /// A name that has so many labels: itself if it is in lower case, else a copy that is.
    #[inline(always)]
    pub fn of(name: Name<'n>, labels: usize, copy: &'n mut Option<LowerName>) -> Self {
        let octets = name.octets();
        if has_capital(octets) {
            return copied(name, copy);
        }
        Self { octets, labels }
    }

    /// The octets, root label included.
    #[inline]
    #[must_use]
    pub fn octets(self) -> &'n [u8] {
        self.octets
    }

    /// How many labels, the root label not counted.
    #[inline]
    #[must_use]
    pub fn label_count(self) -> usize {
        self.labels
    }

    /// The octets of the ancestor (or the name itself) that has `labels` labels; None if the name
    /// has fewer.
    #[inline(always)]
    #[must_use]
    pub fn suffix(self, labels: usize) -> Option<&'n [u8]> {
        self.octets.get(self.start_of(labels)?..)
    }

    /// The octets before the last `ending` ones; None if there are not so many.
    #[inline]
    #[must_use]
    pub fn before(self, ending: usize) -> Option<&'n [u8]> {
        self.octets.get(..self.octets.len().checked_sub(ending)?)
    }

    /// The octets from where the ancestor with `labels` labels begins to where that with `above`
    /// labels begins; None unless there are such ancestors.
    #[inline]
    #[must_use]
    pub fn between(self, labels: usize, above: usize) -> Option<&'n [u8]> {
        self.octets
            .get(self.start_of(labels)?..self.start_of(above)?)
    }

    /// Where the ancestor with so many labels begins: a walk over those that it lacks.
    #[inline(always)]
    fn start_of(self, labels: usize) -> Option<usize> {
        let mut start = 0;
        for _ in 0..self.labels.checked_sub(labels)? {
            start += usize::from(*self.octets.get(start)?) + 1;
        }
        Some(start)
    }
}

#[cold]
#[inline(never)]
fn copied<'n>(name: Name<'_>, copy: &'n mut Option<LowerName>) -> Folded<'n> {
    copy.insert(LowerName::new(name)).folded()
}

/// Is there a letter in upper case? Length octets are below any letter.
#[inline(always)]
fn has_capital(octets: &[u8]) -> bool {
    may_have_capital(octets) && octets.iter().any(u8::is_ascii_uppercase)
}

/// Is there an octet like the letters in upper case: with the bit of letters, and without that of
/// lower case? Some others are alike. A word at a time; the last one overlaps the one before.
#[inline(always)]
fn may_have_capital(octets: &[u8]) -> bool {
    const LETTER: u64 = 0x4040_4040_4040_4040;
    let Some(last) = octets.last_chunk() else {
        return true;
    };
    let like = |octets: &[u8; 8]| {
        let word = u64::from_le_bytes(*octets);
        word & !(word << 1)
    };
    let (words, _) = octets.as_chunks();
    let found = words
        .iter()
        .fold(like(last), |found, word| found | like(word));
    found & LETTER != 0
}

/// A block in lower case: written so that the compiler folds all of it at once.
#[inline]
fn folded(block: &[u8; BLOCK]) -> [u8; BLOCK] {
    // Length octets are below any letter.
    block.map(|octet| octet | u8::from(octet.wrapping_sub(b'A') < 26) << 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NameBuf;

    fn lower(text: &str) -> LowerName {
        LowerName::new(text.parse::<NameBuf>().unwrap().as_name())
    }

    #[test]
    fn a_name_is_folded_and_its_labels_are_found() {
        let name = lower("Www.EXAMPLE.cOm.");
        assert_eq!(name.octets(), b"\x03www\x07example\x03com\0");
        assert_eq!(name.label_count(), 3);
        assert_eq!(name.folded().suffix(1).unwrap(), b"\x03com\0");
        assert_eq!(name.folded().suffix(0).unwrap(), b"\0");
        assert_eq!(name.folded().suffix(4), None);
        assert_eq!(name.folded().between(3, 1).unwrap(), b"\x03www\x07example");
        assert_eq!(name.folded().between(1, 0).unwrap(), b"\x03com");
        assert_eq!(name.folded().between(2, 2).unwrap(), b"");
        assert_eq!(name.folded().between(0, 1), None);
    }

    #[test]
    fn the_root_has_no_labels() {
        let root = lower(".");
        assert_eq!((root.octets(), root.label_count()), (&b"\0"[..], 0));
        assert_eq!(root.folded().between(0, 0).unwrap(), b"");
    }

    #[test]
    fn a_name_is_copied_only_if_it_has_a_capital() {
        for labels in 0..12 {
            let plain = "abc@[{z.".repeat(labels) + "x";
            for at in 0..plain.len() {
                for capital in ["", "A", "M", "Z"] {
                    let mut text = plain.clone();
                    if plain.as_bytes()[at] != b'.' && !capital.is_empty() {
                        text.replace_range(at..=at, capital);
                    }
                    let name = text.parse::<NameBuf>().unwrap();
                    let (mut copy, expected) = (None, LowerName::new(name.as_name()));
                    let folded = Folded::of(name.as_name(), labels + 1, &mut copy);
                    assert_eq!(folded.octets(), expected.octets());
                    assert_eq!(folded.label_count(), expected.label_count());
                    assert_eq!(copy.is_some(), text != plain, "{text}");
                }
            }
        }
    }

    /// RFC 1034 section 3.1, RFC 4343 section 3.
    #[test]
    fn every_octet_has_its_lower_case() {
        for octet in 0..=u8::MAX {
            let wire = [1, octet, 0];
            let name = LowerName::new(Name::from_octets(&wire).unwrap());
            assert_eq!(name.octets(), [1, octet.to_ascii_lowercase(), 0]);
        }
    }

    #[test]
    fn the_longest_name_has_all_its_labels() {
        let name = lower(&"A.".repeat(127));
        assert_eq!((name.octets().len(), name.label_count()), (255, 127));
        assert_eq!(name.folded().suffix(127).unwrap(), name.octets());
        assert_eq!(name.folded().between(127, 126).unwrap(), b"\x01a");
    }
}
