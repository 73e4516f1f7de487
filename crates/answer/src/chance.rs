//! Chance for weighted and rotated answers: fast, one per thread, not for secrets.

/// A pseudo-random sequence: the `SplitMix64` generator (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
    /// What the last number was drawn below.
    limit: u64,
}

/// What was drawn from a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draws {
    /// Nothing.
    None,
    /// One number, below this one.
    One(u64),
    /// Several.
    More,
}

/// What the state grows by with each number, and the factors that a number is mixed from it with.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
const FACTORS: [u64; 2] = [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb];

impl Chance {
    /// The sequence that begins at `seed`; equal seeds give equal sequences.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Chance {
            state: seed,
            limit: 0,
        }
    }

    #[inline]
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let [first, second] = FACTORS;
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(first);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(second);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 if that is 0. The bias is below `limit` / 2^64.
    #[inline]
    pub fn below(&mut self, limit: u64) -> u64 {
        self.limit = limit;
        let product = u128::from(self.next()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or(0)
    }
}

impl Chance {
    /// A sequence whose first number below `limit` is this one.
    pub(crate) fn whose_first_is(number: u64, limit: u64) -> Self {
        let least = (u128::from(number) << u64::BITS).div_ceil(u128::from(limit.max(1)));
        let mixed = u64::try_from(least).unwrap_or(u64::MAX);
        let [first, second] = FACTORS.map(reciprocal);
        let mixed = unfolded(mixed, 31).wrapping_mul(second);
        let mixed = unfolded(mixed, 27).wrapping_mul(first);
        Self::new(unfolded(mixed, 30).wrapping_sub(STEP))
    }

    /// What was drawn since the sequence was as `before`.
    pub(crate) fn draws_since(&self, before: &Self) -> Draws {
        match self.state.wrapping_sub(before.state) {
            0 => Draws::None,
            STEP => Draws::One(self.limit),
            _ => Draws::More,
        }
    }
}

/// The number that `number ^ (number >> bits)` was made from.
fn unfolded(number: u64, bits: u32) -> u64 {
    let again = |upper_is_right: u64| number ^ (upper_is_right >> bits);
    again(again(again(number)))
}

/// What gives 1 if multiplied by an odd number, modulo 2^64: each step doubles the bits that are right.
fn reciprocal(odd: u64) -> u64 {
    (0..6).fold(odd, |found, _| {
        found.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(found)))
    })
}

#[cfg(test)]
mod tests {
    use super::{Chance, Draws};

    #[test]
    fn every_number_below_the_limit_comes_about_equally_often() {
        let mut chance = Chance::new(7);
        let mut seen = [0_u32; 5];
        for _ in 0..50_000 {
            seen[usize::try_from(chance.below(5)).unwrap()] += 1;
        }
        assert!(
            seen.iter().all(|count| (9_500..10_500).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn below_nothing_there_is_zero() {
        assert_eq!(Chance::new(1).below(0), 0);
        assert_eq!(Chance::new(1).below(1), 0);
    }
    #[test]
    fn a_sequence_begins_with_any_number_that_is_wanted() {
        for limit in (1..70).chain([1000, u64::MAX]) {
            for number in [0, 1, limit / 3, limit / 2, limit - 1] {
                let number = number.min(limit - 1);
                let mut chance = Chance::whose_first_is(number, limit);
                assert_eq!(chance.below(limit), number, "of {limit}");
            }
        }
    }

    #[test]
    fn what_was_drawn_is_known() {
        let before = Chance::new(9);
        let mut chance = before.clone();
        assert_eq!(chance.draws_since(&before), Draws::None);
        chance.below(7);
        assert_eq!(chance.draws_since(&before), Draws::One(7));
        chance.below(7);
        assert_eq!(chance.draws_since(&before), Draws::More);
    }
}
