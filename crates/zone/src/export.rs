//! A zone as a master file for people and for other servers: aligned columns, SOA first, names relative
//! to the origin where that is shorter. What some of the others do not read is written so that they do.

use std::fmt::Write as _;
use std::io::{self, Seek, Write};

use understudy_wire::{Name, Rtype};

use crate::node::{Node, RRset};
use crate::rdata;
use crate::seal::Sealing;
use crate::zone::Zone;

/// chosen: most owners and types fit, and lines stay on a screen.
const OWNER_COLUMN: usize = 23;
const TTL_COLUMN: usize = 7;
const TYPE_COLUMN: usize = 7;

/// chosen: a file takes it at once, and it is nothing beside a zone that is large.
const PORTION_OCTETS: usize = 1 << 18;

pub(crate) fn to_master_file(zone: &Zone) -> String {
    let mut out = String::new();
    push_head(&mut out, zone);
    for (name, node) in zone.nodes() {
        push_node(&mut out, zone, name.as_name(), &node);
    }
    out
}

/// The same behind a line that tells whether it is still what was written. In portions: as text, a zone takes more
/// memory than it does otherwise.
pub(crate) fn write_sealed(zone: &Zone, to: impl Write + Seek) -> io::Result<()> {
    let mut sealing = Sealing::begin(to)?;
    let mut out = String::new();
    push_head(&mut out, zone);
    for (name, node) in zone.nodes() {
        push_node(&mut out, zone, name.as_name(), &node);
        if out.len() >= PORTION_OCTETS {
            sealing.write(out.as_bytes())?;
            out.clear();
        }
    }
    sealing.write(out.as_bytes())?;
    sealing.finish()
}

fn push_head(out: &mut String, zone: &Zone) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "$ORIGIN {:#}", zone.origin());
    push_set(out, "@", &zone.soa());
}

fn push_node(out: &mut String, zone: &Zone, name: Name<'_>, node: &Node<'_>) {
    let owner = relative(name, zone.origin());
    for set in node.rrsets().filter(|set| set.rtype != Rtype::SOA) {
        push_set(out, &owner, &set);
    }
}

/// The owner without the origin; `@` for the origin itself.
fn relative(name: Name<'_>, origin: Name<'_>) -> String {
    if name == origin {
        return "@".to_owned();
    }
    let mut text = format!("{name:#}");
    if !origin.is_root() {
        text.truncate(text.len() - format!("{origin:#}").len() - 1);
    }
    text
}

fn push_set(out: &mut String, owner: &str, set: &RRset<'_>) {
    for octets in set.rdatas() {
        let (ttl, rtype) = (set.ttl, rdata::mnemonic(set.rtype));
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "{owner:OWNER_COLUMN$} {ttl:<TTL_COLUMN$} IN {rtype:TYPE_COLUMN$} ",
        );
        if rdata::is_widely_read(set.rtype) {
            rdata::write(set.rtype, octets, out);
        } else {
            push_rare(out, set.rtype, octets);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// In the notation that everybody reads, with what it means behind it.
fn push_rare(out: &mut String, rtype: Rtype, octets: &[u8]) {
    rdata::write_generic(octets, out);
    let mut meaning = String::new();
    rdata::write(rtype, octets, &mut meaning);
    if Rtype::NAMED.contains(&rtype) && !meaning.starts_with("\\#") {
        // Writing to a string does not fail.
        let _ = write!(out, " ; {rtype} {meaning}");
    }
}
