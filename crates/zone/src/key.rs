//! Sort keys: a name below the apex as octets whose plain order is the canonical one.
//!
//! Labels from the apex downwards, in lower case, each ended by 0. Inside a label 0 becomes `1 1`
//! and 1 becomes `1 2`, so that an end sorts before every octet and 0 marks nothing but ends. The
//! apex has the empty key; an ancestor's key is a prefix of its descendants' keys.

use understudy_wire::{MAX_NAME_OCTETS, Name, NameBuf};

/// Every octet escaped, and no more ends than labels.
const MAX_KEY_OCTETS: usize = 2 * MAX_NAME_OCTETS;
/// 255 octets hold no more labels.
const MAX_LABELS: usize = 128;

/// What ends a label.
pub(crate) const END: u8 = 0;
/// What stands before an octet that is no greater than it.
pub(crate) const ESCAPE: u8 = 1;

/// Enough for a name, in whole words.
const MAX_NAME_WORDS: usize = MAX_NAME_OCTETS.div_ceil(8) * 8;

/// The key of one name, held in place.
pub(crate) struct Key {
    octets: [u8; MAX_KEY_OCTETS],
    length: usize,
    depth: usize,
}

impl Key {
    /// The key of the apex.
    pub(crate) const APEX: Self = Self {
        octets: [0; MAX_KEY_OCTETS],
        length: 0,
        depth: 0,
    };

    /// The key of a name that is `origin` or below it.
    pub(crate) fn new(name: Name<'_>, origin: Name<'_>) -> Option<Self> {
        let mut key = Self::APEX;
        key.set(name, origin.to_lower().as_name()).then_some(key)
    }

    /// Make this, which is the key of the apex, the key of a name that is `origin` (in lower case)
    /// or below it. False if the name is neither.
    ///
    /// In place, because moving a key costs more than making one.
    #[inline]
    pub(crate) fn set(&mut self, name: Name<'_>, origin: Name<'_>) -> bool {
        self.try_set(name.octets(), origin.octets()).is_some()
    }

    #[inline]
    fn try_set(&mut self, name: &[u8], origin: &[u8]) -> Option<()> {
        let relative = name.len().checked_sub(origin.len())?;
        let mut lower = [0; MAX_NAME_WORDS];
        lower.get_mut(..name.len())?.copy_from_slice(name);
        for word in lower.chunks_exact_mut(8).take(name.len().div_ceil(8)) {
            lower_case(word);
        }
        if lower.get(relative..name.len())? != origin {
            return None;
        }
        let mut starts = [0_u8; MAX_LABELS];
        let mut at = 0;
        while at < relative {
            *starts.get_mut(self.depth)? = u8::try_from(at).ok()?;
            self.depth += 1;
            at += usize::from(*lower.get(at)?) + 1;
        }
        if at != relative {
            return None;
        }
        for start in starts.get(..self.depth)?.iter().rev() {
            let (length, rest) = lower.get(usize::from(*start)..)?.split_first()?;
            self.push_label(rest.get(..usize::from(*length))?)?;
        }
        Some(())
    }

    /// Append a label that is in lower case.
    #[inline]
    fn push_label(&mut self, label: &[u8]) -> Option<()> {
        let room = self.octets.get_mut(self.length..)?;
        let (text, rest) = room.split_at_mut_checked(label.len())?;
        text.copy_from_slice(label);
        *rest.first_mut()? = END;
        if label.iter().all(|octet| *octet > ESCAPE) {
            self.length += label.len() + 1;
            return Some(());
        }
        self.push_escaped(label)
    }

    #[cold]
    fn push_escaped(&mut self, label: &[u8]) -> Option<()> {
        for octet in label {
            if *octet <= ESCAPE {
                *self.octets.get_mut(self.length)? = ESCAPE;
                *self.octets.get_mut(self.length + 1)? = octet + 1;
                self.length += 2;
            } else {
                *self.octets.get_mut(self.length)? = *octet;
                self.length += 1;
            }
        }
        *self.octets.get_mut(self.length)? = END;
        self.length += 1;
        Some(())
    }

