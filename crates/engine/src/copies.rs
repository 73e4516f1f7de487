//! Copies of the served zones, for whoever cannot decide: plain data with a serial of their own.
//!
//! ```text
//! live zone   static data with steered sets laid over it: answered
//!      |          prepare: static views in their place, the next serial    (nobody sees it)
//!      v          commit: after whoever must remember it has it on disk
//! copy        ordinary records and one serial: transferred, its history kept
//! ```

use std::sync::Arc;

use understudy_wire::{Name, Rtype, Serial};
use understudy_zone::{Difference, Digest, History, Image, RRsetChange, Zone, ZonemdHash};

use crate::access::Access;
use crate::error::EngineError;
use crate::zones::Zones;

/// What is transferred of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) zone: Zone,
    /// As it is sent. None: the zone is small.
    pub(crate) image: Option<Image>,
    pub(crate) digest: Digest,
    pub(crate) history: History,
}

/// What a version is told from others by.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Its serial.
    pub serial: Serial,
    /// The hash of the message digest that it gets (RFC 8976); None: it gets none, and one that it
    /// has is left only where it is of this serial.
    pub zonemd: Option<ZonemdHash>,
}

impl Stamp {
    /// What gives a version that has not changed otherwise this serial.
    fn changes(self, zone: &Zone) -> Vec<RRsetChange> {
        let serial = zone.serial_change(self.serial);
        let number = self.serial.number().to_be_bytes();
        let digests = zone.apex().rrset(Rtype::ZONEMD);
        let is_late = digests.is_some_and(|it| it.rdatas().any(|it| !it.starts_with(&number)));
        if is_late {
            return vec![serial, without_zonemd(zone)];
        }
        vec![serial]
    }
}

/// Does one version have the message digests of the other one?
fn has_digests_of(one: &Zone, other: &Zone) -> bool {
    let (one, other) = (one.apex(), other.apex());
    match (one.rrset(Rtype::ZONEMD), other.rrset(Rtype::ZONEMD)) {
        (Some(one), Some(other)) => one.ttl == other.ttl && one.rdatas().eq(other.rdatas()),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn without_zonemd(zone: &Zone) -> RRsetChange {
    RRsetChange::Remove(zone.origin().to_buf(), Rtype::ZONEMD)
}

/// What makes this the serial that is answered; a message digest of another one ends.
pub(crate) fn serial_changes(live: &Zone, serial: Serial) -> Vec<RRsetChange> {
    vec![live.serial_change(serial), without_zonemd(live)]
}

/// What makes the serial that is answered, and the message digest, those of the copy.
pub(crate) fn stamp_changes(live: &Zone, copy: &Zone) -> Vec<RRsetChange> {
    let set = copy.apex().rrset(Rtype::ZONEMD);
    let zonemd = set.map_or_else(
        || without_zonemd(live),
        |set| {
            let rdatas = set.rdatas().map(<[u8]>::to_vec).collect();
            RRsetChange::Set(live.origin().to_buf(), Rtype::ZONEMD, set.ttl, rdatas)
        },
    );
    vec![live.serial_change(copy.serial()), zonemd]
}

/// The next version of a zone's copy, which nobody has seen yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The copy that it was made after.
    before: Option<Zone>,
    zone: Zone,
    image: Option<Image>,
    digest: Digest,
    difference: Option<Arc<Difference>>,
    is_same: bool,
}

impl Prepared {
    /// The serial that it will be seen with.
    #[must_use]
    pub fn serial(&self) -> Serial {
        self.zone.serial()
    }

    /// All that it has.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What is different from the copy before. None if there was none, or if it is longer than all
    /// that is kept of a zone's history, which then begins anew.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_deref()
    }

    /// What it has, whatever its serial.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Would nothing but the serial differ from the copy before?
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.is_same
    }
}

impl Zones {
    /// Makes the next copy of a zone: `base`, or the copy that is served, with these changes and
    /// this stamp. Costs by the changes; with a base or a message digest by the zone.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`]; [`EngineError::NoCopy`] without a base;
    /// [`EngineError::SerialNotNewer`] than that of the copy that is served; [`EngineError::Change`].
    pub fn prepare(
        &self,
        origin: Name<'_>,
        stamp: Stamp,
        changes: Vec<RRsetChange>,
        base: Option<&Zone>,
    ) -> Result<Prepared, EngineError> {
        let before = self.copy_of(origin)?;
        let serial = stamp.serial;
        if let Some(before) = &before
            && !serial.is_newer_than(before.zone.serial())
        {
            let served = before.zone.serial();
            return Err(EngineError::SerialNotNewer { serial, served });
        }
        let Some(from) = base.or(before.as_deref().map(|before| &before.zone)) else {
            return Err(EngineError::NoCopy(origin.to_string()));
        };
        if from.origin() != origin {
            return Err(EngineError::OtherZone(from.origin().to_string()));
        }
        let mut changes = changes;
        changes.extend(stamp.changes(from));
        let mut zone = from.with_rrsets(&changes)?;
        if let Some(hash) = stamp.zonemd {
            let change = zone.zonemd_change(hash);
            zone = zone.with_rrsets(std::slice::from_ref(&change))?;
            changes.push(change);
        }
        Ok(match (before, base) {
            (None, _) => first(zone),
            (Some(before), None) => {
                let difference = Difference::by_changes(&before.zone, &zone, &changes);
                let image = match &before.image {
                    Some(image) => Some(image.after(&zone, &changes)),
                    None => Image::of(&zone), // nothing but for a zone that has become large
                };
                next(&before, (zone, image), difference)
            }
            (Some(before), Some(base)) => {
                let difference = Difference::between(&before.zone, &zone);
                // Nothing is new but the serial, which would cost the digest that came with the zone.
                let is_same = difference.only_ends_digests() && has_digests_of(base, &before.zone);
                let image = Image::of(&zone);
                let mut next = next(&before, (zone, image), difference);
                next.is_same |= is_same;
                next
            }
        })
    }

