//! Names that differences put below a DNAME, or a DNAME above (RFC 6672 section 2.4). A zone that comes
//! whole is looked at by the rules of master files; here only what was changed is.

use understudy_wire::{LowerName, Name, NameBuf, Rtype};

use crate::change::RRsetChange;
use crate::key::{self, Key};
use crate::zone::Zone;

/// A name of this version below a DNAME, one of which was changed, and the DNAME's owner.
pub(super) fn find_covered(zone: &Zone, changes: &[RRsetChange]) -> Option<(NameBuf, NameBuf)> {
    if !zone.may_hide_names() {
        return None;
    }
    changes.iter().find_map(|change| match change {
        RRsetChange::Remove(..) => None,
        RRsetChange::Set(owner, Rtype::DNAME, ..) => below(zone, owner).map(|name| (name, *owner)),
        RRsetChange::Set(owner, ..) => above(zone, owner).map(|dname| (*owner, dname)),
    })
}

/// The first name with data below this one.
fn below(zone: &Zone, owner: &NameBuf) -> Option<NameBuf> {
    let start = Key::new(owner.as_name(), zone.origin())?;
    let mut keys = zone.version().order.iter_from(start.as_octets());
    let next = keys.find(|key| key.concat() != start.as_octets())?.concat();
    let is_below = next.starts_with(start.as_octets());
    is_below.then(|| key::to_name(&next, zone.origin()))
}

/// The nearest owner of a DNAME above this name.
fn above(zone: &Zone, owner: &NameBuf) -> Option<NameBuf> {
    let name = LowerName::new(owner.as_name());
    let name = name.folded();
    let depths = zone.origin_labels()..name.label_count();
    let has_dname = |labels: &usize| {
        let node = zone.version().get_above(name, *labels);
        node.is_some_and(|node| node.has_dname())
    };
    let labels = depths.rev().find(has_dname)?;
    owner.as_name().suffix(labels).map(Name::to_lower)
}
