//! Which names may be compressed: owners, and rdata of the types of RFC 1035 only (RFC 3597
//! section 4, RFC 6672 section 2.5). Also the memory of the names that a message already has.

use crate::hasher::is_same;
use crate::name::Name;
use crate::numbers::Rtype;

/// One part of a record's rdata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// So many octets that are no name.
    Octets(usize),
    /// A name that may be compressed.
    Name,
}

/// The parts of a type's rdata up to the last compressible name; the rest is octets. Empty for
/// types that must be sent as they are.
pub(crate) const fn parts(rtype: Rtype) -> &'static [Part] {
    match rtype {
        Rtype::NS
        | Rtype::MD
        | Rtype::MF
        | Rtype::CNAME
        | Rtype::MB
        | Rtype::MG
        | Rtype::MR
        | Rtype::PTR => &[Part::Name],
        Rtype::SOA | Rtype::MINFO => &[Part::Name, Part::Name],
        Rtype::MX => &[Part::Octets(2), Part::Name],
        _ => &[],
    }
}

/// What stands before a name in the rdata of types that are sent as they are and name a host (RFC
/// 2782, RFC 9460 section 2.2): the host's own records may follow. None for all other types.
pub(crate) const fn octets_before_target(rtype: Rtype) -> Option<usize> {
    match rtype {
        Rtype::SRV => Some(6),
        Rtype::SVCB | Rtype::HTTPS => Some(2),
        _ => None,
    }
}

/// Names remembered per message. chosen: an answer with a full additional section names about 30;
/// beyond that names are written out, which is correct and only longer.
const KNOWN_NAMES: usize = 64;

/// A pointer has 14 bits (RFC 1035 section 4.1.4).
const POINTER_LIMIT: usize = 0x4000;

/// Where names stand in the message, each with its uncompressed length, which tells most of them
/// apart without looking.
#[derive(Clone, Copy)]
pub(crate) struct KnownNames {
    entries: [(u16, u8); KNOWN_NAMES],
    count: usize,
}

impl KnownNames {
    pub(crate) const fn new() -> Self {
        Self {
            entries: [(0, 0); KNOWN_NAMES],
            count: 0,
        }
    }

    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Is there no room for more?
    pub(crate) const fn is_full(&self) -> bool {
        self.count == KNOWN_NAMES
    }

    /// Forget what was remembered after there were `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    /// Remember the name that stands at `offset`, and the names above it as long as they stand
    /// there label by label: all of it, or up to `kept` octets.
    pub(crate) fn remember(&mut self, name: Name<'_>, offset: usize, kept: usize) {
        let mut rest = name;
        let whole = name.octets().len();
        while let Some(parent) = rest.parent() {
            let into = whole - rest.octets().len();
            if into >= kept {
                return;
            }
            self.push(offset + into, rest.octets().len());
            rest = parent;
        }
    }

    fn push(&mut self, offset: usize, length: usize) {
        if offset >= POINTER_LIMIT {
            return;
        }
        if let (Some(entry), Ok(offset), Ok(length)) = (
            self.entries.get_mut(self.count),
            u16::try_from(offset),
            u8::try_from(length),
        ) {
            *entry = (offset, length);
            self.count += 1;
        }
    }

    /// Where `name` already stands in `message`, in any case.
    pub(crate) fn find(&self, message: &[u8], name: Name<'_>) -> Option<u16> {
        let length = u8::try_from(name.octets().len()).ok()?;
        self.entries
            .get(..self.count)?
            .iter()
            .find(|(offset, known)| {
                *known == length && stands_at(message, usize::from(*offset), name)
            })
            .map(|(offset, _)| *offset)
    }

    /// The longest ending of a name that `message` has, and where; the root and None if it has
    /// none.
    pub(crate) fn find_ending<'n>(
        &self,
        message: &[u8],
        name: Name<'n>,
    ) -> (Name<'n>, Option<u16>) {
        let mut rest = name;
        while let Some(parent) = rest.parent() {
            if let Some(offset) = self.find(message, rest) {
                return (rest, Some(offset));
            }
            rest = parent;
        }
        (Name::ROOT, None)
    }
}

/// Does `name` stand at `offset`? The message is our own, so its pointers point back.
#[inline]
pub(crate) fn stands_at(message: &[u8], offset: usize, name: Name<'_>) -> bool {
    stands_in_one_piece(message, offset, name.octets())
        || stands_in_pieces(message, offset, name.octets())
}

/// Most often it stands there whole and in the same case. No pointer looks like that.
#[inline]
fn stands_in_one_piece(message: &[u8], at: usize, name: &[u8]) -> bool {
    let piece = message.get(at..at + name.len());
    piece.is_some_and(|piece| is_same(piece, name))
}

fn stands_in_pieces(message: &[u8], offset: usize, name: &[u8]) -> bool {
    let (mut at, mut rest) = (offset, name);
    loop {
        let Some(&length) = message.get(at) else {
            return false;
        };
        if length >= 0xc0 {
            let Some(&low) = message.get(at + 1) else {
                return false;
            };
            at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
            if stands_in_one_piece(message, at, rest) {
                return true;
            }
            continue;
        }
        let step = usize::from(length) + 1;
        let (Some(there), Some((here, below))) =
            (message.get(at..at + step), rest.split_at_checked(step))
        else {
            return false;
        };
        if !(is_same(there, here) || there.eq_ignore_ascii_case(here)) {
            return false;
        }
        if length == 0 {
            return true;
        }
        at += step;
        rest = below;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::NameBuf;

    /// RFC 1035 section 4.1.4: what stands beyond 14 bits cannot be pointed to.
    #[test]
    fn a_name_is_remembered_where_a_pointer_reaches_it() {
        let name: NameBuf = "a.b.".parse().unwrap();
        for (offset, count) in [(12, 2), (0x3ffd, 2), (0x3ffe, 1), (0x3fff, 1), (0x4000, 0)] {
            let mut known = KnownNames::new();
            known.remember(name.as_name(), offset, 5);
            assert_eq!(known.count(), count, "at {offset:#x}");
        }
    }

    #[test]
    fn beyond_its_room_nothing_is_remembered_and_nothing_forgotten() {
        let mut known = KnownNames::new();
        let mut message = Vec::new();
        let name = |number: usize| -> NameBuf { format!("n{number:03}.").parse().unwrap() };
        for number in 0..2 * KNOWN_NAMES {
            known.remember(name(number).as_name(), message.len(), 6);
            message.extend(name(number).as_name().octets());
        }
        for number in 0..2 * KNOWN_NAMES {
            let place = (number < KNOWN_NAMES).then(|| u16::try_from(6 * number).unwrap());
            assert_eq!(known.find(&message, name(number).as_name()), place);
        }
    }
}
