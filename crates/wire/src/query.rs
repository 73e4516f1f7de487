//! Reading what came in. Every count, length and pointer is checked here, once; whoever holds a
//! [`Query`] need not check again.

use crate::edns::{Edns, are_options_whole};
use crate::header::{HEADER_OCTETS, Header, Section};
use crate::name::Name;
use crate::numbers::{Class, Opcode, Rtype};
use crate::serial::Serial;

/// Behind more questions than these no OPT record is looked for.
/// chosen: somebody may send two by mistake; the walk over thousands would only help an attacker.
const QUESTIONS_READ: u16 = 4;

/// A question with its own octets, so that it can be returned in its own case.
#[derive(Clone, Copy, Debug)]
pub struct Question<'m> {
    /// The name asked for, case as it came.
    pub qname: Name<'m>,
    /// The type asked for.
    pub qtype: Rtype,
    /// The class asked for.
    pub qclass: Class,
    /// Name, type and class as they stood in the message.
    pub octets: &'m [u8],
}

/// A record of which only the frame has been looked at. Its owner may be compressed.
#[derive(Clone, Copy, Debug)]
pub struct RawRecord<'m> {
    /// Where the record begins in the message.
    pub offset: usize,
    /// Its type.
    pub rtype: Rtype,
    /// Its class.
    pub class: Class,
    /// Its TTL field.
    pub ttl: u32,
    /// Its rdata, names in it possibly compressed.
    pub rdata: &'m [u8],
    is_owner_root: bool,
}

/// A well-formed message with exactly one question, and an opcode that has this shape (QUERY,
/// IQUERY is not; NOTIFY and UPDATE are).
#[derive(Clone, Copy, Debug)]
pub struct Query<'m> {
    /// The whole message.
    pub octets: &'m [u8],
    /// Its header.
    pub header: Header,
    /// Its one question (UPDATE: its zone).
    pub question: Question<'m>,
    /// What its OPT record says, if there is one.
    pub edns: Option<Edns<'m>>,
    /// Its TSIG record, if the last record is one; [`Tsig`](crate::Tsig) reads it.
    pub signature: Option<RawRecord<'m>>,
}

/// Why a message gets no ordinary answer.
#[derive(Clone, Copy, Debug)]
pub enum Refusal<'m> {
    /// Send nothing.
    Silent(Silence),
    /// NOTIMP: the opcode is not one that has questions as QUERY has; only the header was read.
    UnknownOpcode(Header),
    /// FORMERR. The question is there if it could be read and is the only one.
    Malformed {
        /// The header, whose id, opcode and RD go back.
        header: Header,
        /// The question to return.
        question: Option<Question<'m>>,
        /// There is an OPT record, so the response has one too (RFC 6891 sections 6.1.1 and 7); its DO
        /// bit, false where it could not be read.
        opt: Option<bool>,
        /// What is wrong.
        fault: Fault,
    },
    /// BADVERS: well-formed, but of an EDNS version above 0 (RFC 6891 section 6.1.3).
    BadVersion(Query<'m>),
    /// Well-formed without a question, but with an OPT record that goes back (RFC 6891 section
    /// 6.1.1): whoever sends cookies may ask for nothing but cookies (RFC 7873 section 5.4). The
    /// question is an empty one, without octets.
    NoQuestion(Query<'m>),
}

/// Why a message is answered with silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Less than a header.
    Short,
    /// A response (RFC 1035 section 7.3): answering it could make two servers talk for ever.
    Response,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// QDCOUNT is 0, and no cookies are asked for: there is nothing to answer.
    NoQuestion,
    /// QDCOUNT is above 1 (RFC 9619 section 4).
    SeveralQuestions,
    /// The question does not hold a whole, uncompressed name, type and class.
    BadQuestion,
    /// A record ends after the message does, or its owner is not a name.
    BadRecord,
    /// Octets follow the last record.
    TrailingOctets,
    /// Two OPT records, one outside the additional section, an owner other than the root, or
    /// options that do not fill it (RFC 6891 section 6.1.1).
    BadOpt,
    /// A TSIG record that is not the last one (RFC 8945 section 5.1).
    MisplacedSignature,
}

