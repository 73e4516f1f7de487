//! The twelve octets at the front (RFC 1035 section 4.1.1, RFC 4035 section 3.1.6 for AD and CD).

use crate::numbers::{Opcode, Rcode};

/// The length of every header.
pub const HEADER_OCTETS: usize = 12;

/// The parts of a message that carry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// What was asked for.
    Answer,
    /// SOA of a negative answer, NS of a referral.
    Authority,
    /// Addresses that save a question, and OPT.
    Additional,
}

/// A header as it stood in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    id: u16,
    flags: u16,
    counts: [u16; 4],
}

impl Header {
    /// The QR bit.
    pub const QR: u16 = 0x8000;
    /// The AA bit.
    pub const AA: u16 = 0x0400;
    /// The TC bit.
    pub const TC: u16 = 0x0200;
    /// The RD bit.
    pub const RD: u16 = 0x0100;
    /// The RA bit.
    pub const RA: u16 = 0x0080;
    /// The AD bit.
    pub const AD: u16 = 0x0020;
    /// The CD bit.
    pub const CD: u16 = 0x0010;
    pub(crate) const OPCODE: u16 = 0x7800;
    pub(crate) const RCODE: u16 = 0x000f;

    /// The header of a message; None if there are fewer than twelve octets.
    #[inline]
    #[must_use]
    pub fn parse(message: &[u8]) -> Option<Self> {
        message.first_chunk().map(Self::of)
    }

    /// The header in these octets.
    #[inline]
    #[must_use]
    pub fn of(octets: &[u8; HEADER_OCTETS]) -> Self {
        let [id0, id1, fl0, fl1, qd0, qd1, an0, an1, ns0, ns1, ar0, ar1] = *octets;
        let word = |high, low| u16::from_be_bytes([high, low]);
        Self {
            id: word(id0, id1),
            flags: word(fl0, fl1),
            counts: [
                word(qd0, qd1),
                word(an0, an1),
                word(ns0, ns1),
                word(ar0, ar1),
            ],
        }
    }

    /// The number that the client chose.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The second word: QR, opcode, AA, TC, RD, RA, Z, AD, CD, rcode.
    #[must_use]
    pub fn flags(&self) -> u16 {
        self.flags
    }

    /// Is any bit of `mask` set?
    #[must_use]
    pub fn has(&self, mask: u16) -> bool {
        self.flags & mask != 0
    }

    /// Is it a response?
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.has(Self::QR)
    }

    /// What the message asks the server to do.
    #[must_use]
    pub fn opcode(&self) -> Opcode {
        Opcode::new(self.flags.to_be_bytes()[0] >> 3 & 0x0f)
    }

    /// The lower four bits of the rcode.
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        Rcode::new(self.flags & Self::RCODE)
    }

    /// Questions.
    #[must_use]
    pub fn qdcount(&self) -> u16 {
        self.counts[0]
    }

    /// Does any section claim to have records?
    #[inline]
    #[must_use]
    pub fn has_records(&self) -> bool {
        let [_, answers, authorities, additionals] = self.counts;
        answers | authorities | additionals != 0
    }

    /// Records that a section claims to have.
    #[must_use]
    pub fn count(&self, section: Section) -> u16 {
        match section {
            Section::Answer => self.counts[1],
            Section::Authority => self.counts[2],
            Section::Additional => self.counts[3],
        }
    }
}
