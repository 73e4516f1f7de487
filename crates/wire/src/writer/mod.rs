//! Writing a response into a caller's buffer: no allocation, never beyond the size limit, and an
//! RRset is in the message whole or not at all (RFC 2181 section 9).

mod counts;
mod names;
mod pressed;
mod pseudo;
mod records;
mod sections;

pub use counts::Counts;
pub use pressed::push_below_question;
pub use records::Owner;
pub use sections::Sections;

use crate::compression::{KnownNames, stands_at};
use crate::header::{HEADER_OCTETS, Header, Section};
use crate::name::Name;
use crate::numbers::{Class, Rcode, Rtype};
use crate::query::{Question, RawRecord, split_record};

/// The message has no room for what should have been added. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the message has no room left")
    }
}

impl core::error::Error for Full {}

/// What a question has behind its name (RFC 1035 section 4.1.2).
const QTYPE_AND_QCLASS_OCTETS: usize = 4;

/// A place in the message to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    end: usize,
    counts: Counts,
    section: Section,
    known: usize,
}

/// A message in the making.
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    end: usize,
    limit: usize,
    reserved: usize,
    flags: u16,
    rcode: Rcode,
    class: Class,
    counts: Counts,
    section: Section,
    qname_octets: usize,
    /// Made when the first name is compressed: most answers need none.
    known: Option<KnownNames>,
    /// Something was left away for want of room.
    has_gone_back: bool,
}

impl<'b> Writer<'b> {
    /// Begin the response to a message with this header: id, opcode and RD are copied, QR is set.
    ///
    /// `limit` is the size in octets that the response must not exceed.
    ///
    /// # Errors
    /// A limit or buffer that holds no header.
    #[inline]
    pub fn response(buffer: &'b mut [u8], limit: usize, to: &Header) -> Result<Self, Full> {
        let limit = limit.min(buffer.len()).min(usize::from(u16::MAX));
        buffer
            .get_mut(..limit)
            .and_then(|room| room.get_mut(..2))
            .ok_or(Full)?;
        if limit < HEADER_OCTETS {
            return Err(Full);
        }
        buffer
            .get_mut(..2)
            .ok_or(Full)?
            .copy_from_slice(&to.id().to_be_bytes());
        Ok(Self {
            buffer,
            end: HEADER_OCTETS,
            limit,
            reserved: 0,
            flags: Header::QR | (to.flags() & (Header::OPCODE | Header::RD)),
            rcode: Rcode::NOERROR,
            class: Class::IN,
            counts: Counts::default(),
            section: Section::Answer,
            qname_octets: 0,
            known: None,
            has_gone_back: false,
        })
    }

    /// Return the question in its own case (RFC 4343 section 4.1). Call it once, before any record.
    ///
    /// # Errors
    /// No room.
    #[inline]
    pub fn question(&mut self, question: &Question<'_>) -> Result<(), Full> {
        self.put(question.octets)?;
        self.counts = Counts::QUESTION;
        self.qname_octets = question.qname.octets().len();
        Ok(())
    }

    /// Set header bits ([`Header::AA`] and so on).
    #[inline]
    pub fn set_flags(&mut self, mask: u16) {
        self.flags |= mask & !(Header::OPCODE | Header::RCODE);
    }

    /// Clear header bits.
    pub fn clear_flags(&mut self, mask: u16) {
        self.flags &= !mask | Header::OPCODE | Header::RCODE;
    }

    /// Set the outcome. What exceeds four bits travels in OPT, so set it before [`Writer::opt`].
    pub fn set_rcode(&mut self, rcode: Rcode) {
        self.rcode = rcode;
    }

