//! What a zone has, in sixteen octets: the same for the same records, whatever their serial.

use siphasher::sip128::SipHasher13;
use understudy_wire::Rtype;

use crate::difference::Difference;
use crate::record::{Record, Records, records_of};
use crate::zone::{SOA_SERIAL_FROM_END, Zone};

/// The sum of a hash of each record, so that a change costs by the change and not by the zone. The
/// serial counts as 0. It tells our own versions apart, across restarts as well; it is no proof
/// against somebody who chooses records to make two zones alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u128);

impl Digest {
    /// Of all static records. Costs by the zone.
    #[must_use]
    pub fn of(zone: &Zone) -> Self {
        let mut digest = Self::default();
        let mut octets = Vec::new();
        for (owner, node) in zone.nodes() {
            for set in node.rrsets() {
                for record in records_of(owner.as_name(), set) {
                    octets.clear();
                    record.push(&mut octets);
                    digest.0 = digest.0.wrapping_add(hash(&record, &mut octets));
                }
            }
        }
        digest
    }

    /// Of the zone after this difference.
    #[must_use]
    pub fn after(self, difference: &Difference) -> Self {
        let sum = |records: Records<'_>| {
            let mut octets = Vec::new();
            records.fold(0_u128, |sum, record| {
                octets.clear();
                record.push(&mut octets);
                sum.wrapping_add(hash(&record, &mut octets))
            })
        };
        let without = self.0.wrapping_sub(sum(difference.deleted()));
        Self(without.wrapping_add(sum(difference.added())))
    }

    /// For the disk.
    #[must_use]
    pub fn octets(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// The hash of a record that stands in `octets`, which are not left as they are.
fn hash(record: &Record<'_>, octets: &mut [u8]) -> u128 {
    if record.rtype == Rtype::SOA
        && let Some(start) = octets.len().checked_sub(SOA_SERIAL_FROM_END)
        && let Some(serial) = octets.get_mut(start..start + 4)
    {
        serial.fill(0);
    }
    // Keys that everybody may know: see the type.
    SipHasher13::new_with_keys(0, 0).hash(octets).into()
}
