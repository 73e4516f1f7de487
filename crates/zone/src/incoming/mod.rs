//! A zone that comes in from another server: whole (AXFR, RFC 5936) or as differences (IXFR, RFC 1995),
//! message by message, all of it or nothing.
//!
//! ```text
//! first    -- the SOA that we have --------------> current
//! first    -- a newer SOA -----------------------> second
//! second   -- IXFR: the SOA that we have --------> deleting
//! second   -- anything else ---------------------> whole
//! whole    -- the SOA of the beginning ----------> done
//! deleting -- a newer SOA -----------------------> adding
//! adding   -- the SOA of the beginning ----------> done
//! adding   -- the SOA where the last one ended --> deleting
//! ```
//!
//! Everything that stands in the way is an error, the first of which ends it.

mod after;
mod changes;
mod covered;
mod error;

use understudy_wire::{
    Class, EXPIRE, Header, Name, NameBuf, Opcode, Rcode, Reply, ReplyRecord, Rtype, Serial,
    SerialRelation, push_expanded,
};

use crate::key::Key;
use crate::load::{self, Records, Stretch};
use crate::memory::{Claim, MAKING};
use crate::problem::Loaded;
use crate::rdata;
use crate::zone::Zone;
use changes::{Change, Changes};

pub use error::IncomingError;

/// Does the transfer go on?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Messages are missing.
    More,
    /// That was the last one.
    Done,
}

/// What a transfer gave.
#[derive(Debug)]
pub enum Received {
    /// The server has the version that we have.
    Current,
    /// A newer version.
    Newer(Loaded),
}

/// What has come of it so far.
#[derive(Debug)]
enum Stage {
    First,
    Second,
    Whole,
    Deleting(Changes, Serial),
    Adding(Changes, Serial),
    Current,
    WholeDone,
    ChangesDone(Changes),
    Failed,
}

/// A transfer that is coming in.
#[derive(Debug)]
pub struct Incoming {
    origin: NameBuf,
    id: u16,
    /// What we have.
    held: Option<Zone>,
    /// May differences from what we have come?
    is_incremental: bool,
    limit: usize,
    seen: usize,
    has_question: bool,
    /// The serial of the first SOA.
    offered: Serial,
    /// For how many seconds the server says that its version is good.
    expire_s: Option<u32>,
    stage: Stage,
    /// Of a zone that comes whole. The first SOA is kept here until it is known what follows.
    records: Records,
    /// What it will yet take of the memory.
    claim: Claim,
    /// The owner of the last record, and where its key is.
    owner: Vec<u8>,
    owner_key: Option<Stretch>,
}

/// A record of the transfer, whose owner is in [`Incoming::owner`].
#[derive(Clone, Copy)]
struct Part {
    rtype: Rtype,
    ttl: u32,
    stretch: (usize, usize),
    /// The serial, if this is the SOA of the zone.
    soa: Option<Serial>,
}

impl Incoming {
    /// The answer to an AXFR query with this id. What is held tells whether it brings something newer. More
    /// than `limit` octets, of messages or of what is kept of them, are refused.
    #[must_use]
    pub fn whole(origin: Name<'_>, id: u16, held: Option<Zone>, limit: usize) -> Self {
        Self {
            origin: origin.to_lower(),
            id,
            held,
            is_incremental: false,
            limit,
            seen: 0,
            has_question: false,
            offered: Serial::new(0),
            expire_s: None,
            stage: Stage::First,
            records: Records::default(),
            claim: Claim::default(),
            owner: Vec::new(),
            owner_key: None,
        }
    }

    /// The answer to an IXFR query with this id and the serial of what is held, which has no steered sets.
    #[must_use]
    pub fn differences(held: Zone, id: u16, limit: usize) -> Self {
        let origin = held.origin().to_buf();
        Self {
            is_incremental: true,
            ..Self::whole(origin.as_name(), id, Some(held), limit)
        }
    }

    /// Take the next message.
    ///
    /// # Errors
    /// The first thing that is wrong; nothing can come of the transfer any more.
    pub fn feed(&mut self, message: &[u8]) -> Result<Progress, IncomingError> {
        let progress = self.read(message);
        if progress.is_err() {
            // Who keeps the error may keep this as well: what it has is of no use, and others may need the room.
            self.stage = Stage::Failed;
            self.records = Records::default();
            self.claim = Claim::default();
        }
        progress
    }

