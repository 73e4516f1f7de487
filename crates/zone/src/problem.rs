//! What is wrong with a master file, for the person who edits it.

use std::{fmt, io};

use crate::memory::Shortage;
use crate::zone::Zone;

/// Does it stand in the way of the zone?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// There is no zone because of it.
    Error,
    /// It is odd but harmless.
    Warning,
}

/// A fault or a warning at a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// From 1; where the whole file is meant it is 1.
    pub line: u32,
    /// In octets, from 1; where the whole file is meant it is 1.
    pub column: u32,
    /// An error, or only a warning.
    pub severity: Severity,
    /// Stable and dotted, such as `zone.soa.missing`.
    pub code: &'static str,
    /// What is wrong, and in parentheses what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            code,
            message,
            ..
        } = self;
        write!(f, "{file}:{line}:{column}: {code}: {message}")
    }
}

/// A zone that was read without errors.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The zone.
    pub zone: Zone,
    /// Every file read, in the order of opening.
    pub files: Vec<String>,
    /// What is odd but harmless.
    pub warnings: Vec<Problem>,
    /// For how many seconds it is good, where the server that it came from said so (RFC 7314).
    pub expire_s: Option<u32>,
}

/// Why there is no zone.
#[derive(Debug)]
pub enum LoadError {
    /// The file itself cannot be read. (One that it includes is a problem of the including line.)
    Unreadable(io::Error),
    /// There is no memory for it.
    TooLarge(Shortage),
    /// What is wrong with it, errors and warnings, in file order. At least one.
    Problems(Vec<Problem>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::TooLarge(shortage) => shortage.fmt(f),
            Self::Problems(problems) => problems
                .iter()
                .try_for_each(|problem| writeln!(f, "{problem}")),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<Shortage> for LoadError {
    fn from(shortage: Shortage) -> Self {
        Self::TooLarge(shortage)
    }
}
