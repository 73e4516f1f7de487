//! Queries over UDP that are longer than what is read of them.
//!
//! A message that does not fit into what a server says that it takes belongs on TCP (RFC 6891 section
//! 6.2.4), and no well-formed one deserves silence, which looks like a dead server (RFC 8906 section
//! 2). So who asks with one is told to come over TCP, where all of it is read and gets what it gets.

use understudy_answer::Summary;
use understudy_wire::{
    Full, HEADER_OCTETS, Header, Opcode, Opt, Query, Question, Rcode, Refusal, Rtype, Writer,
};

/// The response to a query of which this is the beginning; None: it is none.
///
/// Truncated and without records, so that the longest is a quarter of what was sent: whoever forges
/// addresses gains nothing. What cannot be read, or is no question, is told so.
#[cold]
#[inline(never)]
pub(crate) fn turn_to_tcp(beginning: &[u8], reply: &mut [u8]) -> Option<Summary> {
    let (header, question, dnssec_ok) = match Query::parse(beginning) {
        Ok(query) | Err(Refusal::BadVersion(query)) => {
            let dnssec_ok = query.edns.map(|edns| edns.dnssec_ok);
            (query.header, Some(query.question), dnssec_ok)
        }
        Err(Refusal::Malformed {
            header,
            question,
            opt,
            ..
        }) => {
            let opt = opt.or_else(|| cut_opt(beginning, question.as_ref()?));
            (header, question, opt)
        }
        Err(Refusal::UnknownOpcode(header)) => (header, None, None),
        Err(Refusal::NoQuestion(query)) => (query.header, None, Some(false)),
        Err(Refusal::Silent(_)) => return None,
    };
    write(&header, question.as_ref(), dnssec_ok, reply).ok()
}

/// The DO bit of an OPT record that begins in what was read, wherever it ends.
fn cut_opt(beginning: &[u8], question: &Question<'_>) -> Option<bool> {
    let mut rest = beginning.get(HEADER_OCTETS + question.octets.len()..)?;
    loop {
        let (is_root, behind) = split_owner(rest)?;
        let (frame, rdata) = behind.split_first_chunk()?;
        let [high, low, _, _, _, _, flags, _, long, short]: [u8; 10] = *frame;
        if is_root && Rtype::new(u16::from_be_bytes([high, low])) == Rtype::OPT {
            return Some(flags & 0x80 != 0);
        }
        rest = rdata.get(usize::from(u16::from_be_bytes([long, short]))..)?;
    }
}

/// Whether a record's owner is the root, and what follows it.
fn split_owner(octets: &[u8]) -> Option<(bool, &[u8])> {
    let mut rest = octets;
    loop {
        let (length, behind) = rest.split_first()?;
        match *length {
            0 => return Some((rest.len() == octets.len(), behind)),
            0xc0.. => return Some((false, behind.get(1..)?)),
            length => rest = behind.get(usize::from(length)..)?,
        }
    }
}

fn write(
    header: &Header,
    question: Option<&Question<'_>>,
    dnssec_ok: Option<bool>,
    reply: &mut [u8],
) -> Result<Summary, Full> {
    let limit = reply.len();
    let is_question = header.opcode() == Opcode::QUERY && question.is_some();
    let mut writer = Writer::response(reply, limit, header)?;
    if is_question {
        writer.set_flags(Header::TC);
    } else {
        writer.set_rcode(Rcode::FORMERR);
    }
    if let Some(question) = question {
        writer.question(question)?;
    }
    if let Some(dnssec_ok) = dnssec_ok {
        writer.opt(&Opt {
            udp_size: u16::try_from(limit).unwrap_or(u16::MAX),
            dnssec_ok,
            options: &[],
        })?;
    }
    Ok(Summary {
        rcode: writer.rcode().number(),
        length: writer.finish(),
        qtype: question.map(|question| question.qtype.number()),
        is_truncated: is_question,
        ..Summary::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn answered(beginning: &[u8]) -> Option<(Summary, Vec<u8>)> {
        let mut reply = [0; 1232];
        let summary = turn_to_tcp(beginning, &mut reply)?;
        Some((summary, reply[..summary.length].to_vec()))
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
    fn what_is_no_question_is_malformed() {
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
            (message(0x1000, [0; 4], &[]), message(0x9001, [0; 4], &[])),
            (
                message(0x2800, [1, 0, 9, 0], &[&question()]),
                message(0xa801, [1, 0, 0, 0], &[&question()]),
            ),
        ] {
            let (summary, reply) = answered(&octets).unwrap();
            assert_eq!(reply, expected, "{octets:?}");
            assert_eq!((summary.rcode, summary.is_truncated), (1, false));
        }
    }

    #[test]
    fn responses_and_less_than_a_header_get_nothing() {
        assert!(answered(&message(0x8000, [1, 0, 0, 0], &[&question()])).is_none());
        assert!(answered(&[0; 11]).is_none());
    }
}
