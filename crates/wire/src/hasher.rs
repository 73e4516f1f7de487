//! Hashing of names that are in lower case already.

use std::hash::{BuildHasher, RandomState};

/// A 64-bit multiply-and-fold over eight octets at a time, from a secret start, so that nobody can
/// choose names that collide. Slices of names that differ in length differ in hash as well.
#[derive(Clone, Copy, Debug)]
pub struct NameHasher(u64);

impl NameHasher {
    /// A hasher with a start that nobody knows.
    #[must_use]
    pub fn secret() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }

    /// The hash of a name, or of a part of one.
    #[inline]
    #[must_use]
    pub fn hash(self, octets: &[u8]) -> u64 {
        let mut hash = self.0 ^ u64::try_from(octets.len()).unwrap_or(0);
        let mut rest = octets;
        while let Some((word, after)) = rest.split_first_chunk::<8>() {
            hash = fold(hash ^ u64::from_le_bytes(*word));
            rest = after;
        }
        if rest.is_empty() {
            return hash;
        }
        fold(hash ^ last_word(octets, rest))
    }
}

impl NameHasher {
    /// A hash of a whole message, which is another one than [`NameHasher::hash`] gives. All of 32 to 64
    /// octets, as most queries have, are hashed in the same few steps, so that a processor need not
    /// guess how many there will be.
    #[inline(always)]
    #[must_use]
    pub fn hash_message(self, octets: &[u8]) -> u64 {
        const HALF: usize = 32;
        if let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk())
            && octets.len() <= 2 * HALF
        {
            return self.hash_halves(octets.len(), first, last);
        }
        self.hash(octets)
    }

    /// Four products that do not wait for each other, each of two words and of secrets.
    #[inline(always)]
    fn hash_halves(self, length: usize, first: &[u8; 32], last: &[u8; 32]) -> u64 {
        let (one, other) = (self.0, self.0.rotate_left(29) ^ FACTOR);
        let pair = |half, at| product(word_at(half, at) ^ one, word_at(half, at + 8) ^ other);
        let [a, b, c, d] = [
            pair(first, 0),
            pair(first, 16),
            pair(last, 0),
            pair(last, 16),
        ];
        let all = a ^ b.rotate_left(17) ^ c.rotate_left(34) ^ d.rotate_left(51);
        fold(all ^ u64::try_from(length).unwrap_or(0))
    }
}

/// The eight octets from `at` on, as a number; 0 if there are not so many.
#[inline(always)]
fn word_at(octets: &[u8; 32], at: usize) -> u64 {
    let word = octets.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u64::from_le_bytes(*word))
}

/// The octets that fill no word, one to seven of them: together with some of the word before where
/// there is one, else some of them twice.
#[inline]
fn last_word(octets: &[u8], rest: &[u8]) -> u64 {
    if let Some(word) = octets.last_chunk::<8>() {
        return u64::from_le_bytes(*word);
    }
    if let (Some(low), Some(high)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*high)) << 32 | u64::from(u32::from_le_bytes(*low));
    }
    let octet = |at: usize| u64::from(rest.get(at).copied().unwrap_or(0));
    octet(0) << 16 | octet(rest.len() / 2) << 8 | octet(rest.len() - 1)
}

/// Are the octets the same? Short ones, as most names are, are compared without a call.
#[inline(always)]
#[must_use]
pub fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if left.len() > 16 {
        return is_same_if_longer(left, right);
    }
    if let (Some(first), Some(other)) = (left.first_chunk(), right.first_chunk())
        && let (Some(last), Some(other_last)) = (left.last_chunk(), right.last_chunk())
    {
        let word = |octets: &[u8; 8]| u64::from_le_bytes(*octets);
        return (word(first) ^ word(other)) | (word(last) ^ word(other_last)) == 0;
    }
    if let (Some(first), Some(other)) = (left.first_chunk(), right.first_chunk())
        && let (Some(last), Some(other_last)) = (left.last_chunk(), right.last_chunk())
    {
        let word = |octets: &[u8; 4]| u32::from_le_bytes(*octets);
        return (word(first) ^ word(other)) | (word(last) ^ word(other_last)) == 0;
    }
    left.iter().eq(right)
}

