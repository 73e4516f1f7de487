//! A drawn zone finds what the model finds, whether it was changed into being or read from a file.

use understudy_wire::{LowerName, Name};
use understudy_zone::Zone;

use crate::draw::Draw;
use crate::model::Model;
use crate::world;

/// chosen: enough to meet most of a small zone's names.
const NAMES: usize = 24;

/// The first octets are the zone, the others the names.
pub fn run(input: &[u8]) {
    let mut draw = Draw::new(input);
    let origin = world::name(draw.pick(&["example.", ".", r"a.\000.b."]));
    let origin = origin.as_name();
    let zone = world::zone(&mut draw, origin);
    let model = Model::of(&zone);
    model.check_contents(&zone);
    let text = zone.to_master_file();
    let read = Zone::parse(text.as_bytes(), "look_up", origin).map(|loaded| loaded.zone);
    let has_steered = zone.steered_count() > 0;
    let above = world::name("b.");
    let names: Vec<_> = (0..NAMES)
        .map(|_| match draw.below(16) {
            15 => draw.name(above.as_name()),
            _ => draw.name(origin),
        })
        .collect();
    for name in zone.nodes().map(|(name, _)| name).chain(names) {
        check_lower(name.as_name());
        model.check_find(&zone, name.as_name());
        // What breaks a rule, such as data beside an alias, is not read.
        if let (Ok(read), false) = (&read, has_steered) {
            model.check_find(read, name.as_name());
        }
    }
}

/// A folded name is the name in lower case, and so are its ancestors.
fn check_lower(name: Name<'_>) {
    let lower = LowerName::new(name);
    assert_eq!(lower.octets(), name.octets().to_ascii_lowercase());
    assert_eq!(lower.label_count(), name.labels().count());
    for labels in 0..=lower.label_count() + 1 {
        let suffix = name
            .suffix(labels)
            .map(|it| it.octets().to_ascii_lowercase());
        assert_eq!(lower.folded().suffix(labels), suffix.as_deref());
    }
}
