//! What a transfer consists of, record by record (RFC 5936 section 2.2, RFC 1995 section 4).

use std::sync::Arc;

use understudy_wire::{Full, Name, Owner, Serial, Writer};
use understudy_zone::{Difference, Image, Record, Records, Walk, Zone};

use crate::copies::Copy;

/// Differences of no more octets than this are sent whatever the size of the zone: they are one
/// message, as the zone would be at least.
const ONE_MESSAGE: usize = 16_384;

/// Differences of more octets are sent as they were made. chosen: to put them together takes two
/// milliseconds per mebibyte, in which no other connection is served.
const CONDENSED: usize = 1 << 20;

/// The records of a transfer, of which some have been written.
#[derive(Debug)]
pub(super) struct Content {
    zone: Zone,
    stage: Stage,
    body: Body,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    FirstSoa,
    Body,
    LastSoa,
    Over,
}

#[derive(Debug)]
enum Body {
    Whole(Walk),
    Pressed(Pressed),
    Changes(Changes),
    Nothing,
}

/// A place in the image of a zone.
#[derive(Debug)]
struct Pressed {
    image: Image,
    piece: usize,
    /// How many records of the piece have been written.
    given: usize,
}

/// A place in differences: deletions, then additions of each.
#[derive(Debug)]
struct Changes {
    differences: Vec<Arc<Difference>>,
    /// Two for each difference.
    part: usize,
    /// How many octets of the part have been written.
    offset: usize,
}

impl Content {
    /// All of the zone.
    pub(super) fn whole(copy: &Copy) -> Self {
        let body = match &copy.image {
            None => Body::Whole(Walk::new(copy.zone.clone())),
            Some(image) => Body::Pressed(Pressed {
                image: image.clone(),
                piece: 0,
                given: 0,
            }),
        };
        Self::new(&copy.zone, Stage::FirstSoa, body)
    }

    /// The SOA record alone: there is nothing newer, or it is to be asked for over TCP.
    pub(super) fn current(zone: &Zone) -> Self {
        Self::new(zone, Stage::LastSoa, Body::Nothing)
    }

    /// What somebody lacks who has the version with this serial.
    pub(super) fn since(copy: &Copy, serial: Serial) -> Self {
        if !copy.zone.serial().is_newer_than(serial) {
            return Self::current(&copy.zone);
        }
        let parts = copy.history.since(serial).map(condensed);
        match parts.filter(|parts| is_worth_it(parts, &copy.zone)) {
            Some(differences) => {
                let body = Body::Changes(Changes {
                    differences,
                    part: 0,
                    offset: 0,
                });
                Self::new(&copy.zone, Stage::FirstSoa, body)
            }
            None => Self::whole(copy),
        }
    }

    fn new(zone: &Zone, stage: Stage, body: Body) -> Self {
        Self {
            zone: zone.clone(),
            stage,
            body,
        }
    }

    /// Is it one record, which always fits?
    pub(super) fn is_current_soa(&self) -> bool {
        matches!(self.body, Body::Nothing)
    }

    /// Is it one message however it is written, so that a slow reader holds nothing of it up?
    pub(super) fn is_one_message(&self) -> bool {
        match &self.body {
            Body::Nothing => true,
            Body::Changes(changes) => size_octets(&changes.differences) <= ONE_MESSAGE,
            Body::Whole(_) | Body::Pressed(_) => false,
        }
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Has everything been written?
    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Writes records until the message is full or all have been written.
    pub(super) fn write(&mut self, writer: &mut Writer<'_>) -> Result<(), Full> {
        loop {
            match self.stage {
                Stage::FirstSoa => {
                    self.put_soa(writer)?;
                    self.stage = Stage::Body;
                }
                Stage::Body => {
                    match &mut self.body {
                        Body::Whole(walk) => walk.go_on(|record| {
                            writer.below(record.labels, record.rtype, record.ttl, record.rdata)
                        })?,
                        Body::Pressed(pressed) => pressed.go_on(writer)?,
                        Body::Changes(changes) => changes.go_on(writer, self.zone.origin())?,
                        Body::Nothing => (),
                    }
                    self.stage = Stage::LastSoa;
                }
                Stage::LastSoa => {
                    self.put_soa(writer)?;
                    self.stage = Stage::Over;
                }
                Stage::Over => return Ok(()),
            }
        }
    }

    fn put_soa(&self, writer: &mut Writer<'_>) -> Result<(), Full> {
        let soa = self.zone.soa();
        let owner = Owner::QuestionEnding(self.zone.origin());
        writer.rrset(owner, soa.rtype, soa.ttl, soa.rdatas())
    }
}

impl Pressed {
    fn go_on(&mut self, writer: &mut Writer<'_>) -> Result<(), Full> {
        while let Some(piece) = self.image.piece(self.piece) {
            let (count, octets) = piece.fitting(self.given, writer.room());
            writer.pressed(count, octets)?;
            self.given += count;
            if self.given < piece.count() {
                return Err(Full);
            }
            self.piece += 1;
            self.given = 0;
        }
        Ok(())
    }
}

impl Changes {
    fn go_on(&mut self, writer: &mut Writer<'_>, origin: Name<'_>) -> Result<(), Full> {
        while let Some(difference) = self.differences.get(self.part / 2) {
            let part = if self.part.is_multiple_of(2) {
                difference.deleted()
            } else {
                difference.added()
            };
            let octets = part.rest();
            let mut records = Records::new(octets.get(self.offset..).unwrap_or_default());
            while let Some(record) = records.next() {
                put(writer, origin, &record)?;
                self.offset = octets.len() - records.rest().len();
            }
            self.part += 1;
            self.offset = 0;
        }
        Ok(())
    }
}

fn put(writer: &mut Writer<'_>, origin: Name<'_>, record: &Record<'_>) -> Result<(), Full> {
    let owner = record.owner.octets();
    let below = owner.len().checked_sub(origin.octets().len());
    let labels = below.and_then(|below| owner.get(..below)).ok_or(Full)?;
    writer.below(labels, record.rtype, record.ttl, record.rdata)
}

/// The differences as one, where that is shorter.
fn condensed(parts: &[Arc<Difference>]) -> Vec<Arc<Difference>> {
    let octets = size_octets(parts);
    let one = (parts.len() > 1 && octets <= CONDENSED)
        .then(|| Difference::condense(parts.iter().map(AsRef::as_ref)))
        .flatten();
    match one {
        Some(one) if one.size_octets() < octets => vec![Arc::new(one)],
        _ => parts.to_vec(),
    }
}

/// Is less to be sent than all of the zone (RFC 1995 section 4)?
fn is_worth_it(parts: &[Arc<Difference>], zone: &Zone) -> bool {
    let records = || parts.iter().map(|it| it.count()).sum::<usize>();
    size_octets(parts) <= ONE_MESSAGE || records() <= zone.record_count()
}

fn size_octets(parts: &[Arc<Difference>]) -> usize {
    parts.iter().map(|it| it.size_octets()).sum()
}
