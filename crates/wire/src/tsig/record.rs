//! A TSIG record in the making (RFC 8945 section 4.2), and what of it is digested (RFC 8945 section
//! 4.3.3).

use super::{BEFORE_MAC, BEHIND_MAC, Tsig};
use crate::name::Name;
use crate::numbers::Rcode;
use crate::writer::Full;

/// Type TSIG, class ANY, TTL 0.
const FIXED: [u8; 8] = [0, 250, 0, 255, 0, 0, 0, 0];

/// Where a header counts the additional records.
const ARCOUNT: usize = 10;

/// The fields of a record but its MAC.
pub(super) struct Record<'r> {
    pub(super) key: Name<'r>,
    pub(super) algorithm: Name<'r>,
    pub(super) time_signed: [u8; 6],
    pub(super) fudge: u16,
    pub(super) original_id: u16,
    pub(super) error: Rcode,
    pub(super) other: &'r [u8],
}

impl<'r> Record<'r> {
    /// As it came, with the names as they are digested: in lower case.
    pub(super) fn canonical(tsig: &Tsig<'r>, key: Name<'r>, algorithm: Name<'r>) -> Self {
        Record {
            key,
            algorithm,
            time_signed: tsig.time_signed,
            fudge: tsig.fudge,
            original_id: tsig.original_id,
            error: tsig.error,
            other: tsig.other,
        }
    }

    /// Its length with a MAC of so many octets.
    pub(super) fn octets(&self, mac: usize) -> usize {
        self.key.octets().len() + FIXED.len() + 2 + self.rdata_octets(mac)
    }

    fn rdata_octets(&self, mac: usize) -> usize {
        self.algorithm.octets().len() + BEFORE_MAC + mac + BEHIND_MAC + self.other.len()
    }

    /// Hands out what is digested, in order: the variables, or only the timers.
    pub(super) fn for_each_digested(&self, is_whole: bool, mut take: impl FnMut(&[u8])) {
        if is_whole {
            take(self.key.octets());
            // Class and TTL.
            take(&[0, 255, 0, 0, 0, 0]);
            take(self.algorithm.octets());
        }
        take(&self.time_signed);
        take(&self.fudge.to_be_bytes());
        if is_whole {
            take(&self.error.number().to_be_bytes());
            take(&length(self.other));
            take(self.other);
        }
    }

    /// Appends the record to a message of `end` octets, and counts it there. Gives the new length.
    pub(super) fn append(&self, message: &mut [u8], end: usize, mac: &[u8]) -> Result<usize, Full> {
        let octets = self.octets(mac.len());
        let mut rest = message.get_mut(end..end + octets).ok_or(Full)?;
        let rdata = u16::try_from(self.rdata_octets(mac.len())).map_err(|_| Full)?;
        for part in [
            self.key.octets(),
            &FIXED,
            &rdata.to_be_bytes(),
            self.algorithm.octets(),
            &self.time_signed,
            &self.fudge.to_be_bytes(),
            &length(mac),
            mac,
            &self.original_id.to_be_bytes(),
            &self.error.number().to_be_bytes(),
            &length(self.other),
            self.other,
        ] {
            let (room, behind) = rest.split_at_mut_checked(part.len()).ok_or(Full)?;
            room.copy_from_slice(part);
            rest = behind;
        }
        count_one_more(message)?;
        Ok(end + octets)
    }
}

fn length(octets: &[u8]) -> [u8; 2] {
    u16::try_from(octets.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes()
}

fn count_one_more(message: &mut [u8]) -> Result<(), Full> {
    let (_, rest) = message.split_at_mut_checked(ARCOUNT).ok_or(Full)?;
    let count = rest.first_chunk_mut::<2>().ok_or(Full)?;
    let more = u16::from_be_bytes(*count).checked_add(1).ok_or(Full)?;
    *count = more.to_be_bytes();
    Ok(())
}
