//! Changes that make the next version of a zone.

use std::fmt;

use understudy_wire::{NameBuf, Rtype};

use crate::node::{Kind, Selector};

/// A steered set to lay over a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteeredSet {
    /// The type.
    pub rtype: Rtype,
    /// What it answers.
    pub kind: Kind,
    /// Seconds.
    pub ttl: u32,
    /// `CLOCK_MONOTONIC` nanoseconds of the next change that is already known.
    pub due_ns: Option<u64>,
    /// How to choose among the variants.
    pub selector: Selector,
    /// Weight and rdatas of each variant. At least one with at least one rdata for
    /// [`Kind::Answer`]; none otherwise.
    pub variants: Vec<(u32, Vec<Vec<u8>>)>,
}

/// A change of what is steered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SteeredChange {
    /// Steer an owner and type like this from now on.
    Set(NameBuf, SteeredSet),
    /// Steer it no longer. Not an error where it was not steered.
    Remove(NameBuf, Rtype),
}

/// A change of a static `RRset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RRsetChange {
    /// The owner has these records of the type from now on: TTL in seconds and rdatas.
    Set(NameBuf, Rtype, u32, Vec<Vec<u8>>),
    /// The owner has no records of the type. Not an error where it had none.
    Remove(NameBuf, Rtype),
}

/// Why a change cannot be made. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// The owner is neither the apex nor below it.
    OutOfZone(NameBuf),
    /// The type is one of questions only.
    MetaType(NameBuf, Rtype),
    /// The octets are no rdata of the type.
    BadRdata(NameBuf, Rtype),
    /// No records where there must be some, or records where there must be none.
    BadVariants(NameBuf, Rtype),
    /// The apex would have no SOA record, or more than one.
    WithoutSoa,
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfZone(owner) => write!(f, "{owner} is not in the zone"),
            Self::MetaType(owner, rtype) => write!(f, "{owner} cannot have {rtype} records"),
            Self::BadRdata(owner, rtype) => write!(f, "malformed {rtype} rdata at {owner}"),
            Self::BadVariants(owner, rtype) => {
                write!(
                    f,
                    "{owner} {rtype}: an answer needs records, nodata and servfail none"
                )
            }
            Self::WithoutSoa => f.write_str("the apex must have exactly one SOA record"),
        }
    }
}

impl std::error::Error for ChangeError {}
