//! The records that are about the message itself, each into the room that was kept for it.

use super::{Full, Writer};
use crate::edns::Opt;
use crate::header::Section;

impl Writer<'_> {
    /// The length of an OPT record without options.
    pub const PLAIN_OPT_OCTETS: usize = 11;

    /// As [`Writer::opt`] without options, for an rcode of four bits.
    ///
    /// # Errors
    /// No room.
    #[inline(always)]
    pub fn plain_opt(&mut self, udp_size: u16, dnssec_ok: bool) -> Result<(), Full> {
        let flags = u8::from(dnssec_ok) << 7;
        self.reserved = self.reserved.saturating_sub(Self::PLAIN_OPT_OCTETS);
        let room = self.take(Self::PLAIN_OPT_OCTETS)?;
        // As two numbers, each of which is stored at once: [0, 0, 41, size, 0, 0, flags], and with
        // the flags once more [flags, 0, 0, 0].
        let head = 41 << 40 | u64::from(udp_size) << 24 | u64::from(flags);
        *room.first_chunk_mut().ok_or(Full)? = head.to_be_bytes();
        *room.last_chunk_mut().ok_or(Full)? = [flags, 0, 0, 0];
        self.counts.add(Section::Additional, 1)
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
        self.counts.add(Section::Additional, 1)
    }
}
