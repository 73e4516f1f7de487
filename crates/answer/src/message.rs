//! What kind of message it is, and the frame that every response has.

use understudy_wire::{
    Class, Edns, EdnsOption, Full, Header, Opcode, Opt, Query, Question, Rcode, Refusal, Rtype,
    Silence as NoAnswer, Tsig, Writer,
};

use crate::chance::Chance;
use crate::outcome::{Outcome, Request, Silence, Summary, Transport};
use crate::resolve::{Zones, resolve};
use crate::response::Response;
use crate::server::Server;
use crate::{chaos, outcome};

/// What a client takes without EDNS (RFC 1035 section 2.3.4), and at least with it (RFC 6891
/// section 6.2.3).
const PLAIN_UDP_OCTETS: usize = 512;

/// The option that asks for, and tells, which server answers (RFC 5001 section 2).
const NSID: u16 = 3;

/// Header, longest question, OPT without options: what a response has before anything else.
const FRAME_OCTETS: usize = 12 + 255 + 4 + 11;

/// Writes the response to `request` into `reply`, whose length is the most that may be sent.
pub fn respond<Z: Zones>(
    zones: &Z,
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    let written = match Query::parse(request.message) {
        Ok(query) if query.signature.is_some() => {
            refuse_key(server, &query, request, chance, reply)
        }
        Ok(query) => {
            let asked = Asked::unsigned(&query, request);
            answer(zones, server, &asked, chance, reply)
        }
        Err(Refusal::Silent(NoAnswer::Short)) => return Outcome::Silent(Silence::Short),
        Err(Refusal::Silent(NoAnswer::Response)) => return Outcome::Silent(Silence::Response),
        Err(Refusal::UnknownOpcode(header)) => refuse(&header, None, Rcode::NOTIMP, reply),
        Err(Refusal::Malformed {
            header, question, ..
        }) => refuse(&header, question.as_ref(), Rcode::FORMERR, reply),
        Err(Refusal::BadVersion(query)) => {
            let asked = Asked::unsigned(&query, request);
            frame(server, &asked, chance, reply, |response| {
                response.writer.set_rcode(Rcode::BADVERS);
                Ok(())
            })
        }
    };
    written.map_or(Outcome::Silent(Silence::NoRoom), Outcome::Answered)
}

/// A well-formed query and the circumstances of its coming.
struct Asked<'a> {
    query: &'a Query<'a>,
    request: &'a Request<'a>,
    /// A signature by a key that is not known here.
    unknown_key: Option<&'a Tsig<'a>>,
}

impl<'a> Asked<'a> {
    fn unsigned(query: &'a Query<'a>, request: &'a Request<'a>) -> Self {
        Asked {
            query,
            request,
            unknown_key: None,
        }
    }
}

/// This server has no keys, so whoever signs a query learns that his is not known (RFC 8945 section
/// 5.2.1); with a record that makes no sense, that the message makes none (section 5.2).
#[inline(never)]
fn refuse_key(
    server: &Server,
    query: &Query<'_>,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let (header, question) = (&query.header, Some(&query.question));
    let Some(tsig) = Tsig::read(query) else {
        return refuse(header, question, Rcode::FORMERR, reply);
    };
    let asked = Asked {
        query,
        request,
        unknown_key: Some(&tsig),
    };
    let framed = frame(server, &asked, chance, reply, |response| {
        response.writer.set_rcode(Rcode::NOTAUTH);
        Ok(())
    });
    // Names so long that the record does not fit: the code alone must do.
    framed.or_else(|Full| refuse(header, question, Rcode::NOTAUTH, reply))
}

/// A response of a header and, where it could be read, the question.
fn refuse(
    header: &Header,
    question: Option<&Question<'_>>,
    rcode: Rcode,
    reply: &mut [u8],
) -> Result<outcome::Summary, Full> {
    let mut writer = Writer::response(reply, PLAIN_UDP_OCTETS, header)?;
    if let Some(question) = question {
        writer.question(question)?;
    }
    writer.set_rcode(rcode);
    let qtype = question.map(|question| question.qtype.number());
    let (is_truncated, is_steered) = (false, false);
    let length = writer.finish();
    Ok(Summary {
        length,
        rcode: rcode.number(),
        qtype,
        is_truncated,
        is_steered,
    })
}

