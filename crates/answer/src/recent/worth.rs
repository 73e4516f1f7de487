//! Does it pay to look? Where few messages come again, each look is in vain.

/// Looks in vain after which is judged.
const TRIAL: u32 = 4096;

/// Messages that come without a look if they did not pay.
/// chosen: sixteen trials, so that what a trial costs in vain is a few in a hundred of what a look does.
const PAUSE: u32 = 16 * TRIAL;

/// What is lost by a look in vain and by keeping a response, in what is gained by one that is found.
/// chosen: half as much, and five times, by the processor's counter (ADR 0045).
const MISSED: i64 = 1;
const FOUND: i64 = 2;
const KEPT: i64 = 10;

/// The account of a trial, or of the pause behind it.
#[derive(Debug)]
pub(super) struct Worth {
    gain: i64,
    /// Looks in vain until the end of the trial.
    looks: u32,
    /// Messages until the end of the pause; 0 in a trial.
    pause: u32,
}

impl Default for Worth {
    fn default() -> Self {
        Worth {
            gain: 0,
            looks: TRIAL,
            pause: 0,
        }
    }
}

impl Worth {
    /// A message has come: is nobody to look for it?
    #[inline(always)]
    pub(super) fn is_pausing(&mut self) -> bool {
        if self.pause == 0 {
            return false;
        }
        self.pause -= 1;
        true
    }

    /// A response was found.
    #[inline(always)]
    pub(super) fn found(&mut self) {
        self.gain += FOUND;
    }

    /// One was made to be kept.
    pub(super) fn kept(&mut self) {
        self.gain -= KEPT;
    }

    /// Nothing was found.
    #[inline]
    pub(super) fn missed(&mut self) {
        self.gain -= MISSED;
        self.looks -= 1;
        if self.looks == 0 {
            let pause = if self.gain < 0 { PAUSE } else { 0 };
            *self = Worth {
                pause,
                ..Worth::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, PAUSE, TRIAL, Worth};

    /// How many of so many messages nobody looks for, if of each ten looks so many find something.
    fn pauses(messages: u32, found: u32) -> u32 {
        let mut worth = Worth::default();
        let mut pauses = 0;
        for number in 0..messages {
            if worth.is_pausing() {
                pauses += 1;
            } else if number % 10 < found {
                worth.found();
            } else {
                worth.missed();
            }
        }
        pauses
    }

    #[test]
    fn nobody_looks_for_long_where_nothing_comes_again() {
        assert_eq!(pauses(TRIAL + PAUSE, 0), PAUSE);
        assert_eq!(pauses(2 * (TRIAL + PAUSE), 0), 2 * PAUSE);
    }

    #[test]
    fn everybody_looks_where_enough_comes_again() {
        assert_eq!(pauses(20 * TRIAL, 10), 0);
        assert_eq!(pauses(20 * TRIAL, 5), 0);
        assert!(pauses(20 * TRIAL, 2) > TRIAL);
    }

    #[test]
    fn what_is_kept_and_forgotten_again_does_not_pay() {
        let mut worth = Worth::default();
        let found = usize::try_from(KEPT / 2).unwrap();
        for _ in 0..TRIAL {
            assert!(!worth.is_pausing());
            (0..found).for_each(|_| worth.found());
            worth.kept();
            worth.missed();
        }
        assert!(worth.is_pausing());
    }
}
