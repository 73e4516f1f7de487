//! YAML that is written plainly, as events: what every reader of YAML understands alike, and nothing else.
//!
//! ```text
//! line    what a line may have
//! events  what the parser finds in them
//! ```
//!
//! Read are block and flow collections, words on one line, quoted or not, and comments. All else is doubtful, as is
//! every fault: the caller has another reader for that, slower by far, whose judgement counts (ADR 0032).

mod events;
mod line;

pub use events::{Doubtful, Event, Kind, PlainYaml};
