//! Addresses of every kind.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use understudy_wire::Name;

use super::codec::{DigitKind, decode, write_hex};
use super::read::{Source, number, refuse};
use crate::fault::Fault;
use crate::lexer::Word;

const ADDRESS: &str = "zone.rdata.address";

pub(crate) fn read_ipv4(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("an IPv4 address")?;
    let octets = parse_ipv4(word.octets)
        .ok_or_else(|| refuse(word, ADDRESS, "not an IPv4 address like 192.0.2.1"))?;
    source.out.extend_from_slice(&octets);
    Ok(())
}

/// Four numbers up to 255, without leading zeros, which some would read as octal.
pub(crate) fn parse_ipv4(text: &[u8]) -> Option<[u8; 4]> {
    let mut octets = [0; 4];
    let mut parts = text.split(|octet| *octet == b'.');
    for octet in &mut octets {
        let part = parts.next()?;
        let is_number = matches!(part.len(), 1..=3) && part.iter().all(u8::is_ascii_digit);
        if !is_number || (part.len() > 1 && part.starts_with(b"0")) {
            return None;
        }
        let value = part
            .iter()
            .fold(0_u16, |value, digit| value * 10 + u16::from(*digit - b'0'));
        *octet = u8::try_from(value).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

pub(crate) fn parse_ipv6(text: &[u8]) -> Option<[u8; 16]> {
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(address.octets())
}

pub(crate) fn read_ipv6(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("an IPv6 address")?;
    let octets = parse_ipv6(word.octets)
        .ok_or_else(|| refuse(word, ADDRESS, "not an IPv6 address like 2001:db8::1"))?;
    source.out.extend_from_slice(&octets);
    Ok(())
}

pub(crate) fn write_ipv4(octets: &[u8], out: &mut String) -> Option<()> {
    let address = Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?);
    write!(out, "{address}").ok()
}

pub(crate) fn write_ipv6(octets: &[u8], out: &mut String) -> Option<()> {
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?);
    write!(out, "{address}").ok()
}

pub(crate) fn read_eui(source: &mut Source<'_, '_>, count: usize) -> Result<(), Fault> {
    let word = source.need("an EUI address")?;
    let parts = word.octets.split(|octet| *octet == b'-');
    let has_form = parts.clone().count() == count
        && parts.clone().all(|part| part.len() == 2)
        && parts
            .clone()
            .all(|part| decode(DigitKind::Hex, part, source.out).is_some());
    if has_form {
        return Ok(());
    }
    Err(refuse(
        word,
        ADDRESS,
        &format!("not {count} octets like 00-00-5e"),
    ))
}

pub(crate) fn write_eui(octets: &[u8], out: &mut String) {
    for (index, octet) in octets.iter().enumerate() {
        let separator = if index == 0 { "" } else { "-" };
        // Writing to a string does not fail.
        let _ = write!(out, "{separator}{octet:02x}");
    }
}

pub(crate) fn read_locator(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("a locator")?;
    let groups: Option<Vec<u16>> = word
        .octets
        .split(|octet| *octet == b':')
        .map(hex_group)
        .collect();
    let groups = groups
        .filter(|groups| groups.len() == 4)
        .ok_or_else(|| refuse(word, ADDRESS, "not four groups like 0014:4fff:ff20:ee64"))?;
    source
        .out
        .extend(groups.into_iter().flat_map(u16::to_be_bytes));
    Ok(())
}

fn hex_group(text: &[u8]) -> Option<u16> {
    if text.is_empty() || text.len() > 4 || !text.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

pub(crate) fn write_locator(octets: &[u8], out: &mut String) {
    for (index, pair) in octets.chunks(2).enumerate() {
        let separator = if index == 0 { "" } else { ":" };
        out.push_str(separator);
        for octet in pair {
            // Writing to a string does not fail.
            let _ = write!(out, "{octet:02x}");
        }
    }
}

/// Items like `!1:192.0.2.0/24` (RFC 3123 section 5), perhaps none.
pub(crate) fn read_apl(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    while let Some(word) = source.words.word()? {
        let item = apl_item(word.octets)
            .ok_or_else(|| refuse(word, ADDRESS, "not an item like 1:192.0.2.0/24"))?;
        source.out.extend_from_slice(&item);
    }
    Ok(())
}

fn apl_item(text: &[u8]) -> Option<Vec<u8>> {
    let (negation, text) = match text.strip_prefix(b"!") {
        Some(rest) => (0x80, rest),
        None => (0, text),
    };
    let text = std::str::from_utf8(text).ok()?;
    let (family, rest) = text.split_once(':')?;
    let (address, prefix) = rest.rsplit_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    let (family, mut octets): (u16, Vec<u8>) = match family {
        "1" if prefix <= 32 => (1, parse_ipv4(address.as_bytes())?.to_vec()),
        "2" if prefix <= 128 => (2, parse_ipv6(address.as_bytes())?.to_vec()),
        _ => return None,
    };
    while octets.last() == Some(&0) {
        octets.pop();
    }
    let length = u8::try_from(octets.len()).ok()?;
    let mut item = family.to_be_bytes().to_vec();
    item.extend_from_slice(&[prefix, negation | length]);
    item.append(&mut octets);
    Some(item)
}

pub(crate) fn write_apl(mut octets: &[u8], out: &mut String) -> Option<()> {
    let mut is_first = true;
    while let Some((head, rest)) = octets.split_first_chunk::<4>() {
        let [family0, family1, prefix, flags] = *head;
        let (address, rest) = rest.split_at_checked(usize::from(flags & 0x7f))?;
        if address.last() == Some(&0) {
            return None;
        }
        octets = rest;
        if !is_first {
            out.push(' ');
        }
        is_first = false;
        out.push_str(if flags & 0x80 == 0 { "" } else { "!" });
        let mut whole = [0; 16];
        whole.get_mut(..address.len())?.copy_from_slice(address);
        match u16::from_be_bytes([family0, family1]) {
            1 if prefix <= 32 && address.len() <= 4 => {
                out.push_str("1:");
                write_ipv4(whole.get(..4)?, out)?;
            }
            2 if prefix <= 128 => {
                out.push_str("2:");
                write_ipv6(&whole, out)?;
            }
            _ => return None,
        }
        write!(out, "/{prefix}").ok()?;
    }
    octets.is_empty().then_some(())
}

/// Hexadecimal with dots anywhere (RFC 1706 section 7, and ATM addresses).
fn dotted_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|octet| *octet != b'.')
        .collect();
    let mut octets = Vec::with_capacity(digits.len() / 2);
    decode(DigitKind::Hex, &digits, &mut octets)?;
    (!octets.is_empty()).then_some(octets)
}