    fn read(&mut self, message: &[u8]) -> Result<Progress, IncomingError> {
        let reply = Reply::parse(message).ok_or(IncomingError::Malformed("a message"))?;
        self.check_frame(&reply)?;
        if self.seen == 0 {
            let octets = reply.option(EXPIRE).and_then(|it| it.try_into().ok());
            self.expire_s = octets.map(u32::from_be_bytes);
        }
        self.seen = self.seen.saturating_add(message.len());
        let mut count = 0_usize;
        for record in reply.answers() {
            let record = record.ok_or(IncomingError::Malformed("a record"))?;
            if matches!(self.stage, Stage::Current) {
                break; // RFC 1995 section 2: one SOA says it all
            }
            self.take(message, &record)?;
            count += 1;
        }
        if count == 0 {
            return Err(IncomingError::Empty);
        }
        let kept_octets = self.records.memory_octets();
        if self.seen.max(kept_octets) > self.limit {
            return Err(IncomingError::TooLarge { limit: self.limit });
        }
        let changed_octets = self.changes().map_or(0, Changes::memory_octets);
        let taken = kept_octets.saturating_mul(MAKING - 1);
        self.claim.grow_to(taken.saturating_add(changed_octets))?;
        Ok(match self.stage {
            Stage::Current | Stage::WholeDone | Stage::ChangesDone(_) => Progress::Done,
            _ => Progress::More,
        })
    }

    /// Whether an IXFR has brought nothing yet but the SOA of a newer version. What says over UDP that all else did not
    /// fit (RFC 1995 section 2) says nothing over TCP: the rest may follow, or never come.
    #[must_use]
    pub fn has_only_soa(&self) -> bool {
        self.is_incremental && matches!(self.stage, Stage::Second)
    }

    /// What came of it.
    ///
    /// # Errors
    /// It broke off, or the zone breaks a rule.
    pub fn finish(self) -> Result<Received, IncomingError> {
        let loaded = match self.stage {
            Stage::Current => return Ok(Received::Current),
            Stage::WholeDone => load::from_records(self.records, self.origin.as_name())?,
            Stage::ChangesDone(changes) => changes.finish()?,
            _ => return Err(IncomingError::Unfinished),
        };
        Ok(Received::Newer(Loaded {
            expire_s: self.expire_s,
            ..loaded
        }))
    }

    fn changes(&self) -> Option<&Changes> {
        match &self.stage {
            Stage::Deleting(changes, _)
            | Stage::Adding(changes, _)
            | Stage::ChangesDone(changes) => Some(changes),
            _ => None,
        }
    }

    /// RFC 5936 section 2.2.
    fn check_frame(&mut self, reply: &Reply<'_>) -> Result<(), IncomingError> {
        let header = reply.header;
        if !header.is_response() || header.id() != self.id || header.opcode() != Opcode::QUERY {
            return Err(IncomingError::NotOurs);
        }
        if header.rcode() != Rcode::NOERROR {
            return Err(IncomingError::Refused(header.rcode()));
        }
        if header.has(Header::TC) {
            return Err(IncomingError::Malformed("a message that was cut off"));
        }
        match reply.question {
            Some(question) => {
                let asked = if self.is_incremental {
                    Rtype::IXFR
                } else {
                    Rtype::AXFR
                };
                let is_same = question.qname == self.origin.as_name()
                    && question.qclass == Class::IN
                    && question.qtype == asked;
                self.has_question = true;
                if is_same {
                    Ok(())
                } else {
                    Err(IncomingError::WrongQuestion)
                }
            }
            None if self.has_question => Ok(()),
            None => Err(IncomingError::WrongQuestion),
        }
    }

    fn take(&mut self, message: &[u8], record: &ReplyRecord) -> Result<(), IncomingError> {
        self.read_owner(message, record)?;
        let start = self.records.octet_count();
        let stretch = (record.rdata_at, record.rdata_end);
        let octets = self.records.octets_mut();
        if rdata::expand(record.rtype, message, stretch, octets).is_none() {
            return Err(IncomingError::BadRdata(self.owner_box(), record.rtype));
        }
        let is_apex = self.owner.len() == self.origin.as_name().octets().len();
        let soa = (record.rtype == Rtype::SOA && is_apex)
            .then(|| serial_of(self.records.octets(self.records.stretch_from(start))));
        let ttl = if record.ttl > MAX_TTL { 0 } else { record.ttl };
        let end = self.records.octet_count();
        let part = Part {
            rtype: record.rtype,
            ttl,
            stretch: (start, end),
            soa,
        };
        self.turn(part)
    }

    /// Read the owner, class and type of a record. An owner often is that of the record before.
    fn read_owner(&mut self, message: &[u8], record: &ReplyRecord) -> Result<(), IncomingError> {
        let start = self.records.octet_count();
        let to = self.records.octets_mut();
        push_expanded(message, record.owner_at, to).ok_or(IncomingError::Malformed("an owner"))?;
        let owner = to.get(start..).unwrap_or_default();
        if self.owner_key.is_none() || self.owner != owner {
            self.owner.clear();
            self.owner.extend_from_slice(owner);
            self.owner_key = None;
        }
        self.records.truncate(start);
        if self.owner_key.is_none() {
            let name =
                Name::from_octets(&self.owner).map_err(|_| IncomingError::Malformed("an owner"))?;
            let mut key = Key::APEX;
            if !key.set(name, self.origin.as_name()) {
                return Err(IncomingError::OutOfZone(Box::new(name.to_lower())));
            }
            self.owner_key = Some(self.records.push_key(key.as_octets()));
        }
        if record.class != Class::IN {
            return Err(IncomingError::WrongClass(self.owner_box()));
        }
        if record.rtype.is_meta() {
            return Err(IncomingError::MetaType(self.owner_box(), record.rtype));
        }
        Ok(())
    }

