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

const END: u8 = 0;
const ESCAPE: u8 = 1;

/// The key of one name, held in place.
pub(crate) struct Key {
    octets: [u8; MAX_KEY_OCTETS],
    length: usize,
}

impl Key {
    /// The key of a name that is `origin` or below it.
    #[inline]
    pub(crate) fn new(name: Name<'_>, origin: Name<'_>) -> Option<Self> {
        let octets = name.octets();
        let relative = octets.len().checked_sub(origin.octets().len())?;
        if !octets
            .get(relative..)?
            .eq_ignore_ascii_case(origin.octets())
        {
            return None;
        }
        let mut key = Self {
            octets: [0; MAX_KEY_OCTETS],
            length: 0,
        };
        let mut starts = [0_u8; MAX_LABELS];
        let mut labels = 0;
        let mut at = 0;
        while at < relative {
            *starts.get_mut(labels)? = u8::try_from(at).ok()?;
            labels += 1;
            at += usize::from(*octets.get(at)?) + 1;
        }
        if at != relative {
            return None;
        }
        for start in starts.get(..labels)?.iter().rev() {
            let start = usize::from(*start);
            let length = usize::from(*octets.get(start)?);
            key.push_label(octets.get(start + 1..start + 1 + length)?)?;
        }
        Some(key)
    }

    /// The key of the wildcard child of the name that has this key.
    pub(crate) fn wildcard_below(parent: &[u8]) -> Option<Self> {
        let mut key = Self {
            octets: [0; MAX_KEY_OCTETS],
            length: parent.len(),
        };
        key.octets.get_mut(..parent.len())?.copy_from_slice(parent);
        key.push_label(b"*")?;
        Some(key)
    }

    #[inline]
    fn push_label(&mut self, label: &[u8]) -> Option<()> {
        let room = self
            .octets
            .get_mut(self.length..self.length + label.len() + 1)?;
        let mut is_plain = true;
        for (to, from) in room.iter_mut().zip(label) {
            *to = from.to_ascii_lowercase();
            is_plain &= *from > ESCAPE;
        }
        if is_plain {
            *room.last_mut()? = END;
            self.length += label.len() + 1;
            return Some(());
        }
        for octet in label {
            let octet = octet.to_ascii_lowercase();
            if octet <= ESCAPE {
                *self.octets.get_mut(self.length)? = ESCAPE;
                *self.octets.get_mut(self.length + 1)? = octet + 1;
                self.length += 2;
            } else {
                *self.octets.get_mut(self.length)? = octet;
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

/// Is any label a lone asterisk?
pub(crate) fn has_asterisk(key: &[u8]) -> bool {
    key.split(|octet| *octet == END).any(|label| label == b"*")
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
        assert!(!has_asterisk(&key("a*.example")) && !has_asterisk(b""));
    }

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
