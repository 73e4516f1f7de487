//! What kind of message it is, and the frame that every response has.
//!
//! Whatever comes gets some answer, which is what RFC 8906 sections 3.1.1 to 3.1.5 and 3.2.1 to 3.2.7
//! ask of a server.

use understudy_wire::{
    Class, EXPIRE, Full, Header, LowerName, Opcode, Opt, Query, Question, Rcode, Refusal, Rtype,
    Signature, Signer, Silence as NoAnswer, Writer,
};

use crate::chance::Chance;
use crate::edns::{EXTENDED_ERROR, Extras, Options};
use crate::memory::{Memory, Source};
use crate::noting::Noting;
use crate::outcome::{
    CookieUse, ExtendedError, Outcome, Request, SignatureUse, Silence, Subject, Summary, Transport,
};
use crate::recent::{Circumstances, Look};
use crate::resolve::{Zones, resolve};
use crate::response::Response;
use crate::server::Server;
use crate::steering::Picker;
use crate::{chaos, direct};

/// Writes the response to `request` into `reply`, whose length is the most that may be sent.
pub fn respond<Z: Zones>(
    zones: &Z,
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    respond_remembering((zones, &mut Memory::none()), server, request, chance, reply)
}

/// As [`respond`], and keeps answers that took the long way for the next who asks the same.
///
/// The shortest way is taken here and not behind another call, so that its outcome is written where
/// the caller wants it.
#[inline(never)]
pub fn respond_remembering<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    if let (Some(version), Some(recent)) = (zones.version(), &mut memory.recent) {
        let room = reply.len();
        let circumstances = Circumstances { version, room };
        match recent.recall(circumstances, request, chance, reply) {
            Look::Found(outcome) => return outcome,
            Look::Wanted(hash) => {
                keep_whole((zones, memory), server, request, hash);
            }
            Look::Nothing => {}
        }
    }
    respond_anew((zones, memory), server, request, chance, reply)
}

/// Keeps the whole response to a request.
#[cold]
#[inline(never)]
fn keep_whole<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
    server: &Server,
    request: &Request<'_>,
    hash: u64,
) {
    let Some(recent) = &mut memory.recent else {
        return;
    };
    // An empty one stands in for it meanwhile, and takes its place if that ends in a panic.
    let mut recent = std::mem::take(recent);
    recent.keep(hash, request, &mut |request, chance, reply| {
        respond_anew((zones, memory), server, request, chance, reply)
    });
    memory.recent = Some(recent);
}

/// As [`respond_remembering`], where the whole response is not kept.
#[inline(never)]
fn respond_anew<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    let before = chance.clone();
    if let Some(outcome) = direct::respond((zones, memory), server, request, chance, reply) {
        return outcome;
    }
    // What was drawn on a way that was given up is drawn again, or variants that do not fit would
    // come less often than their weight says.
    *chance = before;
    respond_uncommonly((zones, memory), server, request, chance, reply)
}

/// To whatever the shortest way is not for.
#[inline(never)]
fn respond_uncommonly<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    let before = chance.clone();
    let from = (zones, &*memory);
    if let Some(outcome) = direct::respond_with_options(from, server, request, chance, reply) {
        return outcome;
    }
    *chance = before;
    respond_at_length((zones, memory), server, request, chance, reply)
}

/// The long way, which every message may go. Public for the fuzz targets, which hold the two ways
/// against each other.
#[doc(hidden)]
pub fn respond_at_length<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
    server: &Server,
    request: &Request<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    let parsed = Query::parse(request.message);
    // By reference: a query that is moved is copied.
    let written = match &parsed {
        Ok(query) if query.signature.is_some() => {
            let asked = Asked::new(query, request);
            signed(server, &asked, chance, reply, |asked, chance, reply| {
                answer((zones, memory), server, asked, chance, reply)
            })
        }
        Ok(query) => {
            let asked = Asked::new(query, request);
            answer((zones, memory), server, &asked, chance, reply)
        }
        Err(Refusal::Silent(NoAnswer::Short)) => return Outcome::Silent(Silence::Short),
        Err(Refusal::Silent(NoAnswer::Response)) => return Outcome::Silent(Silence::Response),
        Err(Refusal::UnknownOpcode(header)) => refuse(header, None, Rcode::NOTIMP, None, reply),
        Err(Refusal::Malformed {
            header,
            question,
            opt,
            ..
        }) => {
            // RFC 6891 section 7: that tells a client that EDNS is known here, and his message wrong.
            let opt = opt.map(|dnssec_ok| server.plain_opt(dnssec_ok));
            refuse(header, question.as_ref(), Rcode::FORMERR, opt, reply)
        }
        Err(Refusal::NoQuestion(query)) => {
            let asked = Asked::new(query, request);
            no_question(server, &asked, chance, reply)
        }
        Err(Refusal::BadVersion(query)) => {
            let asked = Asked::new(query, request);
            signed(server, &asked, chance, reply, |asked, chance, reply| {
                frame(server, asked, chance, reply, |response| {
                    response.writer.set_rcode(Rcode::BADVERS);
                    Ok(())
                })
            })
        }
    };
    written.map_or(Outcome::Silent(Silence::NoRoom), Outcome::Answered)
}

