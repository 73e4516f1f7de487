//! A name ready for look-ups: in lower case, with its labels counted and found.

use crate::name::{MAX_NAME_OCTETS, Name};

/// Whole blocks, so that folding works on blocks.
const ROOM: usize = MAX_NAME_OCTETS.div_ceil(BLOCK) * BLOCK;
const BLOCK: usize = 16;
/// 255 octets hold no more labels.
const MAX_LABELS: usize = 128;

/// The canonical form of a name (RFC 4034 section 6.2), held in place.
///
/// Made once for a query; every table that is asked on the way to its answer takes slices of it.
#[derive(Clone)]
pub struct LowerName {
    octets: [u8; ROOM],
    length: usize,
    /// Where each label begins.
    starts: [u8; MAX_LABELS],
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
            starts: [0; MAX_LABELS],
            labels: 0,
        };
        for (to, from) in lower
            .octets
            .chunks_exact_mut(BLOCK)
            .zip(name.octets().chunks(BLOCK))
        {
            fold(to, from);
        }
        lower.find_labels();
        lower
    }

    /// Walk the labels once.
    #[inline]
    fn find_labels(&mut self) {
        let mut at = 0;
        while let (Some(&length @ 1..), Some(start)) =
            (self.octets.get(at), self.starts.get_mut(self.labels))
        {
            *start = u8::try_from(at).unwrap_or(u8::MAX);
            self.labels += 1;
            at += usize::from(length) + 1;
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

    /// The octets of the ancestor (or the name itself) that has `labels` labels; None if the name
    /// has fewer.
    #[inline]
    #[must_use]
    pub fn suffix(&self, labels: usize) -> Option<&[u8]> {
        self.octets.get(self.start_of(labels)?..self.length)
    }

    /// The octets from where the ancestor with `labels` labels begins to where that with `above`
    /// labels begins; None unless there are such ancestors.
    #[inline]
    #[must_use]
    pub fn between(&self, labels: usize, above: usize) -> Option<&[u8]> {
        self.octets
            .get(self.start_of(labels)?..self.start_of(above)?)
    }

    #[inline]
    fn start_of(&self, labels: usize) -> Option<usize> {
        let before = self.labels.checked_sub(labels)?;
        if labels == 0 {
            return self.length.checked_sub(1);
        }
        self.starts.get(before).copied().map(usize::from)
    }
}

/// Copy octets in lower case. Written so that the compiler folds a whole block at once.
#[inline]
fn fold(to: &mut [u8], from: &[u8]) {
    let mut block = [0; BLOCK];
    if let Some(whole) = from.first_chunk::<BLOCK>() {
        block = *whole;
    } else {
        for (to, from) in block.iter_mut().zip(from) {
            *to = *from;
        }
    }
    for octet in &mut block {
        // Length octets are below any letter.
        let is_upper = octet.wrapping_sub(b'A') < 26;
        *octet |= u8::from(is_upper) << 5;
    }
    to.copy_from_slice(&block);
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
        assert_eq!(name.suffix(1).unwrap(), b"\x03com\0");
        assert_eq!(name.suffix(0).unwrap(), b"\0");
        assert_eq!(name.suffix(4), None);
        assert_eq!(name.between(3, 1).unwrap(), b"\x03www\x07example");
        assert_eq!(name.between(1, 0).unwrap(), b"\x03com");
        assert_eq!(name.between(2, 2).unwrap(), b"");
        assert_eq!(name.between(0, 1), None);
    }

    #[test]
    fn the_root_has_no_labels() {
        let root = lower(".");
        assert_eq!((root.octets(), root.label_count()), (&b"\0"[..], 0));
        assert_eq!(root.between(0, 0).unwrap(), b"");
    }

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
        assert_eq!(name.suffix(127).unwrap(), name.octets());
        assert_eq!(name.between(127, 126).unwrap(), b"\x01a");
    }
}
