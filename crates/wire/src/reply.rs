//! Reading a response: its header, the question that it repeats, the records of its answer section, and
//! the options that it has with EDNS.

use crate::edns::Options;
use crate::header::{HEADER_OCTETS, Header, Section};
use crate::name::MAX_NAME_OCTETS;
use crate::numbers::{Class, Rtype};
use crate::query::{Question, split_question};

/// A response whose header and question are whole.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'m> {
    /// Its header.
    pub header: Header,
    /// The first question, if there is one: the messages behind the first of a transfer may have none
    /// (RFC 5936 section 2.2.1).
    pub question: Option<Question<'m>>,
    octets: &'m [u8],
    answers_at: usize,
}

/// A record as it stands in a response: names in it may be compressed.
#[derive(Clone, Copy, Debug)]
pub struct ReplyRecord {
    /// Where the owner begins.
    pub owner_at: usize,
    /// The type.
    pub rtype: Rtype,
    /// The class.
    pub class: Class,
    /// The TTL field.
    pub ttl: u32,
    /// Where the rdata begins.
    pub rdata_at: usize,
    /// Where it ends.
    pub rdata_end: usize,
}

impl<'m> Reply<'m> {
    /// Read a message; None if it is too short, has several questions, or a broken one.
    #[must_use]
    pub fn parse(octets: &'m [u8]) -> Option<Self> {
        let header = Header::parse(octets)?;
        let (question, answers_at) = match header.qdcount() {
            0 => (None, HEADER_OCTETS),
            1 => split_question(octets).map(|(question, end)| (Some(question), end))?,
            _ => return None,
        };
        Some(Self {
            header,
            question,
            octets,
            answers_at,
        })
    }

    /// The whole message.
    #[must_use]
    pub fn octets(&self) -> &'m [u8] {
        self.octets
    }

    /// The records of the answer section; None stands for the first that is broken, and ends it.
    pub fn answers(&self) -> impl Iterator<Item = Option<ReplyRecord>> {
        let mut at = Some(self.answers_at);
        let octets = self.octets;
        (0..self.header.count(Section::Answer)).map_while(move |_| {
            let record = split_reply_record(octets, at?);
            at = record.map(|record| record.rdata_end);
            Some(record)
        })
    }

    /// What an option of EDNS says; None: there is no such option, or the message cannot be read up to it.
    #[must_use]
    pub fn option(&self, code: u16) -> Option<&'m [u8]> {
        let sections = [Section::Answer, Section::Authority, Section::Additional];
        let count: u32 = sections
            .iter()
            .map(|section| u32::from(self.header.count(*section)))
            .sum();
        let mut at = self.answers_at;
        for _ in 0..count {
            let record = split_reply_record(self.octets, at)?;
            at = record.rdata_end;
            if record.rtype == Rtype::OPT {
                let rdata = self.octets.get(record.rdata_at..record.rdata_end)?;
                let mut options = Options(rdata);
                return options
                    .find(|option| option.code == code)
                    .map(|it| it.octets);
            }
        }
        None
    }
}

fn split_reply_record(message: &[u8], owner_at: usize) -> Option<ReplyRecord> {
    let owner_end = skip_labels(message, owner_at)?;
    let (fixed, rest) = message.get(owner_end..)?.split_first_chunk::<10>()?;
    let [type0, type1, class0, class1, ttl @ .., length0, length1] = *fixed;
    let length = usize::from(u16::from_be_bytes([length0, length1]));
    rest.get(..length)?;
    let rdata_at = owner_end + fixed.len();
    Some(ReplyRecord {
        owner_at,
        rtype: Rtype::new(u16::from_be_bytes([type0, type1])),
        class: Class::new(u16::from_be_bytes([class0, class1])),
        ttl: u32::from_be_bytes(ttl),
        rdata_at,
        rdata_end: rdata_at + length,
    })
}

/// Where the name at `at` ends; what a pointer leads to is not looked at.
fn skip_labels(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += usize::from(length) + 1,
            0xc0.. => return Some(at + 2),
            64..=191 => return None,
        }
    }
}

