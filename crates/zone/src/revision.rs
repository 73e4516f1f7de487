//! The next version of a zone in the making: changes of nodes, carried into index, order and counts.

use std::collections::BTreeMap;

use crate::change::SetChange;
use crate::index::Change;
use crate::key;
use crate::node::Node;
use crate::pack::{join_sets, split_sets};
use crate::tally::Tally;
use crate::tree::{Edit, Seek, Tree};
use crate::zone::{Version, Zone};

/// What is new at a name: its octets, or nothing.
type Value = Option<Vec<u8>>;

/// Changes collected over a version.
pub(crate) struct Revision<'v> {
    before: &'v Version,
    tally: Tally,
    nodes: BTreeMap<Box<[u8]>, Value>,
    /// Names that get their first data, or lose their last.
    edits: Vec<Edit>,
}

impl<'v> Revision<'v> {
    pub(crate) fn new(before: &'v Version) -> Self {
        Self {
            before,
            tally: before.tally,
            nodes: BTreeMap::new(),
            edits: Vec::new(),
        }
    }

    /// Change sets of one node; keys come in ascending order, each once.
    pub(crate) fn change(&mut self, key: Box<[u8]>, changes: Vec<SetChange<'_>>) {
        let before = self.before.index.get(&wire(&key)).unwrap_or_default();
        let mut sets = split_sets(Node::from_octets(before));
        for change in changes {
            match change.set {
                Some(set) => sets.insert(change.key, set),
                None => sets.remove(&change.key),
            };
        }
        let value = (!sets.is_empty()).then(|| join_sets(&sets));
        let after = value.as_deref().unwrap_or_default();
        self.tally = self
            .tally
            .replaced(Tally::of(&key, before), Tally::of(&key, after));
        if before.is_empty() && after.is_empty() {
            return; // it may exist because of names below it
        }
        if before.is_empty() != after.is_empty() {
            self.edits.push(Edit {
                key: key.clone(),
                is_there: value.is_some(),
            });
        }
        self.nodes.insert(key, value);
    }

    /// The version with these changes.
    pub(crate) fn finish(mut self) -> Zone {
        let order = if self.edits.is_empty() {
            self.before.order.clone()
        } else {
            let order = self.before.order.with(&self.edits);
            self.settle_names_without_data(&order);
            order
        };
        let changed: Vec<(Vec<u8>, Value)> = self
            .nodes
            .into_iter()
            .map(|(key, value)| (wire(&key), value))
            .collect();
        let index = self
            .before
            .index
            .with(changed.iter().map(|(key, value)| Change {
                key,
                value: value.as_deref(),
            }));
        Zone::from_parts(self.before.origin.as_name(), order, index, self.tally)
    }

    /// Names at and above those that came or went exist or not because of what is below them now.
    fn settle_names_without_data(&mut self, order: &Tree) {
        for edit in &self.edits {
            for depth in 1..=key::depth(&edit.key) {
                let above = key::ancestor(&edit.key, depth);
                if self.nodes.get(above).is_some_and(Option::is_some) {
                    continue;
                }
                let value = match order.seek(above) {
                    Seek::Exact => continue,
                    Seek::Absent { shared_depth } => (shared_depth == depth).then(Vec::new),
                };
                self.nodes.insert(above.into(), value);
            }
        }
    }
}

/// The index's key for a key of the order.
fn wire(key: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(key.len());
    key::push_wire(key, &mut wire);
    wire
}