    #[inline]
    pub(crate) fn as_octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

/// Eight octets to lower case at once. The upper bit of each octet of a sum tells whether its lower
/// seven bits were at or above a limit, without a carry into its neighbour.
#[inline]
fn lower_case(word: &mut [u8]) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const UPPER_BITS: u64 = 0x80 * ONES;
    let Some(octets) = word.first_chunk_mut() else {
        return;
    };
    let value = u64::from_ne_bytes(*octets);
    let low = value & !UPPER_BITS;
    let from_a = low.wrapping_add((0x80 - 0x41) * ONES);
    let beyond_z = low.wrapping_add((0x80 - 0x5b) * ONES);
    let is_upper = from_a & !beyond_z & !value & UPPER_BITS;
    *octets = (value | is_upper >> 2).to_ne_bytes();
}

/// How many labels below the apex a key, or a part of it that ends with a label, has.
#[inline]
pub(crate) fn depth(key: &[u8]) -> usize {
    key.iter().map(|octet| usize::from(*octet == END)).sum()
}

/// The key of the ancestor that is `depth` labels below the apex.
#[inline]
pub(crate) fn ancestor(key: &[u8], depth: usize) -> &[u8] {
    let mut ends = key.iter().enumerate().filter(|(_, octet)| **octet == END);
    match depth.checked_sub(1).and_then(|surplus| ends.nth(surplus)) {
        Some((end, _)) => key.get(..=end).unwrap_or_default(),
        None => &[],
    }
}

/// How many labels below the apex the lowest common ancestor of two keys is.
#[inline]
pub(crate) fn shared_depth(left: &[u8], right: &[u8]) -> usize {
    left.iter()
        .zip(right)
        .take_while(|(left, right)| left == right)
        .filter(|(octet, _)| **octet == END)
        .count()
}

/// Is the lowest label a lone asterisk?
pub(crate) fn is_wildcard(key: &[u8]) -> bool {
    matches!(key, [b'*', END] | [.., END, b'*', END])
}

/// Is any label a lone asterisk?
pub(crate) fn has_asterisk(key: &[u8]) -> bool {
    key.split(|octet| *octet == END).any(|label| label == b"*")
}

/// Append the name whose key stands in two pieces, as wire octets without those of the apex.
pub(crate) fn push_labels([left, right]: [&[u8]; 2], to: &mut Vec<u8>) {
    let is_plain = |octet: &u8| *octet > ESCAPE;
    let text = right.split_last();
    if let Some((&END, text)) = text
        && left.iter().chain(text).all(is_plain)
    {
        // One label, as most names have.
        to.push(u8::try_from(left.len() + text.len()).unwrap_or(u8::MAX));
        to.extend_from_slice(left);
        to.extend_from_slice(text);
    } else {
        push_wire(&[left, right].concat(), to);
    }
}

/// Append the name that has this key, as wire octets without those of the apex.
pub(crate) fn push_wire(key: &[u8], to: &mut Vec<u8>) {
    let labels = key.strip_suffix(&[END]).unwrap_or_default();
    if key.is_empty() {
        return;
    }
    for label in labels.rsplit(|octet| *octet == END) {
        let length_at = to.len();
        to.push(0);
        let mut is_escaped = false;
        for octet in label {
            if *octet == ESCAPE && !is_escaped {
                is_escaped = true;
                continue;
            }
            to.push(if is_escaped { *octet - 1 } else { *octet });
            is_escaped = false;
        }
        let length = to.len() - length_at - 1;
        if let Some(field) = to.get_mut(length_at) {
            *field = u8::try_from(length).unwrap_or(u8::MAX);
        }
    }
}

