//! Changes of a zone, one after the other, are what they are in the model; the zone is then the one
//! that all its sets make at once; and no version changes once it is there.

use understudy_wire::{Name, NameBuf, Rtype};
use understudy_zone::{RRsetChange, Zone};

use crate::draw::Draw;
use crate::model::Model;
use crate::world;

/// chosen: a page of the tree has 32 entries, so that this splits and joins several.
const MANY: usize = 200;

/// Step by step.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let origin = world::name(draw.pick(&["example.", "."]));
    let origin = origin.as_name();
    let mut zone = world::bare_zone(origin);
    let mut model = Model::of(&zone);
    let mut kept = (zone.clone(), model.clone());
    while !draw.is_used_up() {
        zone = match draw.below(8) {
            0 => change_many(&mut draw, &zone, &mut model),
            1 => {
                kept = (zone.clone(), model.clone());
                zone
            }
            2 | 3 => change_steered(&mut draw, &zone, &mut model),
            4 => change_apex(&mut draw, &zone, &mut model),
            _ => change_rrsets(&mut draw, &zone, &mut model),
        };
    }
    model.check_contents(&zone);
    kept.1.check_contents(&kept.0);
    let (mut rrsets, steered) = model.as_changes(&zone);
    rrsets.insert(0, RRsetChange::Remove(origin.to_buf(), Rtype::NS));
    let at_once = world::bare_zone(origin)
        .with_rrsets(&rrsets)
        .and_then(|zone| zone.with_steered(&steered));
    model.check_contents(&at_once.expect("the same zone at once"));
    for (name, _) in zone.nodes() {
        model.check_find(&zone, name.as_name());
        model.check_find(&zone, draw.name(name.as_name()).as_name());
    }
}

fn change_rrsets(draw: &mut Draw<'_>, zone: &Zone, model: &mut Model) -> Zone {
    let changes: Vec<_> = (0..=draw.below(4))
        .map(|_| world::rrset_change(draw, zone.origin()))
        .collect();
    model.change_rrsets(&changes);
    zone.with_rrsets(&changes).expect("changes of the zone")
}

fn change_steered(draw: &mut Draw<'_>, zone: &Zone, model: &mut Model) -> Zone {
    let changes: Vec<_> = (0..=draw.below(3))
        .map(|_| world::steered_change(draw, zone.origin()))
        .collect();
    model.change_steered(&changes);
    zone.with_steered(&changes).expect("changes of the zone")
}

/// Names beside each other come or go.
fn change_many(draw: &mut Draw<'_>, zone: &Zone, model: &mut Model) -> Zone {
    let above = draw.name(zone.origin());
    let (first, count) = (draw.below(500), draw.below(MANY));
    let is_removed = draw.one_in(3);
    let size = draw.pick(&[4, 4, 300]);
    let changes: Vec<_> = (first..first + count)
        .filter_map(|number| numbered(number, above.as_name()))
        .map(|owner| {
            if is_removed {
                RRsetChange::Remove(owner, Rtype::new(65_281))
            } else {
                RRsetChange::Set(owner, Rtype::new(65_281), 60, vec![vec![7; size]])
            }
        })
        .collect();
    model.change_rrsets(&changes);
    zone.with_rrsets(&changes).expect("changes of the zone")
}

fn numbered(number: usize, above: Name<'_>) -> Option<NameBuf> {
    NameBuf::child(format!("h{number}").as_bytes(), above).ok()
}

/// The SOA record is replaced, doubled or taken away; without exactly one there is no version, and
/// nothing that came with it has happened.
fn change_apex(draw: &mut Draw<'_>, zone: &Zone, model: &mut Model) -> Zone {
    let soa = |serial: u8| [&[0, 0][..], &[serial; 20]].concat();
    let change = match draw.below(3) {
        0 => RRsetChange::Remove(zone.origin().to_buf(), Rtype::SOA),
        count => {
            let rdatas = (0..count).map(|_| soa(draw.octet())).collect();
            RRsetChange::Set(zone.origin().to_buf(), Rtype::SOA, 60, rdatas)
        }
    };
    let changes = [world::rrset_change(draw, zone.origin()), change];
    let has_one = match &changes[1] {
        RRsetChange::Set(_, _, _, rdatas) => rdatas.iter().all(|it| *it == rdatas[0]),
        RRsetChange::Remove(..) => false,
    };
    let next = zone.with_rrsets(&changes);
    assert_eq!(next.is_ok(), has_one, "{changes:?}");
    if has_one {
        model.change_rrsets(&changes);
    }
    next.unwrap_or_else(|_| zone.clone())
}
