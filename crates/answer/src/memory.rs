//! Answers that took the long way, kept for the next who asks the very same.
//!
//! An answer is kept with the version of the zone that it was made from, and given again as long as
//! that version is the nearest to the question: nothing has to be withdrawn when a zone changes.
//! Steered and rotated answers, and such that more than one zone had a part in, are not kept. What is
//! asked once leaves a mark of four octets; only what is asked again takes a place, so that a flood
//! of names made up at random drives nothing out.

use understudy_wire::{NameHasher, Question, Rcode, Sections, Writer, is_same};

use crate::outcome::Subject;

/// Answers that are kept at most, a power of two.
/// chosen: with the longest of all that is 2.3 MiB for each thread, and memory is taken as places
/// are filled.
const PLACES: usize = 4096;

/// The longest question that is kept: twice the usual ones.
const QUESTION_OCTETS: usize = 96;

/// The most records that are kept: an answer in 512 octets, as nearly all are.
const RECORD_OCTETS: usize = 416;

/// Which zone answered, and of which set of zones it was the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// [`Zones::stamp`](crate::Zones::stamp).
    pub zones: u64,
    /// [`Zone::stamp`](understudy_zone::Zone::stamp).
    pub zone: u64,
}

/// The answers that one thread has kept.
#[derive(Debug)]
pub struct Memory {
    hasher: NameHasher,
    /// A mark of the question that was last asked at each place.
    asked: Vec<u32>,
    places: Vec<Option<Box<Kept>>>,
}

/// A question and what was answered to it.
#[derive(Debug)]
struct Kept {
    source: Source,
    question: Octets<QUESTION_OCTETS>,
    records: Octets<RECORD_OCTETS>,
    counts: [u16; 3],
    is_authoritative: bool,
    rcode: Rcode,
    subject: Subject,
}

/// At most `N` octets.
#[derive(Debug)]
struct Octets<const N: usize> {
    octets: [u8; N],
    length: usize,
}

impl<const N: usize> Octets<N> {
    fn of(octets: &[u8]) -> Option<Self> {
        let mut kept = [0; N];
        kept.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(Octets {
            octets: kept,
            length: octets.len(),
        })
    }

    #[inline]
    fn get(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            hasher: NameHasher::secret(),
            asked: vec![0; PLACES],
            places: (0..PLACES).map(|_| None).collect(),
        }
    }
}

impl Memory {
    /// One that keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Memory {
            hasher: NameHasher::secret(),
            asked: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Writes what is kept for this question, and gives its code and its subject. None, and what was
    /// written behind the question is of no worth, if there is nothing or it does not fit.
    pub(crate) fn recall(
        &self,
        source: Source,
        question: &Question<'_>,
        writer: &mut Writer<'_>,
    ) -> Option<(Rcode, Subject)> {
        let kept = self.places.get(self.place(question).0)?.as_deref()?;
        if kept.source != source || !is_same(kept.question.get(), question.octets) {
            return None;
        }
        let sections = Sections {
            octets: kept.records.get(),
            counts: kept.counts,
            is_authoritative: kept.is_authoritative,
            rcode: kept.rcode,
        };
        writer.put_sections(&sections).ok()?;
        Some((kept.rcode, kept.subject))
    }

    /// Keeps an answer to a question that is asked for the second time, if it is not too long.
    pub(crate) fn keep(
        &mut self,
        source: Source,
        question: &Question<'_>,
        (sections, subject): (&Sections<'_>, Subject),
    ) {
        let (place, mark) = self.place(question);
        let (Some(asked), Some(room)) = (self.asked.get_mut(place), self.places.get_mut(place))
        else {
            return;
        };
        if *asked != mark {
            *asked = mark;
            return;
        }
        let (Some(question), Some(records)) =
            (Octets::of(question.octets), Octets::of(sections.octets))
        else {
            return;
        };
        let kept = Kept {
            source,
            question,
            records,
            counts: sections.counts,
            is_authoritative: sections.is_authoritative,
            rcode: sections.rcode,
            subject,
        };
        match room {
            Some(room) => **room = kept,
            None => *room = Some(Box::new(kept)),
        }
    }

    /// Where a question's answer is kept, and the mark that it leaves.
    #[inline]
    fn place(&self, question: &Question<'_>) -> (usize, u32) {
        let hash = self.hasher.hash(question.octets);
        let place = usize::try_from(hash).unwrap_or(0) & (PLACES - 1);
        (place, u32::try_from(hash >> 32).unwrap_or(0))
    }
}
