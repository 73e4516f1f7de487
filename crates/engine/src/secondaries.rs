//! Zones that come from other servers: whose word counts that there is something new (RFC 1996).
//!
//! ```text
//! a primary  --NOTIFY-->  any thread  --notices-->  the control plane, which asks and fetches
//! ```
//!
//! What waits for the control plane is a set of zones, so a flood of messages is one notice, and
//! none is ever lost.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use understudy_answer::{Chance, ExtendedError, Request, Server, refuse_transfer, respond_with};
use understudy_wire::{Name, NameBuf, Opcode, Query, Rcode, Rtype};

use crate::access::Access;
use crate::news::News;
use crate::transfer::{Begun, Kind};
use crate::zones::Zones;

/// The zones that come from other servers, and who they are.
#[derive(Clone, Debug, Default)]
pub struct Secondaries {
    /// By the origin in lower case.
    primaries: HashMap<NameBuf, Access>,
}

impl Secondaries {
    /// These zones, with their primaries.
    #[must_use]
    pub fn new(zones: impl IntoIterator<Item = (NameBuf, Access)>) -> Self {
        let lower = |(origin, access): (NameBuf, Access)| (origin.as_name().to_lower(), access);
        Secondaries {
            primaries: zones.into_iter().map(lower).collect(),
        }
    }

    pub(crate) fn origins(&self) -> impl Iterator<Item = &NameBuf> {
        self.primaries.keys()
    }

    fn primaries_of(&self, origin: Name<'_>) -> Option<&Access> {
        self.primaries.get(&origin.to_lower())
    }
}

/// Zones that primaries have something new of, until the control plane takes them.
#[derive(Debug)]
pub(crate) struct Notices(News<NameBuf>);

impl Notices {
    pub(crate) fn new() -> io::Result<Self> {
        // Those of the configuration are the only ones that are ever put down.
        Ok(Notices(News::new(usize::MAX)?))
    }

    /// Everything since the last call.
    pub(crate) fn take(&self) -> Vec<NameBuf> {
        self.0.take()
    }

    /// What becomes of a message that was refused because not everybody may say it. None: it is
    /// no NOTIFY.
    pub(crate) fn hear(
        &self,
        (zones, server): (&Zones, &Server),
        request: &Request<'_>,
        chance: &mut Chance,
        reply: &mut [u8],
    ) -> Option<Begun> {
        let query = Query::parse(request.message).ok()?;
        if query.header.opcode() != Opcode::NOTIFY {
            return None;
        }
        let signature = server.judge_signature(&query, request.wall_s);
        let mut signer = signature.signer().ok()?;
        let key = signer.as_ref().map(|signer| signer.key().name());
        let judged = judge(zones, &query, |access| access.permits(request.client, key));
        let (outcome, kind) = match judged {
            Ok(()) => {
                self.0.put(query.question.qname.to_lower());
                let asked = (request, signer.as_mut(), None);
                let outcome = respond_with(server, asked, chance, reply, |_| Ok(()));
                (outcome, Kind::NotifyHeard)
            }
            Err(told) => {
                let asked = (request, signer.as_mut());
                let outcome = refuse_transfer(server, asked, chance, reply, told);
                (outcome, Kind::NotifyRefused)
            }
        };
        Some(Begun::over(outcome, kind))
    }
}

impl AsFd for Notices {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Does this message count? What is told if not is what BIND tells.
fn judge(
    zones: &Zones,
    query: &Query<'_>,
    is_permitted: impl FnOnce(&Access) -> bool,
) -> Result<(), (Rcode, Option<ExtendedError>)> {
    // RFC 1996 section 1.2: a zone has changed if its SOA has, and nothing else can be said.
    if query.question.qtype != Rtype::SOA {
        return Err((Rcode::FORMERR, None));
    }
    let secondaries = zones.secondaries();
    let primaries = secondaries.primaries_of(query.question.qname);
    match primaries {
        None => Err((Rcode::NOTAUTH, None)),
        Some(access) if is_permitted(access) => Ok(()),
        // RFC 1996 section 3.10 has it ignored; an answer ends the repetitions.
        Some(_) => Err((Rcode::REFUSED, Some(ExtendedError::Prohibited))),
    }
}
