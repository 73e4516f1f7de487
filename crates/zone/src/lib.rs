//! Zone data: master files in, immutable versions, ordered look-up.
//!
//! A zone is one persistent B+ tree in canonical order (RFC 4034 section 6.1) whose leaves hold
//! names and RRsets as packed octets. A change copies the path to the leaf that it touches; readers
//! hold a version and take no lock. Empty non-terminals are not stored: a name exists when it, or
//! anything below it, has data, and the order shows that.
#![forbid(unsafe_code)]

mod change;
mod export;
mod fault;
mod find;
mod key;
mod lexer;
mod load;
mod node;
mod pack;
mod page;
mod problem;
mod rdata;
mod tally;
mod tree;
mod zone;

pub use change::{ChangeError, RRsetChange, SteeredChange, SteeredSet};
pub use find::{Above, Found, Match};
pub use node::{Kind, Node, RRset, Rdatas, Selector, Set, Sets, Steered, Variant, Variants};
pub use problem::{LoadError, Loaded, Problem, Severity};
pub use zone::Zone;
