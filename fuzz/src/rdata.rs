//! Octets that a change accepts as rdata have a text that reads back as these octets, in the type's
//! own form and in that of RFC 3597; what one way refuses the other refuses too.

use std::fmt::Write as _;

use domain::base::rdata::ParseAnyRecordData as _;
use domain::base::{ParsedName, Rtype as OtherRtype};
use domain::dep::octseq::Parser;
use domain::rdata::AllRecordData;
use understudy_wire::{Name, Rtype};
use understudy_zone::{RRsetChange, Zone};

use crate::model::Model;
use crate::world;

/// Two octets are the type, the rest is the rdata. Types with a mnemonic come by its index too, so
/// that they are often met.
pub fn run(input: &[u8]) {
    let Some(([form, number, low], octets)) = input.split_first_chunk() else {
        return;
    };
    let rtype = if form % 4 == 0 {
        Rtype::new(u16::from_be_bytes([*number, *low]))
    } else {
        Rtype::NAMED[usize::from(*number) % Rtype::NAMED.len()]
    };
    if rtype.is_meta() || rtype == Rtype::SOA {
        return;
    }
    let (origin, owner) = (world::name("example."), world::name("r.example."));
    let origin = origin.as_name();
    let bare = world::bare_zone(origin);
    let change = RRsetChange::Set(owner, rtype, 60, vec![octets.to_vec()]);
    let changed = bare.with_rrsets(&[change]);
    let read = read_generic(rtype, octets, origin);
    match &changed {
        Ok(zone) => {
            let written = zone.to_master_file();
            // The rules of a zone may forbid the record (an NS record without its address is only a
            // warning); a record by itself breaks none.
            let again = Zone::parse(written.as_bytes(), "written", origin);
            let again = again
                .unwrap_or_else(|error| panic!("{error}{written}"))
                .zone;
            Model::of(zone).check_contents(&again);
            let read = read.unwrap_or_else(|error| panic!("{rtype} {octets:02x?}: {error}"));
            Model::of(zone).check_contents(&read);
        }
        Err(_) => assert!(read.is_err(), "{rtype} {octets:02x?} is read and refused"),
    }
    // A TXT record has one text at least (RFC 1035 section 3.3.14); the other crate takes none.
    if is_plain(rtype) && !octets.is_empty() {
        assert_eq!(
            changed.is_ok(),
            others_read(rtype, octets),
            "{rtype} {octets:02x?}"
        );
    }
}

fn read_generic(rtype: Rtype, octets: &[u8], origin: Name<'_>) -> Result<Zone, String> {
    let mut text = format!(
        "@ 60 SOA ns root 1 2 3 4 30\n@ 60 NS ns\nr 60 {rtype} \\# {} ",
        octets.len()
    );
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(text, "{octet:02x}");
    }
    text.push('\n');
    match Zone::parse(text.as_bytes(), "generic", origin) {
        Ok(loaded) => Ok(loaded.zone),
        Err(error) => Err(error.to_string()),
    }
}

/// Types of RFC 1035 and the like, of which there are no two opinions.
fn is_plain(rtype: Rtype) -> bool {
    matches!(
        rtype,
        Rtype::A
            | Rtype::AAAA
            | Rtype::NS
            | Rtype::CNAME
            | Rtype::PTR
            | Rtype::DNAME
            | Rtype::MX
            | Rtype::SRV
            | Rtype::TXT
            | Rtype::HINFO
            | Rtype::MINFO
    )
}

/// Does the `domain` crate read these octets, all of them, and without a compressed name?
fn others_read(rtype: Rtype, octets: &[u8]) -> bool {
    let mut parser = Parser::from_ref(octets);
    let rtype = OtherRtype::from_int(rtype.number());
    let read = AllRecordData::<&[u8], ParsedName<&[u8]>>::parse_any_rdata(rtype, &mut parser);
    read.is_ok_and(|rdata| {
        let mut written = Vec::new();
        let is_written =
            domain::base::rdata::ComposeRecordData::compose_rdata(&rdata, &mut written);
        parser.remaining() == 0 && is_written.is_ok() && written == octets
    })
}
