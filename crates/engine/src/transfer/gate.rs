//! Who gets a transfer, and of what.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use understudy_answer::{
    Chance, ExtendedError, Outcome, Request, Server, Transport, Zones as _, refuse_transfer,
    respond_with,
};
use understudy_wire::{Full, LowerName, Query, Rcode, Rtype, Signature, Signer, Tsig, Writer};

use super::content::Content;
use super::{Begun, Kind, Place, Refusal, Refusals, Transfer, TransferKind, Visit, Visits};
use crate::access::Access;
use crate::copies::Copy;
use crate::news::News;
use crate::zones::Zones;

/// How many visits wait for the control plane; it takes them every few milliseconds.
/// chosen: a thousand zones fetched by four servers.
const VISITS: usize = 4096;

/// How many clients that were refused wait for the control plane; it tells of a few in a minute.
/// chosen: secondaries of one misspelt list.
const REFUSALS: usize = 256;

/// Begins transfers, so many at once and no more.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    most: usize,
    running: Arc<AtomicUsize>,
    visits: Arc<Visits>,
    refusals: Arc<Refusals>,
}

/// Why somebody who may have the zone does not get it now.
struct Declined(Rcode, Option<ExtendedError>);

const NOT_READY: Declined = Declined(Rcode::REFUSED, Some(ExtendedError::NotReady));

impl Gate {
    pub(crate) fn new(most: usize) -> io::Result<Self> {
        Ok(Gate {
            most,
            running: Arc::default(),
            visits: Arc::new(News::new(VISITS)?),
            refusals: Arc::new(News::new(REFUSALS)?),
        })
    }

    /// Who was given which zone, until the control plane takes it.
    pub(crate) fn visits(&self) -> &Visits {
        &self.visits
    }

    /// Who was refused which zone, until the control plane takes it.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Remembers that a client does not get a zone. Over UDP its address may be anybody's.
    fn refuse(&self, request: &Request<'_>, query: &Query<'_>, error: Rcode) {
        if request.transport == Transport::Tcp {
            self.refusals.put(Refusal {
                origin: query.question.qname.to_lower(),
                client: request.client,
                key: Tsig::read(query).map(|tsig| tsig.key.as_name().to_lower()),
                error: error.number(),
            });
        }
    }

    /// What becomes of a query that was refused because it asks for a zone. None: it stays refused.
    pub(crate) fn begin(
        &self,
        (zones, server): (&Zones, &Server),
        request: &Request<'_>,
        chance: &mut Chance,
        reply: &mut [u8],
    ) -> Option<Begun> {
        let query = Query::parse(request.message).ok()?;
        let kind = match (query.question.qtype, request.transport) {
            (Rtype::AXFR, Transport::Tcp) => TransferKind::Axfr,
            (Rtype::IXFR, _) => TransferKind::Ixfr,
            _ => return None, // RFC 5936 section 4.2: AXFR is for TCP alone
        };
        let zone = zones.served(query.question.qname).ok()?;
        let mut signer = match admit(server, request, &query, &zone.access.load()) {
            Ok(signer) => signer,
            Err(error) => {
                self.refuse(request, &query, error);
                return None;
            }
        };
        let copy = zone.copy.load_full();
        let begun = copy
            .ok_or(NOT_READY)
            .and_then(|copy| content(&copy, &query, kind))
            .and_then(|content| Ok((self.place_for(&content, (request, &query))?, content)));
        let (place, mut content) = match begun {
            Ok(begun) => begun,
            Err(Declined(rcode, error)) => {
                let told = (rcode, error);
                let asked = (request, signer.as_mut());
                let outcome = refuse_transfer(server, asked, chance, reply, told);
                return Some(Begun::over(outcome, Kind::Refused));
            }
        };
        let expire_s = zones.expire_s(
            LowerName::new(query.question.qname).folded(),
            request.now_ns,
        );
        let asked = (request, signer.as_mut(), expire_s);
        let outcome = respond_with(server, asked, chance, reply, |writer| {
            write_first(&mut content, writer, request.transport)
        });
        let transfer = Transfer {
            query: request.message.into(),
            content,
            signer,
            _place: place,
            _visit: None,
        };
        Some(self.begun((kind, outcome), transfer, (request, &query)))
    }

