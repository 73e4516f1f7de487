use std::fmt;
use std::io;

/// Why a run ends early.
pub(crate) enum Fault {
    /// How it was called.
    Usage(String),
    /// The file of queries.
    Queries(&'static str),
    /// What came of a transfer.
    Transfer(&'static str),
    /// The system, at the step that is named.
    System(&'static str, io::Error),
}

impl Fault {
    pub(crate) fn at(step: &'static str) -> impl Fn(io::Error) -> Fault {
        move |error| Fault::System(step, error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Usage(expected) => write!(out, "expected {expected}"),
            Fault::Queries(what) => write!(out, "the queries: {what}"),
            Fault::Transfer(what) => write!(out, "the transfer: {what}"),
            Fault::System(step, error) => write!(out, "{step}: {error}"),
        }
    }
}
