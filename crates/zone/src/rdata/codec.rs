//! Octets as hexadecimal, base64 (RFC 4648 section 4) and base32hex (section 7), read digit by
//! digit so that blanks may stand anywhere between.

use std::fmt::Write as _;

/// Collects digits of a few bits into octets.
pub(crate) struct Digits {
    kind: DigitKind,
    bits: u32,
    held: u32,
    count: usize,
    padding: usize,
}

/// Which digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DigitKind {
    Hex,
    Base32,
    Base64,
}

impl DigitKind {
    const fn width(self) -> u32 {
        match self {
            Self::Hex => 4,
            Self::Base32 => 5,
            Self::Base64 => 6,
        }
    }

    const fn value(self, digit: u8) -> Option<u8> {
        match (self, digit) {
            (Self::Hex | Self::Base32, b'0'..=b'9') => Some(digit - b'0'),
            (Self::Hex, b'a'..=b'f') | (Self::Base32, b'a'..=b'v') => Some(digit - b'a' + 10),
            (Self::Hex, b'A'..=b'F') | (Self::Base32, b'A'..=b'V') => Some(digit - b'A' + 10),
            (Self::Base64, b'A'..=b'Z') => Some(digit - b'A'),
            (Self::Base64, b'a'..=b'z') => Some(digit - b'a' + 26),
            (Self::Base64, b'0'..=b'9') => Some(digit - b'0' + 52),
            (Self::Base64, b'+') => Some(62),
            (Self::Base64, b'/') => Some(63),
            _ => None,
        }
    }
}

impl Digits {
    pub(crate) fn new(kind: DigitKind) -> Self {
        Self {
            kind,
            bits: 0,
            held: 0,
            count: 0,
            padding: 0,
        }
    }

    /// Take one digit or padding; None if it is neither.
    pub(crate) fn push(&mut self, digit: u8, out: &mut Vec<u8>) -> Option<()> {
        if digit == b'=' && self.kind != DigitKind::Hex {
            self.padding += 1;
            return Some(());
        }
        if self.padding > 0 {
            return None;
        }
        let value = self.kind.value(digit)?;
        self.held = self.held << self.kind.width() | u32::from(value);
        self.bits += self.kind.width();
        self.count += 1;
        if self.bits >= 8 {
            self.bits -= 8;
            out.push(u8::try_from(self.held >> self.bits & 0xff).ok()?);
            self.held &= (1 << self.bits) - 1;
        }
        Some(())
    }

    /// Did the digits make whole octets, with nothing left but zero bits and the right padding?
    /// Base32 has none in DNS (RFC 5155 section 3.3).
    pub(crate) fn is_whole(&self) -> bool {
        let is_padded = match self.kind {
            DigitKind::Base64 => (self.count + self.padding).is_multiple_of(4),
            DigitKind::Base32 | DigitKind::Hex => self.padding == 0,
        };
        self.held == 0 && self.bits < self.kind.width() && self.padding < 3 && is_padded
    }
}

/// Decode one text that has no blanks in it.
pub(crate) fn decode(kind: DigitKind, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut digits = Digits::new(kind);
    for digit in text {
        digits.push(*digit, out)?;
    }
    digits.is_whole().then_some(())
}

pub(crate) fn write_hex(octets: &[u8], out: &mut String) {
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(out, "{octet:02X}");
    }
}

pub(crate) fn write_base64(octets: &[u8], out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    write_digits(octets, 6, ALPHABET, out);
    match octets.len() % 3 {
        1 => out.push_str("=="),
        2 => out.push('='),
        _ => (),
    }
}

pub(crate) fn write_base32(octets: &[u8], out: &mut String) {
    write_digits(octets, 5, b"0123456789ABCDEFGHIJKLMNOPQRSTUV", out);
}

fn write_digits(octets: &[u8], width: u32, alphabet: &[u8], out: &mut String) {
    let (mut held, mut bits) = (0_u32, 0);
    let mut push = |value: u32| {
        let digit = usize::try_from(value)
            .ok()
            .and_then(|value| alphabet.get(value));
        out.extend(digit.map(|digit| char::from(*digit)));
    };
    for octet in octets {
        held = held << 8 | u32::from(*octet);
        bits += 8;
        while bits >= width {
            bits -= width;
            push(held >> bits);
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        push(held << (width - bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Writer = fn(&[u8], &mut String);

    #[test]
    fn digits_and_octets_are_one() {
        for length in 0..40_u8 {
            let octets: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37)).collect();
            let writers: [(DigitKind, Writer); 3] = [
                (DigitKind::Hex, write_hex),
                (DigitKind::Base32, write_base32),
                (DigitKind::Base64, write_base64),
            ];
            for (kind, write) in writers {
                let (mut text, mut back) = (String::new(), Vec::new());
                write(&octets, &mut text);
                assert_eq!(
                    decode(kind, text.as_bytes(), &mut back),
                    Some(()),
                    "{kind:?} {text}"
                );
                assert_eq!(back, octets, "{kind:?} {text}");
            }
        }
    }

    /// RFC 4648 section 4.
    #[test]
    fn the_test_vectors_of_rfc_4648_hold() {
        let mut text = String::new();
        write_base64(b"foobar", &mut text);
        write_base32(b"foobar", &mut text);
        write_base64(b"fooba", &mut text);
        assert_eq!(text, "Zm9vYmFyCPNMUOJ1E8Zm9vYmE=");
    }

    #[test]
    fn incomplete_digits_are_refused() {
        for (kind, text) in [
            (DigitKind::Hex, "abc"),
            (DigitKind::Hex, "0g"),
            (DigitKind::Base64, "Zg"),
            (DigitKind::Base64, "Zg=A"),
            (DigitKind::Base64, "Z==="),
            (DigitKind::Base64, "Zh=="),
            (DigitKind::Base32, "C"),
            (DigitKind::Base32, "CW"),
        ] {
            assert_eq!(
                decode(kind, text.as_bytes(), &mut Vec::new()),
                None,
                "{kind:?} {text}"
            );
        }
    }
}
