//! Names, as short as the message allows (RFC 1035 section 4.1.4), and the rdata that has some.

use super::{Full, Writer};
use crate::compression::{KnownNames, Part};
use crate::header::HEADER_OCTETS;
use crate::name::Name;

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
}
