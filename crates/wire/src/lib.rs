//! A DNS message as octets: names, numbers, reading a query, writing a response.
//!
//! No sockets, no clock, no allocation on the path of a query. Everything that comes from outside
//! is checked once, when it becomes a [`Name`] or a [`Query`]; what follows may rely on it.
#![forbid(unsafe_code)]

mod compression;
mod cookie;
mod edns;
mod hasher;
mod header;
mod lower;
mod name;
mod numbers;
mod plain;
mod query;
mod ready;
mod reply;
mod serial;
mod text;
mod tsig;
mod writer;

pub use cookie::{COOKIE, CookieSecret, CookieSecrets, Cookies, FullCookie, Standing};
pub use edns::{EXPIRE, Edns, EdnsOption, Opt, Options};
pub use hasher::{NameHasher, is_same};
pub use header::{HEADER_OCTETS, Header, Section};
pub use lower::{Folded, LowerName};
pub use name::{Labels, MAX_LABEL_OCTETS, MAX_NAME_OCTETS, Name, NameBuf, NameError};
pub use numbers::{Class, Opcode, Rcode, Rtype, UnknownMnemonic};
pub use plain::{Plain, PlainOpt};
pub use query::{Fault, Query, Question, RawRecord, Refusal, Silence};
pub use ready::ReadyRdata;
pub use reply::{Reply, ReplyRecord, push_expanded};
pub use serial::{Serial, SerialRelation};
pub use text::{NameTextError, NameTextFault};
pub use tsig::{
    BadSignature, NoSecret, Signature, Signer, Tsig, TsigAlgorithm, TsigFault, TsigKey, Unproven,
    Verifier, sign_request,
};
pub use writer::{Counts, Full, Mark, Owner, Sections, Writer, push_below_question};
