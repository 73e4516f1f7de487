//! Text to octets.

use understudy_wire::{Name, NameBuf, Rtype};

use super::codec::{DigitKind, Digits, decode};
use super::grammar::{Field, fields};
use super::{
    MAX_RDATA_OCTETS, addresses, bitmap, fields as plain, is_well_formed, keys, loc, svcb,
};
use crate::fault::{Fault, shown};
use crate::lexer::{Lexer, Word};
use crate::plain as plain_name;

/// What a field needs to be read.
pub(crate) struct Source<'s, 't> {
    pub(crate) words: &'s mut Lexer<'t>,
    pub(crate) origin: Name<'s>,
    pub(crate) out: &'s mut Vec<u8>,
}

/// Read the rdata of a type from the words that are left of the entry, and append its octets to
/// `out`. On an error `out` has a part of them.
pub(crate) fn read(
    rtype: Rtype,
    words: &mut Lexer<'_>,
    origin: Name<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let start = out.len();
    let first = words.peek()?;
    let at = first.map_or(words.offset(), |word| word.at);
    let is_generic = first.is_some_and(|word| word.octets == b"\\#" && !word.is_quoted);
    match fields(rtype) {
        Some(fields) if !is_generic => {
            let mut source = Source { words, origin, out };
            fields.iter().try_for_each(|field| source.field(*field))?;
        }
        None if !is_generic => {
            return Err(Fault::new(at, "zone.rdata.generic", || {
                format!("{rtype} has no text form (write \\# and the octets, RFC 3597 section 5)")
            }));
        }
        _ => read_generic(rtype, words, out)?,
    }
    if out.len() - start > MAX_RDATA_OCTETS {
        return Err(Fault::new(at, "zone.rdata.long", || {
            format!(
                "the rdata has {} octets, 65535 are possible",
                out.len() - start
            )
        }));
    }
    Ok(())
}

/// `\# length hex...`, for types with a text form as well.
fn read_generic(rtype: Rtype, words: &mut Lexer<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mark = words.need("\\#")?;
    let start = out.len();
    let count = words.need("the number of octets")?;
    let expected: usize = number(count, u64::from(u16::MAX))?;
    read_digits(words, DigitKind::Hex, out)?;
    let octets = out.get(start..).unwrap_or_default();
    if octets.len() != expected {
        return Err(Fault::new(count.at, "zone.rdata.generic", || {
            format!(
                "{expected} octets are announced and {} are there",
                octets.len()
            )
        }));
    }
    if !is_well_formed(rtype, octets) {
        return Err(Fault::new(mark.at, "zone.rdata.generic", || {
            format!("these octets are not {rtype} rdata")
        }));
    }
    Ok(())
}

/// All remaining words as digits.
pub(crate) fn read_digits(
    words: &mut Lexer<'_>,
    kind: DigitKind,
    out: &mut Vec<u8>,
) -> Result<(), Fault> {
    let mut digits = Digits::new(kind);
    let mut last = words.offset();
    while let Some(word) = words.word()? {
        last = word.at;
        for (offset, digit) in word.octets.iter().enumerate() {
            if digits.push(*digit, out).is_none() {
                return Err(Fault::new(word.at + offset, "zone.rdata.digits", || {
                    format!("\"{}\" is no {kind:?} digit here", shown(&[*digit]))
                }));
            }
        }
    }
    if digits.is_whole() {
        return Ok(());
    }
    Err(Fault::new(last, "zone.rdata.digits", || {
        format!("the {kind:?} digits end in the middle of an octet")
    }))
}

/// A decimal number up to `max`.
pub(crate) fn number<T: TryFrom<u64>>(word: Word<'_>, max: u64) -> Result<T, Fault> {
    let value = match word.octets {
        [] => None,
        digits => digits.iter().try_fold(0_u64, |value, digit| {
            let digit = digit.is_ascii_digit().then(|| u64::from(*digit - b'0'))?;
            value.checked_mul(10)?.checked_add(digit)
        }),
    };
    value
        .filter(|value| *value <= max)
        .and_then(|value| T::try_from(value).ok())
        .ok_or_else(|| {
            refuse(
                word,
                "zone.rdata.number",
                &format!("not a number from 0 to {max}"),
            )
        })
}

/// A problem with a word.
#[cold]
pub(crate) fn refuse(word: Word<'_>, code: &'static str, why: &str) -> Fault {
    Fault::new(word.at, code, || {
        format!("\"{}\": {why}", shown(word.octets))
    })
}

