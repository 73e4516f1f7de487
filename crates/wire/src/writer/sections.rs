//! The records of a message as a whole, to be written again into another response to the same
//! question.

use super::{Counts, Full, QTYPE_AND_QCLASS_OCTETS, Writer};
use crate::header::{HEADER_OCTETS, Header, Section};
use crate::numbers::Rcode;

/// What a response says: everything behind the question but OPT and TSIG.
#[derive(Clone, Copy, Debug)]
pub struct Sections<'m> {
    /// The records. Names in them may be pointers into the question.
    pub octets: &'m [u8],
    /// How many there are in each section.
    pub counts: Counts,
    /// Whether AA is set.
    pub is_authoritative: bool,
    /// The outcome.
    pub rcode: Rcode,
}

impl Writer<'_> {
    /// What was written behind the question so far. None if something did not fit and was left away:
    /// another message may have room for it.
    #[must_use]
    pub fn sections(&self) -> Option<Sections<'_>> {
        if self.has_gone_back {
            return None;
        }
        Some(Sections {
            octets: self.buffer.get(self.start_of_records()..self.end)?,
            counts: self.counts,
            is_authoritative: self.flags & Header::AA != 0,
            rcode: self.rcode,
        })
    }

    /// Write what was taken from a response to the very same question, in place of all that was
    /// written behind this one.
    ///
    /// # Errors
    /// No room.
    #[inline]
    pub fn put_sections(&mut self, sections: &Sections<'_>) -> Result<(), Full> {
        self.end = self.start_of_records();
        self.put(sections.octets)?;
        self.counts = sections.counts;
        self.section = Section::Additional;
        self.known = None;
        self.rcode = sections.rcode;
        self.flags &= !Header::AA;
        if sections.is_authoritative {
            self.flags |= Header::AA;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn start_of_records(&self) -> usize {
        HEADER_OCTETS + self.qname_octets + QTYPE_AND_QCLASS_OCTETS
    }
}
