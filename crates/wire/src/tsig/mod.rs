//! TSIG (RFC 8945): messages signed with a secret that both sides have.
//!
//! ```text
//! mod      the record as it came (section 4.2)
//!   record     the record as it leaves, and what of it is digested (section 4.3.3)
//!   key        names, algorithms, secrets, and the digest (sections 4.3 and 6)
//!   sign       the signatures of a request, and of an answer in one or many messages (section 5.3)
//!   judge      what a request's signature is worth to a server (section 5.2)
//!   verify     what an answer's signatures are worth to a client (section 5.4)
//! ```

mod judge;
mod key;
mod record;
mod sign;
mod verify;

pub use judge::{BadSignature, Signature, Unproven};
pub use key::{NoSecret, TsigAlgorithm, TsigKey};
pub use sign::{Signer, sign_request};
pub use verify::{TsigFault, Verifier};

use crate::header::{HEADER_OCTETS, Header, Section};
use crate::name::{MAX_NAME_OCTETS, Name, NameBuf};
use crate::numbers::{Class, Rcode, Rtype};
use crate::query::{Query, RawRecord, skip_name, split_record};

/// What a TSIG record has between the algorithm's name and the MAC: time signed, fudge, MAC size.
const BEFORE_MAC: usize = 10;

/// What it has behind the MAC, if that says nothing more: original ID, error, other length.
const BEHIND_MAC: usize = 6;

/// What a signed message says about its signature.
#[derive(Clone, Copy, Debug)]
pub struct Tsig<'m> {
    /// The name of the key that the sender used.
    pub key: NameBuf,
    /// The name of its algorithm.
    pub algorithm: Name<'m>,
    /// When the sender signed: 48 bits of seconds since 1970.
    pub time_signed: [u8; 6],
    /// By how many seconds the clocks may differ.
    pub fudge: u16,
    /// The message's ID before anybody forwarded it.
    pub original_id: u16,
    /// The MAC.
    pub mac: &'m [u8],
    /// What a server found wrong with the signature that it was sent.
    pub error: Rcode,
    /// A server's own time, if the error is BADTIME.
    pub other: &'m [u8],
    /// What was signed: the message before the record.
    signed: &'m [u8],
}

impl<'m> Tsig<'m> {
    /// Read a query's signature. None if the record cannot be understood, which is FORMERR (RFC
    /// 8945 section 5.2), or if the message has none.
    #[must_use]
    pub fn read(query: &Query<'m>) -> Option<Self> {
        Self::of(query.octets, &query.signature?)
    }

    fn of(message: &'m [u8], record: &RawRecord<'m>) -> Option<Self> {
        // What is not signed must be what it has to be (RFC 8945 section 4.2).
        if record.class != Class::ANY || record.ttl != 0 {
            return None;
        }
        let (algorithm, rest) = Name::split_from(record.rdata).ok()?;
        let (&[time_signed @ .., fudge0, fudge1, size0, size1], rest) =
            rest.split_first_chunk::<BEFORE_MAC>()?;
        let (mac, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([size0, size1])))?;
        let (&[id0, id1, error0, error1, other0, other1], other) =
            rest.split_first_chunk::<BEHIND_MAC>()?;
        if other.len() != usize::from(u16::from_be_bytes([other0, other1])) {
            return None;
        }
        Some(Tsig {
            key: name_at(message, record.offset)?,
            algorithm,
            time_signed,
            fudge: u16::from_be_bytes([fudge0, fudge1]),
            original_id: u16::from_be_bytes([id0, id1]),
            mac,
            error: Rcode::new(u16::from_be_bytes([error0, error1])),
            other,
            signed: message.get(..record.offset)?,
        })
    }

    /// The moment of signing, in seconds since 1970.
    fn signed_s(&self) -> u64 {
        let octets = self.time_signed.iter();
        octets.fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    }

    /// The clocks differ by no more than the sender allows (RFC 8945 section 5.2.3).
    fn is_timely(&self, now_s: u64) -> bool {
        self.signed_s().abs_diff(now_s) <= u64::from(self.fudge)
    }
}

/// A record that should be a signature, and is none that can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NotUnderstood;

/// The signature of any whole message; None if its last record is another. The records before are
/// looked at as far as it takes to find it.
fn find(message: &[u8]) -> Result<Option<Tsig<'_>>, NotUnderstood> {
    let header = Header::parse(message).ok_or(NotUnderstood)?;
    let mut at = HEADER_OCTETS;
    for _ in 0..header.qdcount() {
        at = skip_name(message, at).ok_or(NotUnderstood)? + 4;
    }
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    let records = sections.map(|section| u32::from(header.count(section)));
    let mut last = None;
    for _ in 0..records.iter().sum() {
        if last.is_some_and(|record: RawRecord<'_>| record.rtype == Rtype::TSIG) {
            return Err(NotUnderstood);
        }
        let record;
        (record, at) = split_record(message, at).ok_or(NotUnderstood)?;
        last = Some(record);
    }
    let is_whole = at == message.len();
    let has_additional = header.count(Section::Additional) > 0;
    match last.filter(|record| record.rtype == Rtype::TSIG) {
        _ if !is_whole => Err(NotUnderstood),
        None => Ok(None),
        Some(record) if has_additional => Tsig::of(message, &record).map(Some).ok_or(NotUnderstood),
        Some(_) => Err(NotUnderstood),
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
