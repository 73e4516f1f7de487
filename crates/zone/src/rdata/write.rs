//! Octets to text.

use std::fmt::Write as _;

use understudy_wire::{Name, Rtype};

use super::codec::{write_base32, write_base64, write_hex};
use super::grammar::{Field, fields, is_widely_read};
use super::{addresses, bitmap, fields as plain, keys, loc, svcb, times};

/// Write rdata as text: in the form of its type, or generic (RFC 3597 section 5) where the type has
/// none or the octets do not fit it.
pub(crate) fn write(rtype: Rtype, octets: &[u8], out: &mut String) {
    let start = out.len();
    if fields(rtype).is_some_and(|fields| put_all(fields, octets, out).is_some()) {
        return;
    }
    out.truncate(start);
    write_generic(octets, out);
}

/// The notation that every reader knows for every type (RFC 3597 section 5).
pub(crate) fn write_generic(octets: &[u8], out: &mut String) {
    // Writing to a string does not fail.
    let _ = write!(out, "\\# {}", octets.len());
    if !octets.is_empty() {
        out.push(' ');
        write_hex(octets, out);
    }
}

/// The type's name, or `TYPE38` and the like where not every reader knows the name.
pub(crate) fn mnemonic(rtype: Rtype) -> String {
    if is_widely_read(rtype) {
        return rtype.to_string();
    }
    format!("TYPE{}", rtype.number())
}

/// Do the octets have the form of these fields? An address has by its length, and is not written to find out.
pub(crate) fn has_form(fields: &[Field], octets: &[u8]) -> bool {
    match fields {
        [field @ (Field::Ipv4 | Field::Ipv6)] => {
            split(*field, octets).is_some_and(|(_, rest)| rest.is_empty())
        }
        _ => put_all(fields, octets, &mut String::new()).is_some(),
    }
}

fn put_all(fields: &[Field], octets: &[u8], out: &mut String) -> Option<()> {
    let mut rest = octets;
    for (index, field) in fields.iter().enumerate() {
        let part;
        (part, rest) = split(*field, rest)?;
        let before = out.len();
        if index > 0 {
            out.push(' ');
        }
        let start = out.len();
        put(*field, part, out)?;
        if out.len() == start {
            out.truncate(before);
        }
    }
    rest.is_empty().then_some(())
}

/// Take a field off the front.
pub(crate) fn split(field: Field, octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let size = match field {
        Field::U8 | Field::Algorithm | Field::Scheme => 1,
        Field::U16 | Field::Type | Field::CertType => 2,
        Field::U32 | Field::Period | Field::Time | Field::Ipv4 => 4,
        Field::Eui48 => 6,
        Field::U64 | Field::Eui64 | Field::Locator => 8,
        Field::Ipv6 => 16,
        Field::Name => Name::split_from(octets).ok()?.0.octets().len(),
        Field::Text | Field::Tag | Field::Salt | Field::Hash => usize::from(*octets.first()?) + 1,
        _ => octets.len(),
    };
    octets.split_at_checked(size)
}

fn put(field: Field, part: &[u8], out: &mut String) -> Option<()> {
    match field {
        Field::U8
        | Field::U16
        | Field::U32
        | Field::U64
        | Field::Algorithm
        | Field::CertType
        | Field::Scheme
        | Field::Period => put_number(part, out),
        Field::Time => {
            times::write_time(u32::from_be_bytes(part.try_into().ok()?), out);
            Some(())
        }
        Field::Type => {
            out.push_str(&mnemonic(Rtype::new(u16::from_be_bytes(
                part.try_into().ok()?,
            ))));
            Some(())
        }
        Field::Name => write!(out, "{:#}", Name::from_octets(part).ok()?).ok(),
        Field::Ipv4 => addresses::write_ipv4(part, out),
        Field::Ipv6 => addresses::write_ipv6(part, out),
        Field::Eui48 | Field::Eui64 => {
            addresses::write_eui(part, out);
            Some(())
        }
        Field::Locator => {
            addresses::write_locator(part, out);
            Some(())
        }
        Field::Salt | Field::Hash => put_counted(field, part, out),
        _ => put_rest(field, part, out),
    }
}

/// Fields that are a format of their own or reach to the end.
fn put_rest(field: Field, part: &[u8], out: &mut String) -> Option<()> {
    match field {
        Field::Texts | Field::Hex | Field::Base64 if part.is_empty() => None,
        Field::OptionalText
            if part
                .first()
                .is_some_and(|n| usize::from(*n) + 1 != part.len()) =>
        {
            None
        }
        Field::Text | Field::OptionalText | Field::Texts => plain::write_texts(part, out),
        Field::Tag => plain::write_tag(part, out),
        Field::LongText => {
            plain::write_quoted(part, out);
            Some(())
        }
        Field::Hex => {
            write_hex(part, out);
            Some(())
        }
        Field::Base64 | Field::Base64OrNothing => {
            write_base64(part, out);
            Some(())
        }
        Field::Base64OrHyphen => {
            plain::write_base64_or_hyphen(part, out);
            Some(())
        }
        Field::Types => bitmap::write_types(part, out),
        Field::NxtTypes => bitmap::write_nxt_types(part, out),
        Field::Services => bitmap::write_services(part, out),
        Field::Loc => loc::write(part, out),
        Field::Apl => addresses::write_apl(part, out),
        Field::Nsap => addresses::write_nsap(part, out),
        Field::Atma => addresses::write_atma(part, out),
        Field::A6 => addresses::write_a6(part, out),
        Field::Ipseckey => keys::write_ipseckey(part, out),
        Field::Amtrelay => keys::write_amtrelay(part, out),
        Field::Hip => keys::write_hip(part, out),
        Field::SvcParams => svcb::write(part, out),
        _ => None,
    }
}

fn put_number(part: &[u8], out: &mut String) -> Option<()> {
    let value = part
        .iter()
        .fold(0_u64, |value, octet| value << 8 | u64::from(*octet));
    write!(out, "{value}").ok()
}

fn put_counted(field: Field, part: &[u8], out: &mut String) -> Option<()> {
    let (_, octets) = part.split_first()?;
    match (octets, field) {
        ([], _) => out.push('-'),
        (octets, Field::Hash) => write_base32(octets, out),
        (octets, _) => write_hex(octets, out),
    }
    Some(())
}
