//! Changes that make the next version of a zone.

use std::fmt;

use understudy_wire::{NameBuf, Rtype};

use crate::node::{Kind, Selector};
use crate::pack::{SetKey, push_static, static_key, steered_key, steered_octets};
use crate::rdata;

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
    OutOfZone(Box<NameBuf>),
    /// The type is one of questions only.
    MetaType(Box<NameBuf>, Rtype),
    /// The octets are no rdata of the type.
    BadRdata(Box<NameBuf>, Rtype),
    /// No records where there must be some, or records where there must be none.
    BadVariants(Box<NameBuf>, Rtype),
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

/// A change of one set of one node, ready to make: None removes the set.
pub(crate) struct SetChange<'c> {
    pub(crate) owner: &'c NameBuf,
    pub(crate) key: SetKey,
    pub(crate) set: Option<Vec<u8>>,
}

impl SteeredChange {
    /// Check the change and put its octets together, with the number that the set is counted by.
    pub(crate) fn pack(&self, number: u32) -> Result<SetChange<'_>, ChangeError> {
        match self {
            Self::Set(owner, set) => {
                check_steered(owner, set)?;
                let octets = steered_octets(set, number);
                Ok(SetChange {
                    owner,
                    key: steered_key(set.rtype),
                    set: Some(octets),
                })
            }
            Self::Remove(owner, rtype) => Ok(SetChange {
                owner,
                key: steered_key(*rtype),
                set: None,
            }),
        }
    }
}

fn check_steered(owner: &NameBuf, set: &SteeredSet) -> Result<(), ChangeError> {
    let is_filled = match set.kind {
        Kind::Answer => {
            !set.variants.is_empty() && set.variants.iter().all(|(_, rdatas)| !rdatas.is_empty())
        }
        Kind::Nodata | Kind::Servfail => set.variants.is_empty(),
    };
    if !is_filled {
        return Err(ChangeError::BadVariants(Box::new(*owner), set.rtype));
    }
    set.variants
        .iter()
        .try_for_each(|(_, rdatas)| check_rdatas(owner, set.rtype, rdatas))
}

fn check_rdatas(owner: &NameBuf, rtype: Rtype, rdatas: &[Vec<u8>]) -> Result<(), ChangeError> {
    if rtype.is_meta() {
        return Err(ChangeError::MetaType(Box::new(*owner), rtype));
    }
    if rdatas
        .iter()
        .all(|octets| rdata::is_well_formed(rtype, octets))
    {
        Ok(())
    } else {
        Err(ChangeError::BadRdata(Box::new(*owner), rtype))
    }
}

impl RRsetChange {
    /// Check the change and put its octets together: records in canonical order, each once.
    pub(crate) fn pack(&self) -> Result<SetChange<'_>, ChangeError> {
        match self {
            Self::Set(owner, rtype, ttl, rdatas) => {
                check_rdatas(owner, *rtype, rdatas)?;
                if rdatas.is_empty() {
                    return Err(ChangeError::BadVariants(Box::new(*owner), *rtype));
                }
                let mut sorted: Vec<&[u8]> = rdatas.iter().map(Vec::as_slice).collect();
                rdata::sort_and_fold(*rtype, &mut sorted);
                let mut octets = Vec::new();
                push_static(&mut octets, *rtype, *ttl, sorted.into_iter());
                Ok(SetChange {
                    owner,
                    key: static_key(*rtype),
                    set: Some(octets),
                })
            }
            Self::Remove(owner, rtype) => Ok(SetChange {
                owner,
                key: static_key(*rtype),
                set: None,
            }),
        }
    }
}
