//! Records that stand for themselves, outside of a zone: owner, type, class IN, TTL, length and
//! rdata as in a message, nothing compressed.

use understudy_wire::{Class, Name, Rtype};

use crate::node::RRset;

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    /// In lower case where it comes from a zone.
    pub owner: Name<'r>,
    /// The type.
    pub rtype: Rtype,
    /// Seconds.
    pub ttl: u32,
    /// Uncompressed.
    pub rdata: &'r [u8],
}

/// A record of a zone, its owner without the labels of the apex.
#[derive(Clone, Copy, Debug)]
pub struct Below<'z> {
    /// In lower case; none at the apex.
    pub labels: &'z [u8],
    /// The type.
    pub rtype: Rtype,
    /// Seconds.
    pub ttl: u32,
    /// Uncompressed.
    pub rdata: &'z [u8],
}

impl<'r> Record<'r> {
    /// Append the record. Rdata that fits no record was in no zone.
    pub(crate) fn push(&self, to: &mut Vec<u8>) {
        let Ok(length) = u16::try_from(self.rdata.len()) else {
            return;
        };
        to.extend_from_slice(self.owner.octets());
        to.extend_from_slice(&self.rtype.number().to_be_bytes());
        to.extend_from_slice(&Class::IN.number().to_be_bytes());
        to.extend_from_slice(&self.ttl.to_be_bytes());
        to.extend_from_slice(&length.to_be_bytes());
        to.extend_from_slice(self.rdata);
    }

    /// The record at the front, and what follows it.
    fn split_from(octets: &'r [u8]) -> Option<(Self, &'r [u8])> {
        let (owner, rest) = Name::split_from(octets).ok()?;
        let (fixed, rest) = rest.split_first_chunk::<10>()?;
        let [type0, type1, class0, class1, ttl @ .., length0, length1] = *fixed;
        let length = usize::from(u16::from_be_bytes([length0, length1]));
        let (rdata, rest) = rest.split_at_checked(length)?;
        let is_in = Class::new(u16::from_be_bytes([class0, class1])) == Class::IN;
        let record = Self {
            owner,
            rtype: Rtype::new(u16::from_be_bytes([type0, type1])),
            ttl: u32::from_be_bytes(ttl),
            rdata,
        };
        is_in.then_some((record, rest))
    }
}

/// Records one after the other. Ends where no whole record follows.
#[derive(Clone, Debug, Default)]
pub struct Records<'r>(&'r [u8]);

impl<'r> Records<'r> {
    /// The records that stand in these octets.
    #[must_use]
    pub fn new(octets: &'r [u8]) -> Self {
        Self(octets)
    }

    /// The octets that have not been read.
    #[must_use]
    pub fn rest(&self) -> &'r [u8] {
        self.0
    }
}

impl<'r> Iterator for Records<'r> {
    type Item = Record<'r>;

    fn next(&mut self) -> Option<Record<'r>> {
        let (record, rest) = Record::split_from(self.0)?;
        self.0 = rest;
        Some(record)
    }
}

/// The records of an `RRset`.
pub(crate) fn records_of<'r>(
    owner: Name<'r>,
    set: RRset<'r>,
) -> impl Iterator<Item = Record<'r>> + use<'r> {
    set.rdatas().map(move |rdata| Record {
        owner,
        rtype: set.rtype,
        ttl: set.ttl,
        rdata,
    })
}
