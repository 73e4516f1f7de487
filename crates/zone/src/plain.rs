//! Names in text without escapes, as nearly all are, straight to the octets that are wanted.
//!
//! What is not plain, or may have a fault, is left to [`crate::rdata::read_name`], which can say
//! what is wrong with it.

use understudy_wire::{MAX_NAME_OCTETS, Name};

use crate::key::{END, ESCAPE, Key};
use crate::lexer::Word;

/// RFC 1035 section 2.3.4.
const MAX_LABEL_OCTETS: usize = 63;

/// Append the wire octets of a name. False, and nothing is appended, where it is not plain.
pub(crate) fn push_wire(word: Word<'_>, origin: Name<'_>, to: &mut Vec<u8>) -> bool {
    let start = to.len();
    let is_pushed = is_plain(word) && try_push_wire(word.octets, origin, to).is_some();
    if !is_pushed {
        to.truncate(start);
    }
    is_pushed
}

/// The dots of a text stand where the length octets of the labels behind them belong.
fn try_push_wire(text: &[u8], origin: Name<'_>, to: &mut Vec<u8>) -> Option<()> {
    let start = to.len();
    to.push(b'.');
    to.extend_from_slice(text);
    let is_absolute = text.last() == Some(&b'.');
    if !is_absolute {
        to.push(b'.');
    }
    let mut octets = to.get_mut(start..)?;
    while octets.len() > 1 {
        let (length_octet, labels) = octets.split_first_mut()?;
        let length = labels.iter().position(|octet| *octet == b'.')?;
        *length_octet = label_length(length)?;
        octets = labels.get_mut(length..)?;
    }
    to.pop();
    to.extend_from_slice(if is_absolute {
        Name::ROOT.octets()
    } else {
        origin.octets()
    });
    (to.len() - start <= MAX_NAME_OCTETS).then_some(())
}

fn label_length(octets: usize) -> Option<u8> {
    let length = u8::try_from(octets).ok()?;
    (1..=MAX_LABEL_OCTETS).contains(&octets).then_some(length)
}

/// No escape, none of the octets that keys escape, and not the origin's sign.
fn is_plain(word: Word<'_>) -> bool {
    word.octets
        .iter()
        .all(|octet| *octet > ESCAPE && *octet != b'\\')
        && word.octets != b"@"
}

/// How the owners of a zone are read.
pub(crate) struct Owners {
    /// What absolute names at or below the apex end with, in lower case; None if it is not plain.
    suffix: Option<Vec<u8>>,
}

/// What relative names are completed with, as keys have it.
#[derive(Clone)]
pub(crate) struct KeyOrigin {
    /// The key of the origin; None if it is not in the zone.
    key: Option<Vec<u8>>,
    octets: usize,
}

impl KeyOrigin {
    pub(crate) fn new(origin: Name<'_>, zone: Name<'_>) -> Self {
        Self {
            key: Key::new(origin, zone).map(|key| key.as_octets().to_vec()),
            octets: origin.octets().len(),
        }
    }
}

impl Owners {
    /// Owners in a zone of this origin.
    pub(crate) fn new(zone: Name<'_>) -> Self {
        let mut suffix = Vec::new();
        for label in zone.labels() {
            suffix.push(b'.');
            suffix.extend(label.iter().map(u8::to_ascii_lowercase));
        }
        suffix.push(b'.');
        let is_special = |octet: &u8| *octet <= ESCAPE || *octet == b'\\' || *octet == b'.';
        let is_plain = !zone.labels().any(|label| label.iter().any(is_special));
        Self {
            suffix: is_plain.then_some(suffix),
        }
    }

    /// Append the key of an owner. False, and nothing is appended, where it is not plain or not in
    /// the zone.
    pub(crate) fn push_key(&self, word: Word<'_>, origin: &KeyOrigin, to: &mut Vec<u8>) -> bool {
        let start = to.len();
        let is_pushed = is_plain(word) && self.try_push_key(word.octets, origin, to).is_some();
        if !is_pushed {
            to.truncate(start);
        }
        is_pushed
    }

