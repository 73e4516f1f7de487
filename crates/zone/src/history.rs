//! The differences that led to a version, as far back as they are kept.

use std::sync::Arc;

use understudy_wire::Serial;

use crate::difference::Difference;

/// Octets of records kept per zone. chosen: hours of a zone that changes every second, and no more
/// than a small part of what a large zone takes.
const MAX_OCTETS: usize = 16 << 20;

/// Differences kept per zone. chosen: the list is copied with each version, which then costs no more
/// than some tens of microseconds.
const MAX_DIFFERENCES: usize = 8192;

/// Differences, each of which begins where the one before ends; oldest first. A clone is a
/// reference.
#[derive(Clone, Debug, Default)]
pub struct History {
    differences: Arc<[Arc<Difference>]>,
}

impl History {
    /// Is there room for such a difference at all?
    #[must_use]
    pub fn keeps(difference: &Difference) -> bool {
        difference.size_octets() <= MAX_OCTETS
    }

    /// With one more, without the oldest where there would be too many. What does not begin where
    /// this ends begins a history of its own.
    #[must_use]
    pub fn with(&self, difference: Arc<Difference>) -> Self {
        let continues = self.end().is_none_or(|end| end == difference.from());
        let before: &[_] = if continues { &self.differences } else { &[] };
        let mut room = MAX_OCTETS.saturating_sub(difference.size_octets());
        let kept = before
            .iter()
            .rev()
            .take(MAX_DIFFERENCES - 1)
            .take_while(|it| {
                let fits = it.size_octets() <= room;
                room = room.saturating_sub(it.size_octets());
                fits
            });
        let kept = kept.count();
        let start = before.len() - kept;
        let recent = before.get(start..).unwrap_or_default();
        let all = recent.iter().cloned().chain([difference]);
        Self {
            differences: all.collect(),
        }
    }

    /// With older ones before, as far as they lead here without a gap and there is room for them.
    /// `end`: where they must lead to if there is no history yet.
    #[must_use]
    pub fn with_older(&self, older: Vec<Difference>, end: Serial) -> Self {
        let mut start = self.differences.first().map_or(end, |it| it.from());
        let mut room = MAX_OCTETS.saturating_sub(self.size_octets());
        let mut kept: Vec<Arc<Difference>> = Vec::new();
        for difference in older.into_iter().rev() {
            let size = difference.size_octets();
            let is_full = kept.len() + self.differences.len() >= MAX_DIFFERENCES || size > room;
            if difference.to() != start || is_full {
                break;
            }
            start = difference.from();
            room -= size;
            kept.push(Arc::new(difference));
        }
        kept.reverse();
        kept.extend(self.differences.iter().cloned());
        Self {
            differences: kept.into(),
        }
    }

    /// The differences from the version with this serial on; None if they are not kept.
    #[must_use]
    pub fn since(&self, serial: Serial) -> Option<&[Arc<Difference>]> {
        let start = self
            .differences
            .iter()
            .rposition(|it| it.from() == serial)?;
        self.differences.get(start..)
    }

    /// How many differences.
    #[must_use]
    pub fn count(&self) -> usize {
        self.differences.len()
    }

    /// Octets of all records in it.
    #[must_use]
    pub fn size_octets(&self) -> usize {
        self.differences.iter().map(|it| it.size_octets()).sum()
    }

    fn end(&self) -> Option<Serial> {
        self.differences.last().map(|it| it.to())
    }
}