    /// The outcome so far.
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        self.rcode
    }

    /// The header bits so far.
    #[must_use]
    pub fn flags(&self) -> u16 {
        self.flags
    }

    /// The class of the records that follow; IN unless said otherwise.
    pub fn set_class(&mut self, class: Class) {
        self.class = class;
    }

    /// Keep so many octets free for OPT and TSIG.
    ///
    /// # Errors
    /// The message is already too long for that.
    #[inline]
    pub fn reserve(&mut self, octets: usize) -> Result<(), Full> {
        if self.end + self.reserved + octets > self.limit {
            return Err(Full);
        }
        self.reserved += octets;
        Ok(())
    }

    /// Octets that records may still use.
    #[must_use]
    #[inline]
    pub fn room(&self) -> usize {
        self.limit
            .saturating_sub(self.reserved)
            .saturating_sub(self.end)
    }

    /// Octets written so far.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.end
    }

    /// Records written to a section so far (OPT counts in the additional section).
    #[must_use]
    pub fn count(&self, section: Section) -> u16 {
        self.counts.of(section)
    }

    /// Is there any answer yet?
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.counts.of(Section::Answer) > 0
    }

    /// Is there an RRset of this owner and type among the answers already? Walks through them: only
    /// for an answer that may repeat itself.
    #[cold]
    #[must_use]
    pub fn has_answer(&self, owner: Name<'_>, rtype: Rtype) -> bool {
        let message = self.buffer.get(..self.end).unwrap_or_default();
        let answers = self.counts.of(Section::Answer);
        records_from(message, self.start_of_records(), answers)
            .any(|(record, _)| record.rtype == rtype && stands_at(message, record.offset, owner))
    }

    /// Records that follow belong to `section`. There is no way back to an earlier one but
    /// [`Writer::rollback`]: asking for it changes nothing.
    #[inline]
    pub fn enter(&mut self, section: Section) {
        self.section = self.section.max(section);
    }

    /// Where we are.
    #[must_use]
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            end: self.end,
            counts: self.counts,
            section: self.section,
            known: self.known.as_ref().map_or(0, KnownNames::count),
        }
    }

    /// Go back to `mark`, which forgets all records written since.
    pub fn rollback(&mut self, mark: Mark) {
        self.end = mark.end;
        self.counts = mark.counts;
        self.section = mark.section;
        self.has_gone_back = true;
        if let Some(known) = &mut self.known {
            known.truncate(mark.known);
        }
    }

    /// Complete the header and give the length of the message.
    #[must_use]
    #[inline(always)]
    pub fn finish(&mut self) -> usize {
        let flags = self.flags | (self.rcode.number() & Header::RCODE);
        let header = self.buffer.first_chunk_mut::<HEADER_OCTETS>();
        if let Some([_, _, high, low, rest @ ..]) = header {
            [*high, *low] = flags.to_be_bytes();
            *rest = self.counts.octets();
        }
        self.end
    }

    /// A few octets whose number is known when this is compiled: stored, not copied by a call.
    #[inline]
    fn put_array<const N: usize>(&mut self, octets: [u8; N]) -> Result<(), Full> {
        *self.take(N)?.first_chunk_mut().ok_or(Full)? = octets;
        Ok(())
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) -> Result<(), Full> {
        copy(octets, self.take(octets.len())?);
        Ok(())
    }

    /// The next octets of the message, to be filled.
    #[inline]
    fn take(&mut self, octets: usize) -> Result<&mut [u8], Full> {
        let end = self.end + octets;
        if end + self.reserved > self.limit {
            return Err(Full);
        }
        let room = self.buffer.get_mut(self.end..end).ok_or(Full)?;
        self.end = end;
        Ok(room)
    }
}

/// Copies octets to as many others. Up to 64, as most questions and most SOA records have, are copied without a call.
#[inline]
fn copy(from: &[u8], to: &mut [u8]) {
    if !(copied_as_two::<16>(from, to) || copied_as_two::<32>(from, to)) {
        to.copy_from_slice(from);
    }
}

/// Copies octets as two pieces, which overlap where there are fewer. False: it cannot be done so.
#[inline(always)]
fn copied_as_two<const N: usize>(from: &[u8], to: &mut [u8]) -> bool {
    if let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>())
        && to.len() == from.len()
        && from.len() <= 2 * N
        && let Some(room) = to.first_chunk_mut()
    {
        *room = *first;
        if let Some(room) = to.last_chunk_mut() {
            *room = *last;
        }
        return true;
    }
    false
}

/// So many records of a message from `start` on, each with where it ends.
fn records_from(
    message: &[u8],
    start: usize,
    count: u16,
) -> impl Iterator<Item = (RawRecord<'_>, usize)> {
    let mut at = start;
    (0..count).map_while(move |_| {
        let (record, end) = split_record(message, at)?;
        at = end;
        Some((record, end))
    })
}

#[cfg(test)]
mod tests {
    use super::copy;

    #[test]
    fn every_octet_is_copied_and_nothing_behind_it() {
        for length in 0..100 {
            let from: Vec<u8> = (1..=length).collect();
            let mut to = [0; 100];
            copy(&from, &mut to[..from.len()]);
            assert_eq!(to[..from.len()], from);
            assert!(to[from.len()..].iter().all(|octet| *octet == 0));
        }
    }
}
