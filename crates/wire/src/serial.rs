//! SOA serials (RFC 1982). They have no order and no difference, so the type offers neither.

use core::fmt;

/// A zone's serial. Every value is legal, 0 as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Serial(u32);

/// How one serial stands to another (RFC 1982 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerialRelation {
    /// The same.
    Equal,
    /// This one came before the other.
    Older,
    /// This one came after the other.
    Newer,
    /// Exactly half the circle apart: the RFC leaves it undefined.
    Undefined,
}

impl Serial {
    /// Half the circle.
    const HALF: u32 = 1 << 31;

    /// The serial with this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number in the SOA record.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// How this serial stands to `other`.
    #[must_use]
    pub const fn relation_to(self, other: Self) -> SerialRelation {
        match self.0.wrapping_sub(other.0) {
            0 => SerialRelation::Equal,
            Self::HALF => SerialRelation::Undefined,
            1..Self::HALF => SerialRelation::Newer,
            _ => SerialRelation::Older,
        }
    }

    /// Would a secondary that has `other` take this one?
    #[must_use]
    pub const fn is_newer_than(self, other: Self) -> bool {
        matches!(self.relation_to(other), SerialRelation::Newer)
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::SerialRelation::{Equal, Newer, Older, Undefined};
    use super::*;

    /// RFC 1982 section 3.2.
    #[test]
    fn relations_go_round_the_circle() {
        for (left, right, relation) in [
            (0, 0, Equal),
            (1, 0, Newer),
            (0, 1, Older),
            (0, u32::MAX, Newer),
            (44, 4_294_967_295, Newer),
            (0x7fff_ffff, 0, Newer),
            (0x8000_0000, 0, Undefined),
            (0x8000_0001, 0, Older),
            (100, 200, Older),
        ] {
            let relation_found = Serial::new(left).relation_to(Serial::new(right));
            assert_eq!(relation_found, relation, "{left} to {right}");
        }
    }
}
