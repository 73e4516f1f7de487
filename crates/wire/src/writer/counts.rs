//! How many records a message has.

use super::Full;
use crate::header::Section;

/// The counts of a header (RFC 1035 section 4.1.1) as the one word that they are there: in pieces they
/// would be written and read in different sizes, for which a processor waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts(u64);

impl Counts {
    /// None, and one question.
    pub(super) const QUESTION: Self = Self(1 << 48);

    /// How many records are in a section.
    #[inline]
    #[must_use]
    pub fn of(self, section: Section) -> u16 {
        let field = self.0 >> shift(section) & u64::from(u16::MAX);
        u16::try_from(field).unwrap_or(u16::MAX)
    }

    /// So many more are in a section.
    ///
    /// # Errors
    /// More than the header can say; nothing has changed.
    #[inline]
    pub(super) fn add(&mut self, section: Section, more: u16) -> Result<(), Full> {
        self.of(section).checked_add(more).ok_or(Full)?;
        self.0 += u64::from(more) << shift(section);
        Ok(())
    }

    /// The octets of the header.
    #[inline]
    pub(super) fn octets(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

#[inline]
fn shift(section: Section) -> u32 {
    match section {
        Section::Answer => 32,
        Section::Authority => 16,
        Section::Additional => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_full_before_another_is_counted() {
        let mut counts = Counts::QUESTION;
        for (section, octet) in [
            (Section::Answer, 3),
            (Section::Authority, 5),
            (Section::Additional, 7),
        ] {
            assert_eq!(counts.of(section), 0);
            counts.add(section, u16::MAX - 1).unwrap();
            counts.add(section, 1).unwrap();
            let before = counts;
            assert_eq!(counts.add(section, 1), Err(Full));
            assert_eq!((counts, counts.of(section)), (before, u16::MAX));
            assert_eq!(
                counts.octets()[..octet],
                [0, 1, 255, 255, 255, 255, 255][..octet]
            );
        }
    }
}