    fn owner_box(&self) -> Box<NameBuf> {
        Box::new(
            Name::from_octets(&self.owner)
                .unwrap_or(Name::ROOT)
                .to_lower(),
        )
    }

    fn turn(&mut self, part: Part) -> Result<(), IncomingError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Failed);
        self.stage = match stage {
            Stage::First => self.begin(part)?,
            Stage::Second => match (part.soa, self.held.as_ref().filter(|_| self.is_incremental)) {
                (Some(serial), Some(held)) if serial == held.serial() => {
                    let changes = Changes::new(held.clone());
                    self.drop_octets();
                    Stage::Deleting(changes, serial)
                }
                _ => self.take_whole(part)?,
            },
            Stage::Whole => self.take_whole(part)?,
            Stage::Deleting(changes, from) => self.delete(changes, from, part)?,
            Stage::Adding(changes, to) => self.add(changes, to, part)?,
            Stage::Current | Stage::WholeDone | Stage::ChangesDone(_) => {
                return Err(IncomingError::Trailing);
            }
            Stage::Failed => return Err(IncomingError::Unfinished),
        };
        Ok(())
    }

    fn begin(&mut self, part: Part) -> Result<Stage, IncomingError> {
        self.offered = part.soa.ok_or(IncomingError::WithoutSoa)?;
        self.keep(part);
        let Some(held) = self.held.as_ref().map(Zone::serial) else {
            return Ok(Stage::Second);
        };
        match self.offered.relation_to(held) {
            SerialRelation::Newer => Ok(Stage::Second),
            SerialRelation::Equal => Ok(Stage::Current),
            SerialRelation::Older | SerialRelation::Undefined => Err(IncomingError::Behind {
                held,
                offered: self.offered,
            }),
        }
    }

    fn take_whole(&mut self, part: Part) -> Result<Stage, IncomingError> {
        match part.soa {
            Some(serial) if serial == self.offered => Ok(Stage::WholeDone),
            Some(last) => Err(IncomingError::Changed {
                first: self.offered,
                last,
            }),
            None => {
                self.keep(part);
                Ok(Stage::Whole)
            }
        }
    }

    fn delete(
        &mut self,
        mut changes: Changes,
        from: Serial,
        part: Part,
    ) -> Result<Stage, IncomingError> {
        let result = match part.soa {
            Some(to) if !to.is_newer_than(from) => Err(IncomingError::Gap {
                expected: from,
                found: to,
            }),
            Some(to) => {
                changes.replace_soa(self.change(part));
                Ok(Stage::Adding(changes, to))
            }
            None => changes
                .delete(self.change(part))
                .map(|()| Stage::Deleting(changes, from)),
        };
        self.drop_octets();
        result
    }

    fn add(
        &mut self,
        mut changes: Changes,
        to: Serial,
        part: Part,
    ) -> Result<Stage, IncomingError> {
        let result = match part.soa {
            Some(serial) if serial != to => Err(IncomingError::Gap {
                expected: to,
                found: serial,
            }),
            Some(serial) if serial == self.offered => Ok(Stage::ChangesDone(changes)),
            Some(serial) => Ok(Stage::Deleting(changes, serial)),
            None => changes
                .add(self.change(part))
                .map(|()| Stage::Adding(changes, to)),
        };
        self.drop_octets();
        result
    }

    /// Keep a record of a zone that comes whole.
    fn keep(&mut self, part: Part) {
        let rdata = self.records.stretch_from(part.stretch.0);
        if let Some(key) = self.owner_key {
            let place = (0, part.stretch.0); // the order in which they came
            self.records.push(key, (part.rtype, part.ttl), rdata, place);
        }
    }

    fn change(&self, part: Part) -> Change<'_> {
        Change {
            owner: Name::from_octets(&self.owner).unwrap_or(Name::ROOT),
            rtype: part.rtype,
            ttl: part.ttl,
            rdata: self
                .records
                .octets(self.records.stretch_from(part.stretch.0)),
        }
    }

    /// Differences are kept elsewhere.
    fn drop_octets(&mut self) {
        self.records.truncate(0);
        self.owner_key = None;
    }
}

/// RFC 2181 section 8: a larger one is taken for 0.
const MAX_TTL: u32 = 0x7fff_ffff;

/// The serial in well-formed SOA rdata (RFC 1035 section 3.3.13).
fn serial_of(rdata: &[u8]) -> Serial {
    let start = rdata.len().saturating_sub(20);
    let octets = rdata.get(start..).and_then(|numbers| numbers.first_chunk());
    Serial::new(octets.map_or(0, |octets| u32::from_be_bytes(*octets)))
}
