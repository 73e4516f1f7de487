//! Keys, algorithms, and formats that choose a part by a number before it.

use std::fmt::Write as _;

use understudy_wire::Name;

use super::addresses::{read_of_family, write_ipv4, write_ipv6};
use super::codec::{DigitKind, decode, write_base64, write_hex};
use super::read::{Source, number, read_digits, refuse};
use crate::fault::Fault;

/// The IANA registry "DNS Security Algorithm Numbers", and the spellings that BIND has.
const ALGORITHMS: &[(&str, u8)] = &[
    ("DELETE", 0),
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("NSEC3DSA", 6),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("NSEC3RSASHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECCGOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("SM2SM3", 17),
    ("ECC-GOST12", 23),
    ("INDIRECT", 252),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];

/// RFC 4398 section 2.1.
const CERT_TYPES: &[(&str, u16)] = &[
    ("PKIX", 1),
    ("SPKI", 2),
    ("PGP", 3),
    ("IPKIX", 4),
    ("ISPKI", 5),
    ("IPGP", 6),
    ("ACPKIX", 7),
    ("IACPKIX", 8),
    ("URI", 253),
    ("OID", 254),
];

fn named<T: Copy>(names: &[(&str, T)], text: &[u8]) -> Option<T> {
    let found = names
        .iter()
        .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value)
}

pub(crate) fn read_algorithm(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("an algorithm")?;
    let value = match named(ALGORITHMS, word.octets) {
        Some(value) => value,
        None => number(word, u64::from(u8::MAX))?,
    };
    source.out.push(value);
    Ok(())
}

pub(crate) fn read_scheme(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("a scheme")?;
    let value = match named(&[("NOTIFY", 1)], word.octets) {
        Some(value) => value,
        None => number(word, u64::from(u8::MAX))?,
    };
    source.out.push(value);
    Ok(())
}

pub(crate) fn read_cert_type(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let word = source.need("a certificate type")?;
    let value = match named(CERT_TYPES, word.octets) {
        Some(value) => value,
        None => number(word, u64::from(u16::MAX))?,
    };
    source.out.extend_from_slice(&value.to_be_bytes());
    Ok(())
}

/// The part that a gateway type announces (RFC 4025 section 2.5, RFC 8777 section 4.2.4).
fn read_gateway(source: &mut Source<'_, '_>, kind: u8) -> Result<(), Fault> {
    if kind == 3 {
        return source.name();
    }
    let word = source.need("a gateway")?;
    match kind {
        0 if word.octets == b"." => Ok(()),
        1 | 2 => read_of_family(source, word, kind),
        0 => Err(refuse(
            word,
            "zone.rdata.address",
            "no gateway is written as a dot",
        )),
        _ => Err(refuse(
            word,
            "zone.rdata.number",
            "the gateway type is none of 0 to 3",
        )),
    }
}

/// Write the gateway and give what follows it.
fn write_gateway<'o>(kind: u8, octets: &'o [u8], out: &mut String) -> Option<&'o [u8]> {
    match kind {
        0 => {
            out.push('.');
            Some(octets)
        }
        1 => {
            let (address, rest) = octets.split_at_checked(4)?;
            write_ipv4(address, out).map(|()| rest)
        }
        2 => {
            let (address, rest) = octets.split_at_checked(16)?;
            write_ipv6(address, out).map(|()| rest)
        }
        3 => {
            let (name, rest) = Name::split_from(octets).ok()?;
            write!(out, "{name:#}").ok().map(|()| rest)
        }
        _ => None,
    }
}

/// `precedence gateway-type algorithm gateway key` (RFC 4025 section 3.1).
pub(crate) fn read_ipseckey(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    source.u8("a precedence")?;
    let kind = source.u8("a gateway type")?;
    source.u8("an algorithm")?;
    read_gateway(source, kind)?;
    read_digits(source.words, DigitKind::Base64, source.out)
}

pub(crate) fn write_ipseckey(octets: &[u8], out: &mut String) -> Option<()> {
    let ([precedence, kind, algorithm], rest) = octets.split_first_chunk()?;
    write!(out, "{precedence} {kind} {algorithm} ").ok()?;
    let key = write_gateway(*kind, rest, out)?;
    if !key.is_empty() {
        out.push(' ');
        write_base64(key, out);
    }
    Some(())
}

/// `precedence discovery-optional type relay` (RFC 8777 section 4.3.1).
pub(crate) fn read_amtrelay(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    source.u8("a precedence")?;
    let discovery: u8 = number(source.need("0 or 1 for discovery")?, 1)?;
    let kind: u8 = number(source.need("a relay type")?, 127)?;
    source.out.push(discovery << 7 | kind);
    read_gateway(source, kind)
}

pub(crate) fn write_amtrelay(octets: &[u8], out: &mut String) -> Option<()> {
    let ([precedence, flags], rest) = octets.split_first_chunk()?;
    write!(out, "{precedence} {} {} ", flags >> 7, flags & 0x7f).ok()?;
    write_gateway(flags & 0x7f, rest, out)?
        .is_empty()
        .then_some(())
}

/// `algorithm HIT key servers...` (RFC 8005 section 6).
pub(crate) fn read_hip(source: &mut Source<'_, '_>) -> Result<(), Fault> {
    let start = source.out.len();
    source.out.push(0);
    source.u8("an algorithm")?;
    source.out.extend_from_slice(&[0, 0]);
    let hit = source.need("a host identity tag")?;
    let hit_at = source.out.len();
    decode(DigitKind::Hex, hit.octets, source.out)
        .ok_or_else(|| refuse(hit, "zone.rdata.digits", "not Hex digits"))?;
    let hit_length = u8::try_from(source.out.len() - hit_at)
        .ok()
        .filter(|length| *length > 0)
        .ok_or_else(|| refuse(hit, "zone.rdata.long", "not 1 to 255 octets"))?;
    let key = source.need("a public key")?;
    let key_at = source.out.len();
    decode(DigitKind::Base64, key.octets, source.out)
        .ok_or_else(|| refuse(key, "zone.rdata.digits", "not Base64 digits"))?;
    let key_length = u16::try_from(source.out.len() - key_at)
        .map_err(|_| refuse(key, "zone.rdata.long", "longer than 65535 octets"))?;
    if let Some([hit_field, _, key_field @ ..]) = source.out.get_mut(start..start + 4) {
        *hit_field = hit_length;
        key_field.copy_from_slice(&key_length.to_be_bytes());
    }
    while source.words.peek()?.is_some() {
        source.name()?;
    }
    Ok(())
}

pub(crate) fn write_hip(octets: &[u8], out: &mut String) -> Option<()> {
    let ([hit_length, algorithm, key0, key1], rest) = octets.split_first_chunk()?;
    let (hit, rest) = rest.split_at_checked(usize::from(*hit_length))?;
    let key_length = usize::from(u16::from_be_bytes([*key0, *key1]));
    let (key, mut rest) = rest.split_at_checked(key_length)?;
    if hit.is_empty() || key.is_empty() {
        return None;
    }
    write!(out, "{algorithm} ").ok()?;
    write_hex(hit, out);
    out.push(' ');
    write_base64(key, out);
    while !rest.is_empty() {
        let (server, after) = Name::split_from(rest).ok()?;
        write!(out, " {server}").ok()?;
        rest = after;
    }
    Some(())
}
