//! Differences of our own, put over the version that they begin with.

use super::changes::{Change, Changes};
use crate::difference::Difference;
use crate::problem::Loaded;
use crate::record::Record;
use crate::zone::Zone;

impl Zone {
    /// The version that these differences lead to, each of which begins where the one before ends. None if they do
    /// not fit. Costs by the differences.
    #[must_use]
    pub fn after(&self, differences: &[Difference]) -> Option<Loaded> {
        let mut serial = self.serial();
        let mut changes = Changes::new(self.clone());
        for difference in differences {
            if difference.from() != serial || difference.origin() != self.origin() {
                return None;
            }
            serial = difference.to();
            for record in difference.deleted().skip(1) {
                changes.delete(change(&record)).ok()?;
            }
            let mut added = difference.added();
            changes.replace_soa(change(&added.next()?));
            for record in added {
                changes.add(change(&record)).ok()?;
            }
        }
        changes.finish().ok()
    }
}

fn change<'r>(record: &Record<'r>) -> Change<'r> {
    Change {
        owner: record.owner,
        rtype: record.rtype,
        ttl: record.ttl,
        rdata: record.rdata,
    }
}
