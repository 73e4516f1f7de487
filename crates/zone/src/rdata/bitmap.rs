//! Sets of types and of ports as bitmaps.

use std::fmt::Write as _;

use understudy_wire::Rtype;

use super::read::{Source, number, refuse};
use super::write::mnemonic;
use crate::fault::Fault;
use crate::lexer::Word;

/// Types to the end, as windows of up to 32 octets (RFC 4034 section 4.1.2).
pub(crate) fn read_types(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let mut types = remaining_types(source)?;
    types.sort_unstable();
    for window in types.chunk_by(|left, right| left / 256 == right / 256) {
        let low: Vec<u16> = window.iter().map(|number| number % 256).collect();
        let bits = bitmap(&low);
        let high = window.first().map_or(0, |number| number.to_be_bytes()[0]);
        source.out.push(high);
        // A window has at most 32 octets.
        source.out.push(u8::try_from(bits.len()).unwrap_or(u8::MAX));
        source.out.extend_from_slice(&bits);
    }
    Ok(())
}

/// Types below 128 as one bitmap (RFC 2535 section 5.2).
pub(crate) fn read_nxt_types(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let at = source.words.offset();
    let types = remaining_types(source)?;
    if types.is_empty() || types.iter().any(|number| *number >= 128) {
        return Err(Fault::new(at, "zone.rdata.types", || {
            "NXT has at least one type, and only types below 128".to_owned()
        }));
    }
    source.out.extend_from_slice(&bitmap(&types));
    Ok(())
}

fn remaining_types(source: &mut Source<'_, '_>) -> Result<Vec<u16>, Fault> {
    let mut types = Vec::new();
    while let Some(word) = source.words.word()? {
        let rtype = Rtype::from_text(word.octets)
            .ok_or_else(|| refuse(word, "zone.type.unknown", "not a type"))?;
        types.push(rtype.number());
    }
    Ok(types)
}

/// Bit 0 is the highest of the first octet; as many octets as the highest number needs.
fn bitmap(numbers: &[u16]) -> Vec<u8> {
    let count = numbers
        .iter()
        .max()
        .map_or(0, |highest| usize::from(highest / 8) + 1);
    let mut octets = vec![0; count];
    for number in numbers {
        if let Some(octet) = octets.get_mut(usize::from(number / 8)) {
            *octet |= 0x80 >> (number % 8);
        }
    }
    octets
}

/// The numbers whose bits are set.
fn set_bits(octets: &[u8]) -> impl Iterator<Item = u16> {
    (0..).zip(octets).flat_map(|(index, octet): (u16, &u8)| {
        (0..8)
            .filter(move |bit| octet & (0x80 >> bit) != 0)
            .map(move |bit| index * 8 + bit)
    })
}

/// Windows in ascending order, none empty, none with trailing zero octets.
pub(crate) fn write_types(mut octets: &[u8], out: &mut String) -> Option<()> {
    let mut last_window = None;
    let mut separator = "";
    while let Some((head, rest)) = octets.split_first_chunk::<2>() {
        let [window, length] = *head;
        let (bits, rest) = rest.split_at_checked(usize::from(length))?;
        let is_ascending = last_window.is_none_or(|last| last < window);
        if !is_ascending || bits.len() > 32 || bits.last().is_none_or(|octet| *octet == 0) {
            return None;
        }
        for bit in set_bits(bits) {
            let rtype = Rtype::new(u16::from(window) * 256 + bit);
            write!(out, "{separator}{}", mnemonic(rtype)).ok()?;
            separator = " ";
        }
        last_window = Some(window);
        octets = rest;
    }
    octets.is_empty().then_some(())
}

pub(crate) fn write_nxt_types(octets: &[u8], out: &mut String) -> Option<()> {
    if octets.len() > 16 || octets.last().is_none_or(|octet| *octet == 0) {
        return None;
    }
    let mut separator = "";
    for bit in set_bits(octets) {
        write!(out, "{separator}{}", mnemonic(Rtype::new(bit))).ok()?;
        separator = " ";
    }
    Some(())
}

/// A protocol and the ports at which a host serves (RFC 1035 section 3.4.2).
pub(crate) fn read_services(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("a protocol")?;
    let protocol = match word.octets {
        text if text.eq_ignore_ascii_case(b"tcp") => 6,
        text if text.eq_ignore_ascii_case(b"udp") => 17,
        _ => number(word, u64::from(u8::MAX))?,
    };
    source.out.push(protocol);
    let mut ports = Vec::new();
    while let Some(word) = source.words.word()? {
        ports.push(port(word)?);
    }
    source.out.extend_from_slice(&bitmap(&ports));
    Ok(())
}

/// A port by number, or by a name that RFC 1010 had when WKS was new.
fn port(word: Word<'_>) -> Result<u16, Fault> {
    const NAMED: &[(&str, u16)] = &[
        ("echo", 7),
        ("discard", 9),
        ("systat", 11),
        ("daytime", 13),
        ("netstat", 15),
        ("chargen", 19),
        ("ftp-data", 20),
        ("ftp", 21),
        ("telnet", 23),
        ("smtp", 25),
        ("time", 37),
        ("nameserver", 42),
        ("domain", 53),
        ("tftp", 69),
        ("gopher", 70),
        ("finger", 79),
        ("http", 80),
        ("pop2", 109),
        ("pop3", 110),
        ("sunrpc", 111),
        ("nntp", 119),
        ("ntp", 123),
        ("imap", 143),
        ("snmp", 161),
        ("https", 443),
    ];
    let named = NAMED
        .iter()
        .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word.octets));
    match named {
        Some((_, port)) => Ok(*port),
        None => number(word, u64::from(u16::MAX)),
    }
}

pub(crate) fn write_services(octets: &[u8], out: &mut String) -> Option<()> {
    let (protocol, bits) = octets.split_first()?;
    if bits.len() > 8192 || bits.last() == Some(&0) {
        return None;
    }
    write!(out, "{protocol}").ok()?;
    for (index, octet) in bits.iter().enumerate() {
        for bit in (0..8).filter(|bit| octet & (0x80 >> bit) != 0) {
            write!(out, " {}", index * 8 + bit).ok()?;
        }
    }
    Some(())
}
