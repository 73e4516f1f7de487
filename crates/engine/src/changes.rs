//! When what is answered from changes, for those who keep whole responses.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many changes have begun and ended; odd while one is being made. Changes take turns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<AtomicU64>);

impl Changes {
    /// Makes a change.
    pub(crate) fn make(&self, change: impl FnOnce()) {
        self.0.fetch_add(1, Ordering::SeqCst);
        change();
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// From now on, as long as nothing changes.
    pub(crate) fn pause(&self) -> Pause {
        let number = self.0.load(Ordering::SeqCst);
        Pause(Cell::new((number & 1 == 0).then_some(number)))
    }
}

/// The time between two changes. What is read within it is not older, nor newer as long as it goes on.
#[derive(Debug)]
pub(crate) struct Pause(Cell<Option<u64>>);

impl Pause {
    /// Which pause it is. None: it is over.
    #[inline]
    pub(crate) fn number(&self) -> Option<u64> {
        self.0.get()
    }

    /// Reads something that may change, and ends if there has been a change.
    pub(crate) fn read<T>(&self, changes: &Changes, read: impl FnOnce() -> T) -> T {
        let found = read();
        let number = Some(changes.0.load(Ordering::SeqCst));
        if self.number() != number {
            self.0.set(None);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use understudy_answer::Zones as _;
    use understudy_wire::{LowerName, NameBuf, Serial};
    use understudy_zone::Zone;

    use super::Changes;
    use crate::copies::Stamp;
    use crate::error::EngineError;
    use crate::secondaries::Secondaries;
    use crate::zones::Zones;

    #[test]
    fn a_pause_has_a_number_until_something_changes() {
        let changes = Changes::default();
        let first = changes.pause();
        first.read(&changes, || ());
        assert!(first.number().is_some());
        assert_eq!(changes.pause().number(), first.number());
        changes.make(|| {
            assert_eq!(changes.pause().number(), None, "while it is being made");
            first.read(&changes, || ());
            assert_eq!(first.number(), None);
        });
        let second = changes.pause();
        assert!(second.number().is_some());
        changes.make(|| ());
        assert_eq!(first.number(), None, "never again");
        assert_ne!(changes.pause().number(), second.number());
        let third = changes.pause();
        third.read(&changes, || changes.make(|| ()));
        assert_eq!(third.number(), None, "changed while it was read");
    }

    fn zone() -> Zone {
        let (text, origin): (_, NameBuf) = ("@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\n", origin());
        Zone::parse(text.as_bytes(), "a", origin.as_name())
            .unwrap()
            .zone
    }

    fn origin() -> NameBuf {
        "a.".parse().unwrap()
    }

    /// Or responses that are kept would be given after it.
    #[test]
    fn whatever_changes_answers_changes_the_version() {
        let (zones, origin) = (Zones::default(), origin());
        let origin = origin.as_name();
        let committed = || {
            let stamp = Stamp {
                serial: Serial::new(2),
                zonemd: None,
            };
            let next = zones.prepare(origin, stamp, Vec::new(), Some(&zone()));
            zones.commit(&next.unwrap())
        };
        let published = || zones.publish_zone(&zone(), &[], None);
        let steered = || zones.publish(origin, &[]);
        let withdrawn = || zones.withdraw(origin);
        let expected = || {
            zones.set_secondaries(Secondaries::default());
            Ok(())
        };
        let changes: [&dyn Fn() -> Result<(), EngineError>; 6] = [
            &published, &published, &steered, &committed, &withdrawn, &expected,
        ];
        for (number, change) in changes.iter().enumerate() {
            let before = zones.snapshot().version();
            change().unwrap();
            let version = zones.snapshot().version();
            assert!(version.is_some(), "change {number}");
            assert_ne!(version, before, "change {number}");
        }
    }

    /// What is made from a newer zone than the batch began with is no response of that version.
    #[test]
    fn a_batch_has_no_version_once_it_has_read_another() {
        let (zones, origin) = (Zones::default(), origin());
        zones.publish_zone(&zone(), &[], None).unwrap();
        let batch = zones.snapshot();
        zones.publish_zone(&zone(), &[], None).unwrap();
        let name = LowerName::new(origin.as_name());
        assert!(batch.nearest(name.folded(), name.label_count()).is_some());
        assert_eq!(batch.version(), None);
    }
}
