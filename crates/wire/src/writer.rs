//! Writing a response into a caller's buffer: no allocation, never beyond the size limit, and an
//! RRset is in the message whole or not at all (RFC 2181 section 9).

use crate::compression::{KnownNames, Part, parts, stands_at};
use crate::edns::Opt;
use crate::header::{HEADER_OCTETS, Header, Section};
use crate::name::Name;
use crate::numbers::{Class, Rcode, Rtype};
use crate::query::{Question, split_record};
use crate::ready::{ReadyRdata, Target};
use crate::tsig::Tsig;

/// The message has no room for what should have been added. It is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the message has no room left")
    }
}

impl core::error::Error for Full {}

/// The owner of an RRset to write.
#[derive(Clone, Copy, Debug)]
pub enum Owner<'n> {
    /// The question's name: a pointer, no look-up.
    Question,
    /// The question's name or an ancestor of it, which the caller knows it to be: a pointer, no
    /// look-up.
    QuestionEnding(Name<'n>),
    /// Any name: compressed against all that the message has.
    Name(Name<'n>),
}

/// What a question has behind its name (RFC 1035 section 4.1.2).
const QTYPE_AND_QCLASS_OCTETS: usize = 4;

/// A place in the message to go back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    end: usize,
    counts: [u16; 3],
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
    counts: [u16; 3],
    has_question: bool,
    section: Section,
    qname_octets: usize,
    /// Made when the first name is compressed: most answers need none.
    known: Option<KnownNames>,
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
            counts: [0; 3],
            has_question: false,
            section: Section::Answer,
            qname_octets: 0,
            known: None,
        })
    }

    /// Return the question in its own case (RFC 4343 section 4.1). Call it once, before any record.
    ///
    /// # Errors
    /// No room.
    #[inline]
    pub fn question(&mut self, question: &Question<'_>) -> Result<(), Full> {
        self.put(question.octets)?;
        self.has_question = true;
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
        match section {
            Section::Answer => self.counts[0],
            Section::Authority => self.counts[1],
            Section::Additional => self.counts[2],
        }
    }

    /// Is there an RRset of this owner and type among the answers already? Walks through them: only
    /// for an answer that may repeat itself.
    #[cold]
    #[must_use]
    pub fn has_answer(&self, owner: Name<'_>, rtype: Rtype) -> bool {
        let message = self.buffer.get(..self.end).unwrap_or_default();
        let mut at = HEADER_OCTETS + self.qname_octets + QTYPE_AND_QCLASS_OCTETS;
        for _ in 0..self.counts[0] {
            let Some((record, end)) = split_record(message, at) else {
                return false;
            };
            if record.rtype == rtype && stands_at(message, at, owner) {
                return true;
            }
            at = end;
        }
        false
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
        if let Some(known) = &mut self.known {
            known.truncate(mark.known);
        }
    }

    /// Write an RRset, whole. `rdatas` are uncompressed; their names are compressed where the type
    /// permits.
    ///
    /// # Errors
    /// No room; nothing was written.
    #[inline]
    pub fn rrset<'r>(
        &mut self,
        owner: Owner<'_>,
        rtype: Rtype,
        ttl: u32,
        rdatas: impl IntoIterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        let mark = self.mark();
        let parts = parts(rtype);
        let result = match self.pointer_to(owner) {
            Some(pointer) if parts.is_empty() => self.plain(pointer, rtype, ttl, rdatas),
            _ => self.compressed(owner, rtype, ttl, rdatas),
        };
        if result.is_err() {
            self.rollback(mark);
        }
        result
    }

    /// Write an answer's records of a type that has no names in its rdata, owned by the question's
    /// name, which is not the root. Unlike [`Writer::rrset`] it does not go back if there is no room.
    ///
    /// # Errors
    /// No room; some may have been written.
    #[inline]
    pub fn nameless<'r>(
        &mut self,
        rtype: Rtype,
        ttl: u32,
        rdatas: impl IntoIterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        const QUESTION: u16 = 0xc00c;
        self.plain(QUESTION, rtype, ttl, rdatas)
    }

    /// Write a record whose owner is the name that its rdata was made ready for, and that the
    /// question's name ends in.
    ///
    /// # Errors
    /// No room; nothing was written.
    #[inline]
    pub fn ready(&mut self, rtype: Rtype, ttl: u32, rdata: &ReadyRdata) -> Result<(), Full> {
        let ending = self.qname_octets.checked_sub(rdata.ending).ok_or(Full)?;
        let origin = 0xc000 | u16::try_from(HEADER_OCTETS + ending).map_err(|_| Full)?;
        let mark = self.mark();
        let owner = if rdata.ending == 1 {
            &[0][..]
        } else {
            &origin.to_be_bytes()
        };
        let fixed = fixed_part(rtype, self.class, ttl);
        let length = u16::try_from(rdata.octets.len()).map_err(|_| Full)?;
        let size = owner.len() + fixed.len() + 2 + rdata.octets.len();
        if self.room() < size {
            return Err(Full);
        }
        self.put(owner)?;
        self.put(&fixed)?;
        self.put(&length.to_be_bytes())?;
        let start = self.end;
        self.put(&rdata.octets)?;
        for pointer in &rdata.pointers {
            let value = match pointer.target {
                Target::Ending(octets) => origin + octets,
                Target::Here(at) => 0xc000 | u16::try_from(start + at).map_err(|_| Full)?,
            };
            let field = self.buffer.get_mut(start + pointer.at..);
            let field = field.and_then(|rest| rest.first_chunk_mut());
            *field.ok_or(Full)? = value.to_be_bytes();
        }
        let counted = self.count_record();
        if counted.is_err() {
            self.rollback(mark);
        }
        counted
    }

    /// The pointer that stands for an owner; None if its name must be written or looked for.
    #[inline]
    fn pointer_to(&self, owner: Owner<'_>) -> Option<u16> {
        let octets = match owner {
            Owner::Question => self.qname_octets,
            Owner::QuestionEnding(name) => name.octets().len(),
            Owner::Name(_) => return None,
        };
        if octets == 1 {
            return None; // the root is shorter than a pointer to it
        }
        let start = HEADER_OCTETS + self.qname_octets.checked_sub(octets)?;
        u16::try_from(start).ok().map(|start| 0xc000 | start)
    }

    /// Records whose owner is a pointer and whose rdata is sent as it is: most records of most
    /// answers.
    #[inline]
    fn plain<'r>(
        &mut self,
        pointer: u16,
        rtype: Rtype,
        ttl: u32,
        rdatas: impl IntoIterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        let fixed = fixed_part(rtype, self.class, ttl);
        for rdata in rdatas {
            let room = self.take(2 + fixed.len() + 2 + rdata.len())?;
            let (owner, room) = room.split_first_chunk_mut().ok_or(Full)?;
            let (middle, room) = room.split_first_chunk_mut().ok_or(Full)?;
            let (length, room) = room.split_first_chunk_mut().ok_or(Full)?;
            *owner = pointer.to_be_bytes();
            *middle = fixed;
            *length = u16::try_from(rdata.len()).map_err(|_| Full)?.to_be_bytes();
            if let (Some(to), Ok(address)) = (room.first_chunk_mut(), <[u8; 4]>::try_from(rdata)) {
                *to = address; // of IPv4; anything else is worth a call
            } else {
                room.copy_from_slice(rdata);
            }
            self.count_record()?;
        }
        Ok(())
    }

    fn compressed<'r>(
        &mut self,
        owner: Owner<'_>,
        rtype: Rtype,
        ttl: u32,
        rdatas: impl IntoIterator<Item = &'r [u8]>,
    ) -> Result<(), Full> {
        let fixed = fixed_part(rtype, self.class, ttl);
        for rdata in rdatas {
            match (self.pointer_to(owner), owner) {
                (Some(pointer), _) => self.put(&pointer.to_be_bytes())?,
                (None, Owner::Name(name) | Owner::QuestionEnding(name)) => self.put_name(name)?,
                (None, Owner::Question) => self.put(&[0])?,
            }
            self.put(&fixed)?;
            self.put(&u16::try_from(rdata.len()).map_err(|_| Full)?.to_be_bytes())?;
            match parts(rtype) {
                [] => self.put(rdata)?,
                parts => self.put_compressed(parts, rdata)?,
            }
            self.count_record()?;
        }
        Ok(())
    }

    #[inline]
    fn count_record(&mut self) -> Result<(), Full> {
        let [answers, authorities, additionals] = &mut self.counts;
        let count = match self.section {
            Section::Answer => answers,
            Section::Authority => authorities,
            Section::Additional => additionals,
        };
        *count = count.checked_add(1).ok_or(Full)?;
        Ok(())
    }

    /// Write rdata part by part, then correct its length.
    fn put_compressed(&mut self, parts: &[Part], rdata: &[u8]) -> Result<(), Full> {
        let start = self.end;
        let mut rest = rdata;
        for part in parts {
            match part {
                Part::Octets(count) => {
                    let (octets, after) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
                    self.put(octets)?;
                    rest = after;
                }
                Part::Name => {
                    let Ok((name, after)) = Name::split_from(rest) else {
                        break;
                    };
                    self.put_name(name)?;
                    rest = after;
                }
            }
        }
        self.put(rest)?;
        let length = u16::try_from(self.end - start).map_err(|_| Full)?;
        let field = self.buffer.get_mut(start - 2..start).ok_or(Full)?;
        field.copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn put_pointer(&mut self, offset: u16) -> Result<(), Full> {
        self.put(&(0xc000 | offset).to_be_bytes())
    }

    /// Write a name: labels until the rest is one that the message has, then a pointer to it.
    fn put_name(&mut self, name: Name<'_>) -> Result<(), Full> {
        self.remember_question();
        let start = self.end;
        let (rest, pointer) = self.find_ending(name);
        let kept = name.octets().len() - rest.octets().len();
        match pointer {
            Some(offset) => {
                self.put(name.octets().get(..kept).ok_or(Full)?)?;
                self.put_pointer(offset)?;
            }
            None => self.put(name.octets())?,
        }
        if let Some(known) = &mut self.known {
            known.remember(name, start, kept);
        }
        Ok(())
    }

    /// The longest ending of a name that the message has, and where; the root and None if it has
    /// none.
    fn find_ending<'n>(&self, name: Name<'n>) -> (Name<'n>, Option<u16>) {
        let mut rest = name;
        if let (Some(known), Some(written)) = (&self.known, self.buffer.get(..self.end)) {
            while let Some(parent) = rest.parent() {
                if let Some(offset) = known.find(written, rest) {
                    return (rest, Some(offset));
                }
                rest = parent;
            }
        }
        (Name::ROOT, None)
    }

    /// The question's names are remembered when the first name is compressed: most answers need
    /// none.
    fn remember_question(&mut self) {
        let known = self.known.get_or_insert_with(KnownNames::new);
        if known.count() > 0 {
            return;
        }
        let end = HEADER_OCTETS + self.qname_octets;
        if let Some(Ok(qname)) = self.buffer.get(HEADER_OCTETS..end).map(Name::from_octets) {
            known.remember(qname, HEADER_OCTETS, self.qname_octets);
        }
    }

    /// The length of an OPT record without options.
    pub const PLAIN_OPT_OCTETS: usize = 11;

    /// As [`Writer::opt`] without options, for an rcode of four bits.
    ///
    /// # Errors
    /// No room.
    #[inline]
    pub fn plain_opt(&mut self, udp_size: u16, dnssec_ok: bool) -> Result<(), Full> {
        let [high, low] = udp_size.to_be_bytes();
        let flags = u8::from(dnssec_ok) << 7;
        self.reserved = self.reserved.saturating_sub(Self::PLAIN_OPT_OCTETS);
        let room = self.take(Self::PLAIN_OPT_OCTETS)?;
        *room.first_chunk_mut().ok_or(Full)? = [0, 0, 41, high, low, 0, 0, flags, 0, 0, 0];
        self.counts[2] += 1;
        Ok(())
    }

    /// Write the OPT record, with the upper bits of the rcode, into the room reserved for it. It
    /// must be the last but TSIG.
    ///
    /// # Errors
    /// No room.
    #[inline]
    pub fn opt(&mut self, opt: &Opt<'_>) -> Result<(), Full> {
        self.reserved = self.reserved.saturating_sub(opt.octets());
        if self.room() < opt.octets() {
            return Err(Full);
        }
        self.enter(Section::Additional);
        let [udp_high, udp_low] = opt.udp_size.to_be_bytes();
        let [_, rcode_high] = (self.rcode.number() >> 4).to_be_bytes();
        let flags = if opt.dnssec_ok { 0x80 } else { 0 };
        let length = u16::try_from(opt.octets() - 11).map_err(|_| Full)?;
        self.put(&[0, 0, 41, udp_high, udp_low, rcode_high, 0, flags, 0])?;
        self.put(&length.to_be_bytes())?;
        for option in opt.options {
            self.put(&option.code.to_be_bytes())?;
            self.put(
                &u16::try_from(option.octets.len())
                    .map_err(|_| Full)?
                    .to_be_bytes(),
            )?;
            self.put(option.octets)?;
        }
        self.counts[2] += 1;
        Ok(())
    }

    /// Write the TSIG record that tells an error without a signature, into the room reserved for
    /// it. It must be the last.
    ///
    /// # Errors
    /// No room.
    pub fn tsig_unsigned(&mut self, tsig: &Tsig<'_>, error: Rcode) -> Result<(), Full> {
        self.reserved = self.reserved.saturating_sub(tsig.octets_unsigned());
        if self.room() < tsig.octets_unsigned() {
            return Err(Full);
        }
        self.enter(Section::Additional);
        tsig.for_each_unsigned_part(error, |octets| self.put(octets))?;
        self.counts[2] += 1;
        Ok(())
    }

    /// Complete the header and give the length of the message.
    #[must_use]
    #[inline]
    pub fn finish(&mut self) -> usize {
        let flags = self.flags | (self.rcode.number() & Header::RCODE);
        let [answers, authorities, additionals] = self.counts.map(u64::from);
        // As one number, which is stored at once.
        let counts =
            u64::from(self.has_question) << 48 | answers << 32 | authorities << 16 | additionals;
        let header = self.buffer.first_chunk_mut::<HEADER_OCTETS>();
        if let Some([_, _, high, low, rest @ ..]) = header {
            [*high, *low] = flags.to_be_bytes();
            *rest = counts.to_be_bytes();
        }
        self.end
    }

    #[inline]
    fn put(&mut self, octets: &[u8]) -> Result<(), Full> {
        self.take(octets.len())?.copy_from_slice(octets);
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

/// Type, class and TTL.
const FIXED_OCTETS: usize = 8;

#[inline]
fn fixed_part(rtype: Rtype, class: Class, ttl: u32) -> [u8; FIXED_OCTETS] {
    // As one number, which is stored at once.
    let rtype = u64::from(rtype.number()) << 48;
    let class = u64::from(class.number()) << 32;
    (rtype | class | u64::from(ttl)).to_be_bytes()
}