impl<'m> Query<'m> {
    /// Read a message that came from anywhere.
    ///
    /// # Errors
    /// What to do instead of answering.
    #[expect(
        clippy::result_large_err,
        reason = "a box would allocate on the path of a query"
    )]
    pub fn parse(octets: &'m [u8]) -> Result<Self, Refusal<'m>> {
        let header = Header::parse(octets).ok_or(Refusal::Silent(Silence::Short))?;
        if header.is_response() {
            return Err(Refusal::Silent(Silence::Response));
        }
        if !matches!(
            header.opcode(),
            Opcode::QUERY | Opcode::NOTIFY | Opcode::UPDATE
        ) {
            return Err(Refusal::UnknownOpcode(header));
        }
        match header.qdcount() {
            0 => return Err(Self::parse_no_question(octets, header)),
            1 => (),
            _ => return Err(Self::parse_several_questions(octets, header)),
        }
        let (question, rest) = split_question(octets).ok_or(Refusal::Malformed {
            header,
            question: None,
            opt: None,
            fault: Fault::BadQuestion,
        })?;
        let mut query = Query {
            octets,
            header,
            question,
            edns: None,
            signature: None,
        };
        if let Err(fault) = query.read_records(rest) {
            return Err(Refusal::Malformed {
                header,
                question: Some(question),
                opt: query.dnssec_ok(fault),
                fault,
            });
        }
        match query.edns {
            Some(Edns { version: 1.., .. }) => Err(Refusal::BadVersion(query)),
            _ => Ok(query),
        }
    }

    /// The serial of the SOA record in the authority section, by which a client says what it has (RFC
    /// 1995 section 3).
    #[must_use]
    pub fn authority_serial(&self) -> Option<Serial> {
        /// Two names of one octet at least, and the five numbers, of which it is the first.
        const LEAST_OCTETS: usize = 22;
        let mut at = HEADER_OCTETS + self.question.octets.len();
        for _ in 0..self.header.count(Section::Answer) {
            (_, at) = split_record(self.octets, at)?;
        }
        for _ in 0..self.header.count(Section::Authority) {
            let record;
            (record, at) = split_record(self.octets, at)?;
            if record.rtype == Rtype::SOA && record.rdata.len() >= LEAST_OCTETS {
                let numbers = record.rdata.last_chunk::<20>()?;
                return numbers
                    .first_chunk()
                    .map(|it| Serial::new(u32::from_be_bytes(*it)));
            }
        }
        None
    }

    #[cold]
    fn parse_no_question(octets: &'m [u8], header: Header) -> Refusal<'m> {
        let mut query = Self::without_question(octets, header);
        let read = query.read_records(HEADER_OCTETS);
        let speaks_edns = query.edns.is_some_and(|edns| edns.version == 0);
        let is_whole = read.is_ok() && query.signature.is_none();
        if is_whole && speaks_edns && header.opcode() == Opcode::QUERY {
            return Refusal::NoQuestion(query);
        }
        Refusal::Malformed {
            header,
            question: None,
            opt: query.dnssec_ok(read.err().unwrap_or(Fault::NoQuestion)),
            fault: Fault::NoQuestion,
        }
    }

    #[cold]
    fn parse_several_questions(octets: &'m [u8], header: Header) -> Refusal<'m> {
        let mut query = Self::without_question(octets, header);
        let mut rest = (header.qdcount() <= QUESTIONS_READ).then_some(HEADER_OCTETS);
        for _ in 0..header.qdcount().min(QUESTIONS_READ) {
            rest = rest.and_then(|at| skip_name(octets, at)).map(|at| at + 4);
        }
        let read = rest.and_then(|at| query.read_records(at).err());
        Refusal::Malformed {
            header,
            question: None,
            opt: query.dnssec_ok(read.unwrap_or(Fault::SeveralQuestions)),
            fault: Fault::SeveralQuestions,
        }
    }

    /// The DO bit, if there is an OPT record, though it be the one at fault.
    fn dnssec_ok(&self, fault: Fault) -> Option<bool> {
        match self.edns {
            Some(edns) => Some(edns.dnssec_ok),
            None => (fault == Fault::BadOpt).then_some(false),
        }
    }

    fn without_question(octets: &'m [u8], header: Header) -> Self {
        Query {
            octets,
            header,
            question: Question {
                qname: Name::ROOT,
                qtype: Rtype::default(),
                qclass: Class::IN,
                octets: &[],
            },
            edns: None,
            signature: None,
        }
    }

    #[inline]
    fn read_records(&mut self, rest: usize) -> Result<(), Fault> {
        if !self.header.has_records() {
            return if rest == self.octets.len() {
                Ok(())
            } else {
                Err(Fault::TrailingOctets)
            };
        }
        self.read_sections(rest)
    }

    fn read_sections(&mut self, rest: usize) -> Result<(), Fault> {
        let mut at = rest;
        for section in [Section::Answer, Section::Authority, Section::Additional] {
            for _ in 0..self.header.count(section) {
                if self.signature.is_some() {
                    return Err(Fault::MisplacedSignature);
                }
                let record;
                (record, at) = split_record(self.octets, at).ok_or(Fault::BadRecord)?;
                match (record.rtype, section) {
                    (Rtype::OPT, Section::Additional) => self.take_opt(&record)?,
                    (Rtype::OPT, _) => return Err(Fault::BadOpt),
                    (Rtype::TSIG, Section::Additional) => self.signature = Some(record),
                    (Rtype::TSIG, _) => return Err(Fault::MisplacedSignature),
                    _ => (),
                }
            }
        }
        if at == self.octets.len() {
            Ok(())
        } else {
            Err(Fault::TrailingOctets)
        }
    }

    fn take_opt(&mut self, record: &RawRecord<'m>) -> Result<(), Fault> {
        if self.edns.is_some() || !record.is_owner_root || !are_options_whole(record.rdata) {
            return Err(Fault::BadOpt);
        }
        let [_, version, flags, _] = record.ttl.to_be_bytes();
        self.edns = Some(Edns {
            version,
            udp_size: record.class.number(),
            dnssec_ok: flags & 0x80 != 0,
            options: record.rdata,
        });
        Ok(())
    }
}

/// The question behind the header, and where it ends. A pointer could only point into the header.
#[inline]
pub(crate) fn split_question(message: &[u8]) -> Option<(Question<'_>, usize)> {
    let body = message.get(HEADER_OCTETS..)?;
    let (qname, rest) = Name::split_from(body).ok()?;
    let ([a, b, c, d], _) = rest.split_first_chunk()?;
    let (qtype, qclass) = (
        Rtype::new(u16::from_be_bytes([*a, *b])),
        Class::new(u16::from_be_bytes([*c, *d])),
    );
    let length = qname.octets().len() + 4;
    let question = Question {
        qname,
        qtype,
        qclass,
        octets: body.get(..length)?,
    };
    Some((question, HEADER_OCTETS + length))
}

/// The record that begins at `offset`, and where it ends.
pub(crate) fn split_record(message: &[u8], offset: usize) -> Option<(RawRecord<'_>, usize)> {
    let owner_end = skip_name(message, offset)?;
    let (fixed, rest) = message.get(owner_end..)?.split_first_chunk::<10>()?;
    let [type0, type1, class0, class1, ttl @ .., length0, length1] = *fixed;
    let rdata = rest.get(..usize::from(u16::from_be_bytes([length0, length1])))?;
    let record = RawRecord {
        offset,
        rtype: Rtype::new(u16::from_be_bytes([type0, type1])),
        class: Class::new(u16::from_be_bytes([class0, class1])),
        ttl: u32::from_be_bytes(ttl),
        rdata,
        is_owner_root: message.get(offset) == Some(&0),
    };
    Some((record, owner_end + fixed.len() + rdata.len()))
}

/// Where the possibly compressed name at `offset` ends. Follows pointers, so that a loop, a
/// forward pointer or a name of more than 255 octets is found; each pointer must point before the
/// place where its own part of the name began, which bounds the walk.
pub(crate) fn skip_name(message: &[u8], offset: usize) -> Option<usize> {
    let mut at = offset;
    let mut part = offset;
    let mut end = None;
    let mut length = 0;
    loop {
        let octet = *message.get(at)?;
        match octet {
            0 => {
                message.get(..=at)?;
                return Some(end.unwrap_or(at + 1));
            }
            1..=63 => {
                length += usize::from(octet) + 1;
                at += usize::from(octet) + 1;
            }
            0xc0.. => {
                let low = *message.get(at + 1)?;
                let target = usize::from(u16::from_be_bytes([octet & 0x3f, low]));
                if target >= part || target < HEADER_OCTETS {
                    return None;
                }
                end = end.or(Some(at + 2));
                part = target;
                at = target;
            }
            64..=191 => return None,
        }
        if length >= crate::name::MAX_NAME_OCTETS {
            return None;
        }
    }
}
