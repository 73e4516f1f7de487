//! Which records a node gives to this query, steered sets laid over static ones.

use understudy_wire::{Full, Owner, Rtype, Writer};
use understudy_zone::{Kind, Node, RRset, Selector, Steered, Variants};

use crate::chance::Chance;
use crate::outcome::RECORDS;
use crate::server::Server;

/// Nanoseconds in a second: the clock's unit and the TTL's.
const SECOND: u64 = 1_000_000_000;

/// What a node says about one type.
pub(crate) enum Chosen<'z> {
    /// Records.
    Records(Records<'z>),
    /// A steered set says that there are none, for so many seconds at most.
    Nodata(u32),
    /// A steered set says that this cannot be answered now.
    Servfail,
}

/// An RRset as it goes into this response.
#[derive(Clone, Copy)]
pub(crate) struct Records<'z> {
    pub(crate) rrset: RRset<'z>,
    pub(crate) ttl: u32,
    /// How many records, taken from the front, come last instead.
    rotation: usize,
}

impl<'z> Records<'z> {
    pub(crate) fn fixed(rrset: RRset<'z>) -> Self {
        Records {
            rrset,
            ttl: rrset.ttl,
            rotation: 0,
        }
    }

    /// The same records with a TTL of at most `ttl`.
    pub(crate) fn at_most(self, ttl: u32) -> Self {
        let ttl = self.ttl.min(ttl);
        Records { ttl, ..self }
    }

    /// As [`Records::write`] for the question's name, where nothing need be taken back if it fails.
    #[inline(always)]
    pub(crate) fn write_answer(&self, writer: &mut Writer<'_>, is_root: bool) -> Result<(), Full> {
        let RRset { rtype, .. } = self.rrset;
        if is_root || !matches!(rtype, Rtype::A | Rtype::AAAA | Rtype::TXT) {
            let records = *self; // so that others need not be in memory
            return records.write(writer, Owner::Question);
        }
        if self.rotation == 0 {
            return writer.nameless(rtype, self.ttl, self.rrset.rdatas());
        }
        let (last, first) = self.rrset.split_at(self.rotation);
        writer.nameless(rtype, self.ttl, first.rdatas())?;
        writer.nameless(rtype, self.ttl, last.rdatas())
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>, owner: Owner<'_>) -> Result<(), Full> {
        let RRset { rtype, .. } = self.rrset;
        if self.rotation == 0 {
            return writer.rrset(owner, rtype, self.ttl, self.rrset.rdatas());
        }
        let (last, first) = self.rrset.split_at(self.rotation);
        writer.rrset(owner, rtype, self.ttl, first.rdatas().chain(last.rdatas()))
    }
}

/// Chooses among what nodes have, for one query, and remembers whether steering had a say.
pub(crate) struct Picker<'c> {
    now_ns: u64,
    rotates: bool,
    chance: &'c mut Chance,
    /// A steered set had a say.
    pub(crate) is_steered: bool,
    /// The steered sets that had one in the answer section, by their numbers.
    pub(crate) records: [u32; RECORDS],
    /// The answer is complete: what is looked up now is added to it.
    pub(crate) is_adding: bool,
}

impl<'c> Picker<'c> {
    #[inline]
    pub(crate) fn new(server: &Server, now_ns: u64, chance: &'c mut Chance) -> Self {
        Picker {
            now_ns,
            rotates: server.rotates(),
            chance,
            is_steered: false,
            records: [0; RECORDS],
            is_adding: false,
        }
    }

    /// What `node` says about `rtype`: the steered set, else the static one, else nothing.
    #[inline(always)]
    pub(crate) fn choose<'z>(&mut self, node: &Node<'z>, rtype: Rtype) -> Option<Chosen<'z>> {
        if node.has_steered()
            && let Some(steered) = node.steered(rtype)
        {
            return Some(self.decide(&steered));
        }
        let rrset = node.rrset(rtype)?;
        Some(Chosen::Records(self.in_turn(rrset)))
    }

    /// Static records in their order, or rotated where the operator wants that.
    #[inline(always)]
    pub(crate) fn in_turn<'z>(&mut self, rrset: RRset<'z>) -> Records<'z> {
        let mut records = Records::fixed(rrset);
        if self.rotates {
            records.rotation = rotation(rrset.count(), self.chance);
        }
        records
    }

    /// Remembers a set that decides the answer, for whoever counts.
    #[inline]
    fn note(&mut self, number: u32) {
        if self.is_adding {
            return;
        }
        if let Some(place) = self.records.iter_mut().find(|place| **place == 0) {
            *place = number;
        }
    }

    /// What a steered set says to this query.
    #[inline(always)]
    pub(crate) fn decide<'z>(&mut self, steered: &Steered<'z>) -> Chosen<'z> {
        self.is_steered = true;
        self.note(steered.number);
        let ttl = remaining(steered, self.now_ns);
        let rrset = match steered.kind {
            Kind::Servfail => return Chosen::Servfail,
            Kind::Nodata => return Chosen::Nodata(ttl),
            Kind::Answer => variant(steered, self.chance),
        };
        // A set without variants cannot be made; if it could, silence about it would be wrong.
        let Some(rrset) = rrset else {
            return Chosen::Servfail;
        };
        let rotation = match steered.selector {
            Selector::Rotate => rotation(rrset.count(), self.chance),
            Selector::One | Selector::Chance => 0,
        };
        Chosen::Records(Records {
            rrset,
            ttl,
            rotation,
        })
    }
}

/// The TTL, never beyond a change that is already due.
#[inline]
fn remaining(steered: &Steered<'_>, now_ns: u64) -> u32 {
    let Some(due_ns) = steered.due_ns else {
        return steered.ttl;
    };
    let seconds = due_ns.saturating_sub(now_ns) / SECOND;
    u32::try_from(seconds).map_or(steered.ttl, |seconds| seconds.min(steered.ttl))
}

#[inline(always)]
fn variant<'z>(steered: &Steered<'z>, chance: &mut Chance) -> Option<RRset<'z>> {
    if steered.selector == Selector::Chance {
        return drawn(steered.variants(), chance);
    }
    steered.variants().next().map(|variant| variant.rrset)
}

/// A variant by weight.
fn drawn<'z>(mut variants: Variants<'z>, chance: &mut Chance) -> Option<RRset<'z>> {
    let total = variants
        .clone()
        .map(|variant| u64::from(variant.weight))
        .sum();
    let mut left = chance.below(total);
    let first = variants.clone().next();
    let chosen = variants.find(
        |variant| match left.checked_sub(u64::from(variant.weight)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        },
    );
    // Nothing is found only where every weight is 0.
    chosen.or(first).map(|variant| variant.rrset)
}

#[inline]
fn rotation(count: usize, chance: &mut Chance) -> usize {
    let count = u64::try_from(count).unwrap_or(1);
    usize::try_from(chance.below(count)).unwrap_or(0)
}