    fn try_push_key(&self, text: &[u8], origin: &KeyOrigin, to: &mut Vec<u8>) -> Option<()> {
        let is_absolute = text.last() == Some(&b'.');
        let (labels, rest) = if is_absolute {
            (self.below_apex(text)?, 0)
        } else {
            to.extend_from_slice(origin.key.as_deref()?);
            (text, origin.octets)
        };
        if text.len() + 1 + rest > MAX_NAME_OCTETS {
            return None;
        }
        let start = to.len();
        for label in labels.rsplit(|octet| *octet == b'.') {
            label_length(label.len())?;
            to.extend_from_slice(label);
            to.push(END);
        }
        to.get_mut(start..)?.make_ascii_lowercase();
        Some(())
    }

    /// The labels of an absolute name that is below the apex.
    fn below_apex<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let suffix = self.suffix.as_deref()?;
        let (labels, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
        end.eq_ignore_ascii_case(suffix).then_some(labels)
    }
}

#[cfg(test)]
mod tests {
    use understudy_wire::NameBuf;

    use super::*;
    use crate::rdata::read_name;

    const TEXTS: [&str; 24] = [
        "a",
        "A.b",
        "www.Example.COM.",
        "example.com.",
        "x.example.com",
        "*.w",
        "a..b",
        ".",
        "..",
        "",
        ".a",
        "a.",
        "@",
        r"a\.b",
        r"\000",
        "xexample.com.",
        "ns.example.net.",
        "a.b.c.d.e.example.com.",
        "-_~!",
        "\u{1}a",
        "\u{e9}",
        "a.example.com.example.com.",
        "@.a",
        "..example.com.",
    ];

    fn word(text: &str) -> Word<'_> {
        Word {
            octets: text.as_bytes(),
            at: 0,
            is_quoted: false,
        }
    }

    fn texts() -> impl Iterator<Item = String> {
        let label = |length: usize| "L".repeat(length);
        let long = (62..65).map(label);
        let full = (200..256).flat_map(move |length: usize| {
            let text: String = "abcdefg."
                .chars()
                .cycle()
                .take(length)
                .chain("x".chars())
                .collect();
            [format!("{text}."), format!("{text}.example.com."), text]
        });
        TEXTS
            .iter()
            .map(ToString::to_string)
            .chain(long)
            .chain(full)
    }

    /// Either as the reader of all names has it, or left to that one.
    #[test]
    fn what_is_plain_is_read_as_every_name_is() {
        let zones = ["example.com.", "com.", ".", r"a\.b.", "Example.COM."];
        let origins = [
            "example.com.",
            "sub.example.com.",
            ".",
            "net.",
            r"x\.y.example.com.",
        ];
        for (zone, origin) in zones
            .iter()
            .flat_map(|zone| origins.map(|origin| (*zone, origin)))
        {
            let zone: NameBuf = zone.parse().unwrap();
            let zone = zone.as_name().to_lower();
            let origin: NameBuf = origin.parse().unwrap();
            let owners = Owners::new(zone.as_name());
            let key_origin = KeyOrigin::new(origin.as_name(), zone.as_name());
            for text in texts() {
                let full = read_name(word(&text), origin.as_name()).ok();
                let mut wire = b"before".to_vec();
                if push_wire(word(&text), origin.as_name(), &mut wire) {
                    assert_eq!(&wire[6..], full.unwrap().as_name().octets(), "{text}");
                } else {
                    assert_eq!(wire, b"before");
                }
                let mut octets = b"before".to_vec();
                if owners.push_key(word(&text), &key_origin, &mut octets) {
                    let key = Key::new(full.unwrap().as_name(), zone.as_name()).unwrap();
                    assert_eq!(&octets[6..], key.as_octets(), "{text} in {zone}");
                } else {
                    assert_eq!(octets, b"before");
                }
            }
        }
    }

    #[test]
    fn ordinary_names_are_plain() {
        let zone: NameBuf = "example.com.".parse().unwrap();
        let zone = zone.as_name();
        let (owners, origin) = (Owners::new(zone), KeyOrigin::new(zone, zone));
        for text in [
            "www",
            "a.b-c_d",
            "*.W",
            "www.example.com.",
            "A.B.EXAMPLE.com.",
        ] {
            assert!(
                owners.push_key(word(text), &origin, &mut Vec::new()),
                "{text}"
            );
            assert!(push_wire(word(text), zone, &mut Vec::new()), "{text}");
        }
        assert!(push_wire(word("ns.example.net."), zone, &mut Vec::new()));
    }
}
