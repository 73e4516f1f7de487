//! What is asked about a zone, and what the answer gives.

use understudy_wire::{
    Class, EXPIRE, Header, Name, NameBuf, Opcode, Rcode, Reply, ReplyRecord, Rtype, Serial,
    push_expanded,
};
use understudy_zone::{Incoming, IncomingError, Loaded, Progress, Received, Zone};

/// What is to be known of a zone, or had.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Which version the primary has.
    Serial(NameBuf),
    /// The zone, all of it (AXFR, RFC 5936).
    Whole(NameBuf),
    /// A version that is newer than this one, which has no steered sets (IXFR, RFC 1995).
    Newer(Zone),
}

/// What came of a wish.
#[derive(Debug)]
pub enum Found {
    /// The primary has this version.
    Serial {
        /// Its serial.
        serial: Serial,
        /// For how many seconds it is good there, if the primary says so (RFC 7314).
        expire_s: Option<u32>,
    },
    /// The zone, or what is newer.
    Version(Loaded),
    /// The primary says no.
    Refused(Rcode),
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    More,
    Done,
    Refused(Rcode),
    Unusable,
}

/// An answer that is coming in.
#[derive(Debug)]
pub(super) enum Awaited {
    Serial(SerialAnswer),
    Version(Incoming),
}

impl Wish {
    fn origin(&self) -> Name<'_> {
        match self {
            Self::Serial(origin) | Self::Whole(origin) => origin.as_name(),
            Self::Newer(held) => held.origin(),
        }
    }

    fn rtype(&self) -> Rtype {
        match self {
            Self::Serial(_) => Rtype::SOA,
            Self::Whole(_) => Rtype::AXFR,
            Self::Newer(_) => Rtype::IXFR,
        }
    }
}

impl Awaited {
    /// The answer to `query` with this id. Of a zone no more octets than `limit` are taken.
    pub(super) fn new(id: u16, wish: &Wish, limit: usize) -> Self {
        let incoming = match wish {
            Wish::Serial(origin) => return Self::Serial(SerialAnswer::new(id, *origin)),
            Wish::Whole(origin) => Incoming::whole(origin.as_name(), id, None, limit),
            Wish::Newer(held) => Incoming::differences(held.clone(), id, limit),
        };
        Self::Version(incoming)
    }

    pub(super) fn feed(&mut self, message: &[u8]) -> Heard {
        let incoming = match self {
            Self::Serial(answer) => return answer.feed(message),
            Self::Version(incoming) => incoming,
        };
        match incoming.feed(message) {
            Ok(Progress::More) => Heard::More,
            Ok(Progress::Done) => Heard::Done,
            Err(IncomingError::Refused(rcode)) => Heard::Refused(rcode),
            Err(_) => Heard::Unusable,
        }
    }

    /// None: it gave nothing, after all.
    pub(super) fn finish(self) -> Option<Found> {
        match self {
            Self::Serial(answer) => answer.found,
            Self::Version(incoming) => match incoming.finish() {
                Ok(Received::Newer(loaded)) => Some(Found::Version(loaded)),
                Ok(Received::Current) | Err(_) => None,
            },
        }
    }
}

/// The answer to a query for the SOA.
#[derive(Debug)]
pub(super) struct SerialAnswer {
    id: u16,
    origin: NameBuf,
    found: Option<Found>,
}

impl SerialAnswer {
    fn new(id: u16, origin: NameBuf) -> Self {
        Self {
            id,
            origin,
            found: None,
        }
    }

    fn feed(&mut self, message: &[u8]) -> Heard {
        let Some(reply) = Reply::parse(message).filter(|reply| self.is_ours(reply)) else {
            return Heard::Unusable;
        };
        if reply.header.rcode() != Rcode::NOERROR {
            return Heard::Refused(reply.header.rcode());
        }
        let serial = reply
            .answers()
            .map_while(|record| record)
            .find_map(|record| self.serial(message, &record));
        match serial {
            Some(serial) if reply.header.has(Header::AA) && !reply.header.has(Header::TC) => {
                let octets = reply.option(EXPIRE).and_then(|it| it.try_into().ok());
                let expire_s = octets.map(u32::from_be_bytes);
                self.found = Some(Found::Serial { serial, expire_s });
                Heard::Done
            }
            _ => Heard::Unusable,
        }
    }

    fn is_ours(&self, reply: &Reply<'_>) -> bool {
        let header = reply.header;
        let is_answer = header.is_response() && header.id() == self.id;
        let is_same = reply.question.is_some_and(|question| {
            question.qname == self.origin.as_name()
                && question.qclass == Class::IN
                && question.qtype == Rtype::SOA
        });
        is_answer && is_same && header.opcode() == Opcode::QUERY
    }

    /// The serial, if this is the SOA of the zone.
    fn serial(&self, message: &[u8], record: &ReplyRecord) -> Option<Serial> {
        let mut octets = Vec::new();
        push_expanded(message, record.owner_at, &mut octets)?;
        let owner = Name::from_octets(&octets).ok()?;
        if record.rtype != Rtype::SOA || record.class != Class::IN || owner != self.origin.as_name()
        {
            return None;
        }
        let after = push_expanded(message, record.rdata_at, &mut octets)?;
        let numbers_at = push_expanded(message, after, &mut octets)?;
        let numbers = message.get(numbers_at..record.rdata_end)?;
        let numbers: &[u8; 20] = numbers.try_into().ok()?; // RFC 1035 section 3.3.13
        let (serial, _) = numbers.split_first_chunk()?;
        Some(Serial::new(u32::from_be_bytes(*serial)))
    }
}

/// An OPT record that takes messages of any length and asks how long the zone is good (RFC 7314 section 4).
const ASKING_EXPIRE: [u8; 15] = [0, 0, 41, 0xff, 0xff, 0, 0, 0, 0, 0, 4, 0, 9, 0, 0];

/// A pointer to the name in the question (RFC 1035 section 4.1.4).
const QNAME: [u8; 2] = [0xc0, 12];

/// RFC 5936 section 2.1, RFC 1995 section 3. None: no message could be that long.
pub(super) fn query(id: u16, wish: &Wish) -> Option<Vec<u8>> {
    let authorities = u8::from(matches!(wish, Wish::Newer(_)));
    let [high, low] = id.to_be_bytes();
    let mut query = vec![high, low, 0, 0, 0, 1, 0, 0, 0, authorities, 0, 1];
    query.extend_from_slice(wish.origin().octets());
    query.extend_from_slice(&wish.rtype().number().to_be_bytes());
    query.extend_from_slice(&CLASS_IN);
    if let Wish::Newer(held) = wish {
        let soa = held.soa();
        let rdata = soa.rdatas().next()?;
        query.extend_from_slice(&QNAME);
        query.extend_from_slice(&Rtype::SOA.number().to_be_bytes());
        query.extend_from_slice(&CLASS_IN);
        query.extend_from_slice(&soa.ttl.to_be_bytes());
        query.extend_from_slice(&u16::try_from(rdata.len()).ok()?.to_be_bytes());
        query.extend_from_slice(rdata);
    }
    query.extend_from_slice(&ASKING_EXPIRE);
    Some(query)
}

const CLASS_IN: [u8; 2] = 1_u16.to_be_bytes();