/// Append the name at `at` without compression, and say where it ends in the message. None if it is no
/// name of at most 255 octets; each pointer must point before the place where its own part of the name
/// began, which bounds the walk.
#[must_use]
pub fn push_expanded(message: &[u8], mut at: usize, to: &mut Vec<u8>) -> Option<usize> {
    let start = to.len();
    let mut part = at;
    let mut end = None;
    loop {
        match *message.get(at)? {
            0 => {
                to.push(0);
                let is_name = to.len() - start <= MAX_NAME_OCTETS;
                return is_name.then(|| end.unwrap_or(at + 1));
            }
            length @ 1..=63 => {
                let next = at + usize::from(length) + 1;
                to.extend_from_slice(message.get(at..next)?);
                at = next;
            }
            high @ 0xc0.. => {
                let low = *message.get(at + 1)?;
                let target = usize::from(u16::from_be_bytes([high & 0x3f, low]));
                if target >= part || target < HEADER_OCTETS {
                    return None;
                }
                end = end.or(Some(at + 2));
                part = target;
                at = target;
            }
            64..=191 => return None,
        }
        if to.len() - start >= MAX_NAME_OCTETS {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: [u8; HEADER_OCTETS] = [0x12, 0x34, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0];

    fn reply(body: &[u8]) -> Vec<u8> {
        [&HEAD[..], body].concat()
    }

    #[test]
    fn a_record_whose_owner_is_the_question_is_read() {
        let message =
            reply(b"\x01a\x02bc\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x7f\0\0\x01");
        let reply = Reply::parse(&message).unwrap();
        let records: Vec<_> = reply.answers().collect();
        let [Some(record)] = records[..] else {
            panic!("{records:?}");
        };
        let mut owner = Vec::new();
        assert_eq!(
            push_expanded(&message, record.owner_at, &mut owner),
            Some(record.owner_at + 2)
        );
        assert_eq!(owner, b"\x01a\x02bc\0");
        assert_eq!(
            (record.rtype, record.class, record.ttl),
            (Rtype::A, Class::IN, 5)
        );
        assert_eq!(message[record.rdata_at..record.rdata_end], [127, 0, 0, 1]);
    }

    #[test]
    fn the_first_broken_record_ends_the_answers() {
        let mut message = reply(b"\0\0\x01\0\x01\0\0\x01\0\x01\0\0\0\x05\0\x04\x7f\0\0");
        message[7] = 3;
        let reply = Reply::parse(&message).unwrap();
        assert!(matches!(reply.answers().collect::<Vec<_>>()[..], [None]));
    }

    #[test]
    fn several_questions_are_no_reply() {
        let mut message = reply(b"\0\0\x01\0\x01\0\0\x01\0\x01");
        message[5] = 2;
        assert!(Reply::parse(&message).is_none());
    }

    #[test]
    fn pointers_that_do_not_lead_back_are_no_names() {
        for body in [
            &b"\xc0\x0c"[..], // itself
            b"\xc0\x20",      // forwards
            b"\xc0\x02",      // into the header
            b"\x01a\xc0\x0c", // round and round
            b"\x40a\0",       // a label of no kind
            b"\x01a",         // no end
        ] {
            let message = reply(body);
            assert_eq!(
                push_expanded(&message, HEADER_OCTETS, &mut Vec::new()),
                None,
                "{body:?}"
            );
        }
    }

    #[test]
    fn a_name_has_255_octets_at_most() {
        let part = [&[63][..], &[b'x'; 63]].concat();
        let three = part.repeat(3);
        let fits = reply(&[&three[..], &[61], &[b'y'; 61], &[0]].concat());
        let exceeds = reply(&[&three[..], &[62], &[b'y'; 62], &[0]].concat());
        assert!(push_expanded(&fits, HEADER_OCTETS, &mut Vec::new()).is_some());
        assert!(push_expanded(&exceeds, HEADER_OCTETS, &mut Vec::new()).is_none());
    }
}
