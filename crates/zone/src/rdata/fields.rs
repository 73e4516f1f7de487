//! Fields of ordinary shape: texts, types, seconds.

use std::fmt::Write as _;

use understudy_wire::Rtype;

use super::codec::{DigitKind, write_base64};
use super::read::{Source, read_digits, refuse};
use super::times;
use crate::fault::Fault;
use crate::lexer::Word;

pub(crate) fn read_period(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a time in seconds")?;
    let value = times::read_period(word.octets).map_err(|_| {
        refuse(
            word,
            "zone.rdata.number",
            "not seconds or a time like 1h30m",
        )
    })?;
    source.out.extend_from_slice(&value.to_be_bytes());
    Ok(())
}

pub(crate) fn read_moment(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a moment")?;
    let value = times::read_time(word.octets)
        .ok_or_else(|| refuse(word, "zone.rdata.time", "not YYYYMMDDHHmmSS or seconds"))?;
    source.out.extend_from_slice(&value.to_be_bytes());
    Ok(())
}

pub(crate) fn read_type(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a type")?;
    let rtype = Rtype::from_text(word.octets)
        .ok_or_else(|| refuse(word, "zone.type.unknown", "not a type"))?;
    source.out.extend_from_slice(&rtype.number().to_be_bytes());
    Ok(())
}

pub(crate) fn read_text(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a text")?;
    push_text(source, word)
}

pub(crate) fn read_optional_text(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    match source.words.word()? {
        Some(word) => push_text(source, word),
        None => Ok(()),
    }
}

pub(crate) fn read_texts(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    read_text(source)?;
    while let Some(word) = source.words.word()? {
        push_text(source, word)?;
    }
    Ok(())
}

fn push_text(source: &mut Source<'_, '_>, word: Word<'_>) -> Result<(), Fault> {
    let length_at = source.out.len();
    source.out.push(0);
    push_unescaped(word, source.out)?;
    source.patch_length(word, length_at)
}

pub(crate) fn read_tag(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a tag")?;
    if word.octets.is_empty() || !word.octets.iter().all(u8::is_ascii_alphanumeric) {
        return Err(refuse(
            word,
            "zone.rdata.tag",
            "a tag is letters and digits",
        ));
    }
    push_text(source, word)
}

pub(crate) fn read_long_text(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.words.need("a text")?;
    push_unescaped(word, source.out)
}

pub(crate) fn read_base64_or_hyphen(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    match source.words.peek()? {
        Some(word) if word.octets == b"-" => source.words.word().map(|_| ()),
        _ => read_digits(source.words, DigitKind::Base64, source.out),
    }
}

/// The octets that a word means (RFC 1035 section 5.1).
pub(crate) fn push_unescaped(word: Word<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut rest = word.octets;
    while let Some((octet, after)) = rest.split_first() {
        rest = after;
        if *octet != b'\\' {
            out.push(*octet);
            continue;
        }
        let (value, used) = unescape(after).ok_or_else(|| {
            refuse(
                word,
                "zone.syntax.escape",
                "a backslash needs a character or three digits up to 255",
            )
        })?;
        out.push(value);
        rest = after.get(used..).unwrap_or_default();
    }
    Ok(())
}

fn unescape(after: &[u8]) -> Option<(u8, usize)> {
    let first = after.first()?;
    if !first.is_ascii_digit() {
        return Some((*first, 1));
    }
    let digits = after.first_chunk::<3>()?;
    let value = digits.iter().try_fold(0_u16, |value, digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + u16::from(*digit - b'0'))
    })?;
    u8::try_from(value).ok().map(|value| (value, 3))
}

/// Octets between quotes.
pub(crate) fn write_quoted(octets: &[u8], out: &mut String) {
    out.push('"');
    for octet in octets {
        match octet {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*octet));
            }
            0x20..=0x7e => out.push(char::from(*octet)),
            // Writing to a string does not fail.
            other => {
                let _ = write!(out, "\\{other:03}");
            }
        }
    }
    out.push('"');
}

/// Texts behind their length octets, with blanks between.
pub(crate) fn write_texts(mut octets: &[u8], out: &mut String) -> Option<()> {
    let mut is_first = true;
    while let Some((length, rest)) = octets.split_first() {
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        if !is_first {
            out.push(' ');
        }
        is_first = false;
        write_quoted(text, out);
        octets = rest;
    }
    Some(())
}

pub(crate) fn write_tag(octets: &[u8], out: &mut String) -> Option<()> {
    let (_, tag) = octets.split_first()?;
    if tag.is_empty() || !tag.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    out.extend(tag.iter().map(|octet| char::from(*octet)));
    Some(())
}

pub(crate) fn write_base64_or_hyphen(octets: &[u8], out: &mut String) {
    match octets {
        [] => out.push('-'),
        octets => write_base64(octets, out),
    }
}
