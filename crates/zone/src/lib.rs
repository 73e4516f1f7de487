//! Zone data: master files in, immutable versions, ordered look-up.
//!
//! A zone is two persistent structures over the same names:
//!
//! - the index, a hash trie from names to what they have as packed octets, which answers queries;
//!   empty non-terminals are in it, so that a name exists if and only if it is there;
//! - the order, a B+ tree of the names that have data in canonical order (RFC 4034 section 6.1),
//!   for walks through the zone, and to tell which names exist only because of names below them.
//!
//! A change copies the paths that it touches; readers hold a version and take no lock.
#![forbid(unsafe_code)]

mod change;
mod difference;
mod digest;
mod export;
mod fault;
mod find;
mod history;
mod image;
mod incoming;
mod index;
mod key;
mod lexer;
mod load;
mod memory;
mod node;
mod pack;
mod page;
mod plain;
mod problem;
mod rdata;
mod record;
mod revision;
mod seal;
mod tally;
mod tree;
mod walk;
mod zone;
mod zonemd;

pub use change::{ChangeError, RRsetChange, SteeredChange, SteeredSet};
pub use difference::{DamagedDifference, Difference};
pub use digest::Digest;
pub use find::{Above, Found, Match};
pub use history::History;
pub use image::{Image, Piece};
pub use incoming::{Incoming, IncomingError, Progress, Received};
pub use index::Ahead;
pub use memory::{Bound, Shortage};
pub use node::{Kind, Node, RRset, Rdatas, Selector, Set, Sets, Steered, Variant, Variants};
pub use problem::{LoadError, Loaded, Problem, Severity};
pub use record::{Below, Record, Records};
pub use walk::Walk;
pub use zone::Zone;
pub use zonemd::{ZonemdHash, ZonemdVerdict};
