//! Memory is claimed before it is taken: who asks the system for more than there is, is ended by it, with all that he
//! serves.
//!
//! A claim is what the making of a zone will take beside what it has taken already. All claims together must fit into
//! what is left. What is left is looked at whenever claims have grown by some part of it, so that many small zones are
//! noticed as well.

mod left;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use left::Bound;
use left::{Left, Want, left};

/// To be made, a zone takes so many times what its records take while they are read: they are sorted, and stand in the
/// order and in the index before they are let go. Measured: 2.5 to 3.7 times (ADR 0042).
pub(crate) const MAKING: usize = 4;

/// Zones in the making may have so much of what is left: three of four parts. chosen: threads, answers, and what a zone
/// takes behind its making have the rest.
const SHARE: (usize, usize) = (3, 4);

/// A look is worth it for so many octets, at the least and at the most. chosen: a look takes a tenth of a millisecond;
/// what is claimed without one is little beside what is left.
const STEP: (usize, usize) = (1 << 20, 1 << 26);

/// Nobody has more, and sums of it fit.
const MOST: usize = 1 << 48;

/// chosen: what is smaller lies where threads have reserved room for such, each of them 64 MiB that count for the limit
/// of the address space.
const LITTLE: usize = 1 << 20;

/// A step is one of so many parts of what was left.
const STEPS: usize = 16;

/// A zone that is larger than the memory allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// What it would yet take, as far as it is known.
    pub needed: usize,
    /// What it may have.
    pub left: usize,
    /// Why it may not have more.
    pub bound: Bound,
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            needed,
            left,
            bound,
        } = self;
        let (needed, left) = (needed.div_ceil(MIB), left / MIB);
        write!(
            f,
            "the zone needs at least {needed} MiB more memory, and can have {left} MiB: {bound}"
        )
    }
}

const MIB: usize = 1 << 20;

/// All claims of a process.
struct Ledger {
    claimed: AtomicUsize,
    /// Octets that may yet be claimed before somebody looks what is left.
    until_look: AtomicUsize,
    look: fn(Want) -> Option<Left>,
}

static LEDGER: Ledger = Ledger::new(|want| left(Path::new("/"), want));

impl Ledger {
    const fn new(look: fn(Want) -> Option<Left>) -> Self {
        Self {
            claimed: AtomicUsize::new(0),
            until_look: AtomicUsize::new(0),
            look,
        }
    }

    /// Is it time to look, with so many octets more?
    fn is_look_due(&self, octets: usize) -> bool {
        let spent = self
            .until_look
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |it| {
                it.checked_sub(octets)
            });
        spent.is_err()
    }
}

/// What the making of one zone will yet take. Dropping it ends the claim.
pub(crate) struct Claim {
    ledger: &'static Ledger,
    octets: usize,
}

impl Default for Claim {
    fn default() -> Self {
        Self {
            ledger: &LEDGER,
            octets: 0,
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&self.octets).finish()
    }
}

impl Claim {
    /// It will be so much, and not less than before.
    ///
    /// # Errors
    /// There is not so much.
    pub(crate) fn grow_to(&mut self, octets: usize) -> Result<(), Shortage> {
        let more = octets.min(MOST).saturating_sub(self.octets);
        self.octets += more;
        let ledger = self.ledger;
        let claimed = ledger.claimed.fetch_add(more, Ordering::Relaxed) + more;
        if more == 0 || !ledger.is_look_due(more) {
            return Ok(());
        }
        let want = if self.octets < LITTLE {
            Want::Little
        } else {
            Want::Much
        };
        let Some(Left {
            octets: left,
            bound,
        }) = (ledger.look)(want)
        else {
            return Ok(());
        };
        let step = (left / STEPS).clamp(STEP.0, STEP.1);
        let (part, of) = SHARE;
        let room = left / of * part;
        if claimed > room {
            ledger.until_look.store(0, Ordering::Relaxed); // whoever claims next looks as well
            let others = claimed - self.octets;
            return Err(Shortage {
                needed: self.octets,
                left: room.saturating_sub(others),
                bound,
            });
        }
        ledger.until_look.store(step, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.ledger
            .claimed
            .fetch_sub(self.octets, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: Option<Left> = Some(Left {
        octets: 64 * MIB,
        bound: Bound::Host,
    });

    fn claim(ledger: &'static Ledger) -> Claim {
        Claim { ledger, octets: 0 }
    }

    #[test]
    fn three_quarters_of_what_is_left_can_be_claimed_by_all_together() {
        static LEDGER: Ledger = Ledger::new(|_| MANY);
        let (mut first, mut second) = (claim(&LEDGER), claim(&LEDGER));
        assert_eq!(first.grow_to(30 * MIB), Ok(()));
        assert_eq!(second.grow_to(18 * MIB), Ok(()));
        let short = second.grow_to(24 * MIB).unwrap_err();
        assert_eq!((short.needed, short.left), (24 * MIB, 18 * MIB));
        assert_eq!(
            short.to_string(),
            "the zone needs at least 24 MiB more memory, and can have 18 MiB: what the host has"
        );
        drop(first);
        assert_eq!(second.grow_to(48 * MIB), Ok(()));
    }

    #[test]
    fn a_claim_does_not_shrink_and_is_ended_by_dropping_it() {
        static LEDGER: Ledger = Ledger::new(|_| MANY);
        let mut only = claim(&LEDGER);
        assert_eq!(only.grow_to(40 * MIB), Ok(()));
        assert_eq!(only.grow_to(MIB), Ok(()));
        assert_eq!(LEDGER.claimed.load(Ordering::Relaxed), 40 * MIB);
        drop(only);
        assert_eq!(LEDGER.claimed.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn many_small_claims_are_looked_at_together() {
        static LEDGER: Ledger = Ledger::new(|_| MANY);
        let small = || {
            let mut claim = claim(&LEDGER);
            claim.grow_to(100 * 1024).map(|()| claim)
        };
        let taken: Result<Vec<Claim>, Shortage> = (0..1000).map(|_| small()).collect();
        assert!(taken.is_err());
        assert_eq!(LEDGER.claimed.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn where_nobody_knows_what_is_left_everything_can_be_claimed() {
        static LEDGER: Ledger = Ledger::new(|_| None);
        assert_eq!(claim(&LEDGER).grow_to(usize::MAX), Ok(()));
    }
}
