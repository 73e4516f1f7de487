//! RRsets and records: the common ones with a pointer and their octets, the others name by name.

use super::{Full, Writer, copy};
use crate::compression::parts;
use crate::header::HEADER_OCTETS;
use crate::name::Name;
use crate::numbers::{Class, Rtype};
use crate::ready::{ReadyRdata, Target};

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

impl Writer<'_> {
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

    /// Write a record whose owner has these labels and then those of the question's name: no look-up,
    /// and not remembered. For messages with more names than it pays to remember.
    ///
    /// # Errors
    /// No room; nothing was written.
    #[inline]
    pub fn below(
        &mut self,
        labels: &[u8],
        rtype: Rtype,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), Full> {
        let mark = self.mark();
        let written = self.put_below(labels, rtype, ttl, rdata);
        if written.is_err() {
            self.rollback(mark);
        }
        written
    }

    #[inline]
    fn put_below(
        &mut self,
        labels: &[u8],
        rtype: Rtype,
        ttl: u32,
        rdata: &[u8],
    ) -> Result<(), Full> {
        let ending: &[u8] = match self.qname_octets {
            1 => &[0], // the root is shorter than a pointer to it
            _ => &QUESTION.to_be_bytes(),
        };
        let fixed = fixed_part(rtype, self.class, ttl);
        let length = u16::try_from(rdata.len()).map_err(|_| Full)?.to_be_bytes();
        let parts = parts(rtype);
        let copied = if parts.is_empty() { rdata } else { &[] };
        let head = labels.len() + ending.len();
        let room = self.take(head + fixed.len() + length.len() + copied.len())?;
        let (owner, room) = room.split_at_mut_checked(head).ok_or(Full)?;
        let (before, after) = owner.split_at_mut_checked(labels.len()).ok_or(Full)?;
        before.copy_from_slice(labels);
        after.copy_from_slice(ending);
        let (middle, room) = room.split_first_chunk_mut().ok_or(Full)?;
        let (counted, room) = room.split_first_chunk_mut().ok_or(Full)?;
        *middle = fixed;
        *counted = length;
        room.copy_from_slice(copied);
        if !parts.is_empty() {
            self.put_compressed(parts, rdata)?;
        }
        self.count_record()
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
        let fixed = fixed_part(rtype, self.class, ttl);
        let length = u16::try_from(rdata.octets.len()).map_err(|_| Full)?;
        let owner_octets = if rdata.ending == 1 { 1 } else { 2 };
        let before = self.end;
        let start = before + owner_octets + fixed.len() + 2;
        let room = self.take(owner_octets + fixed.len() + 2 + rdata.octets.len())?;
        let room = if rdata.ending == 1 {
            let (owner, room) = room.split_first_mut().ok_or(Full)?;
            *owner = 0; // the root is shorter than a pointer to it
            room
        } else {
            let (owner, room) = room.split_first_chunk_mut().ok_or(Full)?;
            *owner = origin.to_be_bytes();
            room
        };
        let (middle, room) = room.split_first_chunk_mut().ok_or(Full)?;
        let (counted, room) = room.split_first_chunk_mut().ok_or(Full)?;
        *middle = fixed;
        *counted = length.to_be_bytes();
        copy(&rdata.octets, room);
        for pointer in &rdata.pointers {
            let value = match pointer.target {
                Target::Ending(octets) => origin + octets,
                Target::Here(at) => 0xc000 | u16::try_from(start + at).map_err(|_| Full)?,
            };
            let field = room.get_mut(pointer.at..);
            let field = field.and_then(|rest| rest.first_chunk_mut());
            *field.ok_or(Full)? = value.to_be_bytes();
        }
        let counted = self.count_record();
        if counted.is_err() {
            self.end = before;
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
    #[inline(always)]
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
                (Some(pointer), _) => self.put_array(pointer.to_be_bytes())?,
                (None, Owner::Name(name) | Owner::QuestionEnding(name)) => self.put_name(name)?,
                (None, Owner::Question) => self.put_array([0])?,
            }
            self.put_array(fixed)?;
            self.put_array(u16::try_from(rdata.len()).map_err(|_| Full)?.to_be_bytes())?;
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
        self.counts.add(self.section, 1)
    }
}

/// The pointer to the question's name.
pub(super) const QUESTION: u16 = 0xc00c;

/// Type, class and TTL.
pub(super) const FIXED_OCTETS: usize = 8;

#[inline]
pub(super) fn fixed_part(rtype: Rtype, class: Class, ttl: u32) -> [u8; FIXED_OCTETS] {
    // As one number, which is stored at once.
    let rtype = u64::from(rtype.number()) << 48;
    let class = u64::from(class.number()) << 32;
    (rtype | class | u64::from(ttl)).to_be_bytes()
}
