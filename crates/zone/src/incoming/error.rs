//! What can be wrong with a transfer that comes in. Each is the other server's doing.

use std::fmt;

use understudy_wire::{NameBuf, Rcode, Rtype, Serial};

use crate::change::ChangeError;
use crate::memory::Shortage;
use crate::problem::{LoadError, Problem};

/// Why a transfer gave no zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IncomingError {
    /// A message, a record or its rdata that cannot be read.
    Malformed(&'static str),
    /// The rdata is none of the type.
    BadRdata(Box<NameBuf>, Rtype),
    /// Another message id than that of the query, or no response at all.
    NotOurs,
    /// Another question than the one asked.
    WrongQuestion,
    /// The server says no.
    Refused(Rcode),
    /// A message without a record of the transfer.
    Empty,
    /// The first record is not the SOA of the zone.
    WithoutSoa,
    /// A record of another class than IN.
    WrongClass(Box<NameBuf>),
    /// A record that is neither at the apex nor below it.
    OutOfZone(Box<NameBuf>),
    /// A record of a type that no zone has.
    MetaType(Box<NameBuf>, Rtype),
    /// The server has an older version than we do.
    Behind {
        /// What we have.
        held: Serial,
        /// What it has.
        offered: Serial,
    },
    /// The last SOA has another serial than the first.
    Changed {
        /// The first one.
        first: Serial,
        /// The other one.
        last: Serial,
    },
    /// A difference that does not begin where the one before it ended, or leads nowhere newer.
    Gap {
        /// Where one ended.
        expected: Serial,
        /// Where the next begins.
        found: Serial,
    },
    /// A record to delete that we do not have.
    NotThere(Box<NameBuf>, Rtype),
    /// A record to add that we have.
    AlreadyThere(Box<NameBuf>, Rtype),
    /// Records behind the end.
    Trailing,
    /// More than the limit.
    TooLarge {
        /// Octets.
        limit: usize,
    },
    /// More than there is memory for.
    Memory(Shortage),
    /// It ended before its end.
    Unfinished,
    /// The apex would have no NS records.
    WithoutNs,
    /// A name would be below a DNAME.
    Covered {
        /// The name.
        owner: Box<NameBuf>,
        /// Where the DNAME is.
        dname: Box<NameBuf>,
    },
    /// A zone that breaks a rule.
    Rules(Vec<Problem>),
    /// A change that cannot be made.
    Change(ChangeError),
}

impl IncomingError {
    /// Stable and dotted.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::BadRdata(..) | Self::Empty => "transfer.malformed",
            Self::NotOurs | Self::WrongQuestion => "transfer.mismatch",
            Self::Refused(Rcode::FORMERR | Rcode::NOTIMP) => "transfer.misunderstood",
            Self::Refused(_) => "transfer.refused",
            Self::WithoutSoa | Self::Changed { .. } | Self::Trailing => "transfer.soa",
            Self::WrongClass(_) | Self::OutOfZone(_) | Self::MetaType(..) => "transfer.foreign",
            Self::Behind { .. } => "transfer.behind",
            Self::Gap { .. } | Self::NotThere(..) | Self::AlreadyThere(..) => "transfer.difference",
            Self::TooLarge { .. } => "transfer.too-large",
            Self::Memory(_) => "transfer.memory",
            Self::Unfinished => "transfer.unfinished",
            Self::WithoutNs | Self::Covered { .. } | Self::Rules(_) | Self::Change(_) => {
                "transfer.zone"
            }
        }
    }
}

impl fmt::Display for IncomingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "{what} cannot be read"),
            Self::BadRdata(owner, rtype) => write!(f, "malformed {rtype} rdata at {owner}"),
            Self::NotOurs => f.write_str("the message is no response to our query"),
            Self::WrongQuestion => f.write_str("the response repeats another question"),
            Self::Refused(rcode) => write!(f, "the server answered {rcode}"),
            Self::Empty => f.write_str("a message of the transfer has no records"),
            Self::WithoutSoa => f.write_str("the transfer does not begin with the SOA of the zone"),
            Self::WrongClass(owner) => write!(f, "a record at {owner} is not of class IN"),
            Self::OutOfZone(owner) => write!(f, "{owner} is not in the zone"),
            Self::MetaType(owner, rtype) => write!(f, "{owner} cannot have {rtype} records"),
            Self::Behind { held, offered } => {
                write!(
                    f,
                    "the server has serial {offered}, which is older than {held}"
                )
            }
            Self::Changed { first, last } => {
                write!(f, "the transfer of serial {first} ends with serial {last}")
            }
            Self::Gap { expected, found } => {
                write!(f, "a difference leads from serial {expected} to {found}")
            }
            Self::NotThere(owner, rtype) => {
                write!(
                    f,
                    "{owner} {rtype}: a record is to be deleted that is not there"
                )
            }
            Self::AlreadyThere(owner, rtype) => {
                write!(
                    f,
                    "{owner} {rtype}: a record is to be added that is there already"
                )
            }
            Self::Trailing => f.write_str("records follow the end of the transfer"),
            Self::TooLarge { limit } => write!(f, "the transfer is larger than {limit} octets"),
            Self::Memory(shortage) => shortage.fmt(f),
            Self::Unfinished => f.write_str("the transfer broke off before its end"),
            Self::WithoutNs => f.write_str("the zone would have no NS records"),
            Self::Covered { owner, dname } => write!(
                f,
                "{owner} is below the DNAME {dname} (RFC 6672 section 2.4)"
            ),
            Self::Rules(problems) => match problems.first() {
                Some(first) => write!(f, "{}: {}", first.code, first.message),
                None => f.write_str("the zone cannot be used"),
            },
            Self::Change(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IncomingError {}

impl From<ChangeError> for IncomingError {
    fn from(error: ChangeError) -> Self {
        Self::Change(error)
    }
}

impl From<Shortage> for IncomingError {
    fn from(shortage: Shortage) -> Self {
        Self::Memory(shortage)
    }
}

impl From<LoadError> for IncomingError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Problems(problems) => Self::Rules(problems),
            LoadError::TooLarge(shortage) => Self::Memory(shortage),
            LoadError::Unreadable(_) => Self::Rules(Vec::new()),
        }
    }
}
