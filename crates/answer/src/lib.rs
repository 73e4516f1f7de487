//! (zones, query, client, chance, now) -> response: the algorithm of RFC 1034 section 4.3.2.
//!
//! ```text
//! recent      whole responses to messages that come again and again
//! direct      the short way for the commonest questions
//!   memory      answers that took the long way before
//! message     what kind of message is it: refuse, or frame the answer (header, question, OPT)
//!   oversize  what is too long to be read whole goes to TCP
//!   edns      what its options ask for, and get
//!   keys      which keys a signature may be made with
//!   chaos     the server's own names in class CH
//!   resolve   the answer section: follow the name through our zones
//!     steering    which records a steered set gives to this query
//!     authority   the authority section: SOA of a negative answer, NS of a referral
//!     additional  the additional section: glue that is needed, addresses that help
//!     noting      which zones had a part in it
//! ```
//!
//! Pure and, but for what is kept, without allocation: zones, clock and chance are arguments, and the response is written
//! into the caller's buffer. An RRset is in the response whole or not at all. Where one that is
//! needed does not fit, writing ends with [`Full`](understudy_wire::Full), which becomes TC in one
//! place.
#![forbid(unsafe_code)]

mod additional;
mod ahead;
mod authority;
mod chance;
mod chaos;
mod direct;
mod edns;
mod keys;
mod memory;
mod message;
mod noting;
mod outcome;
mod oversize;
mod recent;
mod resolve;
mod response;
mod server;
mod steering;

pub use ahead::look_ahead;
pub use chance::Chance;
pub use keys::TsigKeys;
pub use memory::{Memory, Source};
#[doc(hidden)]
pub use message::respond_at_length;
pub use message::{refuse_transfer, respond, respond_remembering, respond_with, slip};
pub use outcome::{
    CookieUse, ExtendedError, Outcome, RECORDS, Request, SignatureUse, Silence, Subject, Summary,
    Transport,
};
pub use oversize::turn_to_tcp;
pub use resolve::Zones;
pub use server::{CookieJar, Server, TextTooLong};
