//! Rdata out of a message: names in it may be compressed there.

use understudy_wire::{Name, Rtype, push_expanded};

use super::grammar::{Field, fields};
use super::{MAX_RDATA_OCTETS, write};

/// Append the rdata in a stretch of a message, its names written out. None if it has not the form of its type;
/// `to` may have a part of it then.
pub(crate) fn expand(
    rtype: Rtype,
    message: &[u8],
    (start, end): (usize, usize),
    to: &mut Vec<u8>,
) -> Option<()> {
    let octets = message.get(start..end)?;
    let made_at = to.len();
    let Some(fields) = fields(rtype) else {
        to.extend_from_slice(octets);
        return Some(());
    };
    let has_names = fields.contains(&Field::Name);
    if has_names {
        expand_names(rtype, fields, message.get(..end)?, start, to)?;
    } else {
        to.extend_from_slice(octets);
    }
    let made = to.get(made_at..)?;
    let was_split = has_names && fields.iter().all(|field| is_plain(*field));
    let is_good = was_split || write::has_form(fields, made);
    (is_good && made.len() <= MAX_RDATA_OCTETS).then_some(())
}

/// Is every value of the field's size good?
fn is_plain(field: Field) -> bool {
    matches!(field, Field::Name | Field::U16 | Field::U32 | Field::Period)
}

fn expand_names(
    rtype: Rtype,
    fields: &[Field],
    message: &[u8],
    start: usize,
    to: &mut Vec<u8>,
) -> Option<()> {
    let may_be_compressed = may_be_compressed(rtype);
    let mut at = start;
    for field in fields {
        if *field == Field::Name && may_be_compressed {
            at = push_expanded(message, at, to)?;
        } else if *field == Field::Name {
            let (name, _) = Name::split_from(message.get(at..)?).ok()?;
            to.extend_from_slice(name.octets());
            at += name.octets().len();
        } else {
            let (part, _) = write::split(*field, message.get(at..)?)?;
            to.extend_from_slice(part);
            at += part.len();
        }
    }
    (at == message.len()).then_some(())
}

/// The types whose names a receiver writes out (RFC 3597 section 4), and DNAME, which servers before RFC 6672
/// compressed.
pub(super) const fn may_be_compressed(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::NS
            | Rtype::MD
            | Rtype::MF
            | Rtype::CNAME
            | Rtype::SOA
            | Rtype::MB
            | Rtype::MG
            | Rtype::MR
            | Rtype::PTR
            | Rtype::MINFO
            | Rtype::MX
            | Rtype::RP
            | Rtype::AFSDB
            | Rtype::RT
            | Rtype::SIG
            | Rtype::PX
            | Rtype::NXT
            | Rtype::NAPTR
            | Rtype::SRV
            | Rtype::DNAME
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(rtype: Rtype, rdata: &[u8]) -> Option<Vec<u8>> {
        let message = [b"............\x02ab\x01c\0", rdata].concat();
        let mut to = b"before".to_vec();
        expand(rtype, &message, (18, message.len()), &mut to)?;
        Some(to.split_off(6))
    }

    #[test]
    fn names_are_written_out_where_they_may_be_compressed() {
        for (rtype, rdata, found) in [
            (Rtype::NS, &b"\xc0\x0c"[..], Some(&b"\x02ab\x01c\0"[..])),
            (
                Rtype::MX,
                b"\0\x0a\x01x\xc0\x0f",
                Some(b"\0\x0a\x01x\x01c\0"),
            ),
            (
                Rtype::SRV,
                b"\0\x01\0\x02\0\x03\xc0\x0c",
                Some(b"\0\x01\0\x02\0\x03\x02ab\x01c\0"),
            ),
            (Rtype::DNAME, b"\xc0\x0f", Some(b"\x01c\0")),
            (Rtype::KX, b"\0\x01\xc0\x0c", None),
            (Rtype::KX, b"\0\x01\x01y\0", Some(b"\0\x01\x01y\0")),
            (Rtype::NS, b"\x01y\0\0", None),
            (Rtype::NS, b"\x01y", None),
            (Rtype::NS, b"", None),
            (Rtype::A, b"\x7f\0\0\x01", Some(b"\x7f\0\0\x01")),
            (Rtype::A, b"\x7f\0\0", None),
            (Rtype::AAAA, b"\x7f\0\0\x01", None),
            (Rtype::TXT, b"\x01x\x02yz", Some(b"\x01x\x02yz")),
            (Rtype::TXT, b"\x02x", None),
            (Rtype::new(65280), b"\xc0\x0c", Some(b"\xc0\x0c")),
        ] {
            assert_eq!(
                expanded(rtype, rdata).as_deref(),
                found,
                "{rtype} {rdata:?}"
            );
        }
    }
}
