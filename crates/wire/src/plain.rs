//! The commonest message: a query with one question of class IN and nothing else, or nothing but an
//! OPT record without options.

use crate::edns::{Edns, are_options_whole};
use crate::header::{HEADER_OCTETS, Header};
use crate::lower::{Folded, LowerName};
use crate::name::Name;
use crate::numbers::{Class, Rtype};
use crate::query::Question;

/// QDCOUNT 1, the other counts 0.
const ONE_QUESTION: u64 = 1 << 48;

/// An OPT record without options, of version 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainOpt {
    /// The largest UDP response that the client takes, as sent.
    pub udp_size: u16,
    /// The DO bit.
    pub dnssec_ok: bool,
}

/// A plain query. What [`Query::parse`](crate::Query::parse) reads of the same octets is the same.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'m> {
    /// Its header.
    pub header: Header,
    /// Its question, of class IN.
    pub question: Question<'m>,
    /// Labels of the question's name, the root label not counted.
    pub labels: usize,
    /// Its OPT record, if it has one.
    pub opt: Option<PlainOpt>,
}

impl<'m> Plain<'m> {
    /// Read a message; None if it is anything but a plain query.
    #[inline(always)]
    #[must_use]
    pub fn parse(message: &'m [u8]) -> Option<Self> {
        let (head, body) = message.split_first_chunk::<HEADER_OCTETS>()?;
        // One question; no records, or one additional record.
        let counts = u64::from_be_bytes(*head.last_chunk()?);
        let has_opt = counts == ONE_QUESTION | 1;
        if !(has_opt || counts == ONE_QUESTION) {
            return None;
        }
        // QR and opcode.
        if head.get(2)? & 0xf8 != 0 {
            return None;
        }
        let (qname, labels, rest) = Name::split_counted(body)?;
        let ([type0, type1, 0, 1], rest) = rest.split_first_chunk()? else {
            return None;
        };
        let opt = match rest {
            [] if !has_opt => None,
            opt if has_opt => Some(PlainOpt::parse(opt)?),
            _ => return None,
        };
        let question = Question {
            qname,
            qtype: Rtype::new(u16::from_be_bytes([*type0, *type1])),
            qclass: Class::IN,
            octets: body.get(..qname.octets().len() + 4)?,
        };
        Some(Self {
            header: Header::of(head),
            question,
            labels,
            opt,
        })
    }

    /// Read a message that would be plain but for the options of its OPT record, and that record;
    /// None if it has no options.
    #[must_use]
    pub fn parse_with_options(message: &'m [u8]) -> Option<(Self, Edns<'m>)> {
        let (head, body) = message.split_first_chunk::<HEADER_OCTETS>()?;
        if u64::from_be_bytes(*head.last_chunk()?) != ONE_QUESTION | 1 || head.get(2)? & 0xf8 != 0 {
            return None;
        }
        let (qname, labels, rest) = Name::split_counted(body)?;
        let ([type0, type1, 0, 1], record) = rest.split_first_chunk()? else {
            return None;
        };
        let (opt, options) = record.split_first_chunk::<11>()?;
        let [
            0,
            0,
            41,
            size0,
            size1,
            _,
            version @ 0,
            flags,
            _,
            length @ ..,
        ] = *opt
        else {
            return None;
        };
        let is_whole = usize::from(u16::from_be_bytes(length)) == options.len();
        if options.is_empty() || !is_whole || !are_options_whole(options) {
            return None;
        }
        let (udp_size, dnssec_ok) = (u16::from_be_bytes([size0, size1]), flags & 0x80 != 0);
        let plain = Self {
            header: Header::of(head),
            question: Question {
                qname,
                qtype: Rtype::new(u16::from_be_bytes([*type0, *type1])),
                qclass: Class::IN,
                octets: body.get(..qname.octets().len() + 4)?,
            },
            labels,
            opt: Some(PlainOpt {
                udp_size,
                dnssec_ok,
            }),
        };
        let edns = Edns {
            version,
            udp_size,
            dnssec_ok,
            options,
        };
        Some((plain, edns))
    }

    /// The name asked for, ready for look-ups; `copy` is made use of where it is not in lower case.
    #[inline(always)]
    pub fn folded<'c>(&self, copy: &'c mut Option<LowerName>) -> Folded<'c>
    where
        'm: 'c,
    {
        Folded::of(self.question.qname, self.labels, copy)
    }
}

impl PlainOpt {
    #[inline(always)]
    fn parse(record: &[u8]) -> Option<Self> {
        let record = <[u8; 11]>::try_from(record).ok()?;
        let [0, 0, 41, size0, size1, _, 0, flags, _, 0, 0] = record else {
            return None;
        };
        Some(Self {
            udp_size: u16::from_be_bytes([size0, size1]),
            dnssec_ok: flags & 0x80 != 0,
        })
    }
}