impl<'t> Source<'_, 't> {
    pub(crate) fn field(&mut self, field: Field) -> Result<(), Fault> {
        match field {
            Field::U8 => self.u8("a number").map(|_| ()),
            Field::U16 => self.u16("a number").map(|_| ()),
            Field::U32 => self.u32(),
            Field::U64 => self.u64(),
            Field::Period => plain::read_period(self),
            Field::Time => plain::read_moment(self),
            Field::Type => plain::read_type(self),
            Field::CertType => keys::read_cert_type(self),
            Field::Algorithm => keys::read_algorithm(self),
            Field::Scheme => keys::read_scheme(self),
            Field::Name => self.name(),
            Field::Ipv4 => addresses::read_ipv4(self),
            Field::Ipv6 => addresses::read_ipv6(self),
            Field::Text => plain::read_text(self),
            Field::OptionalText => plain::read_optional_text(self),
            Field::Texts => plain::read_texts(self),
            Field::Tag => plain::read_tag(self),
            Field::LongText => plain::read_long_text(self),
            Field::Hex => self.digits(DigitKind::Hex),
            Field::Base64 => self.digits(DigitKind::Base64),
            Field::Base64OrNothing => read_digits(self.words, DigitKind::Base64, self.out),
            Field::Base64OrHyphen => plain::read_base64_or_hyphen(self),
            Field::Salt => self.counted(DigitKind::Hex),
            Field::Hash => self.counted(DigitKind::Base32),
            Field::Types => bitmap::read_types(self),
            Field::NxtTypes => bitmap::read_nxt_types(self),
            Field::Eui48 => addresses::read_eui(self, 6),
            Field::Eui64 => addresses::read_eui(self, 8),
            Field::Locator => addresses::read_locator(self),
            Field::Loc => loc::read(self),
            Field::Apl => addresses::read_apl(self),
            Field::Services => bitmap::read_services(self),
            Field::Nsap => addresses::read_nsap(self),
            Field::Atma => addresses::read_atma(self),
            Field::A6 => addresses::read_a6(self),
            Field::Ipseckey => keys::read_ipseckey(self),
            Field::Amtrelay => keys::read_amtrelay(self),
            Field::Hip => keys::read_hip(self),
            Field::SvcParams => svcb::read(self),
        }
    }

    pub(crate) fn need(&mut self, what: &str) -> Result<Word<'t>, Fault> {
        self.words.need(what)
    }

    pub(crate) fn u8(&mut self, what: &str) -> Result<u8, Fault> {
        let value = number(self.words.need(what)?, u64::from(u8::MAX))?;
        self.out.push(value);
        Ok(value)
    }

    pub(crate) fn u16(&mut self, what: &str) -> Result<u16, Fault> {
        let value: u16 = number(self.words.need(what)?, u64::from(u16::MAX))?;
        self.out.extend_from_slice(&value.to_be_bytes());
        Ok(value)
    }

    fn u32(&mut self) -> Result<(), Fault> {
        let value: u32 = number(self.words.need("a number")?, u64::from(u32::MAX))?;
        self.out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    fn u64(&mut self) -> Result<(), Fault> {
        let value: u64 = number(self.words.need("a number")?, u64::MAX)?;
        self.out.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    pub(crate) fn name(&mut self) -> Result<(), Fault> {
        let word = self.words.need("a name")?;
        if plain_name::push_wire(word, self.origin, self.out) {
            return Ok(());
        }
        let name = read_name(word, self.origin)?;
        self.out.extend_from_slice(name.as_name().octets());
        Ok(())
    }

    /// Digits to the end that make at least one octet.
    pub(crate) fn digits(&mut self, kind: DigitKind) -> Result<(), Fault> {
        let start = self.out.len();
        let at = self.words.offset();
        read_digits(self.words, kind, self.out)?;
        if self.out.len() == start {
            return Err(Fault::new(at, "zone.rdata.missing", || {
                "octets are missing".to_owned()
            }));
        }
        Ok(())
    }

    /// One word of digits behind the number of its octets; a hyphen is none of them.
    fn counted(&mut self, kind: DigitKind) -> Result<(), Fault> {
        let word = self.words.need("octets or a hyphen")?;
        let length_at = self.out.len();
        self.out.push(0);
        if word.octets != b"-" && decode(kind, word.octets, self.out).is_none() {
            return Err(refuse(
                word,
                "zone.rdata.digits",
                &format!("not {kind:?} digits"),
            ));
        }
        self.patch_length(word, length_at)
    }

    /// Write how many octets follow the length octet at `at`.
    pub(crate) fn patch_length(&mut self, word: Word<'_>, at: usize) -> Result<(), Fault> {
        let length = u8::try_from(self.out.len() - at - 1)
            .map_err(|_| refuse(word, "zone.rdata.long", "longer than 255 octets"))?;
        if let Some(octet) = self.out.get_mut(at) {
            *octet = length;
        }
        Ok(())
    }
}

/// A name, or `@` for the origin.
pub(crate) fn read_name(word: Word<'_>, origin: Name<'_>) -> Result<NameBuf, Fault> {
    if word.octets == b"@" && !word.is_quoted {
        return Ok(origin.to_buf());
    }
    NameBuf::from_text(word.octets, Some(origin)).map_err(|error| {
        Fault::new(word.at + error.offset, "zone.name", || {
            format!("\"{}\": {error}", shown(word.octets))
        })
    })
}
