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

/// Multiply to 128 bits and fold the halves: every bit of the result depends on every bit given.
#[inline]
fn fold(value: u64) -> u64 {
    // The golden ratio's bits, and another constant without a pattern that keeps 0 from staying 0.
    const FACTOR: u128 = 0x9e37_79b9_7f4a_7c15;
    let product = u128::from(value ^ 0xd6e8_feb8_6659_fd93) * FACTOR;
    let half = |value: u128| u64::try_from(value).unwrap_or(0);
    half(product >> u64::BITS) ^ half(product & u128::from(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{NameHasher, is_same};

    #[test]
    fn every_octet_counts() {
        let hasher = NameHasher(1);
        for length in 1..40 {
            let octets: Vec<u8> = (0..length).collect();
            let hash = hasher.hash(&octets);
            for at in 0..octets.len() {
                let mut other = octets.clone();
                other[at] ^= 0x40;
                assert_ne!(hasher.hash(&other), hash, "octet {at} of {length}");
            }
            assert_ne!(hasher.hash(&octets[1..]), hash);
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
        for shift in [0, 56] {
            let mut seen = [0; 256];
            for number in 0..25_600 {
                let hash = hasher.hash(format!("host{number}").as_bytes());
                seen[usize::try_from(hash >> shift & 0xff).unwrap()] += 1;
            }
            assert!(
                seen.iter().all(|count| (40..180).contains(count)),
                "{seen:?}"
            );
        }
    }
}