fn answer<Z: Zones>(
    zones: &Z,
    server: &Server,
    asked: &Asked<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let Question { qtype, qclass, .. } = asked.query.question;
    let refusal = match (asked.query.header.opcode(), qclass) {
        (Opcode::QUERY, Class::IN) => refused_type(qtype),
        (Opcode::QUERY, Class::CH) => {
            return frame(server, asked, chance, reply, |response| {
                chaos::answer(server, response)
            });
        }
        (Opcode::QUERY, _) => Some(Rcode::REFUSED),
        _ => Some(Rcode::NOTIMP),
    };
    frame(server, asked, chance, reply, |response| match refusal {
        None => resolve(zones, response),
        Some(rcode) => {
            response.writer.set_rcode(rcode);
            Ok(())
        }
    })
}

/// Types that no zone has: transfers are refused, and of the other types of questions (RFC 6895
/// section 3.1) only ANY is implemented.
fn refused_type(qtype: Rtype) -> Option<Rcode> {
    match qtype {
        Rtype::ANY => None,
        Rtype::AXFR | Rtype::IXFR => Some(Rcode::REFUSED),
        _ => qtype.is_meta().then_some(Rcode::NOTIMP),
    }
}

/// Header and question before the sections, TC where they did not fit, and behind them OPT if the
/// client sent one (RFC 6891 section 6.1.1), then TSIG if its key is not known.
fn frame<'q, 'b>(
    server: &Server,
    asked: &Asked<'q>,
    chance: &mut Chance,
    reply: &'b mut [u8],
    sections: impl FnOnce(&mut Response<'q, 'b, '_>) -> Result<(), Full>,
) -> Result<Summary, Full> {
    let Asked { query, request, .. } = asked;
    let limit = size_limit(server, asked, reply.len());
    let mut response = Response {
        writer: Writer::response(reply, limit, &query.header)?,
        question: query.question,
        transport: request.transport,
        now_ns: request.now_ns,
        chance,
        is_steered: false,
        alias: None,
    };
    let nsid = query.edns.and_then(|edns| nsid(server, &edns, limit));
    let opt = query.edns.map(|edns| Opt {
        udp_size: server.udp_size(),
        dnssec_ok: edns.dnssec_ok,
        options: nsid.as_slice(),
    });
    if let Some(opt) = &opt {
        response.writer.reserve(opt.octets())?;
    }
    if let Some(tsig) = asked.unknown_key {
        response.writer.reserve(tsig.octets_unsigned())?;
    }
    response.writer.question(&query.question)?;
    let is_truncated = sections(&mut response).is_err();
    if is_truncated {
        response.writer.set_flags(Header::TC);
    }
    if let Some(opt) = &opt {
        response.writer.opt(opt)?;
    }
    if let Some(tsig) = asked.unknown_key {
        response.writer.tsig_unsigned(tsig, Rcode::BADKEY)?;
    }
    let (rcode, is_steered) = (response.writer.rcode().number(), response.is_steered);
    let (length, qtype) = (
        response.writer.finish(),
        Some(query.question.qtype.number()),
    );
    Ok(Summary {
        length,
        rcode,
        qtype,
        is_truncated,
        is_steered,
    })
}

/// Our name, for the client that asks for it. It is left out where it could crowd out the frame: the
/// option is a courtesy (RFC 5001 section 2.2), the answer is not.
fn nsid<'s>(server: &'s Server, edns: &Edns<'_>, limit: usize) -> Option<EdnsOption<'s>> {
    let octets = server.hostname_text()?;
    let is_asked = edns.version == 0 && edns.options().any(|option| option.code == NSID);
    (is_asked && FRAME_OCTETS + 4 + octets.len() <= limit)
        .then_some(EdnsOption { code: NSID, octets })
}

/// How long the response may be: over UDP the smaller of what the client takes and we send.
fn size_limit(server: &Server, asked: &Asked<'_>, room: usize) -> usize {
    if asked.request.transport == Transport::Tcp {
        return room;
    }
    let announced = asked
        .query
        .edns
        .map_or(0, |edns| usize::from(edns.udp_size));
    announced
        .max(PLAIN_UDP_OCTETS)
        .min(usize::from(server.udp_size()))
        .min(room)
}
