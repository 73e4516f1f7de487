//! Queries over UDP that are longer than what is read of them.
//!
//! A message that does not fit into what a server says that it takes belongs on TCP (RFC 6891 section
//! 6.2.4), and no well-formed one deserves silence, which looks like a dead server (RFC 8906 section
//! 2). So who asks with one is told to come over TCP, where all of it is read and gets what it gets.

use understudy_wire::{
    Edns, Full, HEADER_OCTETS, Header, Opcode, Query, Question, Rcode, Refusal,
    Silence as NoAnswer, Writer,
};

use crate::edns::Extras;
use crate::outcome::{CookieUse, Outcome, Request, Silence, Subject, Summary};
use crate::server::Server;

/// What could be read of a message's beginning.
struct Begun<'m> {
    header: Header,
    question: Option<Question<'m>>,
    edns: Option<Edns<'m>>,
    /// The DO bit where there is an OPT record of which nothing else is known.
    opt: Option<bool>,
}

impl<'m> Begun<'m> {
    fn read(beginning: &'m [u8]) -> Result<Self, NoAnswer> {
        let (header, question, edns, opt) = match Query::parse(beginning) {
            Ok(query) | Err(Refusal::BadVersion(query)) => {
                (query.header, Some(query.question), query.edns, None)
            }
            Err(Refusal::Malformed {
                header,
                question,
                opt,
                ..
            }) => {
                let records = question.map(|question| HEADER_OCTETS + question.octets.len());
                let edns = records.and_then(|at| Edns::in_beginning(beginning, at));
                (header, question, edns, opt)
            }
            Err(Refusal::UnknownOpcode(header)) => (header, None, None, None),
            Err(Refusal::NoQuestion(query)) => (query.header, None, query.edns, None),
            Err(Refusal::Silent(why)) => return Err(why),
        };
        Ok(Begun {
            header,
            question,
            edns,
            opt,
        })
    }

    /// What it gets: TC for a question; what is no question or none that is known, what it would get
    /// if it were whole.
    fn rcode(&self, cookies: CookieUse) -> Rcode {
        match (self.header.opcode(), self.question) {
            _ if cookies == CookieUse::Malformed => Rcode::FORMERR,
            (Opcode::QUERY, Some(_)) => Rcode::NOERROR,
            (Opcode::QUERY | Opcode::NOTIFY, _) | (Opcode::UPDATE, None) => Rcode::FORMERR,
            _ => Rcode::NOTIMP,
        }
    }
}

/// The response to a message of which `request` has the beginning: TC, the question, and what the
/// options that were read ask for.
///
/// It has no records, so that it is much shorter than what was sent: whoever forges addresses gains
/// nothing. To a rate limit all of them are one subject.
#[cold]
#[inline(never)]
pub fn turn_to_tcp(server: &Server, request: &Request<'_>, reply: &mut [u8]) -> Outcome {
    match Begun::read(request.message) {
        Ok(begun) => write(server, request, &begun, reply)
            .map_or(Outcome::Silent(Silence::NoRoom), Outcome::Answered),
        Err(NoAnswer::Short) => Outcome::Silent(Silence::Short),
        Err(NoAnswer::Response) => Outcome::Silent(Silence::Response),
    }
}