/// The name, in lower case, that has this key in the zone `origin`.
pub(crate) fn to_name(key: &[u8], origin: Name<'_>) -> NameBuf {
    let mut name = origin.to_lower();
    for label in key.split_inclusive(|octet| *octet == END) {
        let mut octets = [0; 64];
        let mut length = 0;
        let mut is_escaped = false;
        for octet in label {
            if !is_escaped && *octet == ESCAPE {
                is_escaped = true;
                continue;
            }
            if *octet == END {
                break;
            }
            if let Some(room) = octets.get_mut(length) {
                *room = if is_escaped { *octet - 1 } else { *octet };
                length += 1;
            }
            is_escaped = false;
        }
        if let Ok(child) = NameBuf::child(octets.get(..length).unwrap_or_default(), name.as_name())
        {
            name = child;
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NameBuf {
        text.parse().unwrap()
    }

    fn key(text: &str) -> Vec<u8> {
        let origin = name("example.");
        Key::new(name(text).as_name(), origin.as_name())
            .unwrap()
            .as_octets()
            .to_vec()
    }

    /// RFC 4034 sections 6.1 and 6.2.
    #[test]
    fn keys_sort_as_rfc_4034_section_6_1_says() {
        let in_order = [
            "example",
            "a.example",
            "yljkjljk.a.example",
            "Z.a.example",
            "zABC.a.EXAMPLE",
            "z.example",
            r"\000.z.example",
            r"\001.z.example",
            "*.z.example",
            r"\200.z.example",
        ];
        for pair in in_order.windows(2) {
            assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
            assert!(name(pair[0]) < name(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn a_key_gives_its_name_back() {
        let origin = name("Example.");
        for text in [
            "example.",
            "a.b.example.",
            r"\000\001\002.x.example.",
            r"\.a.example.",
        ] {
            assert_eq!(to_name(&key(text), origin.as_name()).to_string(), text);
            let mut wire = Vec::new();
            push_wire(&key(text), &mut wire);
            for at in 0..=key(text).len() {
                let mut labels = Vec::new();
                let key = key(text);
                let (left, right) = key.split_at(at);
                push_labels([left, right], &mut labels);
                assert_eq!(labels, wire, "{text} cut at {at}");
            }
            wire.extend_from_slice(origin.as_name().to_lower().as_name().octets());
            assert_eq!(wire, name(text).as_name().to_lower().as_name().octets());
        }
    }

    #[test]
    fn every_octet_has_its_lower_case() {
        for octet in 0..=255_u8 {
            let mut word = [b'Z', octet, b'a', octet, b'@', b'[', 0x80, octet];
            let expected = word.map(|octet| octet.to_ascii_lowercase());
            lower_case(&mut word);
            assert_eq!(word, expected);
        }
    }

    #[test]
    fn names_beside_the_zone_have_no_key() {
        let origin = name("example.");
        for text in [".", "xexample.", "example.com.", r"a\007example."] {
            assert!(
                Key::new(name(text).as_name(), origin.as_name()).is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn ancestors_are_prefixes() {
        let lowest = key("c.b.a.example");
        assert_eq!(ancestor(&lowest, 0), b"");
        assert_eq!(ancestor(&lowest, 2), key("b.a.example"));
        assert_eq!(depth(&lowest), 3);
        assert_eq!(shared_depth(&lowest, &key("x.b.a.example")), 2);
        assert_eq!(shared_depth(&lowest, &key("aa.example")), 0);
        assert!(has_asterisk(&key("*.a.example")) && has_asterisk(&key("b.*.example")));
        assert!(is_wildcard(&key("*.a.example")) && is_wildcard(&key("*.example")));
        assert!(!is_wildcard(&key("b.*.example")) && !is_wildcard(&key("a*.example")));
        assert!(!has_asterisk(&key("a*.example")) && !has_asterisk(b""));
    }

    /// RFC 2181 section 11.
    #[test]
    fn the_longest_name_of_escaped_octets_has_a_key() {
        let label = format!("{}.", r"\001".repeat(61));
        let text = format!("{label}{label}{label}{}.example.", r"\000".repeat(57));
        assert!(name(&text).as_name().octets().len() > 250);
        assert_eq!(
            to_name(&key(&text), name("example.").as_name()),
            name(&text)
        );
    }
}