    /// What is sent after the first message, and who is noted as having been here.
    fn begun(
        &self,
        (kind, outcome): (TransferKind, Outcome),
        transfer: Transfer,
        (request, query): (&Request<'_>, &Query<'_>),
    ) -> Begun {
        // Whoever's cookie is malformed has been told so, and nothing else.
        let is_given = matches!(&outcome, Outcome::Answered(summary) if summary.rcode == Rcode::NOERROR.number());
        if !is_given {
            return Begun::over(outcome, Kind::Refused);
        }
        // Whoever has the version already, or has to ask over TCP, is sent nothing of the zone.
        let visit = (!transfer.content.is_current_soa()).then(|| Visit {
            visits: Arc::clone(&self.visits),
            entry: Some((query.question.qname.to_lower(), request.client)),
        });
        let begun = Begun::over(outcome, Kind::Transfer(kind));
        if transfer.is_over() {
            return Begun { visit, ..begun };
        }
        let rest = Transfer {
            _visit: visit,
            ..transfer
        };
        Begun {
            rest: Some(Box::new(rest)),
            ..begun
        }
    }

    /// One of the places for transfers at once. What is one message anyhow needs none: a decision
    /// reaches its secondaries also while others are fetching large zones.
    fn place_for(
        &self,
        content: &Content,
        (request, query): (&Request<'_>, &Query<'_>),
    ) -> Result<Option<Place>, Declined> {
        if request.transport == Transport::Udp || content.is_one_message() {
            return Ok(None);
        }
        let more = |running| (running < self.most).then_some(running + 1);
        let taken = self
            .running
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken
            .map(|_| Some(Place(Arc::clone(&self.running))))
            .map_err(|_| {
                self.refuse(request, query, Rcode::NOERROR);
                NOT_READY
            })
    }
}

/// Who signs the answer, if anybody does; or why the client may not have the zone.
fn admit(
    server: &Server,
    request: &Request<'_>,
    query: &Query<'_>,
    access: &Access,
) -> Result<Option<Signer>, Rcode> {
    let signer = match server.judge_signature(query, request.wall_s) {
        Signature::None => None,
        Signature::Valid(signer) => Some(signer),
        Signature::Bad(bad) => return Err(bad.error()),
        Signature::Malformed => return Err(Rcode::FORMERR),
    };
    let key = signer.as_ref().map(|signer| signer.key().name());
    if access.permits(request.client, key) {
        return Ok(signer);
    }
    Err(Rcode::REFUSED)
}

fn content(copy: &Copy, query: &Query<'_>, kind: TransferKind) -> Result<Content, Declined> {
    match kind {
        TransferKind::Axfr => Ok(Content::whole(copy)),
        // RFC 1995 section 3: a client says what it has.
        TransferKind::Ixfr => query
            .authority_serial()
            .map(|serial| Content::since(copy, serial))
            .ok_or(Declined(Rcode::FORMERR, None)),
    }
}

/// What the first message has room for.
fn write_first(
    content: &mut Content,
    writer: &mut Writer<'_>,
    transport: Transport,
) -> Result<(), Full> {
    let start = writer.mark();
    match (content.write(writer), transport) {
        // RFC 1995 section 2: what is too long for a datagram is asked for over TCP.
        (Err(Full), Transport::Udp) => {
            writer.rollback(start);
            *content = Content::current(content.zone());
            content.write(writer)
        }
        // What did not fit is for the next message.
        (Err(Full), Transport::Tcp) if writer.has_answers() => Ok(()),
        (written, _) => written,
    }
}