fn write(
    server: &Server,
    request: &Request<'_>,
    begun: &Begun<'_>,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let limit = reply.len().min(usize::from(Server::LEAST_UDP_SIZE));
    let extras = match &begun.edns {
        Some(edns) if edns.version == 0 => Extras::read(server, edns, request),
        _ => Extras::default(),
    };
    let mut writer = Writer::response(reply, limit, &begun.header)?;
    let rcode = begun.rcode(extras.cookies);
    let is_truncated = rcode == Rcode::NOERROR;
    writer.set_rcode(rcode);
    if is_truncated {
        writer.set_flags(Header::TC);
    }
    if let Some(question) = &begun.question {
        writer.question(question)?;
    }
    let options = extras.options(limit);
    match (&begun.edns, begun.opt) {
        (Some(edns), _) => writer.opt(&options.opt(server, edns))?,
        (None, Some(dnssec_ok)) => writer.opt(&server.plain_opt(dnssec_ok))?,
        (None, None) => (),
    }
    Ok(Summary {
        length: writer.finish(),
        rcode: rcode.number(),
        qtype: begun.question.map(|question| question.qtype.number()),
        is_truncated,
        cookies: extras.cookies,
        subject: Subject {
            labels: 0,
            has_type: false,
        },
        ..Summary::default()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use understudy_wire::{CookieSecret, CookieSecrets};

    use super::*;
    use crate::outcome::Transport;
    use crate::server::CookieJar;

    const NAME: &[u8] = b"\x03www\x07example\x03com\x00";

    /// A message with these header words and sections.
    fn message(flags: u16, counts: [u16; 4], sections: &[&[u8]]) -> Vec<u8> {
        let mut octets = vec![0xab, 0xcd];
        for word in [flags].iter().chain(&counts) {
            octets.extend(word.to_be_bytes());
        }
        octets.extend(sections.concat());
        octets
    }

    fn server() -> Server {
        let (current, other) = (CookieSecret::new([7; 16]), None);
        let jar = CookieJar::new(CookieSecrets { current, other });
        let server = Server::new(1232, "", "here").unwrap();
        server.with_cookies(Arc::new(jar))
    }

    fn answered(beginning: &[u8]) -> Option<(Summary, Vec<u8>)> {
        let mut reply = [0; 1232];
        let request = Request {
            message: beginning,
            client: [192, 0, 2, 1].into(),
            transport: Transport::Udp,
            now_ns: 0,
            wall_s: 1_700_000_000,
        };
        match turn_to_tcp(&server(), &request, &mut reply) {
            Outcome::Answered(summary) => Some((summary, reply[..summary.length].to_vec())),
            Outcome::Silent(_) => None,
        }
    }

    fn question() -> Vec<u8> {
        [NAME, &[0, 1, 0, 1]].concat()
    }

    /// An option that says to be longer than what was read.
    const CUT_OPT: &[u8] = b"\x00\x00\x29\x10\x00\x00\x00\x80\x00\x13\x88\x00\x0c\x13\x84\x00\x00";

    #[test]
    fn a_question_is_sent_to_tcp_with_edns_if_it_came_with_it() {
        let (summary, reply) =
            answered(&message(0x0100, [1, 0, 0, 1], &[&question(), CUT_OPT])).unwrap();
        assert!(summary.is_truncated);
        assert_eq!((summary.rcode, summary.qtype), (0, Some(1)));
        let opt = b"\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00";
        assert_eq!(reply, message(0x8300, [1, 0, 0, 1], &[&question(), opt]));
        let before: &[u8] = b"\x01a\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x02\x00\x29";
        let octets = message(0, [1, 1, 0, 1], &[&question(), before, CUT_OPT]);
        assert_eq!(
            answered(&octets).unwrap().1,
            message(0x8200, [1, 0, 0, 1], &[&question(), opt])
        );
        let foreign = [b"\x01a", CUT_OPT].concat();
        let octets = message(0, [1, 0, 0, 1], &[&question(), &foreign]);
        assert_eq!(
            answered(&octets).unwrap().1,
            message(0x8200, [1, 0, 0, 0], &[&question()])
        );
        let (_, reply) = answered(&message(0, [1, 0, 40, 0], &[&question(), NAME])).unwrap();
        assert_eq!(reply, message(0x8200, [1, 0, 0, 0], &[&question()]));
    }

    #[test]
    fn what_is_whole_and_has_something_behind_it_is_not_answered_as_if_it_were_all() {
        let (summary, _) = answered(&message(0, [1, 0, 0, 0], &[&question()])).unwrap();
        assert!(summary.is_truncated);
    }

    #[test]
    fn what_is_no_question_gets_what_it_would_get_if_it_were_whole() {
        for (octets, expected) in [
            (
                message(0, [0; 4], &[&[0; 64]]),
                message(0x8001, [0; 4], &[]),
            ),
            (
                message(0, [1, 0, 0, 0], &[&[9; 8]]),
                message(0x8001, [0; 4], &[]),
            ),
            (
                message(0, [2, 0, 0, 0], &[&question()]),
                message(0x8001, [0; 4], &[]),
            ),
            (message(0x1000, [0; 4], &[]), message(0x9004, [0; 4], &[])),
            (message(0x2800, [0; 4], &[]), message(0xa801, [0; 4], &[])),
            (
                message(0x2000, [1, 9, 0, 0], &[&question()]),
                message(0xa001, [1, 0, 0, 0], &[&question()]),
            ),
            (
                message(0x2800, [1, 0, 9, 0], &[&question()]),
                message(0xa804, [1, 0, 0, 0], &[&question()]),
            ),
        ] {
            let (summary, reply) = answered(&octets).unwrap();
            assert_eq!(reply, expected, "{octets:?}");
            assert_eq!(
                (summary.rcode, summary.is_truncated),
                (u16::from(expected[3]), false)
            );
        }
    }

    /// A question with these options, the last of which may have no end.
    fn with_options(version: u8, options: &[u8]) -> Vec<u8> {
        let opt = [&[0, 0, 41, 4, 208, 0, version, 0, 0, 0x13, 0x88], options].concat();
        message(0, [1, 0, 0, 1], &[&question(), &opt])
    }

    const COOKIE: &[u8] = b"\x00\x0a\x00\x08clientsc";
    const NSID: &[u8] = b"\x00\x03\x00\x00";
    const PADDING: &[u8] = b"\x00\x0c\x13\x00\x00\x00";

    #[test]
    fn cookies_and_nsid_in_front_of_what_is_not_read_are_answered() {
        let (summary, reply) =
            answered(&with_options(0, &[COOKIE, NSID, PADDING].concat())).unwrap();
        assert_eq!((summary.cookies, summary.rcode), (CookieUse::New, 0));
        let options = &reply[12 + question().len() + 11..];
        assert_eq!(options.len(), 28 + 8);
        assert_eq!(&options[..12], b"\x00\x0a\x00\x18clientsc");
        assert_eq!(&options[28..], b"\x00\x03\x00\x04here");
        let (summary, again) =
            answered(&with_options(0, &[&options[..28], PADDING].concat())).unwrap();
        assert_eq!(summary.cookies, CookieUse::Valid);
        assert!(again.ends_with(&options[..28]), "ours, as it was given");
        for (version, options) in [(1, COOKIE), (0, PADDING), (0, &COOKIE[..11])] {
            let (summary, reply) = answered(&with_options(version, options)).unwrap();
            assert_eq!(summary.cookies, CookieUse::None);
            assert!(reply.ends_with(b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"));
            assert!(summary.is_truncated);
        }
    }

    #[test]
    fn a_cookie_of_an_impossible_length_is_malformed() {
        let options = [b"\x00\x0a\x00\x01c", PADDING].concat();
        let (summary, reply) = answered(&with_options(0, &options)).unwrap();
        assert_eq!((summary.rcode, summary.is_truncated), (1, false));
        assert_eq!(summary.cookies, CookieUse::Malformed);
        assert_eq!(reply[2..4], [0x80, 1]);
    }

    #[test]
    fn whatever_is_asked_for_is_one_subject() {
        let (one, _) = answered(&with_options(0, PADDING)).unwrap();
        let other = message(0, [1, 0, 40, 0], &[b"\x01a\x00\x00\x0f\x00\x01", NAME]);
        assert_eq!(one.subject, answered(&other).unwrap().0.subject);
        assert_eq!((one.subject.labels, one.subject.has_type), (0, false));
    }

    #[test]
    fn the_longest_response_is_a_third_of_the_shortest_such_query() {
        let label = [&[63][..], &[b'a'; 63]].concat();
        let name = [&label[..], &label, &label, &[61], &[b'a'; 61], &[0]].concat();
        let (long, cookie) = ("n".repeat(255), [COOKIE, NSID].concat());
        let opt = [&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0x13, 0x88], &cookie[..]].concat();
        let octets = message(0, [1, 0, 0, 1], &[&name, &[0, 1, 0, 1], &opt]);
        let request = Request {
            message: &octets,
            client: [192, 0, 2, 1].into(),
            transport: Transport::Udp,
            now_ns: 0,
            wall_s: 1_700_000_000,
        };
        let talkative = Server::new(4096, "", &long).unwrap();
        let mut reply = [0; 4096];
        let Outcome::Answered(summary) = turn_to_tcp(&talkative, &request, &mut reply) else {
            unreachable!("a question")
        };
        assert!(summary.length <= 512, "{}", summary.length);
        assert_eq!((summary.rcode, summary.is_truncated), (0, true));
    }

    #[test]
    fn responses_and_less_than_a_header_get_nothing() {
        assert!(answered(&message(0x8000, [1, 0, 0, 0], &[&question()])).is_none());
        assert!(answered(&[0; 11]).is_none());
    }
}