    /// Serves a prepared copy: it, its history and the serial that is answered change together.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`]; [`EngineError::Stale`] if another copy is served by now than
    /// the one that it was made after.
    pub fn commit(&self, prepared: &Prepared) -> Result<(), EngineError> {
        let origin = prepared.zone.origin();
        let _turn = self.write();
        let served = self.served(origin)?;
        let current = served.copy.load();
        let is_next = match (current.as_deref(), &prepared.before) {
            (None, None) => true,
            (Some(current), Some(before)) => current.zone.is_version(before),
            _ => false,
        };
        if !is_next {
            return Err(EngineError::Stale(origin.to_string()));
        }
        let live = served.current.load();
        let live = live.with_rrsets(&stamp_changes(&live, &prepared.zone))?;
        let history = match (current.as_deref(), &prepared.difference) {
            (Some(current), Some(difference)) => current.history.with(Arc::clone(difference)),
            _ => History::default(),
        };
        // The copy first: whoever sees the serial must find what it stands for.
        served.copy.store(Some(Arc::new(Copy {
            zone: prepared.zone.clone(),
            image: prepared.image.clone(),
            digest: prepared.digest,
            history,
        })));
        self.replace(&served, live);
        Ok(())
    }

    /// Puts differences of an earlier run, oldest first, before those that are kept. Gives the
    /// number of those that lead to the copy that is served; the others are left out.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`]; [`EngineError::NoCopy`].
    pub fn restore_history(
        &self,
        origin: Name<'_>,
        older: Vec<Difference>,
    ) -> Result<usize, EngineError> {
        let _turn = self.write();
        let served = self.served(origin)?;
        let Some(copy) = served.copy.load_full() else {
            return Err(EngineError::NoCopy(origin.to_string()));
        };
        let ours = older.into_iter().filter(|it| it.origin() == origin);
        let history = copy.history.with_older(ours.collect(), copy.zone.serial());
        let count = history.count() - copy.history.count();
        served.copy.store(Some(Arc::new(Copy {
            history,
            ..Copy::clone(&copy)
        })));
        Ok(count)
    }

    /// Says who may transfer a zone.
    ///
    /// # Errors
    /// [`EngineError::ZoneNotFound`].
    pub fn set_access(&self, origin: Name<'_>, access: Access) -> Result<(), EngineError> {
        let _turn = self.write();
        self.served(origin)?.access.store(Arc::new(access));
        Ok(())
    }

    fn copy_of(&self, origin: Name<'_>) -> Result<Option<Arc<Copy>>, EngineError> {
        Ok(self.served(origin)?.copy.load_full())
    }
}

fn first(zone: Zone) -> Prepared {
    Prepared {
        before: None,
        digest: Digest::of(&zone),
        image: Image::of(&zone),
        zone,
        difference: None,
        is_same: false,
    }
}

fn next(before: &Copy, (zone, image): (Zone, Option<Image>), difference: Difference) -> Prepared {
    let digest = before.digest.after(&difference);
    let is_same = difference.is_empty();
    let is_kept = History::keeps(&difference);
    Prepared {
        before: Some(before.zone.clone()),
        zone,
        image,
        digest,
        difference: is_kept.then(|| Arc::new(difference)),
        is_same,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use understudy_wire::{NameBuf, Rtype, Serial};
    use understudy_zone::{RRsetChange, Zone};

    use super::Stamp;
    use crate::zones::Zones;

    const JUST_SMALL: usize = 20_000;

    fn stamp(serial: u32) -> Stamp {
        let serial = Serial::new(serial);
        Stamp {
            serial,
            zonemd: None,
        }
    }

    /// A catalog or a dynamic zone may begin with nothing.
    #[test]
    fn a_zone_that_grows_by_changes_is_sent_like_one_that_was_loaded_large() {
        let origin = NameBuf::from_text(b"example.com.", None).unwrap();
        let mut text = "@ 60 SOA ns root 1 2 3 4 5\n@ 60 NS ns\n".to_owned();
        for number in 1..JUST_SMALL {
            writeln!(text, "n{number} 60 A 192.0.2.1").unwrap();
        }
        let loaded = Zone::parse(text.as_bytes(), "text", origin.as_name()).unwrap();
        assert_eq!(loaded.zone.name_count(), JUST_SMALL);
        let zones = Zones::default();
        zones.publish_zone(&loaded.zone, &[], None).unwrap();
        let first = zones.prepare(origin.as_name(), stamp(2), Vec::new(), Some(&loaded.zone));
        let first = first.unwrap();
        assert!(first.image.is_none());
        zones.commit(&first).unwrap();
        for serial in [3, 4] {
            let owner =
                NameBuf::from_text(format!("new{serial}.example.com.").as_bytes(), None).unwrap();
            let change = RRsetChange::Set(owner, Rtype::A, 60, vec![vec![192, 0, 2, 1]]);
            let next = zones.prepare(origin.as_name(), stamp(serial), vec![change], None);
            let next = next.unwrap();
            assert!(next.image.is_some());
            zones.commit(&next).unwrap();
        }
    }
}