/// Up to 32 octets without a call, as most names with their zone's are.
#[inline(never)]
fn is_same_if_longer(left: &[u8], right: &[u8]) -> bool {
    if let (Some(first), Some(other)) = (left.first_chunk(), right.first_chunk())
        && let (Some(last), Some(other_last)) = (left.last_chunk(), right.last_chunk())
        && left.len() <= 32
    {
        let word = |octets: &[u8; 16]| u128::from_le_bytes(*octets);
        return (word(first) ^ word(other)) | (word(last) ^ word(other_last)) == 0;
    }
    left == right
}

/// The golden ratio's bits.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Every bit of the result depends on every bit given.
#[inline]
fn fold(value: u64) -> u64 {
    // A constant without a pattern that keeps 0 from staying 0.
    product(value ^ 0xd6e8_feb8_6659_fd93, FACTOR)
}

/// Multiply to 128 bits and fold the halves.
#[inline]
fn product(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    let half = |value: u128| u64::try_from(value).unwrap_or(0);
    half(product >> u64::BITS) ^ half(product & u128::from(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{NameHasher, is_same};

    /// For names, and for messages.
    const WAYS: [fn(NameHasher, &[u8]) -> u64; 2] = [NameHasher::hash, NameHasher::hash_message];

    #[test]
    fn every_octet_counts() {
        let hasher = NameHasher(1);
        for (hash_of, length) in WAYS.iter().flat_map(|way| (1..80).map(move |it| (way, it))) {
            for step in [0, 1] {
                let octets: Vec<u8> = (0..length).map(|at| at * step).collect();
                let hash = hash_of(hasher, &octets);
                for at in 0..octets.len() {
                    let mut other = octets.clone();
                    other[at] ^= 0x40;
                    assert_ne!(hash_of(hasher, &other), hash, "octet {at} of {length}");
                }
                assert_ne!(hash_of(hasher, &octets[1..]), hash, "{length} octets");
            }
        }
    }

    /// Messages of 32 to 64 octets are hashed as two halves, which overlap.
    #[test]
    fn octets_that_change_places_change_the_hash() {
        let hasher = NameHasher::secret();
        for length in 16..80 {
            let octets: Vec<u8> = (0..length).collect();
            let words = octets.len() / 8;
            for (one, other) in (0..words).flat_map(|one| (0..one).map(move |it| (one, it))) {
                let mut changed = octets.clone();
                for at in 0..8 {
                    changed.swap(8 * one + at, 8 * other + at);
                }
                let [before, after] = [&octets, &changed].map(|it| hasher.hash_message(it));
                assert_ne!(before, after, "words {one}, {other} of {length} octets");
            }
        }
    }

    #[test]
    fn octets_are_the_same_only_if_every_one_is() {
        for length in 0..40 {
            let octets: Vec<u8> = (0..length).collect();
            assert!(is_same(&octets, &octets.clone()));
            for at in 0..octets.len() {
                let mut other = octets.clone();
                other[at] ^= 0x20;
                assert!(!is_same(&octets, &other), "octet {at} of {length}");
                assert!(!is_same(&octets, &octets[1..]) && !is_same(&octets[1..], &octets));
            }
        }
    }

    #[test]
    fn hashes_spread_in_their_upper_and_lower_bits() {
        let hasher = NameHasher::secret();
        for (hash_of, shift) in WAYS.iter().flat_map(|way| [0, 56].map(|it| (way, it))) {
            for behind in ["", " and some forty octets more behind it"] {
                let mut seen = [0; 256];
                for number in 0..25_600 {
                    let hash = hash_of(hasher, format!("host{number}{behind}").as_bytes());
                    seen[usize::try_from(hash >> shift & 0xff).unwrap()] += 1;
                }
                assert!(
                    seen.iter().all(|count| (40..180).contains(count)),
                    "{seen:?}"
                );
            }
        }
    }
}
