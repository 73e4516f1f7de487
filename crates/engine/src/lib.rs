//! The DNS service: sockets, threads, and the zones they answer from.
//!
//! ```text
//! Engine      what the control plane holds: zones in, counters out
//!   Service   addresses and threads, generic over what answers
//!     udp     one thread per core: batches in, batches out
//!     tcp     one thread: connections, each with one deadline
//!   Transfer  a zone, or what changed in it, message by message
//!   Limiter   response rates of the networks that ask: fixed memory, no lock
//!   Zones     the published zones: one look-up, no lock for readers
//!     Copy    what is transferred of a zone: plain data, a serial, what led to it
//!   Gathering zones that come from another server, many at once
//! trial       doors for the fuzz targets alone
//! ```
//!
//! No thread of the service ever waits for the control plane. A panic in an answer is caught where
//! the answer is asked for: that message is dropped (over TCP: its connection is closed), counted
//! as `dropped.panic`, and the thread goes on.

mod access;
mod address;
mod changes;
mod copies;
mod counters;
mod engine;
mod error;
mod gather;
mod inbox;
mod limit;
mod network;
mod news;
mod records;
mod responder;
mod secondaries;
mod service;
mod sys;
mod tcp;
mod transfer;
#[doc(hidden)]
pub mod trial;
mod udp;
mod zones;

pub use access::Access;
pub use copies::{Prepared, Stamp};
pub use engine::Engine;
pub use error::EngineError;
pub use gather::{Found, Gathering, Source, Terms, Wish};
pub use limit::RateLimit;
pub use network::Network;
pub use responder::Responder;
pub use secondaries::Secondaries;
pub use service::{Service, Settings};
pub use sys::{monotonic_ns, wall_s};
pub use transfer::{Begun, Kind, Refusal, Transfer, TransferKind};
pub use zones::{Listed, Publication, Snapshot, Zones};
