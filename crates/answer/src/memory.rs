//! Answers that took the long way, kept for the next who asks the very same.
//!
//! An answer is kept with the version of the zone that it was made from, and given again as long as
//! that version is the nearest to the question: nothing has to be withdrawn when a zone changes.
//! Steered and rotated answers, and such that more than one zone had a part in, are not kept. What is
//! asked once leaves a mark of four octets; only what is asked again takes a place, so that a flood
//! of names made up at random drives nothing out.

use understudy_wire::{Counts, NameHasher, Question, Rcode, Sections, Writer, is_same};

use crate::outcome::Subject;
use crate::recent::Recent;

/// Answers that are kept at most, a power of two.
/// chosen: with the longest of all that is 2 MiB for each thread, and memory is taken as they come.
const PLACES: usize = 4096;

/// The longest question and its records that are kept: a message in 512 octets, as nearly all are.
const OCTETS: usize = 480;

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
    /// Which of `kept` each place has; [`NOTHING`] if none.
    places: Vec<u16>,
    kept: Vec<Kept>,
    /// Whole responses; none where nothing is kept.
    pub(crate) recent: Option<Recent>,
}

/// What a place has that is empty.
const NOTHING: u16 = u16::MAX;

/// A question and what was answered to it. What is read of a short one is side by side in memory: a
/// thread that answers has more to look at than the nearest cache holds.
#[derive(Debug)]
#[repr(C, align(64))]
struct Kept {
    source: Source,
    counts: Counts,
    question_octets: u16,
    octets_in_all: u16,
    rcode: Rcode,
    subject: Subject,
    is_authoritative: bool,
    /// The question, and behind it the records.
    octets: [u8; OCTETS],
}

impl Kept {
    /// None if it is too long.
    fn new(
        source: Source,
        question: &Question<'_>,
        (sections, subject): (&Sections<'_>, Subject),
    ) -> Option<Self> {
        let mut octets = [0; OCTETS];
        let question = question.octets;
        let (asked, rest) = octets.split_at_mut_checked(question.len())?;
        asked.copy_from_slice(question);
        rest.get_mut(..sections.octets.len())?
            .copy_from_slice(sections.octets);
        Some(Kept {
            source,
            counts: sections.counts,
            question_octets: u16::try_from(question.len()).ok()?,
            octets_in_all: u16::try_from(question.len() + sections.octets.len()).ok()?,
            rcode: sections.rcode,
            subject,
            is_authoritative: sections.is_authoritative,
            octets,
        })
    }

    /// The question and the records.
    #[inline]
    fn parts(&self) -> Option<(&[u8], &[u8])> {
        self.octets
            .get(..usize::from(self.octets_in_all))?
            .split_at_checked(usize::from(self.question_octets))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory {
            hasher: NameHasher::secret(),
            asked: vec![0; PLACES],
            places: vec![NOTHING; PLACES],
            kept: Vec::with_capacity(PLACES),
            recent: Some(Recent::default()),
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
            kept: Vec::new(),
            recent: None,
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
        let place = *self.places.get(self.place(question).0)?;
        let kept = self.kept.get(usize::from(place))?;
        let (asked, records) = kept.parts()?;
        if kept.source != source || !is_same(asked, question.octets) {
            return None;
        }
        let sections = Sections {
            octets: records,
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
        answer: (&Sections<'_>, Subject),
    ) {
        let (at, mark) = self.place(question);
        let (Some(asked), Some(place)) = (self.asked.get_mut(at), self.places.get_mut(at)) else {
            return;
        };
        if *asked != mark {
            *asked = mark;
            return;
        }
        let Some(new) = Kept::new(source, question, answer) else {
            return;
        };
        if let Some(old) = self.kept.get_mut(usize::from(*place)) {
            *old = new;
        } else if let Ok(next) = u16::try_from(self.kept.len()) {
            *place = next;
            self.kept.push(new);
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
