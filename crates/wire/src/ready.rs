//! Rdata made ready for messages whose question's name ends in a known name.

use crate::compression::{Part, parts};
use crate::name::Name;
use crate::numbers::Rtype;

/// Where a pointer in ready rdata leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To the known name, at the end of the question's, but for so many octets of it.
    Ending(u16),
    /// To a place in the rdata itself.
    Here(usize),
}

/// A pointer to be completed: where in the rdata it stands, and where it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pointer {
    pub(crate) at: usize,
    pub(crate) target: Target,
}

/// Compressed rdata in which only the pointers are missing.
///
/// The SOA record of a zone is in every negative answer: compressing it each time would cost more
/// than the rest of the answer.
#[derive(Clone, Debug, Default)]
pub struct ReadyRdata {
    pub(crate) octets: Box<[u8]>,
    pub(crate) pointers: Box<[Pointer]>,
    pub(crate) ending: usize,
}

impl ReadyRdata {
    /// Compress rdata of a type against itself and the name that the question's will end in.
    #[must_use]
    pub fn new(rtype: Rtype, rdata: &[u8], ending: Name<'_>) -> Self {
        let mut ready = Making {
            octets: Vec::with_capacity(rdata.len()),
            pointers: Vec::new(),
            known: Vec::new(),
        };
        let (mut suffix, mut before) = (ending, 0);
        while let Some(parent) = suffix.parent() {
            ready.known.push((suffix, Target::Ending(before)));
            before += u16::try_from(suffix.octets().len() - parent.octets().len()).unwrap_or(0);
            suffix = parent;
        }
        let mut rest = rdata;
        for part in parts(rtype) {
            match part {
                Part::Octets(count) => {
                    let (octets, after) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
                    ready.octets.extend_from_slice(octets);
                    rest = after;
                }
                Part::Name => {
                    let Ok((name, after)) = Name::split_from(rest) else {
                        break;
                    };
                    ready.put_name(name);
                    rest = after;
                }
            }
        }
        ready.octets.extend_from_slice(rest);
        Self {
            octets: ready.octets.into(),
            pointers: ready.pointers.into(),
            ending: ending.octets().len(),
        }
    }
}

struct Making<'n> {
    octets: Vec<u8>,
    pointers: Vec<Pointer>,
    known: Vec<(Name<'n>, Target)>,
}

impl<'n> Making<'n> {
    fn put_name(&mut self, name: Name<'n>) {
        let known = self.known.len();
        let mut rest = name;
        while let Some(parent) = rest.parent() {
            let mut earlier = self.known.iter().take(known);
            if let Some((_, target)) = earlier.find(|(known, _)| *known == rest) {
                let (at, target) = (self.octets.len(), *target);
                self.pointers.push(Pointer { at, target });
                self.octets.extend_from_slice(&[0, 0]);
                return;
            }
            self.known.push((rest, Target::Here(self.octets.len())));
            let label = rest.octets().len() - parent.octets().len();
            self.octets
                .extend_from_slice(rest.octets().get(..label).unwrap_or_default());
            rest = parent;
        }
        self.octets.push(0);
    }
}
