//! Names, as short as the message allows (RFC 1035 section 4.1.4), and the rdata that has some.

use super::{Full, Writer, records_from};
use crate::compression::{KnownNames, Part, octets_before_target};
use crate::header::{HEADER_OCTETS, Section};
use crate::name::Name;
use crate::numbers::Rtype;

impl Writer<'_> {
    /// Write rdata part by part, then correct its length.
    pub(super) fn put_compressed(&mut self, parts: &[Part], rdata: &[u8]) -> Result<(), Full> {
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
        let field = self.buffer.get_mut(start - 2..).ok_or(Full)?;
        *field.first_chunk_mut().ok_or(Full)? = length.to_be_bytes();
        Ok(())
    }

    #[inline]
    fn put_pointer(&mut self, offset: u16) -> Result<(), Full> {
        self.put_array((0xc000 | offset).to_be_bytes())
    }

    /// Write a name: labels until the rest is one that the message has, then a pointer to it.
    pub(super) fn put_name(&mut self, name: Name<'_>) -> Result<(), Full> {
        self.remember_question();
        let start = self.end;
        let written = self.buffer.get(..self.end).unwrap_or_default();
        let known = self.known.as_ref();
        let (rest, pointer) =
            known.map_or((Name::ROOT, None), |known| known.find_ending(written, name));
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

    /// Remember the hosts that answers of this type name, where they could not be compressed
    /// themselves: owners that follow may be pointers to them.
    #[inline]
    pub fn remember_targets(&mut self, rtype: Rtype) {
        if let Some(octets_before) = octets_before_target(rtype) {
            self.remember_behind(octets_before, rtype);
        }
    }

    #[cold]
    fn remember_behind(&mut self, octets_before: usize, rtype: Rtype) {
        self.remember_question();
        let (start, count) = (self.start_of_records(), self.count(Section::Answer));
        let message = self.buffer.get(..self.end).unwrap_or_default();
        let Some(known) = &mut self.known else { return };
        for (record, end) in records_from(message, start, count) {
            if known.is_full() {
                return;
            }
            let rest = record.rdata.get(octets_before..).unwrap_or_default();
            if record.rtype == rtype
                && let Ok((name, _)) = Name::split_from(rest)
            {
                let (ending, _) = known.find_ending(message, name);
                let kept = name.octets().len() - ending.octets().len();
                known.remember(name, end - rest.len(), kept);
            }
        }
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
}