/// What a rate limit sends now and then in place of a response: no records, TC, and the client's
/// cookie, so that whoever is behind the flood in truth can ask over TCP or with that. The code is
/// that of the response: who reads no further is not told that a refused name is one of ours. A
/// message that was no ordinary query gets nothing.
pub fn slip(
    server: &Server,
    (request, kept): (&Request<'_>, &Summary),
    chance: &mut Chance,
    reply: &mut [u8],
) -> Outcome {
    let Ok(query) = Query::parse(request.message) else {
        return Outcome::Silent(Silence::Limited);
    };
    if query.header.opcode() != Opcode::QUERY {
        return Outcome::Silent(Silence::Limited); // to NOTIFY it would be an acknowledgement
    }
    let asked = Asked::new(&query, request);
    let written = frame(server, &asked, chance, reply, |response| {
        response.writer.set_rcode(Rcode::new(kept.rcode));
        Err(Full)
    });
    match written {
        Ok(summary) if summary.is_truncated => Outcome::Answered(Summary {
            is_slipped: true,
            ..summary
        }),
        // What is malformed in its options would be told over TCP as well.
        _ => Outcome::Silent(Silence::Limited),
    }
}

/// Frames records that the caller writes as the response to a query that [`respond`] refused as a
/// transfer, and signs it if there is a signer. What is malformed in its options is told instead. Whoever
/// asks is told that the zone is answered for so many seconds, the last of what is `asked`.
pub fn respond_with(
    server: &Server,
    asked: (&Request<'_>, Option<&mut Signer>, Option<u32>),
    chance: &mut Chance,
    reply: &mut [u8],
    records: impl FnOnce(&mut Writer<'_>) -> Result<(), Full>,
) -> Outcome {
    framed(server, asked, chance, reply, |response| {
        response.writer.set_flags(Header::AA);
        records(&mut response.writer)
    })
}

/// Refuses such a query for a reason of its own.
pub fn refuse_transfer(
    server: &Server,
    (request, signer): (&Request<'_>, Option<&mut Signer>),
    chance: &mut Chance,
    reply: &mut [u8],
    (rcode, error): (Rcode, Option<ExtendedError>),
) -> Outcome {
    framed(server, (request, signer, None), chance, reply, |response| {
        response.writer.set_rcode(rcode);
        response.error = error;
        Ok(())
    })
}

fn framed(
    server: &Server,
    (request, signer, expire_s): (&Request<'_>, Option<&mut Signer>, Option<u32>),
    chance: &mut Chance,
    reply: &mut [u8],
    sections: impl FnOnce(&mut Response<'_, '_, '_>) -> Result<(), Full>,
) -> Outcome {
    let Ok(query) = Query::parse(request.message) else {
        return Outcome::Silent(Silence::NoRoom);
    };
    let asked = Asked {
        signature_octets: signer.as_ref().map_or(0, |signer| signer.octets()),
        expire_s,
        ..Asked::new(&query, request)
    };
    let written = frame(server, &asked, chance, reply, sections).and_then(|summary| match signer {
        None => Ok(summary),
        Some(signer) => {
            let length = signer.sign(reply, summary.length, u64::from(request.wall_s))?;
            Ok(marked(summary, length, SignatureUse::Valid))
        }
    });
    written.map_or(Outcome::Silent(Silence::NoRoom), Outcome::Answered)
}

/// A well-formed query and the circumstances of its coming.
struct Asked<'a> {
    query: &'a Query<'a>,
    request: &'a Request<'a>,
    /// Octets that a signature will add to the response.
    signature_octets: usize,
    /// For how many seconds the zone is answered; None where it is not asked for, or not known.
    expire_s: Option<u32>,
}

impl<'a> Asked<'a> {
    fn new(query: &'a Query<'a>, request: &'a Request<'a>) -> Self {
        Asked {
            query,
            request,
            signature_octets: 0,
            expire_s: None,
        }
    }
}

/// Whoever asks for nothing but cookies gets them, and learns whether the old one was good (RFC 7873
/// section 5.4). Without cookies there is nothing that could be meant.
#[inline(never)]
fn no_question(
    server: &Server,
    asked: &Asked<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    frame(server, asked, chance, reply, |response| {
        match response.cookies {
            CookieUse::None => response.writer.set_rcode(Rcode::FORMERR),
            CookieUse::Wrong => response.writer.set_rcode(Rcode::BADCOOKIE),
            CookieUse::New | CookieUse::Valid | CookieUse::Malformed => (),
        }
        Ok(())
    })
}

/// To a signed query, signed as RFC 8945 section 5.3 says, what `answer` writes; or what is wrong with
/// its signature (section 5.2).
#[inline(never)]
fn signed(
    server: &Server,
    asked: &Asked<'_>,
    chance: &mut Chance,
    reply: &mut [u8],
    answer: impl FnOnce(&Asked<'_>, &mut Chance, &mut [u8]) -> Result<Summary, Full>,
) -> Result<Summary, Full> {
    let Asked { query, request, .. } = *asked;
    let with_room = |signature_octets| Asked {
        signature_octets,
        ..*asked
    };
    let now_s = u64::from(request.wall_s);
    match server.judge_signature(query, request.wall_s) {
        Signature::None => answer(asked, chance, reply),
        Signature::Malformed => refuse_signed(server, query, Rcode::FORMERR, reply),
        Signature::Valid(mut signer) => answer(&with_room(signer.octets()), chance, reply)
            .and_then(|summary| {
                let length = signer.sign(reply, summary.length, now_s)?;
                Ok(marked(summary, length, SignatureUse::Valid))
            })
            // Not even the question and a signature fit: over TCP they will.
            .or_else(|Full| frame(server, asked, chance, reply, |_| Err(Full))),
        Signature::Bad(mut bad) => {
            let asked = with_room(bad.octets());
            frame(server, &asked, chance, reply, |response| {
                response.writer.set_rcode(Rcode::NOTAUTH);
                Ok(())
            })
            .and_then(|summary| {
                let length = bad.tell(reply, summary.length, now_s)?;
                Ok(marked(summary, length, SignatureUse::of(bad.error())))
            })
            // Names so long that the record does not fit: the code alone must do.
            .or_else(|Full| refuse_signed(server, query, Rcode::NOTAUTH, reply))
        }
    }
}

fn marked(summary: Summary, length: usize, signature: SignatureUse) -> Summary {
    Summary {
        length,
        signature,
        ..summary
    }
}

fn refuse_signed(
    server: &Server,
    query: &Query<'_>,
    rcode: Rcode,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let opt = query.edns.map(|edns| server.plain_opt(edns.dnssec_ok));
    refuse(&query.header, Some(&query.question), rcode, opt, reply)
}

/// A response of a header and, where they could be read, the question and an OPT record.
fn refuse(
    header: &Header,
    question: Option<&Question<'_>>,
    rcode: Rcode,
    opt: Option<Opt<'_>>,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let mut writer = Writer::response(reply, usize::from(Server::LEAST_UDP_SIZE), header)?;
    if let Some(question) = question {
        writer.question(question)?;
    }
    writer.set_rcode(rcode);
    if let Some(opt) = opt {
        writer.reserve(opt.octets())?;
        writer.opt(&opt)?;
    }
    Ok(Summary {
        length: writer.finish(),
        rcode: rcode.number(),
        qtype: question.map(|question| question.qtype.number()),
        ..Summary::default()
    })
}

fn answer<Z: Zones>(
    (zones, memory): (&Z, &mut Memory),
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
        (Opcode::QUERY, _) => Some((Rcode::REFUSED, ExtendedError::NotSupported)),
        // Only some may say that a zone has changed, and of some zones only (RFC 1996 section 3.10).
        (Opcode::NOTIFY, Class::IN) => Some((Rcode::REFUSED, ExtendedError::Prohibited)),
        _ => Some((Rcode::NOTIMP, ExtendedError::NotSupported)),
    };
    let is_told = refusal.is_none() && qtype == Rtype::SOA;
    let asked = &Asked {
        expire_s: is_told.then(|| expire_s(zones, asked)).flatten(),
        ..*asked
    };
    frame(server, asked, chance, reply, |response| match refusal {
        None => {
            let noting = Noting::new(zones);
            resolve(&noting, response)?;
            if let Some(source) = noting.source() {
                keep(memory, source, response);
            }
            Ok(())
        }
        Some((rcode, error)) => {
            response.refuse(rcode, error);
            Ok(())
        }
    })
}

/// For how long the zone that is asked for will be answered (RFC 7314 section 3).
fn expire_s<Z: Zones>(zones: &Z, asked: &Asked<'_>) -> Option<u32> {
    let edns = asked.query.edns?;
    edns.options().find(|option| option.code == EXPIRE)?;
    let origin = LowerName::new(asked.query.question.qname);
    zones.expire_s(origin.folded(), asked.request.now_ns)
}

/// Keeps an answer that is the same for everybody who asks.
fn keep(memory: &mut Memory, source: Source, response: &Response<'_, '_, '_>) {
    let is_the_same = !response.picker.is_steered
        && !response.server.rotates()
        && response.error.is_none()
        && !direct::is_never_direct(response.question.qtype);
    if is_the_same && let Some(sections) = response.writer.sections() {
        memory.keep(source, &response.question, (&sections, response.subject));
    }
}

/// Types that no zone has: transfers are refused, and of the other types of questions (RFC 6895
/// section 3.1) only ANY is implemented. A question that cannot be meant is malformed (RFC 9824
/// section 3.5).
fn refused_type(qtype: Rtype) -> Option<(Rcode, ExtendedError)> {
    match qtype {
        Rtype::ANY => None,
        Rtype::AXFR | Rtype::IXFR => Some((Rcode::REFUSED, ExtendedError::Prohibited)),
        _ if qtype.is_never_asked() => Some((Rcode::FORMERR, ExtendedError::InvalidType)),
        _ => qtype
            .is_meta()
            .then_some((Rcode::NOTIMP, ExtendedError::NotSupported)),
    }
}

/// Header and question before the sections, TC where they did not fit, and behind them OPT if the
/// client sent one (RFC 6891 section 6.1.1); then there is room for the signature that follows.
fn frame<'q, 'b>(
    server: &Server,
    asked: &Asked<'q>,
    chance: &mut Chance,
    reply: &'b mut [u8],
    sections: impl FnOnce(&mut Response<'q, 'b, '_>) -> Result<(), Full>,
) -> Result<Summary, Full> {
    let Asked { query, request, .. } = asked;
    let mut extras = match &query.edns {
        Some(edns) if edns.has_options() && edns.version == 0 => {
            Extras::read(server, edns, request)
        }
        _ => Extras::default(),
    };
    extras.tell_expire(asked.expire_s);
    let limit = size_limit(server, asked, extras.cookies, reply.len());
    let mut response = Response {
        writer: Writer::response(reply, limit, &query.header)?,
        question: query.question,
        transport: request.transport,
        picker: Picker::new(server, request.now_ns, chance),
        server,
        subject: Subject::default(),
        cookies: extras.cookies,
        error: None,
        alias: None,
    };
    let mut options = query.edns.map(|_| extras.options(limit));
    if let (Some(edns), Some(options)) = (&query.edns, &options) {
        response
            .writer
            .reserve(options.opt(server, edns).octets())?;
    }
    response.writer.reserve(asked.signature_octets)?;
    if !query.question.octets.is_empty() {
        response.writer.question(&query.question)?;
    }
    let is_truncated = if extras.cookies == CookieUse::Malformed {
        response.writer.set_rcode(Rcode::FORMERR);
        false
    } else {
        sections(&mut response).is_err()
    };
    if is_truncated {
        response.writer.set_flags(Header::TC);
    }
    if let (Some(edns), Some(options)) = (&query.edns, &mut options) {
        explain(&mut response, options);
        response.writer.opt(&options.opt(server, edns))?;
    }
    Ok(summarize(&mut response, is_truncated))
}

/// Says more than the code does, where there is room left for it (RFC 8914 section 3).
fn explain(response: &mut Response<'_, '_, '_>, options: &mut Options<'_>) {
    let Some(error) = response.error else { return };
    let octets = error.octets();
    match response.writer.reserve(4 + octets.len()) {
        Ok(()) => options.push(EXTENDED_ERROR, octets),
        Err(Full) => response.error = None,
    }
}

fn summarize(response: &mut Response<'_, '_, '_>, is_truncated: bool) -> Summary {
    let qtype = response.question.qtype.number();
    let has_question = !response.question.octets.is_empty();
    Summary {
        rcode: response.writer.rcode().number(),
        qtype: has_question.then_some(qtype),
        is_truncated,
        is_steered: response.picker.is_steered,
        records: response.picker.records,
        cookies: response.cookies,
        signature: SignatureUse::None,
        error: response.error,
        subject: response.subject,
        is_slipped: false,
        length: response.writer.finish(),
    }
}

/// How long the response may be.
fn size_limit(server: &Server, asked: &Asked<'_>, cookies: CookieUse, room: usize) -> usize {
    if asked.request.transport == Transport::Tcp {
        return room;
    }
    let announced = asked.query.edns.map(|edns| edns.udp_size);
    server.udp_limit(announced, cookies).min(room)
}