pub(crate) fn read_nsap(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("an NSAP address")?;
    let digits = word
        .octets
        .strip_prefix(b"0x")
        .or_else(|| word.octets.strip_prefix(b"0X"));
    let octets = digits
        .and_then(dotted_hex)
        .ok_or_else(|| refuse(word, ADDRESS, "not an address like 0x47.0005.80"))?;
    source.out.extend_from_slice(&octets);
    Ok(())
}

pub(crate) fn write_nsap(octets: &[u8], out: &mut String) -> Option<()> {
    if octets.is_empty() {
        return None;
    }
    out.push_str("0x");
    write_hex(octets, out);
    Some(())
}

/// Format 0 is an AESA in hexadecimal, format 1 a telephone number (ATM Name System, 6.1).
pub(crate) fn read_atma(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("an ATM address")?;
    match word.octets.strip_prefix(b"+") {
        Some(digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            source.out.push(1);
            source.out.extend_from_slice(digits);
            Ok(())
        }
        Some(_) => Err(refuse(word, ADDRESS, "not a number like +61200000000")),
        None => {
            let octets = dotted_hex(word.octets)
                .ok_or_else(|| refuse(word, ADDRESS, "not an address in hexadecimal"))?;
            source.out.push(0);
            source.out.extend_from_slice(&octets);
            Ok(())
        }
    }
}

pub(crate) fn write_atma(octets: &[u8], out: &mut String) -> Option<()> {
    match octets.split_first()? {
        (1, digits) if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            out.push('+');
            out.extend(digits.iter().map(|digit| char::from(*digit)));
            Some(())
        }
        (0, address) if !address.is_empty() => {
            write_hex(address, out);
            Some(())
        }
        _ => None,
    }
}

/// Prefix length, the rest of the address, and the prefix's name (RFC 2874 section 3.1).
pub(crate) fn read_a6(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let length_word = source.need("a prefix length")?;
    let length: u8 = number(length_word, 128)?;
    source.out.push(length);
    if length < 128 {
        let word = source.need("an address suffix")?;
        let mut octets =
            parse_ipv6(word.octets).ok_or_else(|| refuse(word, ADDRESS, "not an IPv6 address"))?;
        let skipped = usize::from(length / 8);
        if let Some(octet) = octets.get_mut(skipped) {
            *octet &= 0xff >> (length % 8);
        }
        source
            .out
            .extend_from_slice(octets.get(skipped..).unwrap_or_default());
    }
    if length > 0 { source.name() } else { Ok(()) }
}

pub(crate) fn write_a6(octets: &[u8], out: &mut String) -> Option<()> {
    let (length, mut rest) = octets.split_first()?;
    write!(out, "{length}").ok()?;
    let held = usize::from(length / 8);
    if *length < 128 {
        let (suffix, after) = rest.split_at_checked(16_usize.checked_sub(held)?)?;
        let mut whole = [0; 16];
        whole.get_mut(held..)?.copy_from_slice(suffix);
        // Bits of the prefix are zero here (RFC 2874 section 3.1).
        if suffix.first()? & !(0xff >> (length % 8)) != 0 {
            return None;
        }
        out.push(' ');
        write_ipv6(&whole, out)?;
        rest = after;
    }
    match length {
        0 => rest.is_empty().then_some(()),
        1..=128 => write!(out, " {:#}", Name::from_octets(rest).ok()?).ok(),
        _ => None,
    }
}

/// An address word of either family, for formats that say which.
pub(crate) fn read_of_family(
    source: &mut Source<'_, '_>,
    word: Word<'_>,
    family: u8,
) -> Result<(), Fault> {
    let is_read = match family {
        1 => parse_ipv4(word.octets).map(|octets| source.out.extend_from_slice(&octets)),
        _ => parse_ipv6(word.octets).map(|octets| source.out.extend_from_slice(&octets)),
    };
    is_read.ok_or_else(|| {
        refuse(
            word,
            ADDRESS,
            "not an address of the type that was announced",
        )
    })
}
