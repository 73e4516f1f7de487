//! What tells that a copy on disk is what was written: a checksum in its first line, a comment to
//! everybody else who reads master files.

use std::hash::Hasher as _;
use std::io::{self, Seek, SeekFrom, Write};

use siphasher::sip128::{Hasher128 as _, SipHasher13};

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

/// Writes what follows behind the line that proves it, which is completed at the end.
pub(crate) struct Sealing<W> {
    to: W,
    hasher: SipHasher13,
}

impl<W: Write + Seek> Sealing<W> {
    /// At the beginning of a file.
    pub(crate) fn begin(mut to: W) -> io::Result<Self> {
        to.write_all(format!("{SIGN}{}\n", "0".repeat(DIGITS)).as_bytes())?;
        Ok(Self {
            to,
            hasher: hasher(),
        })
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.hasher.write(octets);
        self.to.write_all(octets)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        let at = u64::try_from(SIGN.len()).unwrap_or(u64::MAX);
        self.to.seek(SeekFrom::Start(at))?;
        self.to.write_all(digits(self.hasher).as_bytes())?;
        self.to.flush()
    }
}

impl Seal {
    /// Whatever does not begin as a copy without a checksum does has to have one that is right: a
    /// fault in the first line must not make the rest believed.
    pub(crate) fn of(file: &[u8]) -> Self {
        if file.starts_with(UNSEALED) {
            return Self::Missing;
        }
        let is_right = parts(file).is_some_and(|(found, content)| {
            let mut hasher = hasher();
            hasher.write(content);
            found == digits(hasher).as_bytes()
        });
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
fn hasher() -> SipHasher13 {
    SipHasher13::new_with_keys(0, 0)
}

fn digits(hasher: SipHasher13) -> String {
    let hash: u128 = hasher.finish128().into();
    format!("{hash:0DIGITS$x}")
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const TEXT: &str = "$ORIGIN example.com.\n@ 60 IN A 192.0.2.1\n";

    fn seal(parts: &[&str]) -> String {
        let mut file = Cursor::new(Vec::new());
        let mut sealing = Sealing::begin(&mut file).unwrap();
        for part in parts {
            sealing.write(part.as_bytes()).unwrap();
        }
        sealing.finish().unwrap();
        String::from_utf8(file.into_inner()).unwrap()
    }

    fn sealed() -> String {
        seal(&[TEXT])
    }

    #[test]
    fn portions_are_sealed_as_the_whole_is() {
        for cut in 0..TEXT.len() {
            assert_eq!(seal(&[&TEXT[..cut], &TEXT[cut..]]), sealed());
        }
    }

    #[test]
    fn what_was_written_is_whole() {
        assert_eq!(Seal::of(sealed().as_bytes()), Seal::Whole);
        assert!(sealed().ends_with(TEXT));
        assert_eq!(Seal::of(seal(&[]).as_bytes()), Seal::Whole);
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
