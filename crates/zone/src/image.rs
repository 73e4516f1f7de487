//! All of a large zone as it is sent, so that a transfer reads memory from one end to the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use understudy_wire::{Name, Rtype, push_below_question};

use crate::change::RRsetChange;
use crate::key::Key;
use crate::record::Below;
use crate::walk::Walk;
use crate::zone::Zone;

/// chosen: a change makes one piece anew, which takes a tenth of a millisecond; a million records are
/// two thousand pieces.
const PIECE_OCTETS: usize = 16 * 1024;

/// Every record of a version but the SOA, in canonical order of the owners, as in a message whose
/// question is for the zone. A change makes the pieces anew that it touches; the others are shared.
#[derive(Clone, Debug)]
pub struct Image {
    pieces: Arc<[Arc<Piece>]>,
}

/// Whole names that follow each other.
#[derive(Debug)]
pub struct Piece {
    /// The key of the first one.
    first: Box<[u8]>,
    octets: Box<[u8]>,
    /// Where each record ends.
    ends: Box<[usize]>,
}

impl Image {
    /// Of a version. None of a small one: that stays in a cache, and is walked through as quickly.
    /// Costs by the zone.
    #[must_use]
    pub fn of(zone: &Zone) -> Option<Self> {
        let is_large = zone.pays_to_look_ahead();
        is_large.then(|| Self {
            pieces: pieces(zone, &[], None).into(),
        })
    }

    /// Of the version that these changes have led to. Costs by the changes.
    #[must_use]
    pub fn after(&self, zone: &Zone, changes: &[RRsetChange]) -> Self {
        let touched: BTreeSet<usize> = changes
            .iter()
            .map(|change| match change {
                RRsetChange::Set(owner, rtype, ..) | RRsetChange::Remove(owner, rtype) => {
                    (owner.as_name(), *rtype)
                }
            })
            .filter(|(_, rtype)| *rtype != Rtype::SOA)
            .filter_map(|(owner, _)| self.place(owner, zone.origin()))
            .collect();
        if touched.is_empty() {
            return self.clone();
        }
        let mut made = Vec::with_capacity(self.pieces.len() + touched.len());
        for (number, piece) in self.pieces.iter().enumerate() {
            if touched.contains(&number) {
                let first = if number == 0 { &[][..] } else { &*piece.first };
                let next = self.pieces.get(number + 1).map(|next| &*next.first);
                made.extend(pieces(zone, first, next));
            } else {
                made.push(Arc::clone(piece));
            }
        }
        if self.pieces.is_empty() {
            made = pieces(zone, &[], None);
        }
        Self {
            pieces: made.into(),
        }
    }

    /// A piece by its number; None: there are no more.
    #[must_use]
    pub fn piece(&self, number: usize) -> Option<&Piece> {
        self.pieces.get(number).map(AsRef::as_ref)
    }

    /// The piece that has this name, or would have it.
    fn place(&self, owner: Name<'_>, origin: Name<'_>) -> Option<usize> {
        let key = Key::new(owner, origin)?;
        let after = self
            .pieces
            .partition_point(|piece| &*piece.first <= key.as_octets());
        Some(after.saturating_sub(1))
    }
}

impl Piece {
    /// How many records, after so many, fit into so many octets, and what they are.
    #[must_use]
    pub fn fitting(&self, given: usize, room: usize) -> (usize, &[u8]) {
        let start = given.checked_sub(1).and_then(|last| self.ends.get(last));
        let start = start.copied().unwrap_or(0);
        let rest = self.ends.get(given..).unwrap_or_default();
        let count = rest.partition_point(|end| end - start <= room);
        let end = count.checked_sub(1).and_then(|last| rest.get(last));
        let octets = self.octets.get(start..end.copied().unwrap_or(start));
        (count, octets.unwrap_or_default())
    }

    /// Records.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

/// The records of the names from a key on, and before another one.
fn pieces(zone: &Zone, from: &[u8], until: Option<&[u8]>) -> Vec<Arc<Piece>> {
    let origin = zone.origin();
    let mut walk = Walk::between(zone.clone(), from, until);
    let mut made = Vec::new();
    let mut press = Press::default();
    let walked = walk.go_on(|record| {
        if press.octets.len() >= PIECE_OCTETS && press.owner != record.labels {
            made.push(Arc::new(press.finish()));
        }
        press.push(record, origin);
        Ok::<(), std::convert::Infallible>(())
    });
    match walked {
        Ok(()) => (),
        Err(never) => match never {},
    }
    if !press.ends.is_empty() {
        made.push(Arc::new(press.finish()));
    }
    made
}

/// A piece in the making.
#[derive(Default)]
struct Press {
    first: Vec<u8>,
    octets: Vec<u8>,
    ends: Vec<usize>,
    /// The labels of the last name.
    owner: Vec<u8>,
}

impl Press {
    fn push(&mut self, record: &Below<'_>, origin: Name<'_>) {
        if self.ends.is_empty() {
            let owner = [record.labels, origin.octets()].concat();
            let key = Name::from_octets(&owner).ok();
            let key = key.and_then(|owner| Key::new(owner, origin));
            self.first = key.map_or_else(Vec::new, |key| key.as_octets().to_vec());
        }
        if self.owner != record.labels {
            record.labels.clone_into(&mut self.owner);
        }
        let owned = (record.labels, origin);
        push_below_question(
            &mut self.octets,
            owned,
            (record.rtype, record.ttl),
            record.rdata,
        );
        self.ends.push(self.octets.len());
    }

    fn finish(&mut self) -> Piece {
        let piece = Piece {
            first: self.first.as_slice().into(),
            octets: self.octets.as_slice().into(),
            ends: self.ends.as_slice().into(),
        };
        self.octets.clear();
        self.ends.clear();
        piece
    }
}
