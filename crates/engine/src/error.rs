//! What can go wrong between this process and the system it runs on.

use std::fmt;
use std::io;

use understudy_wire::Serial;
use understudy_zone::ChangeError;

/// Why the service cannot do what was asked.
#[derive(Debug)]
pub enum EngineError {
    /// The text names no address and port.
    NotAnAddress(String),
    /// The text names no network.
    NotANetwork(String),
    /// An address that cannot be listened on.
    Bind {
        /// As it was asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// No zone of this name is being served.
    ZoneNotFound(String),
    /// A steered set that the zone cannot have.
    Change(Box<ChangeError>),
    /// The zone has no copy yet to make another of.
    NoCopy(String),
    /// The zone to begin from is another one.
    OtherZone(String),
    /// No secondary would take the next copy.
    SerialNotNewer {
        /// The one that was asked for.
        serial: Serial,
        /// The one of the copy that is served.
        served: Serial,
    },
    /// Another copy has been served meanwhile.
    Stale(String),
    /// The service was stopped; a stopped one does not start again.
    Stopped,
    /// A thread, an epoll instance or an eventfd could not be made.
    System(io::Error),
}

impl fmt::Display for EngineError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::NotAnAddress(text) => {
                write!(
                    out,
                    "{text:?} is not an address with a port, such as 192.0.2.1:53 or [2001:db8::1]:53"
                )
            }
            EngineError::NotANetwork(text) => {
                write!(
                    out,
                    "{text:?} is not a network, such as 192.0.2.0/24 or 2001:db8::/32"
                )
            }
            EngineError::Bind { address, source } => {
                write!(out, "cannot listen on {address}: {source}")
            }
            EngineError::ZoneNotFound(origin) => write!(out, "no zone {origin} is being served"),
            EngineError::Change(source) => source.fmt(out),
            EngineError::NoCopy(origin) => {
                write!(out, "{origin} has no copy yet to make the next one of")
            }
            EngineError::OtherZone(origin) => write!(out, "the zone to begin from is {origin}"),
            EngineError::SerialNotNewer { serial, served } => {
                write!(
                    out,
                    "serial {serial} is not newer than {served}, which is served"
                )
            }
            EngineError::Stale(origin) => {
                write!(out, "another copy of {origin} has been served meanwhile")
            }
            EngineError::Stopped => write!(out, "the service was stopped"),
            EngineError::System(source) => write!(out, "the system refused a resource: {source}"),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            EngineError::Bind { source, .. } | EngineError::System(source) => Some(source),
            EngineError::Change(source) => Some(source),
            _ => None,
        }
    }
}

impl From<ChangeError> for EngineError {
    fn from(source: ChangeError) -> Self {
        EngineError::Change(Box::new(source))
    }
}
