//! What tells that a copy on disk is what was written: a checksum in its first line, a comment to
//! everybody else who reads master files.

use siphasher::sip128::SipHasher13;

/// What such a file begins with.
const SIGN: &str = "; checksum (SipHash-1-3, 128 bits) of all that follows: ";

/// How many digits of sixteen come then.
const DIGITS: usize = 32;

/// What a copy begins with that has none, as earlier versions wrote them, and as it is after
/// somebody has taken the line away to change the rest.
const UNSEALED: &[u8] = b"$ORIGIN ";

/// How far a file is what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    Whole,
    /// It has none, and has to be believed.
    Missing,
    /// The content is not what was written, or the checksum is not.
    Broken,
}

/// What `write` writes behind the line that proves it.
pub(crate) fn seal(write: impl FnOnce(&mut String)) -> String {
    let mut text = String::from(SIGN);
    text.push_str(&"0".repeat(DIGITS));
    text.push('\n');
    let start = text.len();
    write(&mut text);
    let digits = digits(text.as_bytes().get(start..).unwrap_or_default());
    text.replace_range(SIGN.len()..SIGN.len() + DIGITS, &digits);
    text
}

impl Seal {
    /// Whatever does not begin as a copy without a checksum does has to have one that is right: a
    /// fault in the first line must not make the rest believed.
    pub(crate) fn of(file: &[u8]) -> Self {
        if file.starts_with(UNSEALED) {
            return Self::Missing;
        }
        let is_right =
            parts(file).is_some_and(|(found, content)| found == digits(content).as_bytes());
        if is_right { Self::Whole } else { Self::Broken }
    }
}

/// The digits, and what they are of.
fn parts(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let sealed = file.strip_prefix(SIGN.as_bytes())?;
    let (found, rest) = sealed.split_at_checked(DIGITS)?;
    Some((found, rest.strip_prefix(b"\n")?))
}

/// Keys that everybody may know: it finds what a disk does, and proves nothing against people.
fn digits(content: &[u8]) -> String {
    let hash: u128 = SipHasher13::new_with_keys(0, 0).hash(content).into();
    format!("{hash:0DIGITS$x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "$ORIGIN example.com.\n@ 60 IN A 192.0.2.1\n";

    fn sealed() -> String {
        seal(|text| text.push_str(TEXT))
    }

    #[test]
    fn what_was_written_is_whole() {
        assert_eq!(Seal::of(sealed().as_bytes()), Seal::Whole);
        assert!(sealed().ends_with(TEXT));
        assert_eq!(Seal::of(seal(|_| ()).as_bytes()), Seal::Whole);
    }

    #[test]
    fn what_was_written_without_a_checksum_is_believed() {
        assert_eq!(Seal::of(TEXT.as_bytes()), Seal::Missing);
    }

    #[test]
    fn every_bit_counts() {
        let sealed = sealed();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut octets = sealed.clone().into_bytes();
                octets[at] ^= 1 << bit;
                assert_eq!(Seal::of(&octets), Seal::Broken, "bit {bit} of octet {at}");
            }
        }
    }

    #[test]
    fn a_part_is_not_whole() {
        let sealed = sealed();
        for cut in 0..sealed.len() {
            assert_eq!(
                Seal::of(&sealed.as_bytes()[..cut]),
                Seal::Broken,
                "{cut} octets"
            );
        }
        assert_eq!(Seal::of(format!("{sealed}\n").as_bytes()), Seal::Broken);
    }
}
