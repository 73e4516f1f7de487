//! The TSIG record as octets (RFC 8945 section 4.2). Nothing is signed or verified here.

use crate::name::{MAX_NAME_OCTETS, Name, NameBuf};
use crate::numbers::{Class, Rcode};
use crate::query::Query;

/// What a TSIG record has between the algorithm's name and the MAC: time signed, fudge, MAC size.
const BEFORE_MAC: usize = 10;

/// What it has behind the MAC, if that says nothing more: original ID, error, other length.
const BEHIND_MAC: usize = 6;

/// What a signed message says about its signature.
#[derive(Clone, Copy, Debug)]
pub struct Tsig<'m> {
    /// The name of the key that the client used.
    pub key: NameBuf,
    /// The name of its algorithm.
    pub algorithm: Name<'m>,
    /// When the client signed: 48 bits of seconds since 1970.
    pub time_signed: [u8; 6],
    /// By how many seconds the clocks may differ.
    pub fudge: u16,
    /// The message's ID before anybody forwarded it.
    pub original_id: u16,
    /// The MAC.
    pub mac: &'m [u8],
}

impl<'m> Tsig<'m> {
    /// Read a message's signature. None if the record cannot be understood, which is FORMERR (RFC
    /// 8945 section 5.2), or if the message has none.
    #[must_use]
    pub fn read(query: &Query<'m>) -> Option<Self> {
        let record = query.signature.filter(|it| it.class == Class::ANY)?;
        let (algorithm, rest) = Name::split_from(record.rdata).ok()?;
        let (&[time_signed @ .., fudge0, fudge1, size0, size1], rest) =
            rest.split_first_chunk::<BEFORE_MAC>()?;
        let (mac, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([size0, size1])))?;
        let (&[id0, id1, _, _, other0, other1], other) = rest.split_first_chunk::<BEHIND_MAC>()?;
        if other.len() != usize::from(u16::from_be_bytes([other0, other1])) {
            return None;
        }
        Some(Tsig {
            key: name_at(query.octets, record.offset)?,
            algorithm,
            time_signed,
            fudge: u16::from_be_bytes([fudge0, fudge1]),
            original_id: u16::from_be_bytes([id0, id1]),
            mac,
        })
    }

    /// How long the record is that tells an error without a signature: what to give
    /// [`Writer::reserve`](crate::Writer::reserve).
    #[must_use]
    pub fn octets_unsigned(&self) -> usize {
        self.key.as_name().octets().len() + 10 + self.unsigned_rdata_octets()
    }

    fn unsigned_rdata_octets(&self) -> usize {
        self.algorithm.octets().len() + BEFORE_MAC + BEHIND_MAC
    }

    /// The fields of the record that tells an error without a signature (RFC 8945 section 5.3.2),
    /// one after the other: type TSIG, class ANY, TTL 0, an empty MAC, no other data.
    pub(crate) fn for_each_unsigned_part<E>(
        &self,
        error: Rcode,
        mut put: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let [length0, length1] = u16::try_from(self.unsigned_rdata_octets())
            .unwrap_or(u16::MAX)
            .to_be_bytes();
        let [id0, id1] = self.original_id.to_be_bytes();
        let [error0, error1] = error.number().to_be_bytes();
        put(self.key.as_name().octets())?;
        put(&[0, 250, 0, 255, 0, 0, 0, 0, length0, length1])?;
        put(self.algorithm.octets())?;
        put(&self.time_signed)?;
        put(&self.fudge.to_be_bytes())?;
        put(&[0, 0, id0, id1, error0, error1, 0, 0])
    }
}

/// The possibly compressed name at `offset` written out. None where it is no name, or takes more
/// steps than any honest one.
fn name_at(message: &[u8], offset: usize) -> Option<NameBuf> {
    let mut octets = [0; MAX_NAME_OCTETS];
    let (mut at, mut length) = (offset, 0);
    for _ in 0..MAX_NAME_OCTETS {
        match *message.get(at)? {
            0 => {
                let name = Name::from_octets(octets.get(..=length)?).ok()?;
                return Some(name.to_buf());
            }
            high @ 0xc0.. => {
                at = usize::from(u16::from_be_bytes([high & 0x3f, *message.get(at + 1)?]));
            }
            label => {
                let part = message.get(at..=at + usize::from(label))?;
                let room = octets.get_mut(length..length + part.len())?;
                room.copy_from_slice(part);
                at += part.len();
                length += part.len();
            }
        }
    }
    None
}
