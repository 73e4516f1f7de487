//! Zones given away as a whole or by what changed: AXFR (RFC 5936) and IXFR (RFC 1995).
//!
//! ```text
//! gate      may this client have the zone, and what does it lack
//! content   the records, one after the other, from a copy that never changes
//! here      the messages that carry them, each made when the one before has left
//! ```
//!
//! A transfer is a query that the answering crate refuses, and that is permitted here.

mod content;
mod gate;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use understudy_answer::Outcome;
use understudy_wire::{Full, Header, NameBuf, Query, Signer, Writer};

use content::Content;
pub(crate) use gate::Gate;

use crate::news::News;
use crate::sys;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// All of a zone.
    Axfr,
    /// What changed.
    Ixfr,
}

/// What became of a message that only some may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A transfer begins.
    Transfer(TransferKind),
    /// A transfer is refused after all.
    Refused,
    /// A primary says that a zone has changed.
    NotifyHeard,
    /// Somebody else says so.
    NotifyRefused,
}

/// The beginning of a transfer.
#[derive(Debug)]
pub struct Begun {
    /// Of the first message, which stands in the caller's buffer.
    pub outcome: Outcome,
    /// What it is the beginning of.
    pub kind: Kind,
    /// What follows the first message.
    pub rest: Option<Box<Transfer>>,
    /// Told when the first message leaves, if that is all of it.
    pub(crate) visit: Option<Visit>,
}

impl Begun {
    /// The first message is all, and nobody is given a zone by it.
    pub(crate) fn over(outcome: Outcome, kind: Kind) -> Self {
        Begun {
            outcome,
            kind,
            rest: None,
            visit: None,
        }
    }

    /// The first message is not sent, but this.
    pub(crate) fn held_back(self, outcome: Outcome) -> Self {
        if let Some(visit) = self.visit {
            visit.undo();
        }
        let kind = match self.kind {
            Kind::Transfer(_) => Kind::Refused,
            kind => kind,
        };
        Begun::over(outcome, kind)
    }
}

/// A transfer after its first message.
#[derive(Debug)]
pub struct Transfer {
    /// As it came: each message says what it answers.
    query: Box<[u8]>,
    content: Content,
    /// Signs each message, if the query was signed.
    signer: Option<Signer>,
    _place: Option<Place>,
    /// Told when the last message has been made, or the transfer was given up.
    _visit: Option<Visit>,
}

/// Clients that a zone, by its origin in lower case, was sent to.
pub(crate) type Visits = News<(NameBuf, IpAddr)>;

/// Clients that were refused, until the control plane takes them.
pub(crate) type Refusals = News<Refusal>;

/// A client that asked for a zone over TCP, so that its address is its own, and was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The zone, in lower case.
    pub origin: NameBuf,
    /// Who asked.
    pub client: IpAddr,
    /// The key that the query was signed with, or claims to be.
    pub key: Option<NameBuf>,
    /// REFUSED: it may not have the zone; NOERROR: it may, when fewer transfers run; else what is wrong with its
    /// signature (RFC 8945 section 3).
    pub error: u16,
}

/// One client that is sent a zone.
#[derive(Debug)]
pub(crate) struct Visit {
    visits: Arc<Visits>,
    /// None: it is not sent the zone after all.
    entry: Option<(NameBuf, IpAddr)>,
}

impl Visit {
    fn undo(mut self) {
        self.entry = None;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.visits.put(entry);
        }
    }
}

/// One of the transfers at once, for as long as it is held.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Transfer {
    /// One that is begun, and has one more message: the SOA of this zone.
    #[cfg(test)]
    pub(crate) fn begun(query: &[u8], zone: &understudy_zone::Zone) -> Self {
        Transfer {
            query: query.into(),
            content: Content::current(zone),
            signer: None,
            _place: None,
            _visit: None,
        }
    }

    /// Writes the next message and gives its length.
    ///
    /// # Errors
    /// A record that no message has room for: the transfer cannot go on.
    pub(crate) fn next_message(&mut self, reply: &mut [u8]) -> Result<usize, Full> {
        let query = Query::parse(&self.query).map_err(|_| Full)?;
        let limit = reply.len();
        let mut writer = Writer::response(reply, limit, &query.header)?;
        if let Some(signer) = &self.signer {
            writer.reserve(signer.octets())?;
        }
        writer.question(&query.question)?;
        writer.set_flags(Header::AA);
        match self.content.write(&mut writer) {
            Err(Full) if !writer.has_answers() => return Err(Full),
            _ => (),
        }
        let length = writer.finish();
        match &mut self.signer {
            None => Ok(length),
            Some(signer) => signer.sign(reply, length, u64::from(sys::wall_s())),
        }
    }

    /// Has everything been written?
    pub(crate) fn is_over(&self) -> bool {
        self.content.is_over()
    }
}
