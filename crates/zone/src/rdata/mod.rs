//! Rdata by a table: each type is a list of fields, and each field knows its text and its octets.

mod addresses;
mod bitmap;
mod codec;
mod expand;
mod fields;
mod grammar;
mod keys;
mod loc;
mod read;
mod svcb;
mod times;
mod write;

use std::borrow::Cow;

use understudy_wire::Rtype;

use grammar::{Field, fields};

pub(crate) use expand::expand;
pub(crate) use fields::push_unescaped;
pub(crate) use grammar::is_widely_read;
pub(crate) use read::{read, read_name, refuse};
pub(crate) use times::{TtlError, read_ttl};
pub(crate) use write::{mnemonic, write, write_generic};

/// Are these octets rdata of the type? Octets of a type that nobody here knows always are.
pub(crate) fn is_well_formed(rtype: Rtype, octets: &[u8]) -> bool {
    match fields(rtype) {
        Some(fields) => octets.len() <= MAX_RDATA_OCTETS && write::has_form(fields, octets),
        None => octets.len() <= MAX_RDATA_OCTETS,
    }
}

/// RDLENGTH has 16 bits.
pub(crate) const MAX_RDATA_OCTETS: usize = 65_535;

/// The octets with their names in lower case: what tells two records apart (RFC 2181 section 5,
/// RFC 4343).
pub(crate) fn canonical(rtype: Rtype, octets: &[u8]) -> Cow<'_, [u8]> {
    let Some(fields) = fields(rtype).filter(|fields| fields.contains(&Field::Name)) else {
        return Cow::Borrowed(octets);
    };
    let mut made = Vec::with_capacity(octets.len());
    let mut rest = octets;
    for field in fields {
        let Some((part, after)) = write::split(*field, rest) else {
            break;
        };
        match field {
            Field::Name => made.extend(part.iter().map(u8::to_ascii_lowercase)),
            _ => made.extend_from_slice(part),
        }
        rest = after;
    }
    made.extend_from_slice(rest);
    Cow::Owned(made)
}

/// The octets as signatures and digests cover them: names in lower case in the types of RFC 4034
/// section 6.2 and in no others, where NSEC counts as one of the others (RFC 6840 section 5.1), and
/// so does A6, which is historic (RFC 6563) and known to none of the peers.
pub(crate) fn signed_form(rtype: Rtype, octets: &[u8]) -> Cow<'_, [u8]> {
    if is_folded(rtype) {
        canonical(rtype, octets)
    } else {
        Cow::Borrowed(octets)
    }
}

fn is_folded(rtype: Rtype) -> bool {
    expand::may_be_compressed(rtype) || matches!(rtype, Rtype::KX | Rtype::RRSIG)
}

/// Is the order of [`sort_and_fold`] that of the signed form, too? Only names with case make another.
pub(crate) fn is_in_signed_order(rtype: Rtype) -> bool {
    is_folded(rtype) || !fields(rtype).is_some_and(|fields| fields.contains(&Field::Name))
}

/// Canonical order (RFC 4034 section 6.3), each record once.
pub(crate) fn sort_and_fold(rtype: Rtype, rdatas: &mut Vec<&[u8]>) {
    rdatas.sort_by_cached_key(|octets| canonical(rtype, octets).into_owned());
    rdatas.dedup_by(|left, right| canonical(rtype, left) == canonical(rtype, right));
}
